"""Circulating tumour DNA after the infusion (day 0) in LBCL: any detectable amount is positive (Frank 2021).

Codes: 0 not detected, 1 detected. Amounts stay in the unit of the assay; cut-offs on log-fold changes are not
verified and not computed.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.detection import with_detection
from carsequel.terms.findings import as_findings, definition_of, join_findings, no_findings
from carsequel.terms.series import day_of

SOURCE: Final = "frank2021"
CRITERION: Final = "ctdna.frank2021"
KEYS: Final = ["patient", "infusion"]
NAMES: Final = {0: "not detected", 1: "detected"}


class Rule(NamedTuple):
    """A landmark day and what was seen there."""

    day: int
    paper: str


RULES: tuple[Rule, ...] = (
    Rule(28, "detected: median PFS 3 months; not detected: not reached"),
    Rule(7, "not detected in 70 % of durable responders and 13 % of those who progressed"),
)


def assess_ctdna(course: Course, within: int = 0) -> pl.DataFrame:
    """Give the answer of every ctDNA sample after the infusion (`assessment`, period `day N`) and of the landmarks of
    the paper (period `d7`, `d28`), for LBCL.

    `within` is how many days a sample may lie from its landmark (named in the definition; the nearest counts, the
    earlier of two as near). A landmark without such a sample is not gradable; infusions without any ctDNA have no
    row. Gives a findings frame (source frank2021).
    """
    if not course.has("ctdna"):
        return no_findings()
    samples = ctdna_samples(course)
    parts = [_samples(samples), *(_landmark(samples, rule, within) for rule in RULES)]
    return join_findings(parts)


def ctdna_samples(course: Course) -> pl.DataFrame:
    """Give one row per infusion and day after day 0 with a readable ctDNA result: patient, infusion, day, low, high,
    near, source (list). Of several results of a day the worst."""
    disease = course.clock.filter(pl.col("disease") == "LBCL").select(KEYS)
    rows = course.facts_since("ctdna").filter(pl.col("since") > 0).join(disease, on=KEYS, how="semi")
    rows = with_detection(rows, "detected", "not_detected").filter(pl.col("low").is_not_null())
    rows = rows.with_columns(day=day_of("since"))
    days = rows.group_by(*KEYS, "day").agg(
        pl.col("low", "high").max(), pl.col("near").any(), pl.col("source").unique().sort()
    )
    return days.sort(*KEYS, "day")


def _label() -> pl.Expr:
    low = pl.col("low").replace_strict(NAMES, return_dtype=pl.String)
    settled = pl.when(pl.col("low") == pl.col("high")).then(low).otherwise(pl.lit("detected or not"))
    return pl.when(pl.col("low").is_null()).then(pl.lit("not gradable")).otherwise(settled)


def _why() -> pl.Expr:
    low = pl.col("low").replace_strict(NAMES, return_dtype=pl.String)
    open_end = pl.lit("the amount is near the limit of the assay, on day ")
    return (
        pl.when(pl.col("low") == pl.col("high"))
        .then(pl.format("ctDNA {} on day {}", low, "day"))
        .otherwise(pl.concat_str(open_end, pl.col("day").cast(pl.String)))
    )


def _finish(rows: pl.DataFrame, definition: str) -> pl.DataFrame:
    told = rows.with_columns(
        label=_label(), start="day", end="day", facts=pl.col("source").list.drop_nulls().list.join("; ")
    )
    return as_findings(
        told.drop("source"), kind="assessment", criterion=CRITERION, definition=definition, default=True, source=SOURCE
    )


def _samples(samples: pl.DataFrame) -> pl.DataFrame:
    rows = samples.with_columns(period=pl.format("day {}", "day"), why=_why())
    return _finish(rows, definition_of(positive="any_detectable"))


def _landmark(samples: pl.DataFrame, rule: Rule, within: int) -> pl.DataFrame:
    apart = (pl.col("day") - rule.day).abs()
    nearest = samples.filter(apart <= within).sort(apart, "day").group_by(KEYS, maintain_order=True).first()
    there = samples.group_by(KEYS).agg(days=pl.col("day").cast(pl.String).sort_by("day").str.join(", "))
    rows = there.join(nearest, on=KEYS, how="left")
    paper = pl.lit(f"; at day {rule.day}: {rule.paper}")
    near = f"within {within} days of day {rule.day}" if within else f"on day {rule.day}"
    missing = pl.format("no sample {}; sampled on day {}", pl.lit(near), "days")
    why = pl.when(pl.col("low").is_null()).then(missing).otherwise(pl.concat_str(_why(), paper))
    return _finish(
        rows.with_columns(period=pl.lit(f"d{rule.day}"), why=why),
        definition_of(positive="any_detectable", within=within),
    )
