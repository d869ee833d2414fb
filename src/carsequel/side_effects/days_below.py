"""A grade by how many days lay below limits: the best and the worst that the values of an infusion allow.

Days are whole calendar days; `id` stands for patient and infusion (see `windows.py`).
"""

from functools import cache
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import polars as pl

from carsequel.side_effects.day_grid import SIDES, Bounds, Days, Numbers
from carsequel.side_effects.low_runs import Counting, low_runs

Value = Any  # a column or an array of numbers
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
    sides = {"best": values.best, "worst": values.worst}
    low = {f"{side}_{n}": _below(each, limit, reading) for side, each in sides.items() for n, limit in _limits(rules)}
    found = low_runs(values.days, low, reading.counting, reading.bridge).with_columns(**values.counts())
    if reading.tests:
        nth = {f"nth_{side}": _nth_lowest(values.days, each, reading.tests) for side, each in sides.items()}
        found = found.with_columns(**nth)
    grades, deciding, confirmed = _columns(rules, reading)
    return found.with_columns(grades).with_columns(deciding).with_columns(confirmed).select("id", *GRADED)


def _limits(rules: tuple[Rule, ...]) -> list[tuple[int, float]]:
    return list(enumerate(dict.fromkeys(rule.limit for rule in rules)))


def _nth_lowest(days: Days, values: Numbers, n: int) -> pl.Series:
    """The n-th lowest of the measured values, null where there are fewer."""
    measured = np.where(days.seen, values, np.inf)
    if len(measured) < n:
        return pl.Series([None] * len(days.id), dtype=pl.Float64)
    found = pl.Series(np.partition(measured, n - 1, axis=0)[n - 1])
    return found.set(pl.Series(days.seen.sum(axis=0) < n), None)


@cache
def _columns(rules: tuple[Rule, ...], reading: Reading) -> tuple[list[pl.Expr], ...]:
    """The columns of one reading, stage by stage; built once, because building costs a small record more than using."""
    grades, confirmed = [], []
    for side, bound in zip(SIDES, ("low", "high"), strict=True):
        of_limit = [_by_days(rules, limit, f"{side}_{n}") for n, limit in _limits(rules)]
        grades += [
            pl.max_horizontal(of_limit).alias(bound),
            *(g.alias(f"{side}_grade_{n}") for n, g in enumerate(of_limit)),
        ]
        seen = pl.coalesce(*(pl.when(_below(pl.col(f"nth_{side}"), r.limit, reading)).then(r.grade) for r in rules), 0)
        confirmed.append(pl.min_horizontal(bound, seen).alias(bound))
    decides = [pl.col(f"best_grade_{n}") == pl.col("low") for n, _ in _limits(rules)]
    deciding = [
        pl.coalesce(pl.when(one).then(f"{of}_best_{n}") for n, one in enumerate(decides)).alias(name)
        for name, of in (("start", "start"), ("end", "end"), ("low_days", "length"))
    ]
    if not reading.tests:
        return grades, deciding, [pl.lit(False).alias("unconfirmed")]
    few = (pl.col("n") < reading.tests) | (pl.col("absent") > 0)
    low, high = confirmed
    return (
        grades,
        deciding,
        [low, pl.when(few).then("high").otherwise(high), (pl.col("low") > low).alias("unconfirmed")],
    )


def _below(value: Value, limit: float, reading: Reading) -> Value:
    below: Value = value < limit if reading.boundary == "strict" else value <= limit
    return below


def _by_days(rules: tuple[Rule, ...], limit: float, name: str) -> pl.Expr:
    days = pl.col(f"length_{name}")
    return pl.coalesce(*(pl.when(days >= rule.days).then(rule.grade) for rule in rules if rule.limit == limit), 0)
