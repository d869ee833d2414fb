"""The domains of a graded reaction, day by day: what was recorded, what may be missing, and deaths.

A `days` frame has one row per `id` and `day`, in order, with `low` and `high` (mildest and gravest grade that the data
of that day allow), `lead` (what sets `low`), `doubt` (what is missing where `high` is above `low`) and `known`
(anything recorded or covered).
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from carsequel.side_effects.windows import ID_DAY, time_line


def with_domain(
    grid: pl.DataFrame,
    rows: pl.DataFrame,
    judged: Callable[[pl.DataFrame], pl.DataFrame],
    name: str,
    covered: pl.Expr,
    worst: int,
    missing: str,
) -> pl.DataFrame:
    """Add the columns of one domain: NAME_low, NAME_high, NAME_note, NAME_doubt, NAME_seen.

    `judged` makes of the rows of the domain one row per day: low, high, note, doubt. A day without is 0 where covered
    and 0 to `worst` where not: a missing measurement never becomes grade 0.
    """
    absent = pl.when(covered).then(0).otherwise(worst)
    doubt = pl.when(~covered).then(pl.lit(missing))
    rows = rows.filter(pl.col("day").is_not_null())
    if rows.is_empty():
        note, seen = pl.lit(None, dtype=pl.String), pl.lit(False)
        columns = {"low": pl.lit(0), "high": absent, "note": note, "doubt": doubt, "seen": seen}
        return grid.with_columns(column.alias(f"{name}_{what}") for what, column in columns.items())
    seen_days = judged(rows).select(
        *ID_DAY,
        pl.lit(True).alias(f"{name}_seen"),
        pl.col("low", "high").cast(pl.Int32).name.prefix(f"{name}_"),
        pl.col("note", "doubt").cast(pl.String).name.prefix(f"{name}_"),
    )
    here = pl.col(f"{name}_seen").fill_null(False)
    return on_its_day(grid, seen_days).with_columns(
        pl.col(f"{name}_low").fill_null(0),
        pl.when(here).then(f"{name}_high").otherwise(absent).alias(f"{name}_high"),
        pl.when(here).then(f"{name}_doubt").otherwise(doubt).alias(f"{name}_doubt"),
        here.alias(f"{name}_seen"),
    )


def on_its_day(grid: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add to a grid of days in order (id, day) the other columns of at most one row a day, null on days without."""
    line, at = (frame.select(time_line()).to_series().to_numpy() for frame in (grid, rows))
    place = np.searchsorted(line, at)
    there = place < len(line)
    there[there] = line[place[there]] == at[there]
    row = np.full(len(line), len(at), dtype=np.int64)
    row[place[there]] = np.flatnonzero(there)
    index = pl.Series(row).set(pl.Series(row == len(at)), None)
    return grid.with_columns(rows[name].gather(index) for name in rows.columns if name not in ID_DAY)


def first_of_day(rows: pl.DataFrame, order: Mapping[str, bool]) -> pl.DataFrame:
    """Give of each day (id, day) the row that stands first by these numbers (true: the highest first), nulls last."""
    rows = rows.with_columns(_at=time_line())
    rows = rows if rows["_at"].is_sorted() else rows.sort("_at", maintain_order=True)
    begins = np.flatnonzero(np.diff(rows["_at"].to_numpy(), prepend=-1))
    number = np.diff(begins, append=rows.height)
    first = np.ones(rows.height, dtype=bool)
    for name, highest in order.items():
        values = rows[name].cast(pl.Float64) * (1 if highest else -1)
        ranked = np.where(first, values.fill_null(-np.inf).to_numpy(), -np.inf)
        first &= ranked == np.repeat(np.maximum.reduceat(ranked, begins), number)
    places = np.flatnonzero(first)
    alone = np.diff(np.repeat(np.arange(len(begins)), number)[places], prepend=-1) > 0
    return rows[places[alone]].drop("_at")


def with_deaths(days: pl.DataFrame, events: pl.DataFrame, windows: pl.DataFrame, site: str, grade: int) -> pl.DataFrame:
    """Add the grade of a death: certain on the day of a death of this `site`; possible where its cause is not known
    and the reaction is not over on that day, or where a death of this site has no day.

    `events` has id, day (null without one), text, site.
    """
    if not events["text"].eq("death").any():
        return days
    deaths = events.filter(pl.col("text") == "death")
    unsure = pl.col("site").fill_null("unknown").is_in(["unknown", ""])
    of_day = (
        deaths.filter(pl.col("day").is_not_null())
        .group_by(ID_DAY)
        .agg(_of=(pl.col("site") == site).any(), _open=unsure.all())
    )
    undated = deaths.filter(pl.col("day").is_null() & (pl.col("site") == site)).select("id").unique()
    last = windows.join(undated, on="id", how="semi").select("id", pl.col("last").alias("day"), _undated=True)
    days = on_its_day(on_its_day(days, of_day), last)
    certain = pl.col("_of").fill_null(False)
    possible = (pl.col("_open").fill_null(False) & (pl.col("high") >= 1)) | pl.col("_undated").fill_null(False)
    without_day = pl.when("_undated").then(pl.lit("a death of this cause has no day"))
    doubt = without_day.otherwise(pl.lit("died on that day, cause not stated"))
    return days.with_columns(
        low=pl.when(certain).then(grade).otherwise("low"),
        high=pl.when(certain | possible).then(grade).otherwise("high"),
        lead=pl.when(certain).then(pl.lit("death of this cause")).otherwise("lead"),
        doubt=pl.when(certain).then(None).when(possible).then(doubt).otherwise("doubt"),
        known=pl.col("known") | certain | pl.col("_undated").fill_null(False),
    ).drop("_of", "_open", "_undated")
