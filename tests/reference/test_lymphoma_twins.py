"""The frame code of Lugano and of expansion gives what plain loops, closed forms and simulated truth give."""

import math
import random
from typing import Any

import lymphoma_twins as twin
import polars as pl
import pytest
from golden_table import Raw
from random_lymphoma import complete_patient, lymphoma_patient, raw_of_lymphoma

from carsequel.signs.expansion import score_expansion
from carsequel.signs.lugano import assess_lugano
from carsequel.signs.lyric import assess_lyric

N = 600


@pytest.mark.parametrize("modality", ["pet_over_ct", "ct"])
def test_lugano_as_in_a_plain_loop(modality: str) -> None:
    people = {f"p{seed}": lymphoma_patient(seed) for seed in range(N)}
    found = assess_lugano(raw_of_lymphoma(people).course())
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


def test_lyric_as_in_a_plain_loop() -> None:
    people = {f"p{seed}": complete_patient(seed) for seed in range(N)}
    found = assess_lyric(raw_of_lymphoma(people).course()).filter(pl.col("kind") == "assessment")
    given = {
        (p, int(day)): (low, high) for p, day, low, high in found.select("patient", "start", "low", "high").iter_rows()
    }
    answers = set()
    for name, p in people.items():
        for day, (low, high) in twin.lyric(p).items():
            if twin.lugano(p, "pet_over_ct")[day] in ((3, 3), (0, 0), (1, 1), (2, 2)):
                assert given[name, day] == (low, high), (name, day, p)
                answers.add((low, high))
            else:  # a score of its own leaves progression open, and then its kind too
                assert given[name, day][0] <= low <= high <= given[name, day][1], (name, day, p)
    assert answers >= {(code, code) for code in range(8)} | {(code, 7) for code in range(3, 7)}


def with_less(p: dict[str, Any], seed: int, days: set[int]) -> dict[str, Any]:
    """The patient with some sizes not measured on the scans of these days: both diameters, the short one, the lesion.

    A scan keeps a row: one of which nothing is recorded is not known to have been made.
    """
    r, scans = random.Random(seed), {}
    unmeasured = {"ldi": None, "sdi": None}
    for day, scan in p["scans"].items():
        lesions = {}
        for name, row in scan["lesions"].items():
            way = r.choice(["both", "short", "lesion", "", "", "", ""]) if day in days and name != "9" else ""
            if way != "lesion":
                lesions[name] = row | {"both": unmeasured, "short": {"sdi": None}}.get(way, {})
        scans[day] = scan | {"lesions": lesions or {"1": scan["lesions"]["1"] | unmeasured}}
    return p | {"scans": scans}


@pytest.mark.parametrize("which", ["last scan", "every scan"])
def test_a_size_not_measured_widens_and_never_misleads(which: str) -> None:
    people = {f"p{seed}": complete_patient(seed) for seed in range(1000, 1000 + N)}
    later = {name: {day for day in p["scans"] if day > 0} for name, p in people.items()}
    days = {name: {max(found)} if which == "last scan" else found for name, found in later.items()}
    less = {name: with_less(p, seed, days[name]) for seed, (name, p) in enumerate(people.items())}
    key = ["patient", "definition", "period"]
    before, after = (
        assess_lugano(raw_of_lymphoma(each).course()).filter(pl.col("kind") == "assessment").select(*key, "low", "high")
        for each in (people, less)
    )
    both = before.join(after, on=key, suffix="_less").drop_nulls(["low", "low_less"])
    misled = both.filter((pl.col("low_less") > pl.col("low")) | (pl.col("high_less") < pl.col("high")))
    assert misled.is_empty(), misled
    assert both.filter(pl.col("high_less") > pl.col("high")).height > N / 20


def car_t_course(points: dict[str, list[tuple[int, float]]]) -> Raw:
    raw = Raw()
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
