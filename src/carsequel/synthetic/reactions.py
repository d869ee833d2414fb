"""CRS and ICANS of synthetic patients: a true grade for every day first, then the signs from which it can be read."""

from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.synthetic.chance import Chance
from carsequel.synthetic.numbers import number
from carsequel.synthetic.virtual import Floats, Virtual, reference_il6

LAST: Final = 30
DAYS: Final = np.arange(0, LAST + 1, dtype=np.float64)
Grades = NDArray[np.int64]


class Reactions(NamedTuple):
    """True grades [n, 31] of CRS and ICANS on the days 0 to 30; 0 after death."""

    crs: Grades
    icans: Grades


def react(virtual: Virtual, chance: Chance) -> Reactions:
    """Draw the reactions: how grave by published frequencies, the graver the higher the peak of IL-6; when by the
    course of IL-6."""
    mean, spread = reference_il6(virtual.disease, virtual.product)
    il6 = virtual.on("il6", DAYS - number("crs_lag"))
    height = (np.log(np.maximum(virtual.states["il6"].max(axis=1), 1.0)) - mean) / max(spread, 1e-9)
    gravity = _joined(height, chance.normal("crs")[:, 0], number("il6_weight"))
    crs = _crs_days(il6, _drawn(gravity, "crs", virtual))
    worse = _joined(gravity, chance.normal("icans")[:, 0], number("crs_weight"))
    icans = _icans_days(crs, il6, _drawn(worse, "icans", virtual))
    alive = DAYS[None, :] <= virtual.end[:, None]
    return Reactions(np.where(alive, crs, 0), np.where(alive, icans, 0))


def _joined(known: Floats, own: Floats, weight: float) -> Floats:
    return np.asarray(weight * known + np.sqrt(1 - weight**2) * own)


def _drawn(gravity: Floats, reaction: str, virtual: Virtual) -> Grades:
    """The gravest grade [n]: none in the mildest, 3 and 4 in the gravest, so many as the frequencies say."""
    any_grade, severe = (number(f"{reaction}_{part}", virtual.disease, virtual.product) for part in ("any", "severe"))
    edges = [
        1 - any_grade,
        1 - severe - (any_grade - severe) * number("grade_two"),
        1 - severe,
        1 - severe * number("grade_four"),
    ]
    levels = [NormalDist().inv_cdf(min(max(edge, 1e-9), 1 - 1e-9)) for edge in edges]
    return np.searchsorted(levels, gravity, side="right").astype(np.int64)


def _crs_days(il6: Floats, grade: Grades) -> Grades:
    log = np.log(np.maximum(il6, 1.0))
    top = log.argmax(axis=1)
    share = log / np.maximum(log.max(axis=1, keepdims=True), 1e-9)
    low = number("crs_from")
    each = np.ceil(grade[:, None] * (share - low) / (1 - low) - 1e-9).clip(0)
    return np.array([_one_stretch(row, at) for row, at in zip(each.astype(np.int64), top, strict=True)])


def _one_stretch(grades: Grades, top: int) -> Grades:
    """Keep the days with a grade around the gravest one, without a gap, no more than CRS lasts."""
    half = int(number("crs_longest")) // 2
    first = last = top
    while first > max(top - half + 1, 0) and grades[first - 1] > 0:
        first -= 1
    while last < min(top + half, grades.size - 1) and grades[last + 1] > 0:
        last += 1
    kept = np.zeros_like(grades)
    kept[first : last + 1] = grades[first : last + 1]
    return kept


def _icans_days(crs: Grades, il6: Floats, grade: Grades) -> Grades:
    """A rise and a fall about a day after the gravest of CRS (of IL-6 where there was none)."""
    peak = np.where(crs.any(axis=1), crs.argmax(axis=1), il6.argmax(axis=1)) + number("icans_lag")
    away = np.abs(DAYS[None, :] - np.minimum(peak, LAST - 2)[:, None]) / (number("icans_half") + 1)
    return np.asarray(np.ceil(grade[:, None] * (1 - away) - 1e-9).clip(0), dtype=np.int64)
