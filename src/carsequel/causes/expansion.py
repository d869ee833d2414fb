"""Expansion and persistence: how many CAR T cells there were, how long they lasted, what stopped them, the product."""

from typing import Final

import polars as pl

from carsequel.causes.rules import NO_PAPER, Rule
from carsequel.causes.seen import ANTIGENS, has, on_target, seen_facts
from carsequel.record import Course

CELLS: Final = ("car_t", "car_t_expansion")
NAMES: Final = (
    *CELLS,
    "b_cell_aplasia",
    "anti_car_antibody",
    "out_of_specification",
    "product_memory",
    "product_viability",
    "product_cd4_cd8",
    *ANTIGENS,
)
ABSENT: Final = r"^(?:none|no|negative|absent|undetect\w*|not[ _]detect\w*)\b"
PRESENT: Final = r"^(?:yes|positive|detected|present)\b"
EXPANSION_DAYS: Final = 28.0  # the window in which Cmax and AUC0-28 are read
PEAK_CUT: Final = 16.14
# How much persistence says, by disease: words, paper, mark.
PERSISTENCE: Final = {
    "B-ALL": (
        "strong: B cells back within 6 months was taken as relapse risk that calls for reinfusion (63 patients)",
        "S059",
        "VERIFIED",
    ),
    "LBCL": (
        "weak: lasting cells are not needed for a lasting response (B cells back in all evaluable at 3 years)",
        "S001",
        "VERIFIED",
    ),
    "CLL": ("moderate: longer persistence, PFS hazard ratio 0.56 (0.44-0.72), 47 patients", "S031", "VERIFIED"),
    "MM": ("none shown: persistence did not go with response or PFS (cilta-cel, 97 patients)", "S023", "SECONDARY"),
}
MARKER: Final = "; B cells coming back mark few CAR T cells and do not prove the cause"

_name = pl.col("name")
_after = pl.col("phase") == "after"
_in_time = pl.col("since").is_null() | (pl.col("since") <= pl.col("fail_high")) | pl.col("fail_high").is_null()
_b_cell_target = pl.col("target").fill_null("").str.contains("CD19|CD20|CD22")
_returned = (_name == "b_cell_aplasia") & has("no") & _after & _in_time & _b_cell_target
_aplastic = (_name == "b_cell_aplasia") & has("yes") & _after & _b_cell_target
_peak = (_name == "peak car t") & (pl.col("product") == "axi-cel") & (pl.col("disease") == "LBCL")
_flow = pl.col("method").is_null() | pl.col("method").str.contains("(?i)flow|cytometr|facs")
_same_unit = (pl.col("unit") == "cells/uL").fill_null(False) & _flow
_readable = (_peak & _same_unit).fill_null(False)
_AYUK = (
    "the median of 21 patients (axi-cel in LBCL): day-30 response 91 % above and 40 % below it; "
    "188 patients read by flow showed no link of peak and response in LBCL (S095)"
)


def _persistence_rules() -> list[Rule]:
    rules = []
    for disease, (words, source, status) in PERSISTENCE.items():
        here = pl.col("disease") == disease
        weak_marker = words + MARKER
        rules += [
            Rule(
                "short_persistence",
                "for",
                here & (_name == "car t gone"),
                "CAR T cells not found at failure",
                words,
                source,
                status,
            ),
            Rule(
                "short_persistence",
                "for",
                here & _returned,
                "B-cell aplasia lost at or before failure",
                weak_marker,
                source,
                status,
            ),
            Rule(
                "short_persistence",
                "against",
                here & (_name == "car t there"),
                "CAR T cells found at failure",
                words,
                source,
                status,
            ),
        ]
    return rules


