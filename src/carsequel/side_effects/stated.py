"""Grades as the centre stated them (CRS and ICANS 0-5, IEC-HS), beside the derived ones; scales are never mixed.

Days count from the infusion (day 0). A stated grade keeps the scale its `method` names; only ASTCT grades, and grades
whose scale is not given, are compared with ours.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS
from carsequel.terms.findings import KEY, as_findings, grade_label, no_findings

SOURCE: Final = "stated"
UNKNOWN: Final = "unknown"


class Stated(NamedTuple):
    """Which criterion a stated grade answers, how its own scale is recognised, and the period of its maximum (the one
    of the derived maximum, which is then the default; without a last day nothing is derived)."""

    name: str
    criterion: str
    own_scale: str
    last: int | None
    period: str


STATED: Final = (
    Stated("crs_grade", "crs.astct2019", r"(?i)astct|asbmt|lee[ _,]*(et al\.?[ _,]*)?\(?2019", 30, "d0-30"),
    Stated("icans_grade", "icans.astct2019", r"(?i)astct|asbmt|lee[ _,]*(et al\.?[ _,]*)?\(?2019", 30, "d0-30"),
    Stated("iec_hs_grade", "iec_hs.astct2023", r"(?i)astct|hines|iec.?hs", None, "since infusion"),
)
COMPARED: Final = ("patient", "infusion", "criterion", "ours_low", "ours_high", "theirs", "scale", "agrees", "why")


def stated_grades(course: Course) -> pl.DataFrame:
    """Give stated grades as findings: dated ones as `assessment`, the gravest per scale as `maximum` (grades without a
    day count, dated ones only inside the period). A stated grade is the default only where nothing is derived.

    The definition is `basis=stated scale=SCALE`, the scale as `method` says (blanks as `_`), `unknown` where it says
    nothing. Gives a findings frame.
    """
    names = {row.name: row.criterion for row in STATED}
    rows = course.facts_since(*names, undated=True).filter(pl.col("value").is_not_null())
    if rows.is_empty():
        return no_findings()
    method = pl.col("method").str.strip_chars().str.replace_all(r"\s+", "_")
    plan = rows.lazy().with_columns(
        criterion=pl.col("name").replace_strict(names, default=None, return_dtype=pl.String),
        scale=pl.when(method != "").then(method).otherwise(pl.lit(UNKNOWN)),
        day=pl.col("since"),
    )
    keys = [*KEYS, "criterion", "scale"]
    facts = pl.col("source").drop_nulls().unique().sort().str.join("; ")
    dated = plan.filter(pl.col("day").is_not_null()).group_by([*keys, "day"])
    assessed = dated.agg(low=pl.col("value").max(), facts=facts).with_columns(
        period=pl.format("day {}", pl.col("day").floor().cast(pl.Int64)),
        start="day",
        end="day",
        kind=pl.lit("assessment"),
    )
    top = pl.col("value") == pl.col("value").max()
    last = pl.col("criterion").replace_strict({row.criterion: row.last for row in STATED}, return_dtype=pl.Int64)
    inside = pl.col("day").is_null() | last.is_null() | (pl.col("day").floor() <= last)
    gravest = (
        plan.filter(inside)
        .group_by(keys)
        .agg(
            low=pl.col("value").max(),
            start=pl.col("day").filter(top).min(),
            end=pl.col("day").filter(top).max(),
            facts=pl.col("source").filter(top).drop_nulls().unique().sort().str.join("; "),
        )
    )
    periods = {row.criterion: row.period for row in STATED}
    period = pl.col("criterion").replace_strict(periods, return_dtype=pl.String)
    gravest = gravest.with_columns(period=period, kind=pl.lit("maximum"))
    derived = pl.col("criterion").is_in([row.criterion for row in STATED if row.last is not None])
    both = pl.concat([assessed, gravest], how="diagonal").sort(*keys, "kind", "start", nulls_last=True)
    first = pl.int_range(pl.len()).over(*KEYS, "criterion", "kind", "period") == 0
    found = both.with_columns(default=first & ((pl.col("kind") == "assessment") | ~derived))
    return as_findings(_described(found).collect(engine="in-memory"), source=SOURCE)


def _described(found: pl.LazyFrame) -> pl.LazyFrame:
    when = (
        pl.when(pl.col("start").is_null())
        .then(pl.lit("without a day"))
        .otherwise(pl.format("on day {}", pl.col("start").floor().cast(pl.Int64)))
    )
    scale = (
        pl.when(pl.col("scale") == UNKNOWN)
        .then(pl.lit("scale not given"))
        .otherwise(pl.format("scale {}", pl.col("scale").str.replace_all("_", " ")))
    )
    found = found.with_columns(high="low", definition=pl.format("basis=stated scale={}", "scale"))
    return found.with_columns(label=grade_label(), why=pl.format("stated by the centre {} ({})", when, scale))


def compare_stated(findings: pl.DataFrame) -> pl.DataFrame:
    """Compare our default maximum with each stated maximum of the same infusion and criterion.

    `findings` holds both (as `grade_…` and `stated_grades` give them). One row per stated maximum: patient, infusion,
    criterion, ours_low, ours_high, theirs, scale, agrees, why. `agrees` is true where the stated grade lies between
    ours_low and ours_high, null where ours is not gradable or the stated grade is on another scale.
    """
    top = findings.filter(pl.col("kind") == "maximum")
    stated = pl.col("definition").str.starts_with("basis=stated")
    ours = top.filter(pl.col("default") & ~stated).select(*KEY[:3], ours_low="low", ours_high="high", ours_why="why")
    theirs = top.filter(stated).select(
        *KEY[:3], theirs="value", scale=pl.col("definition").str.extract(r"scale=(\S+)", 1)
    )
    both = theirs.join(ours, on=KEY[:3], how="left").with_columns(comparable=_comparable())
    inside = pl.col("theirs").is_between(pl.col("ours_low"), pl.col("ours_high"))
    both = both.with_columns(agrees=pl.when("comparable").then(inside), why=_why(inside))
    return both.select(COMPARED).sort("patient", "infusion", "criterion", "scale")


def _comparable() -> pl.Expr:
    own = [(pl.col("criterion") == row.criterion) & pl.col("scale").str.contains(row.own_scale) for row in STATED]
    other = pl.col("scale").str.contains(r"2014|(?i)ctcae|penn|cartox|mdacc")
    return (pl.any_horizontal(own) & ~other) | (pl.col("scale") == UNKNOWN)


def _why(inside: pl.Expr) -> pl.Expr:
    said = (
        pl.when(~pl.col("comparable"))
        .then(pl.lit("another scale: shown, not compared"))
        .when(pl.col("ours_low").is_null())
        .then(pl.lit("ours is not gradable"))
        .when(inside & (pl.col("ours_low") == pl.col("ours_high")))
        .then(pl.lit("same grade"))
        .when(inside)
        .then(pl.lit("the stated grade is among those our data allow"))
        .when(pl.col("theirs") > pl.col("ours_high"))
        .then(pl.lit("stated graver than the records show"))
        .otherwise(pl.lit("stated milder than the records show"))
    )
    scale = pl.when(pl.col("scale") == UNKNOWN).then(pl.lit("scale not given, read as ASTCT"))
    ours = pl.when("comparable").then(pl.format("ours: {}", "ours_why"))
    return pl.concat_str(said, scale, ours, separator="; ", ignore_nulls=True)
