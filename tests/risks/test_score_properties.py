"""What must hold for any patient: order and doubles change nothing, worse is never milder, more data never widen."""

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl
import pytest
from every_table import EVERY, findings, read
from random_scored import raw_of_scored, scored_patient
from score_tables import SCORES, raw_of_scores

from carsequel.record.course import Course
from carsequel.risks.car_hematotox import score_car_hematotox
from carsequel.risks.easix import score_easix
from carsequel.risks.flipi import score_flipi
from carsequel.risks.ipi import score_ipi
from carsequel.risks.iss import score_iss
from carsequel.risks.mipi import score_mipi
from carsequel.risks.pc_pi import score_pc_pi
from carsequel.risks.tumour_volume import assess_tumour_volume

N = 150
DAY = 100
People = dict[str, dict[str, Any]]


def _pc_pi(course: Course) -> pl.DataFrame:
    patients = course.patients.get_column("patient")
    return score_pc_pi(course, pl.DataFrame({"patient": patients, "infusion": 1, "day": float(DAY)}))


SCORERS: dict[str, tuple[str, int, Callable[[Course], pl.DataFrame]]] = {
    "car_hematotox": ("LBCL", 0, score_car_hematotox),
    "easix": ("LBCL", 0, score_easix),
    "ipi": ("LBCL", 0, score_ipi),
    "flipi": ("FL", 0, score_flipi),
    "mipi": ("MCL", 0, score_mipi),
    "iss": ("MM", 0, score_iss),
    "volume": ("LBCL", 0, assess_tumour_volume),
    "pc_pi": ("LBCL", DAY, _pc_pi),
}
ONE_ITEM = {"easix", "tumour_volume", "hct_ci"}  # without it nothing is said
LOWER_IS_WORSE = {"platelets", "anc", "hemoglobin", "albumin"}


@cache
def people_of(kind: str) -> People:
    disease, around, _ = SCORERS[kind]
    return {f"p{seed}": scored_patient(seed, disease, around) for seed in range(500, 500 + N)}


def scored(kind: str, people: People) -> pl.DataFrame:
    found = SCORERS[kind][2](raw_of_scored(people).course())
    return found.select("patient", "criterion", "definition", "low", "high", "label").sort(pl.all())


@cache
def as_it_is(kind: str) -> pl.DataFrame:
    return scored(kind, people_of(kind))


def compared(kind: str, people: People, other: People) -> pl.DataFrame:
    keys = ["patient", "criterion", "definition"]
    one, two = (as_it_is(kind) if each is people_of(kind) else scored(kind, each) for each in (people, other))
    return one.join(two, on=keys, how="inner", suffix="_then")


@pytest.mark.parametrize("kind", SCORERS)
def test_order_and_doubles_change_nothing(kind: str) -> None:
    people = people_of(kind)
    mixed = {}
    for name in reversed(list(people)):
        facts = [*people[name]["facts"], *people[name]["facts"][:4]]
        random.Random(1).shuffle(facts)
        mixed[name] = people[name] | {"facts": facts}
    assert as_it_is(kind).equals(scored(kind, mixed))


@pytest.mark.parametrize("kind", SCORERS)
def test_worse_is_never_milder(kind: str) -> None:
    people = people_of(kind)

    def worse(fact: dict[str, Any]) -> dict[str, Any]:
        if fact["name"] in ("ecog", "stage", "extranodal_sites", "nodal_areas"):
            return fact | {"value": min(fact["value"] + 1, 10 if fact["name"] == "nodal_areas" else 4)}
        return fact | {"value": fact["value"] * (0.7 if fact["name"] in LOWER_IS_WORSE else 1.4)}

    then = {name: p | {"facts": [worse(f) for f in p["facts"]]} for name, p in people.items()}
    both = compared(kind, people, then).drop_nulls(["low", "low_then"])
    assert both.height > N / 4
    assert both.filter((pl.col("low_then") < pl.col("low")) | (pl.col("high_then") < pl.col("high"))).is_empty()


@pytest.mark.parametrize("kind", SCORERS)
def test_what_was_missing_never_widens(kind: str) -> None:
    people = people_of(kind)
    less = {}
    for name, p in people.items():
        gone = random.Random(name).choice(sorted({f["name"] for f in p["facts"]}) or [""])
        less[name] = p | {"facts": [f for f in p["facts"] if f["name"] != gone]}
    both = compared(kind, less, people).drop_nulls(["low", "low_then"])
    assert both.height > N / 4
    assert both.filter((pl.col("low_then") < pl.col("low")) | (pl.col("high_then") > pl.col("high"))).is_empty()


@pytest.mark.parametrize("kind", SCORERS)
def test_company_changes_nothing(kind: str) -> None:
    people = people_of(kind)
    together = as_it_is(kind)
    for some in (list(people)[: N // 3], list(people)[:1]):
        alone = scored(kind, {name: people[name] for name in some})
        assert alone.equals(together.filter(pl.col("patient").is_in(some)))


def test_twice_the_limit_is_twice_for_one_patient_and_for_many() -> None:
    """Division by a constant loses the last bit; a ratio of exactly two must stay two."""
    fact = {"name": "ldh", "day": DAY, "comparator": None}
    people = {
        f"p{limit}": {
            "age": 50,
            "disease": "LBCL",
            "lymphodepletion": None,
            "facts": [fact | {"value": 2 * limit, "uln": limit}],
        }
        for limit in (49, 98, 103, 107, 161, 187, 197, 245)
    }
    assert scored("pc_pi", people)["low"].to_list() == [2.0] * 16
    for name, person in people.items():
        assert scored("pc_pi", {name: person})["low"].to_list() == [2.0, 2.0]


@pytest.mark.parametrize("table", SCORES)
def test_an_item_left_out_of_a_golden_row_never_misleads(table: str) -> None:
    """All rows of one name are left out of each patient, and what says that they are complete."""
    raw, dice = raw_of_scores(read(table).cases), random.Random(9)
    names: dict[str, set[str]] = {}
    for row in raw.facts:
        names.setdefault(row["patient"], set()).add(row["name"])
    gone = {patient: dice.choice(sorted(own)) for patient, own in names.items()}
    raw.facts = [row for row in raw.facts if gone[row["patient"]] != row["name"]]
    raw.coverage = [row for row in raw.coverage if row["name"] not in (gone.get(row["patient"]), "*")]
    less = EVERY[table].grade(raw.course(), raw.censor())
    key = ["patient", "infusion", "criterion", "definition", "period"]
    both = findings(table).join(less, on=key, suffix="_less").drop_nulls(["low", "low_less"])
    misled = both.filter((pl.col("low_less") > pl.col("low")) | (pl.col("high_less") < pl.col("high")))
    assert misled.is_empty(), misled.select(*key, "low", "high", "low_less", "high_less")
    wider = (pl.col("low_less") < pl.col("low")) | (pl.col("high_less") > pl.col("high"))
    assert table in ONE_ITEM or both.filter(wider).height > 0
