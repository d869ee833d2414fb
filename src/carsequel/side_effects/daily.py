"""The days of each infusion that exist: from which day to which, and what is known of the patient then.

Days are whole calendar days from the infusion (day 0).
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course

KEYS: Final = ["patient", "infusion"]
DAY: Final = [*KEYS, "day"]
WITHOUT_END: Final = 10**6


def day_windows(course: Course, first: int, last: int) -> pl.DataFrame:
    """Give per infusion the days that exist: patient, infusion, first, last (cut by the day of death and by the day
    before the next infusion), death, record_end (last day of the record), age_from, age_to, disease.

    Collected but never infused patients have none.
    """
    death = pl.col("death").floor().cast(pl.Int64)
    next_infusion = pl.col("next_day").floor().cast(pl.Int64) - pl.col("day").floor().cast(pl.Int64)
    return course.infused.select(
        *KEYS,
        first=pl.lit(first, dtype=pl.Int64),
        last=pl.min_horizontal(pl.lit(last, dtype=pl.Int64), death, next_infusion - 1),
        death=death,
        record_end=pl.col("last").floor().cast(pl.Int64),
        disease="disease",
        age_from=_age("age_from"),
        age_to=_age("age_to"),
    )


def _age(side: str) -> pl.Expr:
    """Lower or upper bound of the age in whole years, from `age` or a band such as 60-69, 80+, >=65 or <18."""
    band = pl.col("age_band").str.strip_chars()
    first = band.str.extract(r"(\d+)", 1).cast(pl.Float64)
    second = band.str.extract(r"\d+\s*[-–]\s*(\d+)", 1).cast(pl.Float64)
    under = band.str.starts_with("<")
    if side == "age_from":
        return pl.coalesce(pl.col("age"), pl.when(under).then(0.0).otherwise(first))
    above = band.str.contains(r"^>|\+$").fill_null(False)
    return pl.coalesce(pl.col("age"), pl.when(under).then(first - 1).when(~above).then(pl.coalesce(second, first)))
