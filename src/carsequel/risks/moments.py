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
    never = course.infusions.filter(pl.col("note") == "not_infused").select(KEYS)
    person = course.patients.select("patient", person="source")
    rows = course.clock.join(never, on=KEYS, how="anti").join(person, on="patient", how="left")
    return rows.select(*KEYS, "disease", "product", "person", age_from=_age("from"), age_to=_age("to"))


def baseline(course: Course) -> pl.DataFrame:
    """Give the moments from which a baseline score can look back, one row per infusion and moment.

    `at` is `before_lymphodepletion` (`ref` = its first day within the 21 days before the infusion) where that day is
    dated, and always `before_infusion` (`ref` = 0); `default` is true on the first of them that exists. Days count from
    the infusion. Other columns as in `infused`.
    """
    people = infused(course)
    given = course.spans_since("drug", before=LYMPHODEPLETION_FROM)
    given = given.filter(
        (pl.col("role") == "lymphodepletion") & (pl.col("since") >= -LYMPHODEPLETION_FROM) & (pl.col("since") < 1)
    )
    first = given.group_by(KEYS).agg(ref=pl.col("since").min())
    early = people.join(first, on=KEYS, how="inner").with_columns(at=pl.lit(BEFORE_LYMPHODEPLETION), default=True)
    dated = people.select(KEYS).join(first.select(*KEYS, _dated=True), on=KEYS, how="left")
    late = people.join(dated, on=KEYS, how="left").with_columns(
        ref=pl.lit(0.0), at=pl.lit(BEFORE_INFUSION), default=pl.col("_dated").is_null()
    )
    return pl.concat([early, late.select(early.columns)])


def inside(rows: pl.DataFrame, moments: pl.DataFrame, back: int, forward: int = 0) -> pl.DataFrame:
    """Give `rows` (with `since`) once per moment of their infusion, with `ref` and `fits`: true where the calendar day
    lies at most `back` days before and `forward` days after the moment's own. The moment's day counts as a whole,
    except that a clock time after the moment's clock time does not count as before it."""
    both = rows.join(moments.select(*MOMENT, "ref"), on=KEYS, how="inner")
    apart = day_of("since") - day_of("ref")
    timed = (pl.col("since") != pl.col("since").floor()) & (pl.col("ref") != pl.col("ref").floor())
    late = timed & (pl.col("since") > pl.col("ref")) if forward == 0 else pl.lit(False)
    return both.with_columns(apart=apart, fits=apart.is_between(-back, forward) & ~late)


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
