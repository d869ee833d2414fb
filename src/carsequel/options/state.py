"""Conditions that every option shares: the failure itself, the patient's fitness, and cautions that close nothing."""

from typing import Final

import polars as pl

from carsequel.causes.seen import number, seen_facts
from carsequel.options.conditions import as_conditions
from carsequel.record import Course

NOT_CONFIRMED: Final = "biopsy or repeat imaging that confirms or excludes failure"
BESIDE: Final = "; never closed by the record, stands beside every other option"
_KEY: Final = ["patient", "infusion"]


def failure_conditions(pairs: pl.DataFrame) -> pl.DataFrame:
    """Give the condition that failure is confirmed; care options hold also where it is only suspected."""
    suspected = pl.col("state") == "suspected"
    care = pl.col("kind") == "care"
    day = pl.when(pl.col("day").is_not_null()).then(pl.format("day {}", number("day")))
    what = pl.concat_str(pl.col("type").str.replace_all("_", " "), day, separator=", ", ignore_nulls=True)
    words = pl.when(suspected).then(pl.lit("failure not confirmed")).otherwise(pl.format("failed ({})", what))
    always = pl.when(care).then(pl.lit(BESIDE)).otherwise(pl.lit(""))
    return as_conditions(
        pairs.with_columns(
            holds=pl.when(~suspected | care).then(True),
            reason=words + always,
            decides=pl.lit(NOT_CONFIRMED),
        )
    )


def fitness_conditions(course: Course, pairs: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give, for intensive options, whether performance is recorded since the failure; no threshold is applied."""
    rows = pairs.filter("intensive")
    seen = seen_facts(course, verdicts, "ecog", "karnofsky").sort("since", nulls_last=False)
    last = seen.group_by(_KEY, maintain_order=True).agg(
        now=pl.col("at_failure").any(),
        said=pl.coalesce(pl.col("said").filter(pl.col("at_failure")).last(), pl.col("said").last()),
        facts=pl.coalesce(pl.col("source").filter(pl.col("at_failure")).last(), pl.col("source").last()),
    )
    rows = rows.join(last, on=_KEY, how="left", maintain_order="left")
    known = pl.col("now").fill_null(False)
    reason = (
        pl.when(pl.col("said").is_null())
        .then(pl.lit("performance status not recorded"))
        .when(known)
        .then(pl.format("performance recorded, no limit applied: {}", "said"))
        .otherwise(pl.format("performance not recorded since the failure; before: {}", "said"))
    )
    return as_conditions(
        rows.with_columns(holds=pl.when(known).then(True), reason=reason, decides=pl.lit("ECOG performance status now"))
    )


def caution_conditions(course: Course, pairs: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give cautions as reasons that close nothing: an infection without an end, the last neutrophils and platelets."""
    rows = pairs.filter(pl.col("kind").is_in(["drug", "cells", "transplant"]))
    found = pl.concat([_infections(course, verdicts), _counts(course, verdicts)], how="diagonal_relaxed")
    both = rows.join(found, on=_KEY, how="inner", maintain_order="left")
    return as_conditions(both.with_columns(holds=pl.lit(True)))


def _infections(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    spans = course.spans_since("infection", undated=True).filter(pl.col("until").is_null())
    ended = pl.col("end_known") if "end_known" in spans.columns else pl.lit(None, dtype=pl.Boolean)
    spans = spans.join(verdicts.select(_KEY), on=_KEY, how="semi").with_columns(_end=ended)
    known = pl.col("_end").cast(pl.Boolean).fill_null(True)
    words = pl.when(known).then(pl.lit("still going on record")).otherwise(pl.lit("end not given"))
    return spans.select(
        *_KEY,
        reason=pl.format("caution, infection ({}, {})", pl.col("text").fill_null("kind not given"), words),
        facts="source",
    )


def _counts(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    seen = seen_facts(course, verdicts, "anc", "platelets").filter((pl.col("phase") == "after") & pl.col("latest"))
    return seen.select(*_KEY, reason=pl.format("caution, last count: {}", "said"), facts="source")
