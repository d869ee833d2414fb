"""Measurable residual disease after the infusion (day 0), each sample by its method and its sensitivity.

A result is a fraction of cells. Codes: 0 not detected, 1 detected. A negative result holds for the sensitivity of its
assay only, and methods are not mixed.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.detection import with_detection
from carsequel.terms.findings import as_findings, no_findings
from carsequel.terms.series import day_of

SOURCE: Final = "eln2024"
CRITERION: Final = "mrd.detected"
KEYS: Final = ["patient", "infusion"]
SERIES: Final = [*KEYS, "method", "specimen", "sensitivity", "day"]


def assess_mrd(course: Course) -> pl.DataFrame:
    """Give the answer of every MRD sample (`assessment`, period `day N METHOD SPECIMEN`), per infusion.

    The definition names method, specimen and sensitivity; the most sensitive assay of a day and specimen by one method
    is the default. Infusions without MRD have no row. Gives a findings frame (source eln2024).
    """
    if not course.has("mrd"):
        return no_findings()
    rows = mrd_samples(course)
    best = pl.col("_rank").min().over(*KEYS, "method", "specimen", "day")
    sensitivity = pl.col("sensitivity").cast(pl.String).fill_null("not_given")
    rows = rows.with_columns(_rank=pl.col("sensitivity").fill_null(float("inf"))).with_columns(
        default=pl.col("_rank") == best,
        period=pl.format("day {} {} {}", "day", "method", "specimen"),
        definition=pl.format("method={} specimen={} sensitivity={}", "method", "specimen", sensitivity),
        start="day",
        end="day",
        label=_label(),
        why=_why(),
        facts=pl.col("source").list.drop_nulls().list.join("; "),
    )
    return as_findings(rows.drop("source"), kind="assessment", criterion=CRITERION, source=SOURCE)


def mrd_samples(course: Course) -> pl.DataFrame:
    """Give one row per infusion, method, specimen, sensitivity and day after day 0: those, low, high (0, 1), level
    (fraction of cells, the highest, null where not detected), source (list)."""
    rows = course.facts_since("mrd").filter(pl.col("since") > 0)
    rows = with_detection(rows, "positive", "negative").filter(pl.col("low").is_not_null())
    below = pl.col("comparator").fill_null("").is_in(["<", "<="])
    word = pl.col("text").is_null() | (pl.col("text") == "positive")
    rows = rows.with_columns(
        day=day_of("since"),
        method=pl.col("method").fill_null("not_given").str.to_lowercase().str.replace_all(r"\s+", "_"),
        specimen=pl.col("specimen").fill_null("not_given").str.to_lowercase().str.replace_all(r"\s+", "_"),
        sensitivity=pl.coalesce("limit", pl.when(below).then("value")),
        _level=pl.when(~below & (pl.col("value") > 0) & word).then("value"),
    )
    days = rows.group_by(SERIES).agg(
        pl.col("low", "high").max(), level=pl.col("_level").max(), source=pl.col("source").unique().sort()
    )
    return days.sort(SERIES, nulls_last=True)


def _label() -> pl.Expr:
    settled = pl.when(pl.col("low") == 1).then(pl.lit("detected")).otherwise(pl.lit("not detected"))
    return pl.when(pl.col("low") == pl.col("high")).then(settled).otherwise(pl.lit("detected or not"))


def _why() -> pl.Expr:
    limit = pl.col("sensitivity").cast(pl.String)
    level = pl.col("level").cast(pl.String)
    found = pl.coalesce(pl.format("{} of cells", level), pl.lit("stated as positive"))
    not_found = pl.coalesce(
        pl.format("not detected at a sensitivity of {}", limit), pl.lit("not detected, sensitivity not given")
    )
    unsure = pl.coalesce(
        pl.format("{} of cells, below the limit of {}", level, limit), pl.lit("near the limit of the assay")
    )
    settled = pl.when(pl.col("low") == 1).then(found).otherwise(not_found)
    words = pl.when(pl.col("low") == pl.col("high")).then(settled).otherwise(unsure)
    return pl.format("{} on day {}", words, "day")
