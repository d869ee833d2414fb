"""Grading as a whole: one default a key, the same with and without the short cuts, order of rows changes nothing."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import carsequel as cs
from carsequel import grading
from carsequel.terms.findings import KEY, criteria_table

COURSE = cs.read(Path(__file__).parents[2] / "examples" / "published")
FINDINGS = cs.grade(COURSE)


def test_exactly_one_default_a_key() -> None:
    defaults = FINDINGS.filter("default")
    assert defaults.select(KEY).is_duplicated().sum() == 0
    assert FINDINGS.select(KEY).unique().join(defaults, on=KEY, how="anti", nulls_equal=True).is_empty()


def test_every_criterion_and_source_is_listed() -> None:
    table = criteria_table()
    assert table["id"].is_duplicated().sum() == 0
    assert set(FINDINGS["criterion"]) <= set(table["id"])


def test_not_gradable_has_both_bounds_empty_and_says_why() -> None:
    assert FINDINGS.filter(pl.col("low").is_null() != pl.col("high").is_null()).is_empty()
    assert FINDINGS.filter(pl.col("low") > pl.col("high")).is_empty()
    assert FINDINGS["why"].null_count() == 0 and FINDINGS["label"].null_count() == 0


def test_leaving_out_criteria_of_absent_diseases_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for patient in ("lbcl-tisacel-cd19neg-bulky", "mm-carbcma-relapse-17w"):
        short = cs.grade(COURSE.only(patient))
        with monkeypatch.context() as context:
            context.setattr(grading, "ONLY_FOR", {})
            context.setattr(grading, "THREADS", 1)
            assert cs.grade(COURSE.only(patient)).equals(short)
        assert short.equals(FINDINGS.filter(pl.col("patient") == patient))


def test_order_of_rows_changes_nothing() -> None:
    mixed = replace(COURSE, facts=COURSE.facts.sample(fraction=1, shuffle=True, seed=3), spans=COURSE.spans.reverse())
    assert cs.grade(mixed).equals(FINDINGS)
