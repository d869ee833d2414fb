"""The antigen after the infusion: both sides of every published cut, and only where the cut was published."""

import polars as pl
import pytest

from carsequel.record.normalise import course_from_tables
from carsequel.signs.antigen import RULES, antigen_after_infusion


def state(disease: str, name: str, unit: str, value: float, target: str = "CD19") -> str:
    tables = {
        "patients": pl.DataFrame({"patient": ["a"], "disease": [disease]}),
        "infusions": pl.DataFrame({"patient": ["a"], "infusion": [1], "day": [0.0], "target": [target]}),
        "facts": pl.DataFrame({"patient": ["a"], "name": [name], "day": [40.0], "value": [value], "unit": [unit]}),
    }
    return antigen_after_infusion(course_from_tables(tables))["antigen"].item()


@pytest.mark.parametrize("cut", RULES, ids=lambda cut: cut.unit)
def test_both_sides_of_every_cut(cut) -> None:
    published = {"H-score": 150, "molecules/cell": 3000, "sites/cell": 3000}[cut.unit]
    assert state(cut.disease, cut.name, cut.unit, published - 1) == "low"
    assert state(cut.disease, cut.name, cut.unit, published) == "kept"
    assert state(cut.disease, cut.name, cut.unit, 0) == "lost"


def test_a_cut_is_not_carried_to_another_disease_or_antigen() -> None:
    assert state("B-ALL", "antigen_cd19", "H-score", 100) == "kept"
    assert state("LBCL", "antigen_cd22", "H-score", 100, target="CD22") == "kept"
