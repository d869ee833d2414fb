"""A grade by how many days lay below limits: the best and the worst that the values of an infusion allow.

Days are whole calendar days; `id` stands for patient and infusion (see `windows.py`).
"""

from typing import Final, Literal, NamedTuple

import numpy as np
import polars as pl

from carsequel.side_effects.day_grid import Bounds, Counts, Days, Flags, Numbers, column
from carsequel.side_effects.low_runs import Counting, Runs, low_runs

Boundary = Literal["strict", "inclusive"]


class Rule(NamedTuple):
    """At least `days` days below `limit` have this grade."""

    grade: int
    limit: float
    days: int
    paper: str


class Reading(NamedTuple):
    """How the days are read: below a limit or at most it, which days count, how many days above are bridged, and how
    many measured values below its limit a grade needs."""

    boundary: Boundary
    counting: Counting
    bridge: int
    tests: int = 0


GRADED: Final = ("low", "high", "start", "end", "low_days", "window_days", "made", "absent", "unconfirmed")


def grade_days(values: Bounds, rules: tuple[Rule, ...], reading: Reading) -> pl.DataFrame:
    """Grade daily values by rules that stand worst first: one row per `id`.

    Gives low and high (by the best and by the worst values), start, end and low_days (of the days that set `low`),
    window_days, made (days interpolated), absent (days without a settled value), unconfirmed (`low` would be graver if
    fewer measured values were asked for). While days are absent or too few values were measured, `high` stays.
    """
    limits = list(dict.fromkeys(rule.limit for rule in rules))
    sides = {"best": values.best, "worst": values.worst}
    low = {f"{side} {limit}": _below(each, limit, reading) for side, each in sides.items() for limit in limits}
    runs = low_runs(values.days, low, reading.counting, reading.bridge)
    by_limit = {s: np.array([_by_days(rules, limit, runs[f"{s} {limit}"]) for limit in limits]) for s in sides}
    least, most = (each.max(axis=0) for each in by_limit.values())
    counts = values.counts()
    sure, few = least, (counts["absent"] > 0) | (counts["n"] < reading.tests)
    if reading.tests:
        confirmed = [_by_tests(rules, values.days, each, reading) for each in sides.values()]
        sure, most = np.minimum(least, confirmed[0]), np.where(few, most, np.minimum(most, confirmed[1]))
    decides = by_limit["best"].argmax(axis=0)
    told = zip(*(runs[f"best {limit}"] for limit in limits), strict=True)
    deciding = [np.choose(decides, each) for each in told]
    ends = {name: column(each, least > 0) for name, each in zip(("start", "end", "low_days"), deciding, strict=True)}
    grades = {"low": sure, "high": most, **counts, "unconfirmed": least > sure}
    return pl.DataFrame({"id": values.days.id, **grades, **ends}).select("id", *GRADED)


def _below(values: Numbers, limit: float, reading: Reading) -> Flags:
    return values < limit if reading.boundary == "strict" else values <= limit


def _by_days(rules: tuple[Rule, ...], limit: float, runs: Runs) -> Counts:
    """The grade of so many days below one limit."""
    own = [np.where(runs.length >= rule.days, rule.grade, 0) for rule in rules if rule.limit == limit]
    grade: Counts = np.max(own, axis=0)
    return grade


def _by_tests(rules: tuple[Rule, ...], days: Days, values: Numbers, reading: Reading) -> Counts:
    """The gravest grade below whose limit the asked number of measured values lies."""
    measured = np.where(days.seen, values, np.inf)
    nth = min(reading.tests, len(measured)) - 1
    lowest = np.where(days.seen.sum(axis=0) < reading.tests, np.inf, np.partition(measured, nth, axis=0)[nth])
    grade: Counts = np.max([np.where(_below(lowest, rule.limit, reading), rule.grade, 0) for rule in rules], axis=0)
    return grade
