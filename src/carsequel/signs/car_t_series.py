"""CAR T cells in blood, one series per assay: what was measured, and what a value below or above its limit allows.

Units are never mixed: cells/uL, copies/ug and percent are series of their own, and so are two methods of one unit.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.terms.series import day_of

KEYS: Final = ["patient", "infusion"]
ASSAY: Final = [*KEYS, "unit", "assay"]
BLOOD: Final = r"(?i)blood|plasma|serum|^pb(mc)?$"


def car_t_samples(course: Course) -> pl.DataFrame:
    """Give one row per assay, infusion and calendar day from day 0: patient, infusion, unit, assay, day, `low` and
    `high` (what the level may have been: 0 to the limit where it was below quantification, up to infinity where it
    was above the ceiling), `detected`, `blood_stated` and `source` (list). Of several values of a day the highest.

    Only blood: another specimen is left out, none stated is taken as blood and said. Rows without unit or value are
    left out. Rows before the infusion are left out.
    """
    told = (*KEYS, "since", "value", "comparator", "limit", "unit", "method", "specimen", "source")
    rows = course.facts_since("car_t", columns=told)
    rows = rows.filter(pl.col("specimen").is_null() | pl.col("specimen").str.contains(BLOOD))
    rows = rows.with_columns(
        assay=pl.col("method").fill_null("not_given").str.strip_chars().str.replace_all(r"\s+", "_"),
        day=day_of("since"),
        _edge=pl.coalesce("value", "limit"),
        _sign=pl.col("comparator").fill_null(""),
    ).filter(pl.col("unit").is_not_null() & pl.col("_edge").is_not_null())
    below = pl.col("_sign").is_in(["<", "<="]) | pl.col("value").is_null()
    under = (pl.col("value") < pl.col("limit")).fill_null(False)
    above = pl.col("_sign").is_in([">", ">="])
    rows = rows.with_columns(
        low=pl.when(below | under).then(0.0).otherwise("_edge"),
        high=pl.when(above).then(float("inf")).when(under).then("limit").otherwise("_edge"),
        blood_stated=pl.col("specimen").is_not_null(),
    )
    days = rows.group_by(*ASSAY, "day").agg(
        pl.col("low", "high").max(), pl.col("blood_stated").all(), pl.col("source").unique().sort()
    )
    return days.with_columns(detected=pl.col("low") > 0).sort(*ASSAY, "day")
