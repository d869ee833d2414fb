"""Random numbers that are looked up, not drawn in turn: each has an address, so that order never matters.

Philox4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11).
The address is the patient, the clone with the purpose, the cell of the day grid, and a count inside that cell.
"""

import numpy as np

from carsequel.mechanism.kernel.jit import compiled

STEP, START, JUMP, INFLUX, FAMILY = 0, 1, 2, 3, 4  # purposes: each has numbers of its own

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_FIRST, _SECOND = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_TURN, _OTHER_TURN = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)

Word = np.uint64


@compiled
def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Word, Word, Word, Word]:
    """Give four 32-bit numbers for a counter of four words and a key of two."""
    for _ in range(10):
        a = _FIRST * c0
        b = _SECOND * c2
        c0, c1, c2, c3 = (b >> _HALF) ^ c1 ^ k0, b & _LOW, (a >> _HALF) ^ c3 ^ k1, a & _LOW
        k0 = (k0 + _TURN) & _LOW
        k1 = (k1 + _OTHER_TURN) & _LOW
    return c0, c1, c2, c3


@compiled
def uniforms(seed: int, patient: int, clone: int, purpose: int, cell: int, count: int) -> tuple[float, float]:
    """Give two numbers strictly between 0 and 1 for one address; a seed has 64 bits, a patient 48, a clone 8."""
    key = np.uint64(seed)
    who = np.uint64(patient)
    where = (who >> _HALF) | (np.uint64(clone) << np.uint64(16)) | (np.uint64(purpose) << np.uint64(24))
    cell_word, count_word = np.uint64(cell) & _LOW, np.uint64(count) & _LOW
    a, b, c, d = philox(who & _LOW, where & _LOW, cell_word, count_word, key & _LOW, key >> _HALF)
    shift, rest = np.uint64(20), np.uint64(12)
    first, second = np.float64((a << shift) | (b >> rest)), np.float64((c << shift) | (d >> rest))
    return (first + 0.5) * 2.0**-52, (second + 0.5) * 2.0**-52
