"""All nineteen laboratory terms of CTCAE agree with a plain loop that grades every world the record allows."""

from typing import Any

import ctcae_twins as twin
import polars as pl
import pytest
from random_laboratory import BORDERS, PERIODS, laboratory_patient, raw_of_laboratory, until_death

from carsequel.side_effects.ctcae import grade_ctcae, terms

N = 400
TERMS = (*twin.ABSOLUTE, *twin.RELATIVE)
PEOPLE = {f"p{seed}": laboratory_patient(seed) for seed in range(N)}


@pytest.fixture(scope="module")
def found() -> pl.DataFrame:
    return grade_ctcae(raw_of_laboratory(PEOPLE).course())


def bounds(found: pl.DataFrame, term: str, period: str, choice: str = "") -> dict[str, Any]:
    own = found.filter((pl.col("criterion") == f"ctcae5.{term}") & (pl.col("period") == period))
    own = own.filter(pl.col("definition").str.contains(choice) if choice else pl.col("default"))
    return {patient: (low, high) for patient, low, high in own.select("patient", "low", "high").iter_rows()}


def test_every_term_has_a_twin() -> None:
    assert set(terms()) == set(TERMS)
    assert {twin.NAMES.get(term, term) for term in TERMS} == set(BORDERS)


@pytest.mark.parametrize("term", TERMS)
def test_the_worst_grade_of_each_period(found: pl.DataFrame, term: str) -> None:
    seen = set()
    for period, days in PERIODS.items():
        given = bounds(found, term, period)
        for name, p in PEOPLE.items():
            expected = twin.ctcae(until_death(p), term, days)
            assert given.get(name) == expected, (name, period, p)
            seen.add(expected)
    grades = {low for low, high in seen - {None} if low == high and low is not None}
    assert len(grades) >= min(3, twin.TOP.get(term, 4) + 1)


@pytest.mark.parametrize("term", twin.RELATIVE)
def test_against_the_last_value_before_lymphodepletion(found: pl.DataFrame, term: str) -> None:
    for period, days in PERIODS.items():
        given = bounds(found, term, period, "before_lymphodepletion")
        for name, p in PEOPLE.items():
            begun = p["lymphodepletion"]
            dated = begun is not None and any(f["day"] < begun for f in p["facts"])
            expected = twin.ctcae(until_death(p), term, days, begun) if dated else None
            assert given.get(name) == expected, (name, period, p)
