"""From a burden over time to what the clinic would write: response, progression, relapse, by the rules of clinic.csv.

Each function takes the times [k], the burden [n, k] (or what stands for it), the baseline [n] and the day [n] from
which a patient is no longer seen (death), and gives a Course. Scans must lie on the grid.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rules = Mapping[str, float]


class Course(NamedTuple):
    """What was seen of n patients: best response (words), complete and any response, day of failure (infinite = none)
    and its kind (words, empty = none)."""

    best: NDArray[np.str_]
    complete: Flags
    response: Flags
    failure_day: Floats
    kind: NDArray[np.str_]


def first_day(times: Floats, burden: Floats, threshold: Floats, allowed: Flags) -> Floats:
    """Give the first day [n] on which the burden stands at or above the threshold [n] where allowed [n, k]; between
    two times the crossing is found on a straight line of the logarithm; infinite where there is none."""
    above = (burden >= threshold[:, None]) & allowed
    at = above.argmax(axis=1)
    row = np.arange(burden.shape[0])
    before = np.maximum(at - 1, 0)
    low, high = np.maximum(burden[row, before], 1e-9), np.maximum(burden[row, at], 1e-9)
    crossed = (low < threshold) & (high > low) & (at > 0)
    share = np.log(np.where(crossed, threshold / low, 1.0)) / np.log(np.where(crossed, high / low, np.e))
    day = np.where(crossed, times[before] + share * (times[at] - times[before]), times[at])
    return np.where(above.any(axis=1), day, np.inf)


def _scans(times: Floats, values: Floats, days: Floats) -> tuple[Floats, Floats]:
    kept = days[days <= times[-1]]
    at = np.searchsorted(times, kept)
    if not np.array_equal(times[at], kept):
        raise ValueError("a scan lies between two times of the solution; solve it on clinic_times")
    return kept, values[:, at]


def _first(days: Floats, happened: Flags) -> Floats:
    if not days.size:
        return np.full(happened.shape[0], np.inf)
    return np.where(happened.any(axis=1), days[happened.argmax(axis=1)], np.inf)


def _once(seen: Flags) -> Flags:
    return np.asarray(seen.any(axis=1))


def _kind(failed: Flags, complete: Flags) -> NDArray[np.str_]:
    return np.where(failed, np.where(complete, "relapse", "progression"), "")


def lymphoma_course(
    times: Floats, burden: Floats, baseline: Floats, seen_to: Floats, rules: Rules, scans: Floats
) -> Course:
    """Scans with progression from the baseline or the lowest scan, and symptoms between them."""
    days, at_scan = _scans(times, burden, scans)
    nadir = np.minimum.accumulate(at_scan, axis=1)
    grown = at_scan >= rules["first_scan_growth"] * baseline[:, None]
    grown[:, 1:] = (at_scan[:, 1:] >= rules["nadir_growth"] * nadir[:, :-1]) & (
        at_scan[:, 1:] >= rules["nadir_detected"] * rules["detected"]
    )
    threshold = np.maximum(rules["between_growth"] * baseline, rules["between_cells"])
    rising = np.diff(burden, axis=1, prepend=burden[:, :1]) > 0
    between = first_day(times, burden, threshold, rising & (times >= rules["between_from"]))
    failure = np.minimum(_first(days, grown), between)
    seen = days < np.minimum(failure, seen_to)[:, None]
    complete = _once(seen & (at_scan < rules["detected"]))
    response = complete | _once(seen & (at_scan < rules["response"] * baseline[:, None]))
    failed = failure <= np.minimum(seen_to, times[-1])
    words = np.select([complete, response, _once(seen), failed], ["CR", "PR", "SD", "PD"], "NE")
    return Course(words, complete, response, np.where(failed, failure, np.inf), _kind(failed, complete))


def leukemia_course(
    times: Floats, burden: Floats, baseline: Floats, seen_to: Floats, rules: Rules, scans: Floats
) -> Course:
    """Remission looked for at few days; no remission counts as an event on the first of them; then relapse."""
    days, at_scan = _scans(times, burden, scans)
    reached = _first(days, (at_scan < rules["detected"]) & (days <= seen_to[:, None]))
    complete = np.isfinite(reached)
    threshold = np.full(burden.shape[0], rules["relapse"])
    relapse = first_day(times, burden, threshold, times >= reached[:, None])
    failure = np.where(complete, relapse, rules["no_remission_day"])
    failed = failure <= np.minimum(seen_to, times[-1])
    words = np.select([complete, failed], ["CR", "NR"], "NE")
    kind = np.where(failed, np.where(complete, "relapse", "no CR"), "")
    return Course(words, complete, complete, np.where(failed, failure, np.inf), kind)


def myeloma_course(
    times: Floats, protein: Floats, baseline: Floats, seen_to: Floats, rules: Rules, scans: Floats
) -> Course:
    """Serum M-protein at its tests: depth against the first value, progression against the lowest."""
    days, at_scan = _scans(times, protein, scans)
    lowest = np.minimum.accumulate(np.column_stack([baseline, at_scan]), axis=1)[:, :-1]
    grown = (at_scan >= rules["nadir_growth"] * lowest) & (at_scan >= lowest + rules["nadir_rise"])
    failure = _first(days, grown)
    seen = days < np.minimum(failure, seen_to)[:, None]
    depth = at_scan / np.maximum(baseline, 1e-300)[:, None]
    complete = _once(seen & (at_scan < rules["complete"]))
    deep = complete | _once(seen & (depth < rules["deep_response"]))
    response = deep | _once(seen & (depth < rules["response"]))
    failed = failure <= np.minimum(seen_to, times[-1])
    words = np.select([complete, deep, response, _once(seen), failed], ["CR", "VGPR", "PR", "SD", "PD"], "NE")
    return Course(words, complete, response, np.where(failed, failure, np.inf), _kind(failed, complete))
