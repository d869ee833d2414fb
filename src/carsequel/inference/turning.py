"""A stated failure, or freedom from it, as what the burden must have been: smooth where the day of failure is not.

On the day of failure the burden stands above what counts as progression, and not above what would have counted before;
a patient free of failure stands below. The spread of a stated day (numbers.csv) is turned into one of the ln burden by
the growth rate of the tumour. Thresholds are those of clinic.csv. Probabilities are kept off nought as in `likelihood`.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from carsequel.inference.dual import Dual
from carsequel.inference.numbers import number
from carsequel.inference.observations import FailureSeen
from carsequel.inference.smooth import Course
from carsequel.mechanism.clinic import clinic_rules

Floats = NDArray[np.float64]


class Turning(NamedTuple):
    """Which rules hold with their levels, `failed` or not, places of the days on which the burden stands above
    (`above`) and below (`below`), places of the days of looking with their days, and the spread of the day (d)."""

    rules: str
    levels: dict[str, float]
    failed: bool
    above: int
    below: int
    scans: tuple[int, ...]
    times: Floats
    spread: float


def turning_of(disease: str, seen: FailureSeen, times: Floats) -> Turning | None:
    """Lay a failure out on times that hold its days; None where nothing is known of it."""
    if seen.state not in ("failed", "free") or (seen.state == "free" and seen.day < 1):
        return None
    rules = clinic_rules(disease)
    levels = {name: float(value) for name, value in rules.items() if name not in ("rules", "scans")}
    scans = [float(day) for day in rules["scans"].split()]
    relative = number("failure_spread_approximate" if seen.approximate else "failure_spread")
    above, below = (
        int(np.searchsorted(times, seen.day if day is None else day)) for day in (seen.latest, seen.earliest)
    )
    places = tuple(int(np.searchsorted(times, day)) for day in scans if day <= times[-1])
    failed = seen.state == "failed"
    return Turning(rules["rules"], levels, failed, above, below, places, times, relative * max(seen.day, 1.0))


def log_turning(turning: Turning, course: Course) -> tuple[Any, tuple[Dual, ...]]:
    """Give the log-probability [n, fates] of what was stated, and the arguments of the normal law behind it."""
    width = (turning.spread * course.growth)[:, None]
    arguments = tuple(each / width for each in LAWS[turning.rules](turning, course))
    leak = number("failure_unexplained")
    law: Any = np.zeros(course.log_fates.value.shape)
    for each in arguments:
        law = law + log_ndtr(each)
    return np.logaddexp(law + np.log1p(-leak), np.log(leak)), arguments


def _lymphoma(turning: Turning, course: Course) -> list[Any]:
    levels, burden = turning.levels, course.tumour
    baseline = course.baseline[:, None]
    most = np.maximum(baseline + np.log(levels["between_growth"]), np.log(levels["between_cells"]))

    def least(place: int) -> Any:
        before = _before(turning, place)
        if not before:
            return baseline + np.log(levels["first_scan_growth"])
        grown = _lowest(burden, before) + np.log(levels["nadir_growth"])
        return np.maximum(grown, np.log(levels["nadir_detected"] * levels["detected"]))

    if turning.failed:
        return [burden[..., turning.above] - least(turning.above), most - burden[..., turning.below]]
    looked = [scan for scan in turning.scans if scan <= turning.below]
    return [most - burden[..., turning.below], *(least(scan) - burden[..., scan] for scan in looked[-1:])]


def _leukemia(turning: Turning, course: Course) -> list[Any]:
    levels, burden = turning.levels, course.tumour
    relapse, detected = np.log(levels["relapse"]), np.log(levels["detected"])
    if turning.failed and turning.times[turning.above] <= levels["no_remission_day"]:
        return [_lowest(burden, [*turning.scans[:1], turning.above]) - detected]
    looked = [scan for scan in turning.scans if scan <= turning.below]
    remission = [detected - _lowest(burden, looked)] if looked and (turning.failed or looked[1:]) else []
    below = relapse - burden[..., turning.below]
    return [burden[..., turning.above] - relapse, below, *remission] if turning.failed else [below, *remission]


def _myeloma(turning: Turning, course: Course) -> list[Any]:
    levels, protein = turning.levels, course.logs["protein"]

    def least(place: int) -> Any:
        lowest = np.exp(_lowest(protein, [0, *_before(turning, place)]))
        return np.log(np.maximum(lowest * levels["nadir_growth"], lowest + levels["nadir_rise"]))

    before = _before(turning, turning.below) if turning.failed else (
        [scan for scan in turning.scans if scan <= turning.below]
    )  # fmt: skip
    below = [least(scan) - protein[..., scan] for scan in before[-1:]]
    above = [protein[..., turning.above] - least(turning.above)] if turning.failed else []
    return above + below


def _before(turning: Turning, place: int) -> list[int]:
    return [scan for scan in turning.scans if scan < place]


def _lowest(values: Dual, places: Sequence[int]) -> Any:
    parts: list[Any] = [values[..., place] for place in places]
    return reduce(np.minimum, parts)


LAWS = {"lymphoma": _lymphoma, "leukemia": _leukemia, "myeloma": _myeloma}
