"""ISS and R-ISS of myeloma (stage 1-3): beta-2 microglobulin (mg/L), albumin (g/dL), LDH over its limit, cytogenetics.

Built at diagnosis; here read before CAR T cells. Values are the last before lymphodepletion or infusion; day 0 is the
day of infusion.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.formulas import computed
from carsequel.risks.moments import baseline
from carsequel.risks.points import answers_for, baseline_findings, caution, passes
from carsequel.risks.readings import LABORATORY, LDH_RATIO, Item, read_items, value_of
from carsequel.risks.statements import read_high_risk
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "iss2005"
R_SOURCE: Final = "riss2015"
VALIDATED: Final = ("MM",)
NOTE: Final = "built at diagnosis, not validated at relapse"


class Rule(NamedTuple):
    """A measure beyond this limit has this meaning for the stage."""

    name: str
    measure: str
    test: str
    limit: float
    paper: str


RULES: tuple[Rule, ...] = (
    Rule("stage_3", "b2m", ">=", 5.5, "stage III: beta-2 microglobulin of 5.5 mg/L or more"),
    Rule("not_1", "b2m", ">=", 3.5, "stage I asks for beta-2 microglobulin below 3.5 mg/L"),
    Rule("not_1_albumin", "albumin", "<", 3.5, "stage I asks for albumin of 3.5 g/dL or more"),
    Rule("high_ldh", "ldh", ">", 1.0, "R-ISS: LDH above the upper limit of normal"),
    Rule("high_risk", "cytogenetics", ">=", 1.0, "R-ISS: del(17p), t(4;14) or t(14;16)"),
)
ITEMS: Final = (
    Item("b2m", "beta2_microglobulin", "beta-2 microglobulin", value_of()),
    Item("albumin", "albumin", "albumin", value_of()),
    LDH_RATIO,
)
SYSTEMS: Final = {"iss": ("b2m", "albumin"), "r_iss": ("b2m", "albumin", "ldh", "cytogenetics")}
ROMAN: Final = {1: "I", 2: "II", 3: "III"}


def score_iss(course: Course, *, everyone: bool = False) -> pl.DataFrame:
    """Stage ISS and R-ISS (1-3): one `assessment` per infusion, system and moment, for myeloma and patients without a
    disease; `everyone` answers for the others with a warning. What is missing is taken at its best and at its worst.
    Gives a findings frame (sources iss2005, riss2015)."""
    moments = answers_for(baseline(course), VALIDATED, everyone)
    readings = read_high_risk(course, read_items(course, moments, ITEMS))
    return join_findings([_staged(readings, "iss", _iss, SOURCE), _staged(readings, "r_iss", _r_iss, R_SOURCE)])


def _staged(readings: pl.DataFrame, system: str, stage: Callable[[bool], pl.Expr], source: str) -> pl.DataFrame:
    items = SYSTEMS[system]
    known = pl.any_horizontal(pl.col(f"{item}_lo").is_not_null() for item in items)
    stages = {side: pl.when(known).then(stage(worst)) for side, worst in (("low", False), ("high", True))}
    found = computed(readings, system, items).with_columns(**stages).with_columns(label=_label(), why=_why())
    fixed = {"source": source, "choices": definition_of(look_back=LABORATORY)}
    return baseline_findings(found, caution(VALIDATED, NOTE), **fixed)


def _label() -> pl.Expr:
    first, last = (pl.col(side).replace_strict(ROMAN, default=None, return_dtype=pl.String) for side in ("low", "high"))
    label = (
        pl.when(first == last).then(pl.format("stage {}", first)).otherwise(pl.format("stage {} to {}", first, last))
    )
    return label.fill_null("not gradable")


def _why() -> pl.Expr:
    return pl.concat_str(
        pl.when(pl.col("low").is_null()).then(pl.lit("nothing recorded that decides it")),
        pl.when(pl.col("notes") != "").then(pl.format("from {}", "notes")),
        pl.when(pl.col("missing") != "").then(pl.format("open: {}", "missing")),
        separator="; ",
        ignore_nulls=True,
    )


def _holds(name: str, worst: bool) -> pl.Expr:
    """Whether a rule holds on the best or the worst side of what is known; unknown is no at best and yes at worst."""
    rule = next(rule for rule in RULES if rule.name == name)
    sides = [passes(pl.col(f"{rule.measure}_{side}"), rule.test, rule.limit) for side in ("lo", "hi")]
    both = pl.any_horizontal(*sides) if worst else pl.all_horizontal(*sides)
    return both.fill_null(worst)


def _iss(worst: bool) -> pl.Expr:
    second = _holds("not_1", worst) | _holds("not_1_albumin", worst)
    return pl.when(_holds("stage_3", worst)).then(3).when(second).then(2).otherwise(1)


def _r_iss(worst: bool) -> pl.Expr:
    added = _holds("high_ldh", worst) | _holds("high_risk", worst)
    iss = _iss(worst)
    return pl.when((iss == 3) & added).then(3).when((iss == 1) & ~added).then(1).otherwise(2)
