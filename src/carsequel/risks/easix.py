"""EASIX, s-EASIX and m-EASIX: strain of the endothelium from LDH (U/L), creatinine (mg/dL), CRP and platelets (10^9/L).

CRP is kept in mg/L and enters the formula in mg/dL; effects are published per doubling, so log2 stands beside. Values
are the last before lymphodepletion or infusion; day 0 is the day of infusion.
"""

from collections.abc import Sequence
from functools import reduce
from operator import mul
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.formulas import between, computed, formula_reasons, settled
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
    readings = read_items(course, baseline(course), ITEMS)
    return join_findings(_finish(readings, formula) for formula in RULES)


def _finish(readings: pl.DataFrame, formula: Formula) -> pl.DataFrame:
    found = computed(readings, formula.criterion, (*formula.product, "platelets"))
    found = found.with_columns(**settled(_number(formula, "lo", "hi"), _number(formula, "hi", "lo")))
    cuts = [cut for cut in CUTS if cut.criterion == formula.criterion]
    sources = "; ".join([SOURCE, *(CUT_SOURCE for _ in cuts)])
    warning = caution(formula.validated, *((WEAK,) if formula.criterion == "easix" else ()))
    found = found.with_columns(label=_label(formula), why=_why(cuts))
    return baseline_findings(found, warning, source=sources, choices=definition_of(look_back=LABORATORY))


def _number(formula: Formula, side: str, other: str) -> pl.Expr:
    product = reduce(mul, (pl.col(f"{name}_{side}") for name in formula.product), pl.lit(1.0))
    return product / pl.col(f"platelets_{other}")


def _label(formula: Formula) -> pl.Expr:
    low, high = (pl.col(side).log(2).round(2).cast(pl.String) for side in ("low", "high"))
    both = pl.when(pl.col("low").log(2) == pl.col("high").log(2)).then(low).otherwise(pl.format("{} to {}", low, high))
    logs = pl.coalesce(pl.when(pl.col("low") > 0).then(both), pl.format("up to {}", high))
    words = pl.format(f"{formula.words} {{}} (log2 {{}})", between(), logs)
    return pl.coalesce(words, pl.lit("not gradable"))


def _why(cuts: Sequence[Cut]) -> pl.Expr:
    early = pl.col("at") == BEFORE_LYMPHODEPLETION
    above = [pl.when(early & passes(pl.col("low"), cut.test, cut.limit)).then(pl.lit(cut.paper)) for cut in cuts]
    return pl.concat_str(formula_reasons(), *above, separator="; ", ignore_nulls=True)
