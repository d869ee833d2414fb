"""CAR-HEMATOTOX (0-7 points): risk of long severe neutropenia, from counts, CRP and ferritin before lymphodepletion.

Platelets and ANC in 10^9/L, haemoglobin in g/dL, CRP kept in mg/L and compared in mg/dL, ferritin in ug/L; day 0 is the
day of infusion.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import baseline
from carsequel.risks.points import Group, Point, baseline_findings, caution, scored
from carsequel.risks.readings import LABORATORY, Item, read_items, value_of
from carsequel.terms.findings import definition_of

SOURCE: Final = "rejeski2021"
CRITERION: Final = "car_hematotox.rejeski2021"
VALIDATED: Final = ("LBCL", "MM")

RULES: tuple[Point, ...] = (
    Point("platelets", 2, "<", 75.0, "platelets below 75 G/L"),
    Point("platelets", 1, "<=", 175.0, "75 to 175 G/L"),
    Point("anc", 1, "<", 1.2, "ANC below 1200/uL"),
    Point("hemoglobin", 1, "<", 9.0, "haemoglobin below 9.0 g/dL"),
    Point("crp", 1, ">=", 3.0, "CRP of 3.0 mg/dL or more (mg per decilitre)"),
    Point("ferritin", 2, ">", 2000.0, "ferritin above 2000 ng/mL"),
    Point("ferritin", 1, ">=", 650.0, "650 to 2000 ng/mL"),
)
GROUPS: tuple[Group, ...] = (Group("high", 2), Group("low", 0))
MG_PER_L_IN_MG_PER_DL: Final = 10.0
ITEMS: Final = (
    Item("platelets", "platelets", "platelets", value_of()),
    Item("anc", "anc", "ANC", value_of()),
    Item("hemoglobin", "hemoglobin", "haemoglobin", value_of()),
    Item("crp", "crp", "CRP (mg/dL)", value_of(MG_PER_L_IN_MG_PER_DL)),
    Item("ferritin", "ferritin", "ferritin", value_of()),
)


def score_car_hematotox(course: Course) -> pl.DataFrame:
    """Score CAR-HEMATOTOX: one `assessment` per infusion and moment (before lymphodepletion, before infusion), all
    patients; `low` and `high` are the points (0-7) the record allows, 2 or more is high. Outside LBCL and myeloma it
    answers with a warning. Gives a findings frame (source rejeski2021)."""
    found = scored(read_items(course, baseline(course), ITEMS), RULES, GROUPS)
    ball = pl.when(pl.col("disease") == "B-ALL").then(pl.lit("nine in ten patients with B-ALL score high"))
    choices = definition_of(look_back=LABORATORY)
    return baseline_findings(found, caution(VALIDATED, ball), criterion=CRITERION, source=SOURCE, choices=choices)
