"""Growth factors given while neutrophils were low: told beside the grade, which they do not change."""

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS


def growth_factor(course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    """Give a `remark` for the `id` of each infusion in whose window (`first` to `last`) a growth factor was given."""
    given = course.spans_since("drug").filter(pl.col("role") == "growth_factor")
    inside = given.join(windows.select(*KEYS, "id", "first", "last"), on=KEYS, how="inner").filter(
        (pl.col("since") < pl.col("last") + 1) & (pl.col("until").is_null() | (pl.col("until") >= pl.col("first")))
    )
    remark = pl.lit("growth factor given (does not change the grade)")
    return inside.select("id").unique().with_columns(remark=remark)
