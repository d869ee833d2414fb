"""Chance by name and patient: a patient's draws depend on nothing but the seed, the patient's number and the name."""

import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Chance(NamedTuple):
    """A seed and the numbers of the patients [n] for whom is drawn."""

    seed: int
    patients: tuple[int, ...]

    def normal(self, name: str, width: int = 1) -> Floats:
        """Give standard normal numbers [n, width] of this name."""
        return self._drawn(name, lambda random: random.standard_normal(width))

    def uniform(self, name: str, width: int = 1) -> Floats:
        """Give numbers of 0 to 1 [n, width] of this name."""
        return self._drawn(name, lambda random: random.random(width))

    def _drawn(self, name: str, draw: Callable[[Generator], Floats]) -> Floats:
        key = np.array([self.seed, zlib.crc32(f"record {name}".encode())], dtype=np.uint64)
        streams = (Generator(Philox(key=key, counter=[0, 0, 0, patient])) for patient in self.patients)
        return np.array([draw(random) for random in streams])
