"""What must hold for the laboratory criteria: order and doubles change nothing, worse is never milder, one patient's
answer does not depend on the others."""

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl
import pytest
from laboratory_patients import patient, raw_of_facts

from carsequel.record.course import Course
from carsequel.side_effects.ctcae import grade_ctcae
from carsequel.side_effects.cytopenia import assess_cytopenia
from carsequel.side_effects.cytopenia_timing import assess_cytopenia_timing
from carsequel.side_effects.hlh import assess_hlh
from carsequel.side_effects.hscore import score_hscore
from carsequel.side_effects.iec_hs import assess_iec_hs
from carsequel.side_effects.platelets import grade_t_icaht_early, grade_t_icaht_late
from carsequel.side_effects.recovery import assess_recovery

N = 150
People = dict[str, list[dict[str, Any]]]
GRADERS: dict[str, Callable[[Course], pl.DataFrame]] = {
    "ctcae": grade_ctcae,
    "early": grade_t_icaht_early,
    "late": grade_t_icaht_late,
    "recovery": assess_recovery,
    "cytopenia": assess_cytopenia,
    "timing": assess_cytopenia_timing,
    "hlh": assess_hlh,
    "hscore": score_hscore,
    "iec_hs": assess_iec_hs,
}
KEY = ["patient", "criterion", "kind", "definition", "period"]
PEOPLE: People = {f"p{seed}": patient(seed) for seed in range(5000, 5000 + N)}
FALLING = ("hemoglobin", "anc", "platelets", "wbc", "albumin")
RISING = ("alt", "ast", "ggt", "bilirubin", "ferritin", "triglycerides", "scd25", "temperature")


def graded(kind: str, people: People) -> pl.DataFrame:
    found = GRADERS[kind](raw_of_facts(people).course())
    return found.select(*KEY, "default", "start", "end", "low", "high", "label").sort(KEY)


@cache
def as_it_is(kind: str) -> pl.DataFrame:
    return graded(kind, PEOPLE)


@pytest.mark.parametrize("kind", GRADERS)
def test_order_and_doubles_change_nothing(kind: str) -> None:
    mixed = {}
    for name in reversed(list(PEOPLE)):
        rows = [*PEOPLE[name], *PEOPLE[name][:3]]
        random.Random(1).shuffle(rows)
        mixed[name] = rows
    assert as_it_is(kind).equals(graded(kind, mixed))


@pytest.mark.parametrize("kind", GRADERS)
def test_company_changes_nothing(kind: str) -> None:
    for some in (list(PEOPLE)[: N // 3], list(PEOPLE)[:1]):
        alone = graded(kind, {name: PEOPLE[name] for name in some})
        assert as_it_is(kind).filter(pl.col("patient").is_in(some)).equals(alone)


def worsened(fact: dict[str, Any]) -> dict[str, Any]:
    if fact["value"] is None or fact["day"] < 0:
        return fact
    if fact["name"] in FALLING:
        return fact | {"value": round(max(fact["value"] * 0.8, 0.1), 4)}
    return (
        fact | {"value": round(min(fact["value"] * 1.3, 44.0), 4)}
        if fact["name"] == "temperature"
        else (fact | {"value": round(fact["value"] * 1.3, 4)} if fact["name"] in RISING else fact)
    )


@pytest.mark.parametrize("kind", [kind for kind in GRADERS if kind not in ("recovery", "iec_hs")])
def test_worse_values_are_never_milder(kind: str) -> None:
    worse = {name: [worsened(f) for f in facts] for name, facts in PEOPLE.items()}
    both = as_it_is(kind).join(graded(kind, worse), on=KEY, suffix="_worse", nulls_equal=True)
    assert both.height > N / 3
    assert both.filter((pl.col("low_worse") < pl.col("low")) | (pl.col("high_worse") < pl.col("high"))).is_empty()
    assert both.filter(pl.col("low_worse") > pl.col("low")).height > 0


def test_no_limits_never_grade_a_liver_value() -> None:
    bare = {name: [f | {"lln": None, "uln": None} for f in facts if f["day"] >= 0] for name, facts in PEOPLE.items()}
    found = graded("ctcae", bare).filter(pl.col("criterion").is_in(["ctcae5.alt", "ctcae5.ggt", "ctcae5.bilirubin"]))
    assert found.height > 0
    assert found["low"].null_count() == found["high"].null_count() == found.height
