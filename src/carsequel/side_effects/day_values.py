"""One value a day: what was read, short gaps interpolated, and what a missing day may have been.

Days are whole calendar days from the infusion; `id` stands for patient and infusion (see `windows.py`).
"""

from functools import cache
from typing import Final

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.comparators import BELOW
from carsequel.side_effects.sources import joined_sources
from carsequel.side_effects.windows import ID_DAY, STRIDE, facts_of, in_window, time_line

NEVER_LOW: Final = 1e9
SIDES: Final = ("best", "worst")
READ: Final = ("id", "day", "name", "value", "comparator", "source")
LOWEST: Final = (
    pl.col("value").min().alias("best"),
    pl.when(pl.col("comparator").fill_null("").is_in(BELOW)).then(0.0).otherwise("value").min().alias("worst"),
)


def readings(course: Course, windows: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Give the usable values of quantities inside the windows: id, day, name, value, comparator, source."""
    last = windows["last"].max()
    rows = facts_of(course, *names, until=FAR if last is None else float(last) + 1)  # type: ignore[arg-type]
    rows = rows.filter(pl.col("value").is_not_null())
    return in_window(rows.select(*READ), windows).select(*ID_DAY, "name", "value", "comparator", "source")


def daily_values(rows: pl.DataFrame, windows: pl.DataFrame, longest_gap: int, decimals: int) -> pl.DataFrame:
    """Give every day of each window with any reading, in order: id, day, best and worst (the lowest of the day as
    reported, and 0 where only `less than` was), filled.

    Runs of up to `longest_gap` missing days are interpolated (rounded to `decimals`); a day that stays missing is never
    low at best and 0 at worst.
    """
    days = on_every_day(lowest_of_day(rows), windows, longest_gap, decimals, *SIDES)
    known = (pl.col("best").fill_null(NEVER_LOW), pl.col("worst").fill_null(0.0))
    return days.select(*ID_DAY, *known, "filled").collect(engine="in-memory")


def lowest_of_day(rows: pl.DataFrame) -> pl.DataFrame:
    """Give one row per day with rows, in order: `at`, best (the lowest as reported), worst (0 for `less than`)."""
    return of_each_day(rows, *LOWEST)


def of_each_day(rows: pl.DataFrame, *values: pl.Expr) -> pl.DataFrame:
    """Give one row per day with rows, in order: `at` (the day on the line of all infusions) and the values of it."""
    ordered = rows.lazy().with_columns(at=time_line()).sort("at")
    return ordered.group_by("at", maintain_order=True).agg(values).collect(engine="in-memory")


def on_every_day(
    seen: pl.DataFrame, windows: pl.DataFrame, longest_gap: int, decimals: int, *values: str
) -> pl.LazyFrame:
    """Put rows (as `of_each_day` gives them) on every day of each window that has any, in order; adds `filled`.

    Runs of up to `longest_gap` missing days are interpolated linearly in `values` (rounded to `decimals`), end values
    carried over as many days; what stays missing is null.
    """
    own = seen.lazy().select(id=pl.col("at") // STRIDE)
    kept = windows.lazy().join(own, on="id", how="semi").select("id", "first", "last").sort("id")
    grid = kept.with_columns(day=pl.int_ranges("first", pl.col("last") + 1)).explode("day")
    near = seen.lazy().with_columns(pl.col("at").set_sorted(), seen="at")
    later = near.select("at", "seen", *values).rename({name: f"{name}_after" for name in ("seen", *values)})
    grid = grid.with_columns(pl.col("id").set_sorted(), at=time_line().set_sorted())
    both = grid.join_asof(near, on="at").join_asof(later, on="at", strategy="forward")
    ends, known = _interpolated(tuple(seen.columns[1:]), values, longest_gap, decimals)
    return both.with_columns(ends).with_columns(known).select(*ID_DAY, *seen.columns[1:], "filled")


@cache
def _interpolated(
    columns: tuple[str, ...], values: tuple[str, ...], longest: int, decimals: int
) -> tuple[list[pl.Expr], list[pl.Expr]]:
    """The days to the readings around a day of the same infusion, and what they say of that day."""
    here = pl.col("seen") == pl.col("at")
    behind = pl.when(pl.col("seen") >= pl.col("id") * STRIDE).then(pl.col("at") - pl.col("seen"))
    ahead = pl.when(pl.col("seen_after") < (pl.col("id") + 1) * STRIDE).then(pl.col("seen_after") - pl.col("at"))
    to_end, to_start = pl.col("last") + 1 - pl.col("day"), pl.col("day") - pl.col("first") + 1
    short = pl.coalesce("_ahead", to_end) + pl.coalesce("_behind", to_start) - 1 <= longest
    known = [pl.when(here).then(name).alias(name) for name in columns if name not in values]
    for name in values:
        low = pl.when(pl.col("_behind").is_not_null()).then(name)
        high = pl.when(pl.col("_ahead").is_not_null()).then(f"{name}_after")
        between = low + pl.col("_behind") / (pl.col("_ahead") + pl.col("_behind")) * (high - low)
        made = pl.coalesce(between.round(decimals), low, high)
        known.append(pl.when(here).then(name).when(short).then(made).alias(name))
    return [behind.alias("_behind"), ahead.alias("_ahead")], [*known, (~here.fill_null(False) & short).alias("filled")]


def with_sources(found: pl.DataFrame, rows: pl.DataFrame, *of: str) -> pl.DataFrame:
    """Add `facts`: the sources of the rows (id, day, source) from `start` to `end` of each finding, each once; `of`
    names further columns that both share."""
    keys, place = ["id", *of], ["id", *of, "start", "end"]
    stretches = found.lazy().select(place).drop_nulls().unique()
    inside = pl.col("day").is_between(pl.col("start"), pl.col("end"))
    named = rows.lazy().select(*keys, "day", "source").join(stretches, on=keys).filter(inside)
    return found.lazy().join(joined_sources(named, *place), on=place, how="left").collect(engine="in-memory")
