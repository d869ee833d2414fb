"""Antigen escape: loss, low density, a lost epitope, masking by the CAR itself, and lineage switch."""

from typing import Final

import polars as pl

from carsequel.causes.rules import Rule
from carsequel.causes.seen import ANTIGENS, altered, has, on_target, seen_facts
from carsequel.record import Course
from carsequel.signs.antigen import RULES as CUTS
from carsequel.signs.antigen import is_low

NAMES: Final = (
    *ANTIGENS,
    "car_in_tumor",
    "lineage",
    "kmt2a",
    "cytogenetics",
    "b_cell_aplasia",
)

_after = pl.col("phase") == "after"
_target = pl.col("name").str.starts_with("antigen_") & on_target()
_name = pl.col("name")
_disease = pl.col("disease")
_masked = (_name == "car_in_tumor") & has("yes") & (pl.col("phase") != "before")
_not_masked = (_name == "car_in_tumor") & has("no") & (pl.col("phase") != "before")
_zero = pl.col("text").is_null() & (pl.col("unit") == "%") & (pl.col("value") == 0)
_negative = has("negative") | _zero.fill_null(False)
_myeloid = pl.col("text").str.contains(r"myelo|monocyt|\baml\b|mixed").fill_null(False)
_aplastic_at_relapse = (_name == "b_cell_aplasia") & has("yes") & pl.col("at_failure")
_locus = (_name == "cytogenetics") & pl.col("text").str.contains(r"tnfrsf17|bcma").fill_null(False)


def _below(*units: str) -> pl.Expr:
    """A value that is certainly below the cut published for this disease and antigen."""
    cuts = [cut for cut in CUTS if cut.unit in units]
    value, sign = pl.col("value"), pl.col("comparator").fill_null("")
    surely = [is_low(cut) & (sign != ">") for cut in cuts]
    reported = [is_low(cut._replace(value=cut.value + 1)) & (value == cut.value) & (sign == "<") for cut in cuts]
    return pl.any_horizontal(*surely, *reported)


_low_score = _below("H-score")
_few_sites = _below("molecules/cell", "sites/cell")
_unread = pl.col("text").is_null() & (pl.col("value") > 0).fill_null(False) & ~_low_score & ~_few_sites
_CUT = "cut of one cohort (axi-cel in LBCL, 10 of 16 relapses low or absent)"
_MASK = "strong: one transduced leukaemic cell explained a CD19-negative relapse (ruella2018)"

