"""FLIPI (0-5 points) of follicular lymphoma: age, nodal areas, LDH over its upper limit, stage, haemoglobin in g/dL.

Built at diagnosis; here read before CAR T cells. Values are the last before lymphodepletion or infusion; day 0 is the
day of infusion.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import baseline
from carsequel.risks.points import Group, Point, answers_for, baseline_findings, caution, scored
from carsequel.risks.readings import LABORATORY, LDH_RATIO, STAGE, STAGING, Item, read_age, read_items, value_of
from carsequel.terms.findings import definition_of

SOURCE: Final = "flipi2004"
CRITERION: Final = "flipi"
VALIDATED: Final = ("FL",)

RULES: tuple[Point, ...] = (
    Point("age", 1, ">", 60.0, "older than 60 years"),
    Point("nodal_areas", 1, ">", 4.0, "more than four nodal areas"),
    Point("ldh", 1, ">", 1.0, "LDH above normal"),
    Point("stage", 1, ">=", 3.0, "stage III or IV"),
    Point("hemoglobin", 1, "<", 12.0, "haemoglobin below 120 g/L (12 g/dL)"),
)
GROUPS: tuple[Group, ...] = (Group("high", 3), Group("intermediate", 2), Group("low", 0))
ITEMS: Final = (
    Item("nodal_areas", "nodal_areas", "nodal areas", value_of(), STAGING, "baseline"),
    LDH_RATIO,
    STAGE,
    Item("hemoglobin", "hemoglobin", "haemoglobin", value_of()),
)


def score_flipi(course: Course, *, everyone: bool = False) -> pl.DataFrame:
    """Score FLIPI: one `assessment` per infusion and moment, for follicular lymphoma and patients without a disease;
    `everyone` answers for the others with a warning. Gives a findings frame (source flipi2004)."""
    moments = answers_for(baseline(course), VALIDATED, everyone)
    found = scored(read_items(course, read_age(moments), ITEMS), RULES, GROUPS)
    warning = caution(VALIDATED, "built at diagnosis, before rituximab")
    choices = definition_of(look_back=LABORATORY, staging=STAGING)
    return baseline_findings(found, warning, criterion=CRITERION, source=SOURCE, choices=choices)
