"""MRD response of B-ALL by ELN 2024 at each test after the infusion: complete, other, failure.

MRD and the sensitivity of the assay are fractions of cells (0.01 % is 0.0001); day 0 is the day of infusion.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.detection import mrd_found
from carsequel.signs.ordered import category_label
from carsequel.signs.visits import DAY, infused, rows_of
from carsequel.terms.findings import as_findings, definition_of, no_findings

SOURCE: Final = "eln2024"
CRITERION: Final = "ball_mrd.eln2024"
LABELS: Final = ("complete MRD response", "MRD other", "MRD failure")
COMPLETE, OTHER, FAILURE = range(3)


class Rule(NamedTuple):
    """An MRD above `above` has this code."""

    code: int
    above: float
    paper: str


RULES: tuple[Rule, ...] = (Rule(FAILURE, 1e-4, "MRD above 0.01 %"),)


class Choices(NamedTuple):
    """The sensitivity that `not detectable` needs; the table leaves it to a footnote, so the failure threshold is taken
    (our own choice)."""

    sensitivity: float = 1e-4


CHOICES = Choices()


def assess_ball_mrd(course: Course) -> pl.DataFrame:
    """Assess MRD in B-ALL: one `assessment` per day with a test, codes 0 complete, 1 other, 2 failure.

    Not detected is complete only at the needed sensitivity; with a coarser assay it is `other`, with a sensitivity that
    is not given complete or other. Several assays of a day: the worst. Gives a findings frame (source eln2024).
    """
    if not course.has("mrd"):
        return no_findings()
    rows = rows_of(course, infused(course, "B-ALL"), ["mrd"]).filter(pl.col("day") > 0)
    rows = rows.with_columns(found=mrd_found()).filter(pl.col("found").is_not_null())
    cut = RULES[0].above
    fine = pl.col("limit") <= CHOICES.sensitivity
    more, at_best = pl.col("low") > cut, pl.when(fine.fill_null(True)).then(COMPLETE).otherwise(OTHER)
    at_worst = pl.when(fine.fill_null(False)).then(COMPLETE).otherwise(OTHER)
    measured = pl.col("high").is_not_null()
    rows = rows.with_columns(
        lowest=pl.when("found").then(pl.when(measured & more).then(RULES[0].code).otherwise(OTHER)).otherwise(at_best),
        highest=pl.when("found")
        .then(pl.when(measured & (pl.col("high") <= cut)).then(OTHER).otherwise(RULES[0].code))
        .otherwise(at_worst),
        _said=_told(),
    )
    days = rows.group_by(DAY).agg(
        low=pl.col("lowest").max(),
        high=pl.col("highest").max(),
        _said=pl.col("_said").unique().sort().str.join(", "),
        facts=pl.col("source").drop_nulls().unique().sort().str.join("; "),
    )
    days = days.with_columns(
        label=category_label(LABELS),
        start=pl.col("day"),
        end=pl.col("day"),
        period=pl.format("day {}", "day"),
        why=pl.format("{} on day {}: {}", category_label(LABELS), "day", "_said"),
    )
    return as_findings(
        days,
        kind="assessment",
        criterion=CRITERION,
        definition=definition_of(sensitivity=CHOICES.sensitivity),
        default=True,
        source=SOURCE,
    )


def _told() -> pl.Expr:
    assay = pl.col("method").fill_null("assay not given")
    value = pl.when(pl.col("high").is_not_null()).then(pl.format("MRD {}", "high")).otherwise(pl.lit("positive"))
    found = pl.when("found").then(value).otherwise(pl.lit("not detected"))
    limit = pl.when(pl.col("limit").is_not_null()).then(pl.format("sensitivity {}", "limit"))
    return pl.format("{} ({}; {})", found, assay, limit.otherwise(pl.lit("sensitivity not given")))
