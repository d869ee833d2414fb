"""Studies of the registry's API version 2: what becomes a criterion, and that free text never does."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from carsequel.options.trials import Moment, TrialError, TrialMatch, is_study, read_study

STUDIES = json.loads((Path(__file__).parent / "study.json").read_text("utf-8"))["studies"]


def person(course, age="60", sex="F", disease="LBCL"):
    made = course([], disease=disease)
    return replace(made, patients=made.patients.with_columns(age=pl.lit(float(age)), sex=pl.lit(sex)))


def verdict(course, verdicts, study=0, **who):
    moment = Moment(person(course, **who), verdicts())
    trial = read_study(STUDIES[study])
    match = TrialMatch(moment, [trial])
    return match.table()["match"][0], {row["id"]: row["verdict"] for row in match.reasons("p", trial)}


def test_what_is_structured_is_read():
    trial = read_study(STUDIES[0])
    assert (trial.id, trial.read_on) == ("NCT00000001", "2026-10-01")
    assert [each.id for each in trial.criteria] == [
        "minimumAge",
        "maximumAge",
        "sex",
        "conditions",
        "eligibilityCriteria",
    ]
    assert trial.about["recruitment"] == "RECRUITING"
    assert trial.about["phases"] == ["PHASE1", "PHASE2"]
    assert trial.about["interventions"] == ["DRUG drug A"]
    assert trial.about["locations"][0]["country"] == "France"
    assert "prior CD19 CAR T-cell therapy" in trial.free_text


def test_age_and_sex_exclude(course, verdicts):
    assert verdict(course, verdicts, age="17")[0] == "no"
    assert verdict(course, verdicts, age="76")[0] == "no"
    assert verdict(course, verdicts, sex="M")[0] == "no"


@pytest.mark.parametrize("age", ["18", "75", "75.9"])
def test_a_fitting_patient_stays_unknown_because_of_the_free_text(course, verdicts, age):
    match, rows = verdict(course, verdicts, age=age)
    assert match == "unknown"
    assert rows == {
        "minimumAge": "yes",
        "maximumAge": "yes",
        "sex": "yes",
        "conditions": "yes",
        "eligibilityCriteria": "unknown",
    }


def test_another_condition_never_excludes(course, verdicts):
    assert verdict(course, verdicts, disease="MM")[1]["conditions"] == "unknown"


def test_a_study_of_which_hardly_anything_is_registered(course, verdicts):
    assert verdict(course, verdicts, study=1) == (
        "unknown",
        {"conditions": "unknown", "eligibilityCriteria": "unknown"},
    )


def test_what_is_no_study():
    assert is_study(STUDIES[0])
    assert not is_study({"format": "carsequel-trial/1"})
    assert not is_study([])
    with pytest.raises(TrialError, match="nctId"):
        read_study({"protocolSection": {}})
