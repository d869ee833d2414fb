"""The frame readings of the responses give what plain loops give, and hold what must hold for any patient."""

import random
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from golden_table import Raw, unit_of
from response_twins import ORDER, Visit, imwg_visit, myeloma_patient

from carsequel.record.course import Course
from carsequel.signs.imwg import assess_imwg

N = 400
NAMES = {
    "serum": "m_protein_serum",
    "urine": "m_protein_urine",
    "kappa": "flc_kappa",
    "lambda": "flc_lambda",
    "marrow": "marrow_plasma_cells",
    "ife_serum": "immunofixation_serum",
    "ife_urine": "immunofixation_urine",
    "mrd": "mrd",
}
People = dict[str, list[Visit]]


def course_of(people: People, copies: int = 1, shuffled: int | None = None) -> Course:
    raw = Raw()
    for name, visits in people.items():
        raw.patients.append({"patient": name, "disease": "MM", "age": "60"})
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        for visit in visits:
            for key, fact in NAMES.items():
                if key in visit and not (key == "mrd" and visit["day"] < 0):
                    raw.facts += [fact_of(name, visit, key, fact)] * copies
    if shuffled is not None:
        random.Random(shuffled).shuffle(raw.facts)
        random.Random(shuffled).shuffle(raw.patients)
    return raw.course()


def fact_of(patient: str, visit: Visit, key: str, fact: str) -> dict[str, Any]:
    now = visit[key]
    value, text = (None, "positive" if now else "negative") if isinstance(now, bool) else (str(now), None)
    unit = unit_of(fact, value)
    return {"patient": patient, "name": fact, "day": str(visit["day"]), "value": value, "text": text, "unit": unit}


def days(findings: pl.DataFrame) -> dict[tuple[str, int], tuple[Any, Any]]:
    rows = findings.filter((pl.col("kind") == "assessment") & pl.col("default"))
    return {
        (p, int(end)): (low, high) for p, end, low, high in rows.select("patient", "end", "low", "high").iter_rows()
    }


def people(first: int = 0) -> People:
    return {f"p{seed}": myeloma_patient(seed) for seed in range(first, first + N)}


def test_imwg_as_in_a_plain_loop() -> None:
    everyone = people()
    found = days(assess_imwg(course_of(everyone)))
    seen = set()
    for name, visits in everyone.items():
        for at in range(1, len(visits)):
            expected = imwg_visit(visits, at)
            code = None if expected is None else ORDER.index(expected)
            seen.add(expected)
            assert found[name, visits[at]["day"]] == (code, code), (name, at, visits)
    assert seen >= {*ORDER, None}


def test_confirmed_best_is_the_best_shared_by_two_visits() -> None:
    everyone = people(2000)
    found = assess_imwg(course_of(everyone)).filter((pl.col("kind") == "best") & pl.col("default"))
    given = dict(found.select("patient", "low").iter_rows())
    for name, visits in everyone.items():
        codes = [imwg_visit(visits, at) for at in range(1, len(visits))]
        levels = [ORDER.index(code) for code in codes if code is not None]
        for place in range(len(levels) - 1):
            if levels[place] == 6 and levels[place + 1] == 6:
                levels = levels[: place + 2]
                break
        shared = [max(pair) for pair in pairwise(levels)]
        assert given[name] == (min(shared) if shared else None), (name, visits)


def test_what_is_not_recorded_widens_and_never_misleads() -> None:
    everyone, thinned, dice = people(4000), {}, random.Random(5)
    for name, visits in everyone.items():
        kept = ("day", "marrow", "mrd")  # clear once, these stand for a later visit without
        last = {key: now for key, now in visits[-1].items() if key in kept or dice.random() < 0.7}
        thinned[name] = [*visits[:-1], last]
    whole, part = days(assess_imwg(course_of(everyone))), days(assess_imwg(course_of(thinned)))
    settled = 0
    for key, (low, high) in part.items():
        if low is not None and whole[key][0] is not None:
            assert low <= whole[key][0] <= whole[key][1] <= high, (key, thinned[key[0]])
            settled += low == high
    assert settled > N / 4


def test_order_and_doubles_change_nothing() -> None:
    everyone = people(6000)
    drop = ["facts"]
    one = assess_imwg(course_of(everyone)).drop(drop).sort("patient", "kind", "definition", "period")
    other = assess_imwg(course_of(dict(reversed(everyone.items())), copies=2, shuffled=3)).drop(drop)
    assert one.equals(other.sort("patient", "kind", "definition", "period"))


@pytest.mark.parametrize("key", ["serum", "urine", "marrow", "kappa"])
def test_a_worse_last_value_is_never_milder(key: str) -> None:
    everyone = people(8000)
    most = {"serum": 20.0, "urine": 50000.0, "marrow": 100.0, "kappa": 50000.0}[key]
    worse = {
        name: [*visits[:-1], visits[-1] | {key: min(visits[-1][key] * 1.7 + 1, most)}]
        for name, visits in everyone.items()
    }
    before, after = days(assess_imwg(course_of(everyone))), days(assess_imwg(course_of(worse)))
    for name, visits in everyone.items():
        at = (name, visits[-1]["day"])
        if before[at][0] is not None and after[at][0] is not None:
            assert after[at][0] >= before[at][0] and after[at][1] >= before[at][1], (at, visits)
