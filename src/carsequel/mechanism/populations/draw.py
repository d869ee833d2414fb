"""Virtual patients: log-normal parameters drawn by patient number, the same whatever the chunk they are drawn in.

Each parameter has a random stream of its own, keyed by the seed and its name and counted by blocks of patients, so
that neither another parameter, nor another chunk, nor another number of patients moves a patient's draw.
"""

import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.mechanism.populations.ensemble import Member, Spread, ensemble

Numbers = NDArray[np.float64]
BLOCK: Final = 1024


class Drawn(NamedTuple):
    """Virtual patients: parameter name -> [n] values, and [n] the number of the parameter set each was drawn from."""

    parameters: dict[str, Numbers]
    sets: NDArray[np.int64]
    names: tuple[str, ...]


def draw_patients(disease: str, product: str, n: int, seed: int, first: int = 0) -> Drawn:
    """Draw the patients first .. first + n - 1 of a population; any chunks of one seed fit together.

    Raises PopulationError where no population is shipped for the disease and product, ValueError for a
    number below 0.
    """
    return draw_members(ensemble(disease, product), n, seed, first)


def draw_members(members: Sequence[Member], n: int, seed: int, first: int = 0) -> Drawn:
    """Draw patients from given parameter sets, each patient from one set by the sets' weights."""
    sets, normals = draw_normals(members, n, seed, first)
    return parameters_of(members, sets, normals)


def draw_normals(
    members: Sequence[Member], n: int, seed: int, first: int = 0
) -> tuple[NDArray[np.int64], dict[str, Numbers]]:
    """Draw what makes a patient: the number of the parameter set [n], and a standard normal [n] for each parameter."""
    if min(n, first, seed) < 0:
        raise ValueError("patients are drawn by whole numbers from 0 on: n, first and seed; one is below 0")
    shares = np.cumsum([member.weight for member in members])
    sets = np.searchsorted(shares / shares[-1], _uniform("set", n, seed, first), side="right")
    names = list(dict.fromkeys(spread.parameter for member in members for spread in member.spreads))
    return sets.astype(np.int64), {name: _normal(name, n, seed, first) for name in names}


def parameters_of(members: Sequence[Member], sets: NDArray[np.int64], normals: dict[str, Numbers]) -> Drawn:
    """Give the patients of parameter sets and standard normals (`draw_normals`)."""
    parameters = {name: np.full(sets.size, np.nan) for name in normals}
    for number, member in enumerate(members):
        mine = sets == number
        for spread in member.spreads:
            parameters[spread.parameter][mine] = _values(spread, normals, mine)
    return Drawn(parameters, sets, tuple(member.name for member in members))


def _values(spread: Spread, normals: dict[str, Numbers], mine: NDArray[np.bool_]) -> Numbers:
    z = normals[spread.parameter][mine]
    if spread.follows:
        own = np.sqrt(1.0 - spread.correlation**2)
        z = spread.correlation * normals[spread.follows][mine] + own * z
    return np.asarray(np.clip(spread.median * np.exp(spread.spread * z), spread.low, spread.high), dtype=np.float64)


def _normal(name: str, n: int, seed: int, first: int) -> Numbers:
    return _stream(name, n, seed, first, normal=True)


def _uniform(name: str, n: int, seed: int, first: int) -> Numbers:
    return _stream(name, n, seed, first, normal=False)


def _stream(name: str, n: int, seed: int, first: int, normal: bool) -> Numbers:
    key = np.array([seed, zlib.crc32(name.encode())], dtype=np.uint64)
    blocks = range(first // BLOCK, (first + n - 1) // BLOCK + 1) if n else range(0)
    found = [np.empty(0)]
    for block in blocks:
        random = np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, block]))
        found.append(random.standard_normal(BLOCK) if normal else random.random(BLOCK))
    start = first % BLOCK
    return np.concatenate(found)[start : start + n]
