"""The three periods in which laboratory toxicity is told: days 0-30, 31-100 and from 101, from the infusion."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

import numpy as np
import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.comparators import with_ends
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.windows import ID_DAY, facts_of, in_window, windows_of

# The borders are those of early and late ICAHT (rejeski2023): day 30 and day 100.
PERIODS: Final = (("d0-30", 0), ("d31-100", 31), ("d101+", 101))
FEVER: Final = 38.0
STATED_FEVER: Final = "fever"
READ: Final = ("id", "since", "day", "value", "comparator", "lln", "uln", "text", "source")
NO_PLACES: Final = pl.DataFrame(
    schema={"id": pl.Int64, "name": pl.String, "place": pl.Int64, "unusable": pl.get_index_type()}
)


def rows_in_places(course: Course, names: Iterable[str], specific: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Give by name the rows of `in_places` in the infusions and periods in which any of the `specific` ones was looked
    for.

    Stated fever is left out on days on which a measured temperature is that fever (38.0 degC or more, lee2019).
    """
    rows = {name: in_places(course, name) for name in dict.fromkeys([*names, *specific])}
    looked = np.zeros(len(PERIODS) * windows_of(course, 0).height, dtype=bool)
    for name in specific:
        looked[rows[name]["place"].to_numpy()] = True
    rows = {name: own.filter(pl.Series(looked[own["place"].to_numpy()])) for name, own in rows.items()}
    if STATED_FEVER in rows:
        measured = rows["temperature"].filter(pl.col("value") >= FEVER).select(ID_DAY)
        rows[STATED_FEVER] = rows[STATED_FEVER].join(measured, on=ID_DAY, how="anti")
    return rows


def in_places(course: Course, name: str) -> pl.DataFrame:
    """Give the usable facts of a name from day 0 on with their period (`place`), in its order: the columns `READ`,
    `place` and those of `comparators.with_ends`; rows of a later infusion belong to that one."""
    return course.once(("side_effects.in_places", name), partial(_in_places, course, name))


def _in_places(course: Course, name: str) -> pl.DataFrame:
    rows = facts_of(course, name, columns=READ).filter(pl.any_horizontal(pl.col("value", "text").is_not_null()))
    rows = with_ends(in_window(rows, windows_of(course, 0)).with_columns(place=place()))
    return rows if rows["place"].is_sorted() else rows.sort("place", maintain_order=True)


def unusable_places(course: Course, *names: str) -> pl.DataFrame:
    """Count values that are there but cannot be used: id, place (see `place`), name, unusable."""
    rows = course.unusable.filter(pl.col("name").is_in(names))
    if rows.is_empty():
        return NO_PLACES
    rows = rows.join(course.clock.select(*KEYS, _from="day"), on="patient", how="inner")
    rows = in_window(rows.with_columns(since=pl.col("clock") - pl.col("_from")), windows_of(course, 0))
    return rows.group_by("id", "name", place=place()).agg(unusable=pl.len())


def place() -> pl.Expr:
    """Give one number for infusion and period of a row with `id` and `day`."""
    later = pl.sum_horizontal(pl.col("day") >= first for _, first in PERIODS[1:])
    return pl.col("id") * len(PERIODS) + later


def place_end() -> pl.Expr:
    """Give the first day after the period of a `place`, null where it has no end."""
    ends = {number: float(first) for number, (_, first) in enumerate(PERIODS[1:])}
    return (pl.col("place") % len(PERIODS)).replace_strict(ends, default=None, return_dtype=pl.Float64)


def of_places(found: pl.LazyFrame, course: Course) -> pl.LazyFrame:
    """Add patient, infusion and period to rows with a `place`."""
    names = {number: name for number, (name, _) in enumerate(PERIODS)}
    period = (pl.col("place") % len(PERIODS)).replace_strict(names, return_dtype=pl.String)
    named = found.with_columns(id=pl.col("place") // len(PERIODS), period=period)
    return named.join(windows_of(course, 0).lazy().select(*KEYS, "id"), on="id", how="left", maintain_order="left")


def in_one(words: pl.LazyFrame, column: str, *order: str) -> pl.LazyFrame:
    """Give the words of each `place` in one text with commas, in the order of these columns."""
    listed = words.sort("place", *order).group_by("place", maintain_order=True).agg(column)
    return listed.with_columns(pl.col(column).list.join(", "))
