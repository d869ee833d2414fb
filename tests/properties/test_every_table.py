"""What must hold for every criterion: order, doubles, units and company change nothing, an empty record says nothing."""

import random

import polars as pl
import pytest
from every_table import EVERY, findings, read
from golden_table import Raw

from properties.told_otherwise import in_another_unit, of_patients, told_otherwise

ANSWER = ["patient", "infusion", "criterion", "kind", "definition", "default", "period", "start", "end", "low", "high"]


def answers(found: pl.DataFrame) -> pl.DataFrame:
    """The answers, rounded to what a sum of doubles keeps, in an order of their own."""
    return found.select(*ANSWER, "label").with_columns(pl.col(pl.Float64).round_sig_figs(12)).sort(ANSWER)


def graded(table: str, raw: Raw) -> pl.DataFrame:
    return answers(EVERY[table].grade(raw.course(), raw.censor()))


@pytest.mark.parametrize("table", EVERY)
def test_order_doubles_and_units_change_nothing(table: str) -> None:
    raw = EVERY[table].raw(read(table).cases)
    assert graded(table, told_otherwise(raw)).equals(answers(findings(table)))


@pytest.mark.parametrize("table", EVERY)
def test_company_changes_nothing(table: str) -> None:
    raw = EVERY[table].raw(read(table).cases)
    names = sorted({row["patient"] for row in raw.patients})
    half = set(random.Random(2).sample(names, len(names) // 2))
    alone = {random.Random(3).choice(names)}
    whole = answers(findings(table))
    for some in (half, set(names) - half, alone):
        assert graded(table, of_patients(raw, some)).equals(whole.filter(pl.col("patient").is_in(some)))


@pytest.mark.parametrize("table", EVERY)
def test_an_empty_record_says_nothing(table: str) -> None:
    given = read(table)
    assert EVERY[table].grade(given.course.only("nobody"), given.ended.clear()).is_empty()


def test_units_are_really_changed() -> None:
    fact = {"name": "anc", "value": "0.49", "lln": "1.8", "unit": "10^9/L"}
    seen = {tuple(in_another_unit(fact, random.Random(seed)).values()) for seed in range(20)}
    assert ("anc", "490.0", "1800.0", "cells/uL") in seen and len(seen) == 4
    changed = sum(
        in_another_unit(fact, random.Random(1)) != fact
        for table in ("ctcae", "car_hematotox", "iwcll", "hlh")
        for fact in EVERY[table].raw(read(table).cases).facts
    )
    assert changed > 200
