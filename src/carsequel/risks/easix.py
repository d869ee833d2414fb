"""EASIX, s-EASIX and m-EASIX: strain of the endothelium from LDH (U/L), creatinine (mg/dL), CRP and platelets (10^9/L).

CRP is kept in mg/L and enters the formula in mg/dL; effects are published per doubling, so log2 stands beside. Values
are the last before lymphodepletion or infusion; day 0 is the day of infusion.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.formulas import between, formula_reasons, settle, side_by_side
from carsequel.risks.moments import BEFORE_LYMPHODEPLETION, baseline
from carsequel.risks.points import baseline_findings, caution, passes
from carsequel.risks.readings import LABORATORY, Item, read_items, value_of
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "pennisi2021"
CUT_SOURCE: Final = "korell2022"


class Formula(NamedTuple):
    """A product of these quantities over platelets, and the diseases of its cohorts."""

    criterion: str
    words: str
    product: tuple[str, ...]
    validated: tuple[str, ...]
    paper: str


class Cut(NamedTuple):
    """A published cut-off of EASIX before lymphodepletion."""

    criterion: str
    test: str
    limit: float
    paper: str


RULES: tuple[Formula, ...] = (
    Formula("easix", "EASIX", ("ldh", "creatinine"), ("LBCL", "B-ALL"), "LDH x creatinine (mg/dL) / platelets"),
    Formula("s_easix", "s-EASIX", ("ldh",), ("LBCL", "B-ALL"), "without creatinine: LDH / platelets"),
    Formula("m_easix", "m-EASIX", ("ldh", "crp"), ("LBCL", "B-ALL"), "LDH x CRP (mg/dL) / platelets"),
)
CUTS: tuple[Cut, ...] = (Cut("easix", ">", 4.67, "above 4.67: severe CRS or ICANS, odds ratio 4.3, in one cohort"),)
MG_PER_L_IN_MG_PER_DL: Final = 10.0
WEAK: Final = "weak in a population cohort (AUC 0.61 to 0.62, no link to grade 3 or more)"
ITEMS: Final = (
    Item("ldh", "ldh", "LDH", value_of()),
    Item("creatinine", "creatinine", "creatinine", value_of()),
    Item("crp", "crp", "CRP (mg/dL)", value_of(MG_PER_L_IN_MG_PER_DL)),
    Item("platelets", "platelets", "platelets", value_of()),
)


def score_easix(course: Course) -> pl.DataFrame:
    """Compute EASIX, s-EASIX and m-EASIX: one `assessment` per infusion, score and moment, all patients; the number
    and, in the label, its log2. A missing value or a number without a finite bound is not gradable. Gives a findings
    frame (source pennisi2021; the cut-off of EASIX korell2022)."""
    moments = baseline(course)
    readings = read_items(course, moments, ITEMS)
    return join_findings([_one(formula, readings, moments) for formula in RULES])


def _one(formula: Formula, readings: pl.DataFrame, moments: pl.DataFrame) -> pl.DataFrame:
    found = side_by_side(readings, (*formula.product, "platelets"))
    sides = [
        pl.fold(pl.lit(1.0), lambda a, b: a * b, [pl.col(f"{name}_{side}") for name in formula.product])
        / pl.col(f"platelets_{other}")
        for side, other in (("lo", "hi"), ("hi", "lo"))
    ]
    found = settle(found, *sides).with_columns(_log_low=pl.col("low").log(2), _log_high=pl.col("high").log(2))
    bounded = pl.when(pl.col("low") > 0).then(between("_log_low", "_log_high"))
    logs = pl.coalesce(bounded, pl.format("up to {}", pl.col("_log_high").round(2).cast(pl.String)))
    words = pl.format(f"{formula.words} {{}} (log2 {{}})", between(), logs)
    found = found.with_columns(label=pl.coalesce(words, pl.lit("not gradable")), why=_why(formula))
    warning = pl.concat_str(
        caution(formula.validated),
        pl.lit(WEAK if formula.criterion == "easix" else None),
        separator="; ",
        ignore_nulls=True,
    )
    source = "; ".join([SOURCE, *(CUT_SOURCE for cut in CUTS if cut.criterion == formula.criterion)])
    choices = definition_of(look_back=LABORATORY)
    return baseline_findings(found, moments, warning, criterion=formula.criterion, source=source, choices=choices)


def _why(formula: Formula) -> pl.Expr:
    early = pl.col("at") == BEFORE_LYMPHODEPLETION
    above = [
        pl.when(early & passes(pl.col("low"), cut.test, cut.limit)).then(pl.lit(cut.paper))
        for cut in CUTS
        if cut.criterion == formula.criterion
    ]
    return pl.concat_str(formula_reasons(), *above, separator="; ", ignore_nulls=True)
