"""Recovery of counts: the bounds are the mildest and the gravest of all completions of what was not recorded."""

import random
from itertools import product
from typing import Any

import polars as pl
import pytest
from random_patients import FACT, raw_of_patients

from carsequel.side_effects.recovery import assess_recovery

N = 60
LAST = 17
RULES = {"platelet_recovery.2025": ("platelets", 20.0, 50.0, 7), "anc_recovery.cibmtr": ("anc", 0.5, 2.0, None)}
# By patient, the unknown days and the days on which a transfusion may be missing.
World = tuple[dict[str, Any], list[int], list[int]]


def patient(seed: int, name: str, level: float, good: float) -> World:
    """Daily counts to death on the last day, with one gap that is too long to be interpolated; few days uncovered."""
    r = random.Random(f"{name} {seed}")
    gap = r.randint(0, LAST - 7)
    unknown = list(range(gap, min(gap + r.choice([8, 9]), LAST + 1)))
    falls = r.choice([0.0, 0.1, 0.2, 0.5])
    facts = [
        {"name": name, "day": float(day), **FACT, "value": r.choice([0.0, level - 0.1]) if r.random() < falls else good}
        for day in range(LAST + 1)
        if day not in unknown
    ]
    facts.append({"name": "event", "day": float(LAST), **FACT, "text": "death", "site": "disease"})
    if r.random() < 0.2:
        given = {"name": "event", "day": float(r.randint(0, LAST)), **FACT, "text": "transfusion_platelets"}
        facts.append(given)
    start, length = r.randint(0, LAST - 2), r.choice([0, 1, 3])
    cover = [
        {"name": "event", "start": None, "end": start - 0.5},
        {"name": "event", "start": float(start + length), "end": None},
    ]
    p = {"age": 60.0, "disease": "LBCL", "facts": facts, "spans": [], "cover": cover, "censor": None}
    return p, unknown, list(range(start, start + length))


def code(low: list[bool], transfused: set[int], free: int | None) -> int:
    """0 never low, 1 recovered from the first fall, 2 not, for one patient of whom every day is known."""
    if not any(low):
        return 0
    for day in range(low.index(True) + 1, LAST - 1):
        near = set() if free is None else set(range(day - free, day + 3))
        if not any(low[day : day + 3]) and not near & transfused:
            return 1
    return 2


def worlds(world: World, level: float, free: int | None) -> set[int]:
    p, unknown, uncovered = world
    value = {int(f["day"]): f["value"] for f in p["facts"] if f["name"] != "event"}
    given = {int(f["day"]) for f in p["facts"] if f["text"] == "transfusion_platelets"}
    found = set()
    for lows in product([False, True], repeat=len(unknown)):
        hidden = dict(zip(unknown, lows))
        low = [hidden[day] if day in hidden else value[day] < level for day in range(LAST + 1)]
        for more in product([False, True], repeat=len(uncovered) if free is not None else 0):
            found.add(code(low, given | {day for day, yes in zip(uncovered, more) if yes}, free))
    return found


@pytest.mark.parametrize("criterion", RULES)
def test_recovery_is_all_that_any_completion_gives(criterion: str) -> None:
    name, level, good, free = RULES[criterion]
    people = {f"p{seed}": patient(seed, name, level, good) for seed in range(N)}
    found = assess_recovery(raw_of_patients({key: p for key, (p, _, _) in people.items()}).course())
    asked = found.filter((pl.col("criterion") == criterion) & pl.col("definition").str.contains("days=calendar"))
    answers = set()
    for patient_, low, high in asked.select("patient", "low", "high").iter_rows():
        possible = worlds(people[patient_], level, free)
        assert (low, high) == (min(possible), max(possible)), people[patient_]
        answers.add((low, high))
    assert answers >= {(0, 1), (0, 2), (1, 1), (1, 2)}, answers
