"""The domains of a graded reaction, day by day: what was recorded, what may be missing, and deaths.

A `days` plan has one row per `id` and `day`, in order, with `low` and `high` (mildest and gravest grade that the data
of that day allow), `lead` (what sets `low`), `doubt` (what is missing where `high` is above `low`) and `known`
(anything recorded or covered).
"""

from collections.abc import Callable, Mapping

import polars as pl

from carsequel.side_effects.windows import ID_DAY


def with_domain(
    grid: pl.LazyFrame,
    rows: pl.DataFrame,
    judged: Callable[[pl.LazyFrame], pl.LazyFrame],
    name: str,
    covered: pl.Expr,
    worst: int,
    missing: str,
) -> pl.LazyFrame:
    """Add the columns of one domain: NAME_low, NAME_high, NAME_note, NAME_doubt, NAME_seen.

    `judged` makes of the rows of the domain one row per day: low, high, note, doubt. A day without is 0 where covered
    and 0 to `worst` where not: a missing measurement never becomes grade 0.
    """
    absent = pl.when(covered).then(0).otherwise(worst)
    doubt = pl.when(~covered).then(pl.lit(missing))
    if rows.is_empty():
        note, seen = pl.lit(None, dtype=pl.String), pl.lit(False)
        columns = {"low": pl.lit(0), "high": absent, "note": note, "doubt": doubt, "seen": seen}
        return grid.with_columns(column.alias(f"{name}_{what}") for what, column in columns.items())
    seen_days = judged(rows.lazy()).select(
        *ID_DAY,
        pl.lit(True).alias(f"{name}_seen"),
        pl.col("low", "high").cast(pl.Int32).name.prefix(f"{name}_"),
        pl.col("note", "doubt").cast(pl.String).name.prefix(f"{name}_"),
    )
    here = pl.col(f"{name}_seen").fill_null(False)
    return grid.join(seen_days, on=ID_DAY, how="left", maintain_order="left").with_columns(
        pl.col(f"{name}_low").fill_null(0),
        pl.when(here).then(f"{name}_high").otherwise(absent).alias(f"{name}_high"),
        pl.when(here).then(f"{name}_doubt").otherwise(doubt).alias(f"{name}_doubt"),
        here.alias(f"{name}_seen"),
    )


def first_of_day(rows: pl.LazyFrame, order: Mapping[str, bool]) -> pl.LazyFrame:
    """Give of each day (id, day) the row that stands first by these columns (true: the highest first), nulls last."""
    descending = [False, False, *order.values()]
    ordered = rows.sort(*ID_DAY, *order, descending=descending, nulls_last=True, maintain_order=True)
    return ordered.unique(ID_DAY, keep="first")


def with_deaths(days: pl.LazyFrame, events: pl.DataFrame, windows: pl.DataFrame, site: str, grade: int) -> pl.LazyFrame:
    """Add the grade of a death: certain on the day of a death of this `site`; possible where its cause is not known
    and the reaction is not over on that day, or where a death of this site has no day.

    `events` has id, day (null without one), text, site.
    """
    if not events["text"].eq("death").any():
        return days
    deaths = events.lazy().filter(pl.col("text") == "death")
    unsure = pl.col("site").fill_null("unknown").is_in(["unknown", ""])
    dated = deaths.group_by(ID_DAY).agg(_of=(pl.col("site") == site).any(), _open=unsure.all())
    undated = deaths.filter(pl.col("day").is_null() & (pl.col("site") == site)).select("id").unique()
    last = windows.lazy().join(undated, on="id", how="semi").select("id", pl.col("last").alias("day"), _undated=True)
    days = days.join(dated, on=ID_DAY, how="left", maintain_order="left")
    days = days.join(last, on=ID_DAY, how="left", maintain_order="left")
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