RULES: Final = (
    Rule(
        "antigen_loss",
        "for",
        _target & _after & _negative & ~pl.col("hidden"),
        "target antigen not found after the infusion",
        "strong where the sample is of the failing disease",
    ),
    Rule(
        "antigen_loss",
        "for",
        _target & _after & _negative & pl.col("hidden"),
        "target antigen not found after the infusion",
        "weak: the CAR was found in tumour cells and can hide the antigen from the test",
    ),
    Rule(
        "antigen_loss",
        "for",
        _target & (pl.col("phase") == "earlier") & _negative,
        "target antigen not found, recorded under an earlier infusion",
        "strong unless a later test found it again",
    ),
    Rule(
        "antigen_loss",
        "for",
        _target & (pl.col("phase") == "before") & pl.col("latest") & _negative,
        "target antigen not found before the infusion",
        "strong unless a later test found it again",
    ),
    Rule(
        "antigen_loss",
        "for",
        (_disease == "MM") & _locus,
        "TNFRSF17 (BCMA) locus named",
        "case-based: biallelic loss is irreversible, monoallelic loss was there at baseline in 6.7 %",
        "S108",
        "SECONDARY",
    ),
    Rule(
        "antigen_loss",
        "for",
        (_disease == "B-ALL") & pl.col("target").str.contains("CD19") & _aplastic_at_relapse,
        "B-cell aplasia persists at relapse",
        "strong in B-ALL: 23 of 25 relapses with persisting aplasia were CD19-negative (the abstract prints 88 %)",
        "pulsipher2022",
        "VERIFIED",
    ),
    Rule(
        "antigen_loss",
        "against",
        _target & has("positive", "dim", "patchy") & pl.col("at_failure"),
        "target antigen still found at failure",
        "strong for the sampled site only",
    ),
    Rule(
        "antigen_loss",
        "against",
        _target & _after & has("positive", "dim", "patchy") & ~pl.col("at_failure"),
        "target antigen found after the infusion",
        "weak: tested before the failure",
    ),
    Rule(
        "antigen_loss",
        "against",
        _target & _after & has("epitope_lost"),
        "antigen present, the epitope of the CAR is gone",
    ),
    Rule(
        "antigen_low",
        "for",
        _target & _after & has("dim", "patchy"),
        "target antigen dim or patchy after the infusion",
        "low or negative in about 30 % of 20 (S090) and in 10 of 16 (S065) LBCL relapses; no agreed cut elsewhere",
        "S090; S065",
        "VERIFIED",
    ),
    Rule("antigen_low", "for", _target & _after & _low_score, "CD19 H-score below 150", _CUT, "S065", "VERIFIED"),
    Rule("antigen_low", "for", _target & _after & _few_sites, "CD19 below 3000 a cell", _CUT, "S065", "VERIFIED"),
    Rule(
        "antigen_low",
        "for",
        _target & (pl.col("phase") == "before") & (_disease == "LBCL") & has("dim", "patchy"),
        "target antigen dim or patchy before the infusion",
        "weak: low baseline CD19 density went with progression in 15 patients (P 0.03), no cut retrieved",
        "S065",
        "VERIFIED",
    ),
    Rule(
        "antigen_low",
        "against",
        _target & _after & has("positive") & ~_low_score & ~_few_sites,
        "target antigen positive after the infusion",
        "weak where only positive or negative was read, not the density",
    ),
    Rule(
        "antigen_low",
        "missing",
        _target & _after & _unread,
        "a number without a reading: no published cut says what it means for this disease, antigen and unit",
    ),
    Rule("epitope_mutation", "for", _target & _after & has("epitope_lost"), "the epitope of the CAR is lost"),
    Rule("antigen_masking", "for", _masked, "CAR found in tumour cells", _MASK),
    Rule("product", "for", _masked, "a tumour cell was transduced during manufacture", _MASK),
    Rule("antigen_masking", "against", _not_masked, "CAR not found in tumour cells"),
    Rule("antigen_masking", "against", _target & _after & has("positive"), "target antigen seen on the surface"),
    Rule(
        "lineage_switch",
        "for",
        (_name == "lineage") & ~pl.col("phase").is_in(["before", "earlier"]) & (_disease == "B-ALL") & _myeloid,
        "blasts of another lineage",
        "strong: 7.2 % of 166 B-ALL relapses after CD19 CAR-T, no long-term survivor",
        "S076",
        "VERIFIED",
    ),
    Rule(
        "lineage_switch",
        "for",
        (_name == "kmt2a") & (_disease == "B-ALL") & altered(),
        "KMT2A rearranged",
        "a risk, not a sign: the only risk factor for a switch known before the infusion (420 patients)",
        "S076",
        "VERIFIED",
    ),
    Rule(
        "lineage_switch",
        "against",
        (_name == "lineage") & pl.col("at_failure") & ~_myeloid & pl.col("text").is_not_null(),
        "lineage unchanged at failure",
    ),
)
MISSING: Final = {
    "antigen_loss": "target antigen not tested after the infusion: biopsy or marrow with flow or IHC",
    "antigen_low": "antigen density not read: H-score or molecules a cell on the failing disease",
    "epitope_mutation": "epitope not tested: one clone at the CAR's epitope and one elsewhere, or sequencing",
    "antigen_masking": "CAR transgene not sought in tumour cells (PCR or flow for the CAR on sorted tumour cells)",
    "lineage_switch": "lineage of the relapse not recorded: full flow panel and cytogenetics",
}


def antigen_facts(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the facts that these rules read, `hidden` true where the CAR was found in this patient's tumour cells."""
    seen = seen_facts(course, verdicts, *NAMES)
    hidden = seen.filter(_masked).select("patient", "infusion", hidden=pl.lit(True)).unique()
    both = seen.join(hidden, on=["patient", "infusion"], how="left", maintain_order="left")
    return both.with_columns(pl.col("hidden").fill_null(False))
