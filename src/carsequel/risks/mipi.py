"""MIPI, MIPIb and simplified MIPI of mantle cell lymphoma: age in years, ECOG, LDH over its upper limit, white cells.

White cells are kept in 10^9/L and enter the formula per uL (8.0 x 10^9/L is log10 of 8000). Scores are compared with
their cut-offs unrounded. Built at diagnosis; here read before CAR T cells. Day 0 is the day of infusion.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.formulas import between, computed, formula_reasons, settled
from carsequel.risks.moments import baseline
from carsequel.risks.points import (
    Group,
    Point,
    answers_for,
    baseline_findings,
    caution,
    group_of,
    scored,
)
from carsequel.risks.readings import ECOG, LABORATORY, LDH_RATIO, STAGING, Item, read_age, read_items, value_of
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "mipi2008"
SIMPLE_SOURCE: Final = "smipi; smipi_groups"
VALIDATED: Final = ("MCL",)
NOTE: Final = "built at diagnosis of advanced disease"
PER_UL: Final = 1000.0


class Weights(NamedTuple):
    """The coefficients of the formula; white cells per uL."""

    age: float = 0.03535
    ecog: float = 0.6978
    log_ldh: float = 1.367
    log_wbc: float = 0.9393
    ki67: float = 0.02142
    ecog_from: float = 2.0


CHOICES = Weights()
GROUPS: tuple[Group, ...] = (Group("high", 6.2), Group("intermediate", 5.7), Group("low", float("-inf")))
B_GROUPS: tuple[Group, ...] = (Group("high", 6.5), Group("intermediate", 5.7), Group("low", float("-inf")))
S_GROUPS: tuple[Group, ...] = (Group("high", 6), Group("intermediate", 4), Group("low", 0))
RULES: tuple[Point, ...] = (
    Point("age", 3, ">=", 70.0, "70 years or older"),
    Point("age", 2, ">=", 60.0, "60 to 69"),
    Point("age", 1, ">=", 50.0, "50 to 59"),
    Point("ecog", 2, ">=", 2.0, "ECOG 2 to 4"),
    Point("ldh", 3, ">=", 1.5, "LDH at least 1.5 times its upper limit"),
    Point("ldh", 2, ">=", 1.0, "1.0 to below 1.5"),
    Point("ldh", 1, ">=", 0.67, "0.67 to below 1.0"),
    Point("wbc", 3, ">=", 15.0, "white cells 15 G/L or more"),
    Point("wbc", 2, ">=", 10.0, "10 to below 15"),
    Point("wbc", 1, ">=", 6.7, "6.7 to below 10"),
)
FORMULA: Final = ("age", "ecog", "ldh", "wbc")
ITEMS: Final = (
    ECOG,
    LDH_RATIO,
    Item("wbc", "wbc", "white cells", value_of()),
    Item("ki67", "ki67", "Ki-67", value_of(), STAGING, "baseline"),
)


def score_mipi(course: Course, *, everyone: bool = False) -> pl.DataFrame:
    """Score MIPI, MIPIb and sMIPI: one `assessment` per infusion, score and moment, for mantle cell lymphoma and
    patients without a disease; `everyone` answers for the others with a warning. Without LDH (with its limit), white
    cells, age or, for MIPIb, Ki-67 the formulas have no bounds and are not gradable; a missing ECOG is bounded.
    Gives a findings frame (sources mipi2008, smipi, smipi_groups)."""
    moments = answers_for(baseline(course), VALIDATED, everyone)
    readings = read_items(course, read_age(moments), ITEMS)
    simple = scored(readings, RULES, S_GROUPS)
    parts = [
        simple.with_columns(criterion=pl.lit("smipi"), source=pl.lit(SIMPLE_SOURCE)),
        _formula(readings, "mipi", FORMULA, GROUPS),
        _formula(readings, "mipi_b", (*FORMULA, "ki67"), B_GROUPS),
    ]
    choices = definition_of(look_back=LABORATORY)
    return join_findings(baseline_findings(part, caution(VALIDATED, NOTE), choices=choices) for part in parts)


def _formula(readings: pl.DataFrame, criterion: str, items: Sequence[str], groups: tuple[Group, ...]) -> pl.DataFrame:
    found = computed(readings, criterion, items)
    found = found.with_columns(**settled(*(_sum(side, "ki67" in items) for side in ("lo", "hi"))))
    label = pl.coalesce(pl.format("{} ({})", _group(groups), between(digits=3)), pl.lit("not gradable"))
    return found.with_columns(label=label, why=formula_reasons(), source=pl.lit(SOURCE))


def _group(groups: tuple[Group, ...]) -> pl.Expr:
    first, last = group_of(pl.col("low"), groups), group_of(pl.col("high"), groups)
    return pl.when(first == last).then(first).otherwise(pl.format("{} to {}", first, last))


def _sum(side: str, with_ki67: bool) -> pl.Expr:
    poor = pl.col(f"ecog_{side}").fill_null(0.0 if side == "lo" else CHOICES.ecog_from) >= CHOICES.ecog_from
    total = (
        CHOICES.age * pl.col(f"age_{side}")
        + pl.when(poor).then(CHOICES.ecog).otherwise(0.0)
        + CHOICES.log_ldh * pl.col(f"ldh_{side}").log10()
        + CHOICES.log_wbc * (pl.col(f"wbc_{side}") * PER_UL).log10()
    )
    return total + CHOICES.ki67 * pl.col(f"ki67_{side}") if with_ki67 else total
