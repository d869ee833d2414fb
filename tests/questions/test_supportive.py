"""Supportive and palliative care: the published fact beside the patient's value, on both sides of every limit."""

import polars as pl
import pytest

from carsequel.options.supportive import SCOPE, evidence_of, supportive_rows
from carsequel.terms.sources import check_keys
from carsequel.terms.tables import read_table

TABLE = read_table("carsequel.options", "supportive.csv")


def rows_of(course, verdicts, risks=None):
    return {row["id"]: row for row in supportive_rows(course, verdicts, "p", risks)}


def fact(name, value=None, day=110, **cells):
    return {"name": name, "day": day, "value": value, "source": f"row of {name}"} | cells


@pytest.mark.parametrize(
    ("name", "unit", "row", "value", "state"),
    [
        ("igg", "mg/dL", "igg_400", "400", "met"),
        ("igg", "mg/dL", "igg_400", "401", "not_met"),
        ("igg", "mg/dL", "igg_600", "400", "not_met"),
        ("igg", "mg/dL", "igg_600", "401", "met"),
        ("igg", "mg/dL", "igg_600", "600", "met"),
        ("igg", "mg/dL", "igg_600", "601", "not_met"),
        ("cd4", "cells/uL", "antiviral", "200", "met"),
        ("cd4", "cells/uL", "antiviral", "201", "not_met"),
        ("anc", "10^9/L", "antibacterial", "0.49", "met"),
        ("anc", "10^9/L", "growth_factor", "0.5", "not_met"),
        ("anc", "10^9/L", "boost_15", "2", "met"),
        ("anc", "10^9/L", "boost_15", "2.1", "not_met"),
        ("platelets", "10^9/L", "platelets", "49", "met"),
        ("platelets", "10^9/L", "platelets", "50", "not_met"),
        ("hemoglobin", "g/dL", "red_cells", "7.9", "met"),
        ("hemoglobin", "g/dL", "red_cells", "8", "not_met"),
        ("ecog", "points", "ecog", "0", "not_met"),
        ("ecog", "points", "ecog", "1", "met"),
        # Beyond a limit of the assay: judged by all that the value can be.
        ("igg", "mg/dL", "igg_400", ">300", "not_recorded"),
        ("igg", "mg/dL", "igg_400", ">400", "not_recorded"),
        ("igg", "mg/dL", "igg_600", "<500", "not_recorded"),
        ("igg", "mg/dL", "igg_600", "<400", "not_met"),
        ("igg", "mg/dL", "igg_600", ">601", "not_met"),
        ("igg", "mg/dL", "igg_600", ">500", "not_recorded"),
        ("anc", "10^9/L", "growth_factor", "<0.5", "not_recorded"),
        ("anc", "10^9/L", "growth_factor", ">0.4", "not_recorded"),
        ("anc", "10^9/L", "growth_factor", "<0.4", "met"),
        ("igg", "mg/dL", "igg_400", ">401", "not_met"),
        ("ecog", "points", "ecog", "<2", "not_recorded"),
    ],
)
def test_both_sides_of_a_limit(course, verdicts, name, unit, row, value, state):
    found = rows_of(course([fact(name, value, unit=unit)]), verdicts())[row]
    assert found["state"] == state
    assert "day 110" in found["value"]
    assert found["facts"] == f"row of {name}"


def test_a_value_below_detection_is_bounded(course, verdicts):
    rows = rows_of(course([fact("igg", "<500", unit="mg/dL")]), verdicts())
    assert rows["igg_400"]["state"] == "not_recorded"
    assert rows_of(course([fact("igg", "<300", unit="mg/dL")]), verdicts())["igg_400"]["state"] == "met"


def test_a_laboratory_value_before_the_infusion_does_not_count(course, verdicts):
    assert (
        rows_of(course([fact("anc", "0.1", -5, unit="10^9/L")]), verdicts())["growth_factor"]["state"] == "not_recorded"
    )


@pytest.mark.parametrize(("day", "state"), [(30.0, "met"), (31.0, "not_met")])
def test_very_early_failure(course, verdicts, day, state):
    found = rows_of(course([]), verdicts(day=day))["very_early"]
    assert found["state"] == state
    assert [row["n"] for row in found["evidence"]] == [54, 238]


def test_a_failure_of_unknown_day_is_not_called_early(course, verdicts):
    unknown = verdicts(day=None, day_low=None, day_high=None)
    assert rows_of(course([]), unknown)["very_early"]["state"] == "not_recorded"
    late = verdicts(day=None, day_low=94.0, day_high=None)
    assert rows_of(course([]), late)["very_early"]["state"] == "not_met"
    between = verdicts(day=None, day_low=10.0, day_high=None)
    assert rows_of(course([]), between)["very_early"]["state"] == "not_recorded"


def test_goals_of_care_are_always_asked_for(course, verdicts):
    found = rows_of(course([]), verdicts())["goals"]
    assert (found["state"], found["value"]) == ("shown", "not recorded")


def test_lymphoma_numbers_stay_with_lymphoma(course, verdicts):
    rows = rows_of(course([], disease="MM"), verdicts(disease="MM", product="ide-cel"))
    assert "very_early" not in rows and "igg_400" in rows


def test_total_igg_of_myeloma_says_what_may_be_in_it(course, verdicts):
    made = course([fact("igg", "900", unit="mg/dL")], disease="MM")
    assert "M-protein" in rows_of(made, verdicts(disease="MM"))["igg_400"]["value"]
    both = course([fact("igg", "900", unit="mg/dL"), fact("igg_uninvolved", "100", unit="mg/dL")], disease="MM")
    assert rows_of(both, verdicts(disease="MM"))["igg_400"]["state"] == "met"


def test_nothing_where_no_failure_is_recorded_or_the_patient_died(course, verdicts):
    assert rows_of(course([]), verdicts(state="not_failed")) == {}
    assert rows_of(course([fact("event", text="death")]), verdicts()) == {}


def test_the_count_of_pc_pi_stands_without_a_group(course, verdicts):
    row = {"patient": "p", "infusion": 1, "criterion": "pc_pi.iacoboni2024", "default": True, "low": 2.0, "facts": "f"}
    risks = pl.DataFrame([row | {"label": "2 of 5 adverse factors"}])
    found = rows_of(course([]), verdicts(), risks)["pc_pi"]
    assert (found["value"], found["state"], found["facts"]) == ("2 of 5 adverse factors", "shown", "f")


def test_every_row_has_its_source_mark_and_evidence():
    assert check_keys(TABLE) == []
    assert set(TABLE["status"]) <= {"VERIFIED", "SECONDARY"}
    for cell in TABLE["evidence"].drop_nulls():
        for row in evidence_of(cell):
            assert row["status"] != "UNVERIFIED"
            assert row["n"] is not None or row["n_note"], row["id"]
    with pytest.raises(KeyError, match="no evidence row"):
        evidence_of("options:nothing")


def test_no_bedside_directive_stands_in_a_row():
    text = " ".join(TABLE["fact"]).lower()
    for word in ("tocilizumab", "dexamethasone", "methylpred", "anakinra", "intensive care"):
        assert word not in text
    assert "emergency" in SCOPE
