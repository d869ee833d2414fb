"""When a risk score looks: the days before an infusion, as of lymphodepletion or as of the infusion itself."""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.terms.series import day_of

KEYS: Final = ["patient", "infusion"]
MOMENT: Final = [*KEYS, "at"]
BEFORE_LYMPHODEPLETION: Final = "before_lymphodepletion"
BEFORE_INFUSION: Final = "before_infusion"
LYMPHODEPLETION_FROM: Final = 21


def infused(course: Course) -> pl.DataFrame:
    """Give one row per infusion that was given: patient, infusion, disease, product, age_from and age_to (completed
    years, both null where no age is known), person (source of the patient's row)."""
    rows = course.infused.join(course.patients.select("patient", person="source"), on="patient", how="left")
    return rows.select(*KEYS, "disease", "product", "person", age_from=_age("from"), age_to=_age("to"))


def baseline(course: Course) -> pl.DataFrame:
    """Give the moments from which a baseline score can look back, one row per infusion and moment.

    `at` is `before_lymphodepletion` (`ref` = its first day within the 21 days before the infusion) where that day is
    dated, and always `before_infusion` (`ref` = 0); `default` is true on the first of them that exists. Days count from
    the infusion. Other columns as in `infused`.
    """
    return course.once(("baseline moments", LYMPHODEPLETION_FROM), lambda: _baseline(course))


def _baseline(course: Course) -> pl.DataFrame:
    people = infused(course)
    given = course.spans_since("drug", before=LYMPHODEPLETION_FROM)
    given = given.filter(
        (pl.col("role") == "lymphodepletion") & (pl.col("since") >= -LYMPHODEPLETION_FROM) & (pl.col("since") < 1)
    )
    people = people.join(given.group_by(KEYS).agg(ref=pl.col("since").min()), on=KEYS, how="left")
    early = people.filter(pl.col("ref").is_not_null()).with_columns(at=pl.lit(BEFORE_LYMPHODEPLETION), default=True)
    late = people.with_columns(ref=pl.lit(0.0), at=pl.lit(BEFORE_INFUSION), default=pl.col("ref").is_null())
    return pl.concat([early, late])


def fits(back: pl.Expr, forward: pl.Expr) -> pl.Expr:
    """Tell whether `since` lies at most `back` calendar days before and `forward` days after the moment's `ref`. The
    moment's day counts as a whole, except that a clock time after the moment's clock time does not count as before
    it."""
    timed = (pl.col("since") != pl.col("since").floor()) & (pl.col("ref") != pl.col("ref").floor())
    late = timed & (pl.col("since") > pl.col("ref")) & (forward == 0)
    return apart().is_between(-back, forward) & ~late


def apart() -> pl.Expr:
    """Give the calendar days from the moment's `ref` to `since`."""
    return day_of("since") - day_of("ref")


def _age(side: str) -> pl.Expr:
    """Lower or upper bound of the age in completed years, from `age` or a band such as 60-69, 80+, >=65 or <18."""
    band = pl.col("age_band").str.strip_chars()
    first = band.str.extract(r"(\d+)", 1).cast(pl.Float64)
    second = band.str.extract(r"\d+\s*[-–]\s*(\d+)", 1).cast(pl.Float64)
    under, above = band.str.starts_with("<"), band.str.contains(r"^>|\+$")
    if side == "from":
        whole = pl.when(under).then(0.0).otherwise(first)
    else:
        whole = pl.when(under).then(first - 1).when(above).then(120.0).otherwise(pl.coalesce(second, first))
    return pl.coalesce(pl.col("age").floor(), whole)
