"""The three periods in which laboratory toxicity is told: days 0-30, 31-100 and from 101, from the infusion."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS, WITHOUT_END, day_windows, within
from carsequel.terms.series import day_of

# The borders are those of early and late ICAHT (rejeski2023): day 30 and day 100.
PERIODS: Final = (("d0-30", 0), ("d31-100", 31), ("d101+", 101))
FEVER: Final = 38.0


def whole_course(course: Course) -> pl.DataFrame:
    """Give per infusion the days from 0 until death or the next infusion (columns of `day_windows`)."""
    return day_windows(course, PERIODS[0][1], WITHOUT_END)


def with_period(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `period` to rows that have a `day` of 0 or later."""
    named = [pl.when(pl.col("day") >= first).then(pl.lit(name)) for name, first in reversed(PERIODS)]
    return rows.with_columns(period=pl.coalesce(named))


def first_day_after() -> dict[str, float]:
    """Give the first day after each period that ends.

    >>> first_day_after()
    {'d0-30': 31.0, 'd31-100': 101.0}
    """
    return {name: float(after[1]) for (name, _), after in pairwise(PERIODS)}


def without_explained_fever(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop stated fever on days on which a measured temperature is that fever (38.0 degC or more, lee2019)."""
    day = [*KEYS, "day"]
    measured = rows.filter((pl.col("name") == "temperature") & (pl.col("value") >= FEVER)).select(day).unique()
    stated = rows.filter(pl.col("name") == "fever").join(measured, on=day, how="anti")
    return pl.concat([rows.filter(pl.col("name") != "fever"), stated])


def looked_for(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Keep the rows of the infusions and periods in which any of the named quantities was looked for."""
    keys = [*KEYS, "period"]
    return rows.join(rows.filter(pl.col("name").is_in(names)).select(keys).unique(), on=keys, how="semi")


def period_rows(course: Course, *names: str) -> pl.DataFrame:
    """Give the usable facts of the named quantities from day 0 on, with `day` and `period`; rows of a later infusion
    belong to that one."""
    return with_period(within(course.facts_since(*names), whole_course(course)))


def unusable_rows(course: Course, *names: str) -> pl.DataFrame:
    """Count values that are there but cannot be used: patient, infusion, period, name, unusable."""
    looks = course.clock.select(*KEYS, _from="day")
    rows = course.unusable.filter(pl.col("name").is_in(names)).join(looks, on="patient", how="inner")
    rows = rows.with_columns(since=pl.col("clock") - pl.col("_from")).filter(pl.col("since").is_not_null())
    rows = with_period(within(rows.with_columns(day=day_of("since")), whole_course(course)))
    return rows.group_by(*KEYS, "period", "name").agg(unusable=pl.len())
