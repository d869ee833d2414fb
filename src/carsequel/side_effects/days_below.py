"""A grade by how many days lay below limits: the best and the worst that the values of an infusion allow.

Days are whole calendar days; `id` stands for patient and infusion (see `windows.py`).
"""

from functools import cache
from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.side_effects.day_values import NEVER_LOW, SIDES
from carsequel.side_effects.low_runs import Counting, low_runs

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


MEASURED: Final = ~pl.col("filled") & (pl.col("best") < NEVER_LOW)
COUNTS: Final = (
    pl.len().alias("window_days"),
    pl.col("filled").sum().alias("made"),
    (pl.col("best") > pl.col("worst")).sum().alias("absent"),
    MEASURED.sum().alias("n"),
)
GRADED: Final = ("low", "high", "start", "end", "low_days", "window_days", "made", "absent", "unconfirmed")


def grade_days(days: pl.DataFrame, rules: tuple[Rule, ...], reading: Reading) -> pl.LazyFrame:
    """Grade daily values (`day_values.daily_values`) by rules that stand worst first: one row per `id`.

    Gives low and high (by the best and by the worst values), start, end and low_days (of the days that set `low`),
    window_days, made (days interpolated), absent (days without a settled value), unconfirmed (`low` would be graver if
    fewer measured values were asked for). While days are absent or too few values were measured, `high` stays.
    """
    names = tuple(f"{side}_{n}" for side in SIDES for n in range(len(_limits(rules))))
    flags, grades, deciding, confirmed = _columns(rules, reading)
    nth = _nth_lowest(reading.tests) if reading.tests else ()
    low_days = days.lazy().with_columns(flags)
    found = low_runs(low_days, names, reading.counting, reading.bridge, *COUNTS, *nth)
    return found.with_columns(grades).with_columns(deciding).with_columns(confirmed).select("id", *GRADED)


def _limits(rules: tuple[Rule, ...]) -> list[float]:
    return list(dict.fromkeys(rule.limit for rule in rules))


@cache
def _nth_lowest(n: int) -> tuple[pl.Expr, ...]:
    return tuple(
        pl.col(side).filter(MEASURED).sort().get(n - 1, null_on_oob=True).alias(f"nth_{side}") for side in SIDES
    )


@cache
def _columns(rules: tuple[Rule, ...], reading: Reading) -> tuple[list[pl.Expr], ...]:
    """The columns of one reading, stage by stage; built once, because building costs a small record more than using."""
    flags, grades, confirmed = [], [], []
    for side, bound in zip(SIDES, ("low", "high"), strict=True):
        of_limit = [_by_days(rules, limit, f"{side}_{n}") for n, limit in enumerate(_limits(rules))]
        flags += [_below(side, limit, reading).alias(f"{side}_{n}") for n, limit in enumerate(_limits(rules))]
        grades += [
            pl.max_horizontal(of_limit).alias(bound),
            *(g.alias(f"{side}_grade_{n}") for n, g in enumerate(of_limit)),
        ]
        seen = pl.coalesce(*(pl.when(_below(f"nth_{side}", r.limit, reading)).then(r.grade) for r in rules), 0)
        confirmed.append(pl.min_horizontal(bound, seen).alias(bound))
    decides = [pl.col(f"best_grade_{n}") == pl.col("low") for n in range(len(_limits(rules)))]
    deciding = [
        pl.coalesce(pl.when(one).then(f"{of}_best_{n}") for n, one in enumerate(decides)).alias(name)
        for name, of in (("start", "start"), ("end", "end"), ("low_days", "length"))
    ]
    if not reading.tests:
        return flags, grades, deciding, [pl.lit(False).alias("unconfirmed")]
    few = (pl.col("n") < reading.tests) | (pl.col("absent") > 0)
    low, high = confirmed
    return (
        flags,
        grades,
        deciding,
        [low, pl.when(few).then("high").otherwise(high), (pl.col("low") > low).alias("unconfirmed")],
    )


def _below(column: str, limit: float, reading: Reading) -> pl.Expr:
    return pl.col(column) < limit if reading.boundary == "strict" else pl.col(column) <= limit


def _by_days(rules: tuple[Rule, ...], limit: float, name: str) -> pl.Expr:
    days = pl.col(f"length_{name}")
    return pl.coalesce(*(pl.when(days >= rule.days).then(rule.grade) for rule in rules if rule.limit == limit), 0)
