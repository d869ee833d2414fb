"""Metabolic tumour volume (mL) against published cut-offs, each of its own cohort, before the infusion and at day 30.

Answers 0 (at most the cut-off) or 1 (above it); cut-offs of different cohorts are never mixed. Day 0 is the day of
infusion.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import BEFORE_INFUSION, baseline
from carsequel.risks.points import answers_for, baseline_findings, caution, gathered_sources, passes
from carsequel.risks.readings import STAGING, Item, read_items, value_of
from carsequel.terms.findings import definition_of, join_findings

VALIDATED: Final = ("LBCL",)
LYMPHOMA: Final = ("LBCL", "FL", "MCL")


class Cut(NamedTuple):
    """A volume that passes the test is `high`; `day` is the day of the scan (none: the last before the infusion)."""

    criterion: str
    test: str
    limit: float
    day: int | None
    high: str
    low: str
    cohort: str
    source: str


RULES: tuple[Cut, ...] = (
    Cut(
        "tumour_volume.dean2020",
        ">",
        147.5,
        None,
        "high volume",
        "low volume",
        "median of 48 patients with axi-cel, manual segmentation",
        "dean2020",
    ),
    Cut(
        "tumour_volume.vercellino2020",
        ">",
        80.0,
        None,
        "high volume",
        "low volume",
        "116 patients with axi-cel or tisa-cel, early progression; segmentation not read",
        "vercellino2020",
    ),
    Cut(
        "tumour_volume.mtv2024",
        ">",
        450.0,
        None,
        "high volume",
        "low volume",
        "61 patients of one centre; segmentation not read",
        "mtv2024",
    ),
    Cut(
        "tumour_volume_d30.mtv2024",
        ">=",
        106.0,
        30,
        "residual volume",
        "favourable",
        "46 patients of one centre; segmentation not read",
        "mtv2024",
    ),
)


class Choices(NamedTuple):
    """Days around day 30 in which a scan counts as the day-30 scan (our own choice; the paper gives none)."""

    around: int = 10


CHOICES = Choices()
SEGMENTED: Final = "volume segmented by {}: compare only with a cut-off of the same segmentation"


def assess_tumour_volume(course: Course, *, everyone: bool = False) -> pl.DataFrame:
    """Compare the metabolic tumour volume with each published cut-off: one `assessment` per infusion, cut-off and, for
    the baseline ones, moment, for lymphoma (with a warning outside LBCL) and patients without a disease; `everyone`
    answers for the others too. Gives a findings frame (sources dean2020, vercellino2020, mtv2024)."""
    moments = answers_for(baseline(course), LYMPHOMA, everyone)
    return join_findings(_on(course, moments, day) for day in dict.fromkeys(cut.day for cut in RULES))


def _on(course: Course, moments: pl.DataFrame, day: int | None) -> pl.DataFrame:
    """The answers of all cut-offs of one day of the scan."""
    back, forward, undated, period = STAGING, 0, "baseline", "baseline"
    choices = definition_of(look_back=STAGING)
    if day is not None:
        back = forward = CHOICES.around
        undated, period, choices = "never", f"d{day}", definition_of(day=day, around=back)
        moments = moments.filter(pl.col("at") == BEFORE_INFUSION)
        moments = moments.with_columns(at=pl.lit(period), ref=pl.lit(float(day)), default=True)
    item = Item("mtv", "mtv", "metabolic tumour volume (mL)", value_of(), back, undated, forward=forward)
    read = read_items(course, moments, (item,))
    fixed = {"choices": choices, "period": period}
    cuts = [cut for cut in RULES if cut.day == day]
    return join_findings(
        baseline_findings(_by(read, cut), caution(VALIDATED), criterion=cut.criterion, source=cut.source, **fixed)
        for cut in cuts
    )


def _by(read: pl.DataFrame, cut: Cut) -> pl.DataFrame:
    """The answer of one cut-off to what was read."""
    low, high = (passes(pl.col(f"mtv_{side}"), cut.test, cut.limit).cast(pl.Float64) for side in ("lo", "hi"))
    settled = pl.when(low == 1).then(pl.lit(cut.high)).otherwise(pl.lit(cut.low))
    label = pl.when(low == high).then(settled).otherwise(pl.lit(f"{cut.low} or {cut.high}"))
    return read.with_columns(
        low=low,
        high=high,
        label=pl.when(low.is_null()).then(pl.lit("not gradable")).otherwise(label),
        why=_why(cut),
        facts=gathered_sources(read, ["mtv"]),
    )


def _why(cut: Cut) -> pl.Expr:
    method = pl.when(pl.col("mtv_method") != "").then("mtv_method")
    known = pl.col("mtv_lo").is_not_null()
    said = pl.coalesce(pl.format(SEGMENTED, method), pl.lit("segmentation of the volume not recorded"))
    return pl.concat_str(
        "mtv_note",
        pl.when(known).then(pl.lit(f"cut-off {cut.limit:g} mL ({cut.cohort})")),
        pl.when(known).then(said),
        separator="; ",
        ignore_nulls=True,
    )
