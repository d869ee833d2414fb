"""The published patients: nothing is open that their own record excludes, read from the record by hand."""

import pytest

from carsequel.options.table import options_table
from published import answer, course

FAILED = [
    "ball-ctl019-car-transduced-blast",
    "ball-kmt2a-lineage-switch-plat03",
    "lbcl-tisacel-bca-lost-cd19pos",
    "lbcl-tisacel-cd19-weak-patchy",
    "lbcl-tisacel-cd19neg-bulky",
    "lbcl-tisacel-cr-relapse-second-infusion",
    "mm-bb2121-bcma-biallelic-reinfusion-failure",
    "mm-carbcma-relapse-17w",
]
TARGET = {"ball": "CD19", "lbcl": "CD19", "mm": "BCMA"}
LOST = {
    "ball-ctl019-car-transduced-blast": "CD19",
    "lbcl-tisacel-cd19neg-bulky": "CD19",
    "mm-bb2121-bcma-biallelic-reinfusion-failure": "BCMA",
}


def facts(patient):
    rows = course().facts.to_dicts()
    return [row for row in rows if row["patient"] == patient]


def aims(option, patient):
    """The antigens of which one must be there for this option."""
    needs = {row["option"]: row["needs_antigen"] for row in options_table().to_dicts()}[option] or ""
    return [TARGET[patient.split("-")[0]]] if needs == "target" else [each for each in needs.split("/") if each]


def test_the_cases_that_failed_and_live_are_all_here():
    assert {name for name in course().patients["patient"] if answer(name)["options"]} == set(FAILED)


@pytest.mark.parametrize("patient", FAILED)
def test_nothing_is_open_whose_antigen_the_record_never_showed_after_the_cells(patient):
    shown = {
        row["name"].removeprefix("antigen_").upper()
        for row in facts(patient)
        if row["name"].startswith("antigen_") and row["text"] == "positive"
    }
    for row in answer(patient)["options"]:
        wanted = [each.upper() for each in aims(row["option"], patient)]
        if row["gate"] == "open" and wanted and wanted != ["OTHER"]:
            assert set(wanted) & shown, row["option"]


@pytest.mark.parametrize("patient", LOST)
def test_after_the_antigen_is_lost_every_drug_that_needs_it_is_closed(patient):
    for row in answer(patient)["options"]:
        if aims(row["option"], patient) == [LOST[patient]]:
            assert row["gate"] == "closed", row["option"]
            assert row["facts"] and any("not found" in why for why in row["why"])


@pytest.mark.parametrize("patient", FAILED)
def test_allogeneic_transplantation_without_remission_is_flagged(patient):
    found = {row["option"]: row for row in answer(patient)["options"]}["allo_hct"]
    remission = any(row["name"] == "response" and row["text"] in ("CR", "CRi", "CMR", "sCR") for row in facts(patient))
    assert found["gate"] != "open"
    assert remission or any("no remission" in why and "S042" in why for why in found["why"])
    assert "remission" in found["decides"] or "donor" in found["decides"]


@pytest.mark.parametrize("patient", FAILED)
def test_every_option_of_the_disease_is_there_and_an_unknown_one_asks_a_question(patient):
    disease = {"ball": "B-ALL", "lbcl": "LBCL", "mm": "MM"}[patient.split("-")[0]]
    expected = [
        row["option"] for row in options_table().to_dicts() if "*" in row["diseases"] or disease in row["diseases"]
    ]
    found = answer(patient)["options"]
    assert [row["option"] for row in found] == expected
    for row in found:
        assert (row["gate"] == "unknown") is bool(row["decides"]), row["option"]
        assert row["why"]
        if row["kind"] != "care":
            assert row["projected"]["kind"] == "statistical" and row["projected"]["time_zero"] == "progression"
