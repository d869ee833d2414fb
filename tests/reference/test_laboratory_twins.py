"""The frame graders of the laboratory criteria give what a plain loop over one patient's values gives."""

from typing import Any

import laboratory_twins as twin
import polars as pl
import pytest
from laboratory_patients import patient, raw_of_facts

from carsequel.record.course import Course
from carsequel.side_effects.hlh import assess_hlh
from carsequel.side_effects.hscore import PROBABILITY, probability, score_hscore
from carsequel.side_effects.platelets import grade_t_icaht_early

N = 400
PEOPLE = {f"p{seed}": patient(seed) for seed in range(N)}


@pytest.fixture(scope="module")
def course() -> Course:
    return raw_of_facts(PEOPLE).course()


def bounds(findings: pl.DataFrame, criterion: str, period: str) -> dict[str, Any]:
    own = findings.filter(pl.col("default") & (pl.col("criterion") == criterion) & (pl.col("period") == period))
    return {row["patient"]: (row["low"], row["high"]) for row in own.iter_rows(named=True)}


def test_early_t_icaht_as_in_a_plain_loop(course: Course) -> None:
    given = bounds(grade_t_icaht_early(course), "t_icaht_early.2025", "d0-30")
    for name, facts in PEOPLE.items():
        assert given[name] == (twin.t_icaht_early(facts) or (None, None)), (name, facts)


def test_hscore_as_in_a_plain_loop(course: Course) -> None:
    given = bounds(score_hscore(course), "hscore.fardet2014", "d0-30")
    for name, facts in PEOPLE.items():
        expected = twin.hscore(facts)
        assert given.get(name) == expected, (name, facts)


def test_hlh_as_in_a_plain_loop(course: Course) -> None:
    found = assess_hlh(course)
    items, met = bounds(found, "hlh_items.2004", "d0-30"), bounds(found, "hlh.2004", "d0-30")
    for name, facts in PEOPLE.items():
        expected = twin.hlh_items(facts)
        assert items.get(name) == expected, (name, facts)
        if expected:
            assert met[name] == tuple(None if n is None else int(n >= 5) for n in expected)


def test_the_printed_probabilities_of_hscore() -> None:
    """Printed pairs, and what a logistic calculator gets wrong: 1 % and not 21 % at 100 points."""
    points = [100, 130, 150, 169, 170, 200, 230, 89, 251]
    printed = ["1 %", "9 %", "25 %", "40 % to 54 %", "54 %", "88 %", "98 %", "<1 %", ">99 %"]
    assert pl.DataFrame({"p": points}).select(probability("p"))["p"].to_list() == printed
    assert [points for points, _ in PROBABILITY] == list(range(90, 251, 10))
