"""Grading as a whole: one default a key, the same with and without the short cuts, order of rows changes nothing."""

from dataclasses import replace

import polars as pl
import pytest

import carsequel as cs
import published
from carsequel.grading import graded
from carsequel.terms.findings import KEY, criteria_table


@pytest.fixture(scope="module")
def findings() -> pl.DataFrame:
    return published.graded().findings


def test_exactly_one_default_a_key(findings: pl.DataFrame) -> None:
    defaults = findings.filter("default")
    assert defaults.select(KEY).is_duplicated().sum() == 0
    assert findings.select(KEY).unique().join(defaults, on=KEY, how="anti", nulls_equal=True).is_empty()


def test_every_criterion_and_source_is_listed(findings: pl.DataFrame) -> None:
    table = criteria_table()
    assert table["id"].is_duplicated().sum() == 0
    assert set(findings["criterion"]) <= set(table["id"])


def test_not_gradable_has_both_bounds_empty_and_says_why(findings: pl.DataFrame) -> None:
    assert findings.filter(pl.col("low").is_null() != pl.col("high").is_null()).is_empty()
    assert findings.filter(pl.col("low") > pl.col("high")).is_empty()
    assert findings["why"].null_count() == 0 and findings["label"].null_count() == 0


def test_one_patient_is_graded_as_among_the_others(findings: pl.DataFrame) -> None:
    patient = "lbcl-tisacel-cd19neg-bulky"
    assert cs.grade(published.course().only(patient)).equals(findings.filter(pl.col("patient") == patient))


@pytest.mark.parametrize("patient", ["lbcl-tisacel-cd19neg-bulky", "mm-carbcma-relapse-17w"])
def test_leaving_out_criteria_of_absent_diseases_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, patient: str, findings: pl.DataFrame
) -> None:
    monkeypatch.setattr(graded, "ONLY_FOR", {})
    assert cs.grade(published.course().only(patient)).equals(findings.filter(pl.col("patient") == patient))


def test_order_of_rows_changes_nothing(findings: pl.DataFrame) -> None:
    course = published.course()
    facts = course.facts.sample(fraction=1, shuffle=True, seed=3)
    assert cs.grade(replace(course, facts=facts, spans=course.spans.reverse())).equals(findings)
