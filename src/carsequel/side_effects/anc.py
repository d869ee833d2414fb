"""Daily neutrophils for the grading of ICAHT: the lowest value of each day, gaps filled, the rest bounded."""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import DAY, KEYS, within
from carsequel.terms.series import fill_gaps

NEVER_LOW: Final = 1e9


def anc_days(course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    """Give one row per infusion and day with an ANC (10^9/L): `best` (the lowest value as reported), `worst` (0 where
    only `less than` was reported, else the same) and `source` (list)."""
    rows = within(course.facts_since("anc").filter(pl.col("value").is_not_null()), windows)
    below = pl.col("comparator").fill_null("").is_in(["<", "<="])
    rows = rows.with_columns(_worst=pl.when(below).then(0.0).otherwise("value"))
    return rows.group_by(DAY).agg(best=pl.col("value").min(), worst=pl.col("_worst").min(), source=pl.col("source"))


def bounded(grid: pl.DataFrame, seen: pl.DataFrame, longest_gap: int, decimals: int) -> pl.DataFrame:
    """Give each day of the grid a `best` and a `worst` ANC and `filled`: runs of up to `longest_gap` missing days are
    interpolated (`decimals`), what stays missing is never low at best and 0 at worst."""
    days = grid.join(seen.select(*DAY, "best", "worst"), on=DAY, how="left").sort(DAY)
    days = days.with_columns(filled=pl.lit(False))
    if longest_gap > 0:
        open_ended = not days.filter(pl.col("best") != pl.col("worst")).is_empty()
        days = fill_gaps(days.drop("filled"), KEYS, longest_gap, decimals, "best")
        if open_ended:
            days = fill_gaps(days.rename({"filled": "_filled"}), KEYS, longest_gap, decimals, "worst")
            days = days.drop("filled").rename({"_filled": "filled"})
        else:
            days = days.with_columns(worst="best")
    return days.with_columns(pl.col("best").fill_null(NEVER_LOW), pl.col("worst").fill_null(0.0))


def anc_sources(seen: pl.DataFrame, stretches: pl.DataFrame, by: list[str] | None = None) -> pl.DataFrame:
    """Give the sources (`facts`, joined) of the values from `start` to `end` of each stretch, one row per `by`."""
    inside = seen.join(stretches, on=KEYS, how="inner").filter(pl.col("day").is_between(pl.col("start"), pl.col("end")))
    named = inside.explode("source").filter(pl.col("source").is_not_null())
    return named.group_by(by or KEYS).agg(facts=pl.col("source").unique().sort().str.join("; "))


def growth_factor(course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    """Give a `remark` for the `id` of each infusion in whose window a growth factor was given (shown, never used)."""
    given = course.spans_since("drug").filter(pl.col("role") == "growth_factor")
    inside = given.join(windows.select(*KEYS, "id", "first", "last"), on=KEYS, how="inner").filter(
        (pl.col("since") < pl.col("last") + 1) & (pl.col("until").is_null() | (pl.col("until") >= pl.col("first")))
    )
    remark = pl.lit("growth factor given (does not change the grade)")
    return inside.select("id").unique().with_columns(remark=remark)
