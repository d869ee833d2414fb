"""The later toxicities agree with plain loops over each patient's days."""

from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from random_later import later_patient, raw_of_later

from carsequel.side_effects.delayed_neurotoxicity import assess_delayed_neurotoxicity
from carsequel.side_effects.exposure import count_steroid_days
from carsequel.side_effects.immune_deficiency import assess_cd4, assess_igg
from carsequel.side_effects.infection import assess_infection_density

N = 300
WINDOWS = ((0, 30), (31, 100), (101, 365))
Patient = dict[str, Any]


PEOPLE = {f"p{seed}": later_patient(seed) for seed in range(N)}


COURSE = raw_of_later(PEOPLE).course()


def last_day(p: Patient) -> int:
    """The record ends with death, else with its last row."""
    ends = [f for f in p["facts"] if f.get("text") in ("death", "last_contact")]
    if ends[0]["text"] == "death":
        return int(ends[0]["day"])
    days = [f["day"] for f in p["facts"]] + [s["start"] for s in p["spans"]]
    return int(max(days + [s["end"] for s in p["spans"] if s["end"] is not None] + [0]) // 1)


def covered(p: Patient, day: int, *names: str) -> bool:
    return any(
        c["name"] in names and (c["start"] is None or c["start"] <= day) and (c["end"] is None or day <= c["end"])
        for c in p["cover"]
    )


def onsets(p: Patient) -> list[tuple[int, int, int, int]]:
    """(day, certainly severe, possibly severe, certainly one of its own) of every infection."""
    found, spans = [], [s for s in p["spans"] if s["name"] == "infection"]

    def severity(value: float | None) -> tuple[int, int]:
        return (int(value is not None and value >= 3), int(value is None or value >= 3))

    for s in spans:
        reach = s["end"] if s["end"] is not None else 10**6 if s["end_known"] else s["start"]
        if reach >= 0:
            found.append((s["start"], *severity(s["value"]), 1))
    for f in p["facts"]:
        if f.get("text") != "infection" or f["day"] < 0:
            continue
        day = int(f["day"] // 1)
        own, other = [], False
        for s in spans:
            reach = s["end"] if s["end"] is not None else 10**6 if s["end_known"] else s["start"]
            same = f["site"] is None or s["text"] is None or f["site"] == s["text"]
            if reach >= 0 and s["start"] <= day <= reach:
                own += [s["start"]] if same else []
                other |= not same
        certain = int(bool(own) or not other)
        sure, maybe = severity(f["value"])
        found.append((min(own, default=day), sure * certain, maybe, certain))
    return found


def density(p: Patient, first: int, last: int, severe: bool) -> tuple[float | None, float | None]:
    days = range(first, min(last, last_day(p)) + 1)
    low = high = 0
    known = False
    for day in days:
        today = [o for o in onsets(p) if o[0] == day]
        known |= bool(today) or covered(p, day, "event", "infection")
        if today:
            low += max(o[1] if severe else o[3] for o in today)
            high += max(o[2] for o in today) if severe else 1
        elif not covered(p, day, "event", "infection"):
            high += 1
    return (100 * low / len(days), 100 * high / len(days)) if known else (None, None)


@pytest.mark.parametrize("severity", ["all", "grade3"])
def test_infection_density(severity: str) -> None:
    found = assess_infection_density(COURSE).filter(pl.col("definition").str.contains(f"severity={severity}"))
    assert found.height == N * len(WINDOWS)
    settled = 0
    for row in found.iter_rows(named=True):
        first, last = (int(part) for part in row["period"][1:].split("-"))
        want = density(PEOPLE[row["patient"]], first, last, severity == "grade3")
        settled += want[0] is not None and want[0] == want[1]
        assert (row["low"], row["high"]) == pytest.approx(want) if want[0] is not None else row["low"] is None, row
    assert settled > 100


def steroid_days(p: Patient) -> tuple[int | None, int | None]:
    low = high = 0
    known = False
    days = range(0, min(30, last_day(p)) + 1)
    given = [s for s in p["spans"] if s["name"] == "drug" and s["text"] != "tocilizumab" and s["role"] != "bridging"]
    for day in days:
        certain = possible = False
        for s in given:
            sure = s["end"] if s["end"] is not None else 10**6 if s["end_known"] else s["start"]
            reach = s["end"] if s["end"] is not None else 10**6
            if sure >= 0:
                certain |= s["start"] <= day <= sure
                possible |= s["start"] <= day <= reach
        free = covered(p, day, "drug") and not possible
        known |= certain or covered(p, day, "drug")
        low += certain
        high += not free
    return (low, high) if known else (None, None)


def test_steroid_days() -> None:
    found = count_steroid_days(COURSE)
    for row in found.iter_rows(named=True):
        assert (row["low"], row["high"]) == steroid_days(PEOPLE[row["patient"]]), row
    assert found["value"].drop_nulls().n_unique() > 5


def code(name: str, value: float) -> int:
    if name == "igg":
        return 2 if value <= 400 else 1 if value <= 600 else 0
    return int(value < 200) if name == "cd4" else int(value > 3)


def values_of(p: Patient, name: str, last: int) -> list[tuple[int, float, float]]:
    end = min(last, last_day(p))
    rows = [f for f in p["facts"] if f["name"] == name and 0 <= f["day"] <= end]
    ends = {"<": (0.0, 1.0), ">": (1.0, 1e9), None: (1.0, 1.0)}
    return [(f["day"], *(side * f["value"] for side in ends[f["comparator"]])) for f in rows]


@pytest.mark.parametrize(("name", "assess"), [("igg", assess_igg), ("cd4", assess_cd4)])
def test_low_values(name: str, assess: Any) -> None:
    found = assess(COURSE).filter(pl.col("default") & (pl.col("kind") == "maximum"))
    for row in found.iter_rows(named=True):
        p = PEOPLE[row["patient"]]
        values = values_of(p, name, 10**6)
        sides = [[0.0 if name == "igg" and p["disease"] == "MM" else v[1] for v in values], [v[2] for v in values]]
        want = tuple(max(code(name, v) for v in side) if side else None for side in reversed(sides))
        assert (row["low"], row["high"]) == want, row


def test_lymphocyte_peak() -> None:
    found = assess_delayed_neurotoxicity(COURSE).filter(pl.col("criterion").str.ends_with("alc_peak"))
    assert set(found["patient"]) == {name for name, p in PEOPLE.items() if p["disease"] == "MM"}
    for row in found.iter_rows(named=True):
        p = PEOPLE[row["patient"]]
        values = values_of(p, "lymphocytes", 30)
        seen = sorted({v[0] for v in values})
        died = [f["day"] for f in p["facts"] if f.get("text") == "death"]
        edges = [-1, *seen, min(30, *died, 30) + 1]
        gap = max(b - a - 1 for a, b in pairwise(edges)) > 7
        low = max((code("alc", v[1]) for v in values), default=None)
        high = None if low is None else max(int(gap), *(code("alc", v[2]) for v in values))
        assert (row["low"], row["high"]) == (low, high), row
