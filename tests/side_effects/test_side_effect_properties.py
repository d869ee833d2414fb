"""What must hold for any patient: order and doubles change nothing, worse is never milder, more data never widen."""

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl
import pytest
from random_patients import CRS, FACT, FACTS, ICANS, SPAN, SPANS, count_patient, raw_of_patients, reaction_patient
from side_effect_twins import covered, facts_on, spans_on

from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans

N = 200
People = dict[str, dict[str, Any]]
GRADERS: dict[str, Callable[..., pl.DataFrame]] = {
    "crs": grade_crs,
    "icans": grade_icans,
    "early": grade_icaht_early,
    "late": grade_icaht_late,
}
SAME_QUESTION = {"fever": ("temperature",), "temperature": ("fever",), "systolic_bp": ("hypotension",)}
SAME_QUESTION |= {"hypotension": ("systolic_bp",), "ice": ("capd",), "capd": ("ice",)}


@cache
def people_of(kind: str) -> People:
    make = count_patient if kind in ("early", "late") else lambda seed: reaction_patient(seed, kind)
    return {f"p{seed}": make(seed) for seed in range(1000, 1000 + N)}


def graded(kind: str, people: People) -> pl.DataFrame:
    found = GRADERS[kind](raw_of_patients(people).course())
    return found.select("patient", "kind", "definition", "period", "start", "end", "low", "high").sort(
        "patient", "kind", "definition", "period"
    )


@cache
def as_it_is(kind: str) -> pl.DataFrame:
    return graded(kind, people_of(kind))


def maxima(kind: str, people: People) -> pl.DataFrame:
    top = (as_it_is(kind) if people is people_of(kind) else graded(kind, people)).filter(pl.col("kind") == "maximum")
    return top.select("patient", "definition", "low", "high")


@pytest.mark.parametrize("kind", GRADERS)
def test_order_and_doubles_change_nothing(kind: str) -> None:
    people = people_of(kind)
    mixed = {}
    for name in reversed(list(people)):
        p = people[name]
        parts = {part: [*p[part], *p[part][:3]] for part in ("facts", "spans", "cover")}
        for rows in parts.values():
            random.Random(1).shuffle(rows)
        mixed[name] = p | parts
    assert as_it_is(kind).equals(graded(kind, mixed))


WORSE = {"temperature": 0.7, "systolic_bp": -15.0, "ice": -1.0, "capd": 1.0}


def worsened(fact: dict[str, Any]) -> dict[str, Any]:
    if fact["name"] == "anc":
        return fact | {"value": fact["value"] * 0.7}
    if fact["name"] not in WORSE:
        return fact
    value = fact["value"] + WORSE[fact["name"]]
    return fact if value < 0 else fact | {"value": value}


@pytest.mark.parametrize("kind", GRADERS)
def test_worse_values_are_never_milder(kind: str) -> None:
    people = people_of(kind)
    worse = {name: p | {"facts": [worsened(f) for f in p["facts"]]} for name, p in people.items()}
    both = maxima(kind, people).join(maxima(kind, worse), on=["patient", "definition"], suffix="_worse")
    assert both.height >= N
    assert both.filter((pl.col("low_worse") < pl.col("low")) | (pl.col("high_worse") < pl.col("high"))).is_empty()


def with_one_more(p: dict[str, Any], kind: str, r: random.Random) -> dict[str, Any]:
    """The patient with one row more where nothing was recorded and nothing covered, on a day before the record ends."""
    names = [
        n
        for n in ((*CRS, "vasopressor", "oxygen", "drug") if kind == "crs" else ICANS)
        if n not in ("event", "sedated")
    ]
    for _ in range(20):
        name, day = r.choice(names), r.randint(0, 30)
        asked = (name, *SAME_QUESTION.get(name, ()))
        if covered(p, day, *asked) or any(facts_on(p, n, day) or spans_on(p, n, day) for n in asked):
            continue
        if name in SPANS:
            return p | {
                "spans": [*p["spans"], {"name": name, "start": float(day), "end": float(day), **SPAN, **SPANS[name](r)}]
            }
        return p | {"facts": [*p["facts"], {"name": name, "day": float(day), **FACT, **FACTS[name](r)}]}
    return p


@pytest.mark.parametrize("kind", ["crs", "icans"])
def test_more_data_never_widen(kind: str) -> None:
    r = random.Random(5)
    people = people_of(kind)
    more = {name: with_one_more(p, kind, r) for name, p in people.items()}
    _never_wider(maxima(kind, people), maxima(kind, more))


def test_more_counts_never_widen_where_nothing_is_interpolated() -> None:
    r = random.Random(6)
    people = people_of("early")
    more = {}
    for name, p in people.items():
        free = [day for day in range(31) if not facts_on(p, "anc", day)]
        extra = (
            {"name": "anc", "day": float(r.choice(free)), **FACT, "value": r.choice([0.05, 0.4, 2.0])} if free else None
        )
        more[name] = p | {"facts": [*p["facts"], *([extra] if extra else [])]}
    bounds = pl.col("definition").str.contains("missing=bounds")
    _never_wider(maxima("early", people).filter(bounds), maxima("early", more).filter(bounds))


def _never_wider(before: pl.DataFrame, after: pl.DataFrame) -> None:
    both = before.join(after, on=["patient", "definition"], suffix="_more")
    wider = both.filter((pl.col("low_more") < pl.col("low")) | (pl.col("high_more") > pl.col("high")))
    assert wider.is_empty(), wider
    assert both.filter((pl.col("high_more") < pl.col("high")) | (pl.col("low_more") > pl.col("low"))).height > 0
