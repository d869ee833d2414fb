"""The three periods in which laboratory toxicity is told: days 0-30, 31-100 and from 101, from the infusion."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.windows import ID_DAY, facts_of, in_window, windows_of

# The borders are those of early and late ICAHT (rejeski2023): day 30 and day 100.
PERIODS: Final = (("d0-30", 0), ("d31-100", 31), ("d101+", 101))
FEVER: Final = 38.0
NO_PLACES: Final = pl.DataFrame(
    schema={"id": pl.Int64, "name": pl.String, "place": pl.Int64, "unusable": pl.get_index_type()}
)


def rows_in_places(course: Course, names: Sequence[str], specific: Sequence[str]) -> pl.DataFrame:
    """Give the usable facts of the named quantities from day 0 on, with `id`, `day` and `place`, of the infusions and
    periods in which any of the `specific` ones was looked for; rows of a later infusion belong to that one.

    Stated fever is left out on days on which a measured temperature is that fever (38.0 degC or more, lee2019).
    """
    rows = facts_of(course, *names).filter(pl.any_horizontal(pl.col("value", "text").is_not_null()))
    rows = in_window(rows, windows_of(course, 0)).with_columns(place=place())
    places = rows.filter(pl.col("name").is_in(specific)).select("place").unique()
    rows = rows.join(places, on="place", how="semi")
    stated = pl.col("name") == "fever"
    if not rows.select(stated.any()).item():
        return rows
    fever = rows.filter((pl.col("name") == "temperature") & (pl.col("value") >= FEVER)).select(ID_DAY).unique()
    explained = rows.join(fever.with_columns(_fever=True), on=ID_DAY, how="left", maintain_order="left")["_fever"]
    return rows.filter(~stated | explained.is_null())


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
