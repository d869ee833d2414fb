"""What was not recorded widens the answer and never misleads: long gaps in daily counts, and records without coverage."""

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl
import pytest
from random_counts import SERIES
from random_later import later_patient, raw_of_later
from random_patients import FACT, raw_of_patients

from carsequel.record.course import Course
from carsequel.side_effects.cytopenia import assess_cytopenia
from carsequel.side_effects.exposure import count_steroid_days
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.infection import assess_infection_density
from carsequel.side_effects.platelets import grade_t_icaht_early, grade_t_icaht_late

N = 200
Grade = Callable[[Course], pl.DataFrame]
KEY = ["patient", "criterion", "kind", "definition", "period"]
COUNTED: dict[str, Grade] = {
    "icaht_early": grade_icaht_early,
    "icaht_late": grade_icaht_late,
    "t_icaht_early": grade_t_icaht_early,
    "t_icaht_late": grade_t_icaht_late,
    "cytopenia": assess_cytopenia,
}
COVERED: dict[str, Grade] = {"infection": assess_infection_density, "steroids": count_steroid_days}
# Stretches that lie inside one window of every criterion; a gap of eight days is too long to be interpolated.
STRETCHES = ((2, 19), (33, 58), (63, 98))
GAP = 8
# Its horizon is the last follow-up, as its grading code has it.
ENDS_WITH_THE_RECORD = {"icaht_late"}
# These read what was measured and say nothing of the days between.
MEASURED_ONLY = ("missing=observed",)
# These end with the record by their own words.
TO_LAST_RECORD = ("follow_up=to_last_record", "never_recovered=from_day3_to_last")


def daily_patient(seed: int) -> dict[str, Any]:
    """Every count on every day from 0 to 110, mostly good."""
    r = random.Random(seed)
    facts = []
    for name, values in SERIES.items():
        level = values[-1]
        for day in range(111):
            level = r.choice([values[-1], r.choice(values)]) if r.random() < 0.1 else level
            facts.append({"name": name, "day": float(day), **FACT, "value": float(level)})
    cover = [{"name": "event", "start": None, "end": None}]
    return {"age": 9.0, "disease": "B-ALL", "facts": facts, "spans": [], "cover": cover, "censor": None}


def with_gaps(p: dict[str, Any], seed: int) -> dict[str, Any]:
    """The patient without the counts of one to three long gaps."""
    r = random.Random(seed)
    gaps = []
    for first, last in r.sample(STRETCHES, r.choice([1, 2, 3])):
        start = r.randint(first, last - GAP + 1)
        gaps.append((start, r.randint(start + GAP - 1, last)))
    return p | {"facts": [f for f in p["facts"] if not any(a <= f["day"] <= b for a, b in gaps)]}


def ended(p: dict[str, Any], seed: int) -> dict[str, Any]:
    """The patient whose record ends more than a week before the end of every window, without a death."""
    last = random.Random(seed).choice([*range(1, 23), *range(31, 53), *range(61, 93)])
    return p | {"facts": [f for f in p["facts"] if f["day"] <= last]}


@cache
def daily() -> tuple[Course, Course]:
    people = {f"p{seed}": daily_patient(seed) for seed in range(N)}
    less = {name: with_gaps(p, seed) for seed, (name, p) in enumerate(people.items())}
    return raw_of_patients(people).course(), raw_of_patients(less).course()


@cache
def followed() -> tuple[Course, Course]:
    people = {f"p{seed}": daily_patient(seed) for seed in range(N)}
    less = {name: ended(p, seed) for seed, (name, p) in enumerate(people.items())}
    return raw_of_patients(people).course(), raw_of_patients(less).course()


@cache
def covered() -> tuple[Course, Course]:
    people = {f"p{seed}": later_patient(seed) for seed in range(N)}
    less = {name: p | {"cover": p["cover"][1:]} for name, p in people.items()}
    return raw_of_later(people).course(), raw_of_later(less).course()


def assert_only_wider(grade: Grade, whole: Course, less: Course, but: tuple[str, ...] = MEASURED_ONLY) -> None:
    keep = ~pl.col("definition").str.contains("|".join(but)) & (pl.col("kind") == "maximum")
    before, after = (grade(course).filter(keep).select(*KEY, "low", "high") for course in (whole, less))
    both = before.join(after, on=KEY, suffix="_less")
    assert both.height == before.height
    known = both.drop_nulls(["low", "low_less"])
    misled = known.filter((pl.col("low_less") > pl.col("low")) | (pl.col("high_less") < pl.col("high")))
    assert misled.is_empty(), misled
    assert both.filter(pl.col("low").is_null() & pl.col("low_less").is_not_null()).is_empty()
    assert known.filter((pl.col("low_less") < pl.col("low")) | (pl.col("high_less") > pl.col("high"))).height > N / 20


@pytest.mark.parametrize("kind", COUNTED)
def test_a_long_gap_only_widens(kind: str) -> None:
    assert_only_wider(COUNTED[kind], *daily())


@pytest.mark.parametrize("kind", sorted(COUNTED.keys() - ENDS_WITH_THE_RECORD))
def test_a_record_that_ends_early_only_widens(kind: str) -> None:
    assert_only_wider(COUNTED[kind], *followed(), (*MEASURED_ONLY, *TO_LAST_RECORD))


@pytest.mark.parametrize("kind", COVERED)
def test_less_coverage_only_widens(kind: str) -> None:
    assert_only_wider(COVERED[kind], *covered())
