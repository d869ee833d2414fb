"""The frame code of Lugano and of expansion gives what plain loops, closed forms and simulated truth give."""

import math
import random
from typing import Any

import lymphoma_twins as twin
import polars as pl
import pytest
from lymphoma_table import SITES, LesionRaw

from carsequel.signs.expansion import score_expansion
from carsequel.signs.lugano import assess_lugano

N = 600
NODAL = {True: SITES["node"], False: SITES["extranodal"], None: None}


def lymphoma_patient(seed: int) -> dict[str, Any]:
    """A patient with a few lesions on a few scans: every branch is common, nothing is realistic."""
    r = random.Random(seed)
    days = sorted({r.choice([-30, -5, -5, -5, 0]), *r.sample([-20, 10, 30, 60, 90, 200], r.randint(1, 3))})
    nodal = {str(i): r.choice([True, True, True, False, None]) for i in range(1, r.choice([3, 4, 10]))}
    scans: dict[int, Any] = {}
    for day in days:
        lesions = {}
        for name in nodal:
            if r.random() < 0.1:
                continue
            ldi = r.choice(
                [0.0, 10.0, 15.0, 16.0, 20.0, 25.0, 30.0, 40.0, 40.0, None]
                if day > 0
                else [20.0, 25.0, 40.0, 40.0, 12.0]
            )
            sdi = None if ldi is None or r.random() < 0.05 else min(ldi, r.choice([0.0, 5.0, 10.0, 15.0, 20.0]))
            kind = "target" if int(name) % 3 else "other"
            lesions[name] = {
                "ldi": ldi,
                "sdi": sdi,
                "kind": kind,
                "nodal": nodal[name],
                "uptake": r.choice([None] * 9 + [4.0, "X"]),
            }
        if day > 0 and r.random() < 0.2:
            ldi = r.choice([8.0, 10.0, 12.0, 16.0, None])
            lesions["90"] = {
                "ldi": ldi,
                "sdi": None,
                "kind": r.choice(["new", "new", "target"]),
                "nodal": r.choice([True, False, None]),
                "uptake": r.choice([None, 2.0, 5.0, "X"]),
            }
        if r.random() < 0.2:
            lesions = {}
        scan = {
            "lesions": lesions,
            "deauville": r.choice([None, None, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0]),
            "suvmax": r.choice([None, 6.0, 9.0, 20.0]),
        }
        scans[day] = scan | {"spleen": r.choice([None, 11.0, 12.0, 13.0, 14.0, 15.0, 17.0, 20.0])}
    marrow = {day: r.random() < 0.4 for day in r.sample([-20, -3, 5, 28, 80], r.choice([0, 0, 1, 2]))}
    return {"scans": scans, "marrow": marrow}


def raw_of(people: dict[str, Any]) -> LesionRaw:
    raw = LesionRaw()
    blank = dict.fromkeys(("value", "unit", "text"))
    for name, p in people.items():
        raw.patients.append({"patient": name, "disease": "LBCL", "age": "60"})
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        for day, scan in p["scans"].items():
            for lesion, row in scan["lesions"].items():
                cells = {key: None if row[key] is None else str(row[key]) for key in ("ldi", "sdi", "kind")}
                uptake = None if row["uptake"] is None else str(row["uptake"]).removesuffix(".0")
                site = NODAL[row["nodal"]]
                raw.lesions.append(
                    {"patient": name, "day": str(day), "lesion": lesion, "site": site, "uptake": uptake, **cells}
                )
            for fact, unit in (("deauville", None), ("suvmax", None), ("spleen", "cm")):
                if scan[fact] is not None:
                    raw.facts.append(
                        {
                            "patient": name,
                            "name": fact,
                            "day": str(day),
                            **blank,
                            "value": str(scan[fact]),
                            "unit": unit,
                        }
                    )
        for day, yes in p["marrow"].items():
            raw.facts.append(
                {"patient": name, "name": "marrow_involved", "day": str(day), **blank, "text": "yes" if yes else "no"}
            )
    return raw


@pytest.mark.parametrize("modality", ["pet_over_ct", "ct"])
def test_lugano_as_in_a_plain_loop(modality: str) -> None:
    people = {f"p{seed}": lymphoma_patient(seed) for seed in range(N)}
    found = assess_lugano(raw_of(people).course())
    wanted = f"baseline=last modality={modality}"
    rows = found.filter((pl.col("kind") == "assessment") & (pl.col("definition") == wanted))
    given: dict[str, Any] = {}
    for row in rows.iter_rows(named=True):
        given.setdefault(row["patient"], {})[int(row["start"])] = (row["low"], row["high"])
    answers = set()
    for name, p in people.items():
        expected = twin.lugano(p, modality)
        assert given.get(name, {}) == expected, (name, p)
        answers |= set(expected.values())
    assert len(answers) >= 8  # the random patients reach most answers


def car_t_course(points: dict[str, list[tuple[int, float]]]) -> LesionRaw:
    raw = LesionRaw()
    for name, series in points.items():
        raw.patients.append({"patient": name, "disease": "LBCL"})
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        raw.facts += [
            {"patient": name, "name": "car_t", "day": str(d), "value": str(v), "unit": "cells/uL"} for d, v in series
        ]
    return raw


def values(found: pl.DataFrame, criterion: str) -> dict[str, float]:
    rows = found.filter(pl.col("criterion") == criterion)
    return dict(zip(rows["patient"], rows["value"], strict=True))


def test_area_as_by_small_steps() -> None:
    r = random.Random(5)
    points = {}
    for number in range(40):
        days = sorted({*r.sample(range(28), r.randint(1, 6)), r.randint(28, 60)})
        points[f"p{number}"] = [(day, round(r.uniform(0, 100), 1)) for day in days]
    found = values(score_expansion(car_t_course(points).course()), "expansion.auc28")
    for name, series in points.items():
        assert found[name] == pytest.approx(twin.area_to_28(series), abs=0.01)


def test_peak_is_that_of_a_plain_loop() -> None:
    r = random.Random(6)
    points = {f"p{n}": [(day, float(r.randint(1, 9))) for day in sorted(r.sample(range(60), 6))] for n in range(60)}
    found = score_expansion(car_t_course(points).course())
    peaks, days = values(found, "expansion.cmax"), values(found, "expansion.tmax")
    for name, series in points.items():
        early = [(v, -d) for d, v in series if d <= 28]
        assert (peaks[name], days[name]) == ((max(early)[0], -max(early)[1]) if early else (None, None))


@pytest.mark.parametrize("half_life", [4.3, 20.0, 217.0])
def test_half_life_of_an_exponential(half_life: float) -> None:
    series = [(day, 1000 * math.exp(-math.log(2) / half_life * (day - 10))) for day in (10, 14, 28, 60)]
    found = score_expansion(car_t_course({"a": series}).course(), unverified=True)
    assert values(found, "expansion.half_life")["a"] == pytest.approx(half_life, rel=1e-6)
