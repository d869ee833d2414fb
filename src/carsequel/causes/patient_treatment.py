"""Patient and treatment: fitness and inflammation at infusion, and what was given around it."""

from typing import Final

import polars as pl

from carsequel.causes.rules import Rule
from carsequel.causes.seen import number, seen_facts, with_verdict
from carsequel.record import Course

FACTS: Final = ("ecog", "karnofsky", "crp", "prior_line")
STEROIDS: Final = r"dexamethason|predniso|hydrocortison|corticosteroid|betamethason"
BENDAMUSTINE_DAYS: Final = 730.0  # 24 months
CRP_CUT: Final = 15.0  # mg/L

_name = pl.col("name")
_baseline = (pl.col("phase") == "before") & pl.col("latest")
_bendamustine = pl.col("text").str.contains("bendamustin").fill_null(False) & (pl.col("phase") == "before")
_recent = pl.col("since").is_null() | (pl.col("since") >= -BENDAMUSTINE_DAYS)
_tisa_cel_lbcl = (pl.col("product") == "tisa-cel") & (pl.col("disease") == "LBCL")
_bridging = (_name == "drug") & (pl.col("role") == "bridging").fill_null(False)

RULES: Final = (
    Rule(
        "patient_factors",
        "for",
        (_name == "crp") & _baseline & _tisa_cel_lbcl & (pl.col("value") > CRP_CUT),
        "CRP above 15 mg/L before the infusion",
        "lower response and OS (115 patients); inflammation of the tumour as much as of the patient",
        "S005",
        "SECONDARY",
    ),
    Rule(
        "patient_factors",
        "missing",
        _name.is_in(["ecog", "karnofsky"]) & _baseline,
        "recorded; no number that ties it to failure of the cells was retrieved (it counts for survival afterwards)",
    ),
    Rule(
        "treatment_related",
        "for",
        _bendamustine & (pl.col("disease") == "MCL") & _recent,
        "bendamustine within 24 months before the infusion",
        "shorter PFS and OS (brexu-cel, 189 patients)",
        "S014",
        "VERIFIED",
    ),
    Rule(
        "treatment_related",
        "for",
        _bendamustine & (pl.col("disease") == "LBCL"),
        "bendamustine before the infusion",
        "recent exposure (80 of 439 patients) went with worse outcome; hazard ratio and time limit not retrieved",
        "S105",
        "SECONDARY",
    ),
    Rule(
        "treatment_related",
        "missing",
        _bendamustine & ~pl.col("disease").is_in(["MCL", "LBCL"]),
        "bendamustine before the infusion: no number of this disease was retrieved",
    ),
    Rule(
        "treatment_related",
        "for",
        _bridging & (pl.col("disease") == "LBCL") & (pl.col("product") == "axi-cel"),
        "bridging needed",
        "weak: 12-month PFS 21 % with and 40 % without (148 patients, by intention); it marks aggressive disease",
        "S104",
        "VERIFIED",
    ),
    Rule(
        "treatment_related",
        "missing",
        _bridging & ~((pl.col("disease") == "LBCL") & (pl.col("product") == "axi-cel")) & ~_bendamustine,
        "bridging given: no number of this product and disease was retrieved",
    ),
    Rule(
        "treatment_related",
        "missing",
        (_name == "drug") & pl.col("text").str.contains(STEROIDS).fill_null(False) & (pl.col("phase") == "after"),
        "steroids after the infusion: no retrieved number says that they cause failure",
    ),
)
MISSING: Final = {
    "patient_factors": "performance status, CRP and comorbidity before the infusion not recorded",
    "treatment_related": "prior bendamustine, bridging and steroids not recorded",
}


def patient_treatment_facts(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the facts and drug spans that these rules read; spans carry `since`, `phase` and `said` like facts."""
    return pl.concat([seen_facts(course, verdicts, *FACTS), _drugs(course, verdicts)], how="diagonal_relaxed")


def _drugs(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    rows = with_verdict(course.spans_since("drug", before=1e9, undated=True), verdicts)
    ahead = pl.col("role").is_in(["bridging", "lymphodepletion"]).fill_null(False)
    early = pl.col("when").fill_null("").str.contains("(?i)before|baseline|bridging")
    phase = (
        pl.when(pl.col("since").is_not_null())
        .then(pl.when(pl.col("since") < 0).then(pl.lit("before")).otherwise(pl.lit("after")))
        .when(ahead | early)
        .then(pl.lit("before"))
        .when(pl.col("role").is_in(["toxicity", "next_line"]).fill_null(False))
        .then(pl.lit("after"))
        .otherwise(pl.lit("unknown"))
    )
    day = pl.when(pl.col("since").is_not_null()).then(pl.format("day {}", number("since")))
    place = pl.concat_str("role", pl.coalesce(day, "when", pl.lit("day not given")), separator="; ", ignore_nulls=True)
    words = pl.format("{} ({})", pl.col("text").fill_null("drug"), place)
    return rows.with_columns(pl.col("text").str.to_lowercase(), phase=phase, said=words)
