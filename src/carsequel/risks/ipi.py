"""IPI and R-IPI (0-5 points) and the age-adjusted IPI (0-3, UNVERIFIED), from age, stage, ECOG, LDH, extranodal sites.

LDH counts over its own upper limit. Built for untreated aggressive lymphoma, here read before CAR T cells. Values are
the last before lymphodepletion or infusion; day 0 is the day of infusion.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import baseline
from carsequel.risks.points import (
    Group,
    Point,
    answers_for,
    baseline_findings,
    caution,
    in_groups,
    points_of,
    reasons,
    summed,
)
from carsequel.risks.readings import ECOG, LABORATORY, LDH_RATIO, STAGE, STAGING, Item, read_age, read_items, value_of
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "ipi1993"
VALIDATED: Final = ("LBCL",)
LYMPHOMA: Final = ("LBCL", "FL", "MCL")
NOTE: Final = "built at diagnosis, before immunochemotherapy"

RULES: tuple[Point, ...] = (
    Point("age", 1, ">", 60.0, "older than 60 years"),
    Point("stage", 1, ">=", 3.0, "stage III or IV"),
    Point("ecog", 1, ">=", 2.0, "ECOG 2 or more"),
    Point("ldh", 1, ">", 1.0, "LDH above the upper limit of normal"),
    Point("extranodal", 1, ">", 1.0, "more than one extranodal site"),
)
AGE_ADJUSTED: Final = ("stage", "ecog", "ldh")
GROUPS: tuple[Group, ...] = (
    Group("high", 4),
    Group("high-intermediate", 3),
    Group("low-intermediate", 2),
    Group("low", 0),
)
R_GROUPS: tuple[Group, ...] = (Group("poor", 3), Group("good", 1), Group("very good", 0))
AA_GROUPS: tuple[Group, ...] = (Group("UNVERIFIED", 0),)
ITEMS: Final = (
    STAGE,
    ECOG,
    LDH_RATIO,
    Item("extranodal", "extranodal_sites", "extranodal sites", value_of(), STAGING, "baseline"),
)


def score_ipi(course: Course, *, everyone: bool = False, unverified: bool = False) -> pl.DataFrame:
    """Score IPI and R-IPI: one `assessment` per infusion, score and moment, for lymphoma (with a warning outside LBCL)
    and patients without a disease; `everyone` answers for the others too. The age-adjusted IPI stands there as
    unverified and is counted only with `unverified`. Gives a findings frame (sources ipi1993, ripi2007)."""
    moments = answers_for(baseline(course), LYMPHOMA, everyone)
    readings = pl.concat([read_items(course, moments, ITEMS), read_age(moments)], how="vertical_relaxed")
    scored = points_of(readings, RULES)
    total = summed(scored).with_columns(why=reasons())
    choices = definition_of(look_back=LABORATORY, staging=STAGING)
    parts = [
        _finish(total.with_columns(label=in_groups(groups)), moments, criterion, source, choices)
        for criterion, source, groups in (("ipi", SOURCE, GROUPS), ("r_ipi", "ripi2007", R_GROUPS))
    ]
    counted = summed(scored.filter(pl.col("item").is_in(AGE_ADJUSTED))).with_columns(why=reasons())
    if unverified:
        counted = counted.with_columns(label=in_groups(AA_GROUPS))
    else:
        hidden = pl.lit("not computed: its groups were read in no primary source; ask for it by name")
        nothing = pl.lit(None, dtype=pl.Float64)
        counted = counted.with_columns(low=nothing, high=nothing, label=pl.lit("unverified"), why=hidden)
    return join_findings([*parts, _finish(counted, moments, "aaipi", "dlbcl_models2023", choices)])


def _finish(found: pl.DataFrame, moments: pl.DataFrame, criterion: str, source: str, choices: str) -> pl.DataFrame:
    warning = caution(VALIDATED, NOTE)
    return baseline_findings(found, moments, warning, criterion=criterion, source=source, choices=choices)
