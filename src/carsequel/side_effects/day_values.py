"""The values of one quantity after the infusion in order, the lowest of each day, and the sources of a stretch of days.

Days are whole calendar days from the infusion; `at` is the place of a day on the line of all infusions, on which `id`
stands for patient and infusion (see `windows.py`).
"""

from functools import partial
from typing import Final

import numpy as np
import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.comparators import BELOW, with_ends
from carsequel.side_effects.lab_periods import in_places
from carsequel.side_effects.sources import joined_sources
from carsequel.side_effects.windows import facts_of, in_window, time_line, windows_of

READ: Final = ("id", "day", "since", "value", "comparator", "source")
READINGS: Final = ("at", "id", "day", "value", "comparator", "lower", "upper", "source")


def readings(course: Course, name: str, last: int | None = None) -> pl.DataFrame:
    """Give the usable values of a quantity from day 0 on that belong to their infusion, in order of `at`: at, id, day,
    value, comparator, lower and upper (`comparators.with_ends`), source.

    They are those to the end of the record, which the criteria share, or those to day `last`, read for one criterion.
    """
    return course.once(("side_effects.readings", name, last), partial(_readings, course, name, last))


def _readings(course: Course, name: str, last: int | None) -> pl.DataFrame:
    if last is None:
        rows = in_places(course, name)
    else:
        rows = facts_of(course, name, until=float(last) + 1, columns=READ)
        rows = with_ends(in_window(rows, windows_of(course, 0)))
    rows = rows.filter(pl.col("value").is_not_null()).with_columns(at=time_line()).select(READINGS)
    return rows if rows["at"].is_sorted() else rows.sort("at", maintain_order=True)


def lowest_of_days(course: Course, name: str, last: int | None = None) -> pl.DataFrame:
    """Give the lowest of each day with `readings`, in order: at, value (as reported), worst (0 where `less than` was),
    lower and upper (the lowest ends between which its values lie, see `comparators.py`)."""
    return course.once(("side_effects.lowest", name, last), lambda: _lowest_of_days(readings(course, name, last)))


def _lowest_of_days(rows: pl.DataFrame) -> pl.DataFrame:
    below = pl.col("comparator").fill_null("").is_in(BELOW)
    rows = rows.with_columns(worst=pl.when(below).then(0.0).otherwise("value"))
    at = rows["at"].to_numpy()
    begins = np.flatnonzero(np.diff(at, prepend=-1))
    if not len(begins):
        return rows.select("at", "value", "worst", "lower", "upper")
    names = ("value", "worst", "lower", "upper")
    lowest = {name: np.minimum.reduceat(rows[name].to_numpy(), begins) for name in names}
    return pl.DataFrame({"at": at[begins], **lowest})


def with_sources(found: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add `facts`: the sources of the `readings` from `start` to `end` of each finding (with `id`), each once, sorted
    and joined; null where there are none."""
    place = ["id", "start", "end"]
    stretches = found.select(place).drop_nulls().unique().with_row_index("of")
    line = rows["at"].to_numpy()
    first, last = (stretches.select(time_line(end)).to_series().to_numpy() for end in ("start", "end"))
    begins = np.searchsorted(line, first, "left")
    lengths = np.searchsorted(line, last, "right") - begins
    inside = np.arange(lengths.sum()) + np.repeat(begins + lengths - np.cumsum(lengths), lengths)
    used = stretches.select(pl.col("of").repeat_by(pl.lit(lengths)).explode(empty_as_null=False))
    facts = joined_sources(used.with_columns(rows["source"].gather(inside)).lazy(), "of").collect(engine="in-memory")
    told = stretches.join(facts, on="of", how="left", maintain_order="left").drop("of")
    return found.join(told, on=place, how="left", maintain_order="left")
