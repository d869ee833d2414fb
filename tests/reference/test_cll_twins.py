"""iwCLL agrees with a plain reading of complete patients; what is left out widens and never misleads."""

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl
import pytest
from cll_twins import NORMAL_LYMPHOCYTES, Visit, cll_patient, iwcll
from golden_table import Raw, unit_of

from carsequel.signs.cll import assess_iwcll

N = 400
People = dict[str, list[Visit]]
PEOPLE: People = {f"p{seed}": cll_patient(seed) for seed in range(N)}
NUMBERS = ("spleen", "lymphocytes", "b_cells", "platelets", "hemoglobin")
WORDS = {"marrow": "marrow_involved", "symptoms": "b_symptoms"}


def raw_of(people: People, dropped: tuple[str, ...] = ()) -> Raw:
    """The raw tables; some of the `dropped` parts of the visits after the infusion (`before`: also of the time before)
    are not recorded."""
    raw, r = Raw(), random.Random(4)
    for name, visits in people.items():
        raw.patients.append({"patient": name, "disease": "CLL"})
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        for visit in visits:
            day = str(visit["day"])
            for key in (*NUMBERS, *WORDS, "nodes"):
                if key in dropped and (visit["day"] > 0 or "before" in dropped) and r.random() < 0.3:
                    continue
                if key == "nodes":
                    rows = [_lesion(name, day, place, *size) for place, size in enumerate(visit["nodes"])]
                    raw.lesions += _with_less(rows, dropped, r) if visit["day"] > 0 else rows
                else:
                    raw.facts.append({"patient": name, "day": day, **_fact(key, visit)})
    return raw


def _fact(key: str, visit: Visit) -> dict[str, Any]:
    if key in WORDS:
        text = "yes" if visit[key] else "no"
        return {"name": WORDS[key], "text": text, "value": None, "unit": None, "uln": None}
    limit = str(NORMAL_LYMPHOCYTES) if key == "lymphocytes" else None
    return {"name": key, "text": None, "value": str(visit[key]), "unit": unit_of(key, "1"), "uln": limit}


def _lesion(patient: str, day: str, place: int, ldi: float, sdi: float) -> dict[str, Any]:
    size = {"ldi": str(ldi), "sdi": str(min(ldi, sdi)), "kind": "target", "site": "lymph node"}
    return {"patient": patient, "day": day, "lesion": str(place), **size}


def _with_less(rows: list[dict[str, Any]], dropped: tuple[str, ...], r: random.Random) -> list[dict[str, Any]]:
    """The lesions of a visit, some not listed or without their short diameter, where that is dropped."""
    if "one node" in dropped and len(rows) > 1 and r.random() < 0.3:
        rows = rows[1:]
    gone = {"sdi": None} if "short diameter" in dropped and r.random() < 0.3 else {}
    return [rows[0] | gone, *rows[1:]]


def answers(raw: Raw) -> dict[tuple[str, int], tuple[Any, Any]]:
    found = assess_iwcll(raw.course()).filter(pl.col("kind") == "assessment")
    return {
        (p, int(end)): (low, high) for p, end, low, high in found.select("patient", "end", "low", "high").iter_rows()
    }


def test_iwcll_as_in_a_plain_reading() -> None:
    given, seen = answers(raw_of(PEOPLE)), set()
    for name, visits in PEOPLE.items():
        for at in range(1, len(visits)):
            expected = iwcll(visits, at)
            assert given[name, visits[at]["day"]] == expected, (name, at, visits)
            seen.add(expected)
    assert seen >= {(0, 0), (1, 2), (2, 2), (2, 3), (3, 3), (1, 3)}


@pytest.mark.parametrize(
    "dropped",
    [
        ("b_cells", "platelets", "hemoglobin", "marrow", "symptoms"),
        ("nodes", "lymphocytes", "spleen"),
        ("one node", "short diameter"),
        ("nodes", "spleen", "one node", "short diameter"),
        ("before", "nodes", "spleen"),
    ],
    ids=["parts of a CR", "tumour load", "parts of the nodes", "sizes", "sizes, also before the infusion"],
)
def test_what_is_not_recorded_widens_and_never_misleads(dropped: tuple[str, ...]) -> None:
    given, settled = answers(raw_of(PEOPLE, dropped)), 0
    for name, visits in PEOPLE.items():
        for at in range(1, len(visits)):
            low, high = given.get((name, visits[at]["day"]), (None, None))
            mildest, gravest = iwcll(visits, at)
            if low is not None:
                assert low <= mildest and gravest <= high, (name, at, visits)
                settled += low == high
    assert settled > N / 8


WORSE: dict[str, Callable[[Any], Any]] = {
    "nodes": lambda nodes: [(a * 1.3, b * 1.3) for a, b in nodes],
    "spleen": lambda spleen: min(spleen * 1.3, 40.0),
    "lymphocytes": lambda count: count * 1.4,
    "b_cells": lambda count: max(count * 1.4, 4000.0),
    "platelets": lambda count: count * 0.6,
    "hemoglobin": lambda value: value * 0.8,
    "marrow": lambda _: True,
    "symptoms": lambda _: True,
}


@cache
def worse_answers() -> dict[tuple[str, int], tuple[Any, Any]]:
    """Each patient once for every part that is worse at the last visit, all read as one course."""
    worse = {
        f"{name} {key}": [*visits[:-1], visits[-1] | {key: change(visits[-1][key])}]
        for key, change in WORSE.items()
        for name, visits in list(PEOPLE.items())[: N // 2]
    }
    return answers(raw_of(worse))


@pytest.mark.parametrize("key", WORSE)
def test_a_worse_last_value_is_never_milder(key: str) -> None:
    after, graver = worse_answers(), 0
    for name, visits in list(PEOPLE.items())[: N // 2]:
        before, now = iwcll(visits, len(visits) - 1), after[f"{name} {key}", visits[-1]["day"]]
        assert now[0] >= before[0] and now[1] >= before[1], (name, visits)
        graver += now != before
    assert graver > 0