_unlisted = ~pl.col("disease").is_in(list(PERSISTENCE))
RULES: Final = (
    Rule("poor_expansion", "for", _name == "car t none", "no CAR T cells found in the days of expansion", "strong"),
    Rule(
        "poor_expansion",
        "for",
        _readable & (pl.col("value") <= PEAK_CUT),
        "peak at or below 16.14 cells/uL",
        _AYUK,
        "S094; S095",
        "VERIFIED",
    ),
    Rule(
        "poor_expansion",
        "against",
        _readable & (pl.col("value") > PEAK_CUT),
        "peak above 16.14 cells/uL",
        _AYUK,
        "S094; S095",
        "VERIFIED",
    ),
    Rule(
        "poor_expansion",
        "missing",
        (_name == "peak car t") & ~_readable,
        "peak recorded; no published cut shares its product, disease, unit and assay",
    ),
    *_persistence_rules(),
    Rule(
        "short_persistence",
        "for",
        _unlisted & (_returned | (_name == "car t gone")),
        "CAR T cells or B-cell aplasia lost at or before failure",
        NO_PAPER + MARKER,
    ),
    Rule(
        "short_persistence",
        "against",
        _aplastic & pl.col("at_failure") & (pl.col("disease") == "B-ALL"),
        "B-cell aplasia persists at relapse",
        "strong in B-ALL: the cells still work on normal B cells",
        "pulsipher2022",
        "VERIFIED",
    ),
    Rule(
        "short_persistence",
        "against",
        _aplastic & pl.col("at_failure") & (pl.col("disease") != "B-ALL"),
        "B-cell aplasia persists at failure",
        "weak: no retrieved number outside B-ALL",
    ),
    Rule(
        "short_persistence",
        "against",
        _aplastic & pl.col("latest") & ~pl.col("at_failure"),
        "B-cell aplasia at the last look",
        "weak: looked at before the failure",
    ),
    Rule("immune_rejection", "for", (_name == "anti_car_antibody") & has("yes") & _after, "antibody against the CAR"),
    Rule(
        "immune_rejection",
        "against",
        (_name == "anti_car_antibody") & has("no") & _after,
        "no antibody against the CAR",
        "weak: rejection by T cells is not excluded",
    ),
    Rule("product", "for", (_name == "out_of_specification") & has("yes"), "product released out of specification"),
    Rule(
        "product",
        "against",
        (_name == "out_of_specification") & has("no"),
        "product within specification",
        "weak: memory and exhaustion of the product are not part of the specification",
    ),
    Rule(
        "product",
        "missing",
        _name.is_in(["product_memory", "product_viability", "product_cd4_cd8"]),
        "recorded; memory cells in the product go with durable response (S091, S111), no cut was retrieved",
        "no published cut",
        "S091; S111",
        "VERIFIED",
    ),
    Rule(
        "antigen_loss",
        "for",
        (_name == "car t none") & pl.col("no_target"),
        "no expansion where the target antigen had not been found",
        "an absent target explains the missing expansion (samur2021)",
    ),
)
MISSING: Final = {
    "poor_expansion": "CAR T cells not measured in the first 28 days: blood by flow or PCR (stored samples serve)",
    "short_persistence": "CAR T cells and B cells not measured at failure: blood flow or PCR, CD19+ B cells",
    "t_cell_dysfunction": "state of the CAR T cells not recorded: PD-1, LAG-3, TIM-3, memory markers (cells, product)",
    "immune_rejection": "antibody against the CAR not tested",
    "product": "release data of the product not recorded: specification, viability, memory share",
}


def expansion_facts(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the facts that these rules read, plus derived rows.

    `peak car t` (highest value of days 1-28 in blood, one per unit and method), `car t none` (looked for in that time
    and never found), `car t gone` and `car t there` (at failure). `no_target` says that the target antigen was read
    as negative and never as present since the infusion.
    """
    seen = seen_facts(course, verdicts, *NAMES)
    derived = [_peaks(seen), _never_found(seen), _at_failure(seen)]
    both = pl.concat([seen, *derived], how="diagonal_relaxed")
    antigen = _name.str.starts_with("antigen_") & on_target()
    gone = (antigen & has("negative")).any().over("patient", "infusion")
    there = (antigen & has("positive", "dim", "patchy") & _after).any().over("patient", "infusion")
    return both.with_columns(no_target=gone & ~there)


def car_t_readings(seen: pl.DataFrame) -> pl.DataFrame:
    """Give the CAR T-cell readings in blood after the infusion with `found` (boolean, null where not said)."""
    blood = pl.col("specimen").is_null() | pl.col("specimen").str.contains("(?i)blood|plasma|serum|^pb$")
    absent = pl.col("text").str.contains(ABSENT).fill_null(False)
    below = (pl.col("value") == 0) | ((pl.col("comparator") == "<") & pl.col("value").is_not_null())
    there = pl.col("text").str.contains(PRESENT).fill_null(False) | (pl.col("value") > 0).fill_null(False)
    found = pl.when(absent | below.fill_null(False)).then(False).when(there).then(True)
    return seen.filter(_name.is_in(CELLS) & _after & blood).with_columns(found=found)


def _expanding(seen: pl.DataFrame) -> pl.DataFrame:
    return car_t_readings(seen).filter(pl.col("since").is_null() | (pl.col("since") <= EXPANSION_DAYS))


def _peaks(seen: pl.DataFrame) -> pl.DataFrame:
    rows = _expanding(seen).filter(pl.col("found") & pl.col("value").is_not_null())
    top = rows.sort("value", descending=True, maintain_order=True).unique(
        ["patient", "infusion", "unit", "method"], keep="first", maintain_order=True
    )
    return top.with_columns(name=pl.lit("peak car t")).drop("found")


def _never_found(seen: pl.DataFrame) -> pl.DataFrame:
    rows = _expanding(seen).filter(pl.col("found").is_not_null())
    never = rows.filter(~pl.col("found").any().over("patient", "infusion"))
    return never.with_columns(name=pl.lit("car t none")).drop("found")


def _at_failure(seen: pl.DataFrame) -> pl.DataFrame:
    rows = car_t_readings(seen).filter(pl.col("at_failure") & pl.col("found").is_not_null())
    name = pl.when("found").then(pl.lit("car t there")).otherwise(pl.lit("car t gone"))
    return rows.with_columns(name=name).drop("found")
