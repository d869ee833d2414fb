"""The tumour itself: how much there was at infusion, and what makes its cells hard to kill."""

from typing import Final

import polars as pl

from carsequel.causes.rules import Rule
from carsequel.causes.seen import altered, has, seen_facts
from carsequel.record import Course

NAMES: Final = ("mtv", "ldh", "extranodal_sites", "tp53", "cd58", "cytogenetics", "marrow_blasts", "spd")
# Metabolic tumour volume: cut in mL, products of the cohort, words, paper. Never mix cuts of different segmentation.
MTV_CUTS: Final = (
    (80.0, ("axi-cel", "tisa-cel"), "116 patients, independent for PFS and early progression", "S099"),
    (147.5, ("axi-cel",), "48 and 48 patients, PFS hazard ratio 0.40 (0.18-0.89) below it", "S098"),
    (450.0, None, "61 patients, 12-month PFS 22 % above and 54 % below it", "S101"),
)
SEGMENTATION: Final = "; a cut holds only for its own segmentation method, which these papers do not share"

_name = pl.col("name")
_lbcl = pl.col("disease") == "LBCL"
_baseline = (pl.col("phase") == "before") & pl.col("latest")
_ldh = (_name == "ldh") & _baseline
_over = (pl.col("value") > pl.col("uln")).fill_null(False)
_under = (pl.col("value") <= pl.col("uln")).fill_null(False)
_high_risk = pl.col("text").str.contains(r"high[- ]?risk").fill_null(False) & ~pl.col("text").str.contains(
    r"\bno\b|\bnot\b|standard"
).fill_null(False)


def _mtv_rules() -> list[Rule]:
    rules = []
    for cut, products, cohort, source in MTV_CUTS:
        applies = (_name == "mtv") & _lbcl & _baseline
        applies = applies & pl.col("product").is_in(list(products)) if products else applies
        strength = cohort + SEGMENTATION
        over, under = applies & (pl.col("value") > cut), applies & (pl.col("value") <= cut)
        paper = (strength, source, "VERIFIED")
        rules.append(Rule("high_burden", "for", over, f"MTV above {cut:g} mL", *paper))
        rules.append(Rule("high_burden", "against", under, f"MTV not above {cut:g} mL", *paper))
    return rules


RULES: Final = (
    *_mtv_rules(),
    Rule(
        "high_burden",
        "missing",
        (_name == "mtv") & _baseline & ~_lbcl,
        "recorded; the published cuts are of LBCL",
    ),
    Rule(
        "high_burden",
        "for",
        _ldh & _lbcl & _over,
        "LDH above the laboratory's own limit before the infusion",
        "lower response and OS (tisa-cel, 115 patients); independently adverse for OS after failure (S040)",
        "S005; S040",
        "SECONDARY",
    ),
    Rule(
        "high_burden",
        "against",
        _ldh & _lbcl & _under,
        "LDH within the laboratory's own limit before the infusion",
        "weak: low LDH with a favourable cytokine profile went with longer PFS",
        "S102",
        "VERIFIED",
    ),
    Rule(
        "high_burden",
        "missing",
        _ldh & (pl.col("uln").is_null() | ~_lbcl),
        "recorded; not read: its upper limit is not given or no number of this disease was retrieved",
    ),
    Rule(
        "high_burden",
        "for",
        (_name == "extranodal_sites") & _baseline & _lbcl & (pl.col("value") >= 2),
        "two or more extranodal sites before the infusion",
        "independent for PFS and early progression (116 patients)",
        "S099",
        "VERIFIED",
    ),
    Rule(
        "high_burden",
        "missing",
        _name.is_in(["marrow_blasts", "spd"]) & _baseline,
        "recorded; no published cut for failure was retrieved",
    ),
    Rule(
        "tumor_intrinsic_resistance",
        "for",
        (_name == "cytogenetics") & (pl.col("disease") == "MM") & _high_risk,
        "high-risk cytogenetics",
        "independently adverse for PFS after cilta-cel (236 patients)",
        "S026",
        "VERIFIED",
    ),
    Rule(
        "tumor_intrinsic_resistance",
        "for",
        (_name == "tp53") & (pl.col("disease") == "MCL") & altered(),
        "TP53 altered",
        "weak: 51 % of those tested among 135 patients who progressed, no comparison group",
        "S078",
        "VERIFIED",
    ),
    Rule(
        "tumor_intrinsic_resistance",
        "for",
        (_name == "tp53") & (pl.col("disease") != "MCL") & altered(),
        "TP53 altered",
        "no number was retrieved for this disease",
        "S999",
        "UNVERIFIED",
    ),
    Rule(
        "tumor_intrinsic_resistance",
        "for",
        (_name == "cd58") & (altered() | has("negative", "absent")),
        "CD58 lost or altered",
        "no number was retrieved",
        "S999",
        "UNVERIFIED",
    ),
    Rule(
        "tumor_intrinsic_resistance",
        "missing",
        _name.is_in(["tp53", "cd58"]) & (pl.col("disease") != "MCL"),
        "recorded; no number that ties it to CAR-T failure in this disease was retrieved",
    ),
)
MISSING: Final = {
    "high_burden": "burden before infusion not recorded: MTV (segmentation), LDH (upper limit), marrow blasts",
    "tumor_intrinsic_resistance": "TP53, CD58 and cytogenetics of the failing disease not recorded",
}


def tumour_facts(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the facts that these rules read (as `seen_facts`)."""
    return seen_facts(course, verdicts, *NAMES)
