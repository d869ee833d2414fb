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
    reasons,
    summed,
)
from carsequel.risks.readings import ECOG, LABORATORY, LDH_RATIO, STAGE, STAGING, Item, read_age, read_items, value_of
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "ipi1993"
VALIDATED: Final = ("LBCL",)
LYMPHOMA: Final = ("LBCL", "FL", "MCL")
HIDDEN: Final = "not computed: its groups were read in no primary source; ask for it by name"
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
    readings = read_items(course, read_age(moments), ITEMS)
    total = summed(readings, RULES).with_columns(why=reasons())
    adjusted = summed(readings, [rule for rule in RULES if rule.item in AGE_ADJUSTED]).with_columns(why=reasons())
    if not unverified:
        nothing = pl.lit(None, dtype=pl.Float64)
        adjusted = adjusted.with_columns(low=nothing, high=nothing, why=pl.lit(HIDDEN))
    aa_label = in_groups(AA_GROUPS) if unverified else pl.lit("unverified")
    fixed = {"choices": definition_of(look_back=LABORATORY, staging=STAGING)}
    return join_findings(
        baseline_findings(
            sums.with_columns(label=label), caution(VALIDATED, NOTE), criterion=name, source=source, **fixed
        )
        for sums, name, source, label in (
            (total, "ipi", SOURCE, in_groups(GROUPS)),
            (total, "r_ipi", "ripi2007", in_groups(R_GROUPS)),
            (adjusted, "aaipi", "dlbcl_models2023", aa_label),
        )
    )
