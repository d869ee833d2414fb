"""Late T-ICAHT, recovery, named cytopenias and their timing agree with plain loops over one patient's days."""

from functools import cache
from typing import Any

import count_twins as twin
import polars as pl
import pytest
from random_counts import counted_patient
from random_patients import raw_of_patients
from side_effect_twins import death_day

from carsequel.side_effects.cytopenia import assess_cytopenia
from carsequel.side_effects.cytopenia_timing import assess_cytopenia_timing
from carsequel.side_effects.platelets import grade_t_icaht_late
from carsequel.side_effects.recovery import assess_recovery

N = 300
PEOPLE = {f"p{seed}": counted_patient(seed) for seed in range(N)}
RAW = raw_of_patients(PEOPLE)
COURSE = RAW.course()
RECOVERY = {
    "platelet_recovery.2025": ("platelets", 20, twin.PLATELETS),
    "anc_recovery.cibmtr": ("anc", 0.5, None),
}


@cache
def named_cytopenias() -> pl.DataFrame:
    return assess_cytopenia(COURSE)


@cache
def recoveries() -> pl.DataFrame:
    return assess_recovery(COURSE)


def bounds(found: pl.DataFrame, criterion: str, *parts: str) -> dict[str, Any]:
    own = found.filter(pl.col("criterion") == criterion)
    own = own.filter(pl.lit(True), *(pl.col("definition").str.contains(part, literal=True) for part in parts))
    return {patient: (low, high) for patient, low, high in own.select("patient", "low", "high").iter_rows()}


def test_late_t_icaht() -> None:
    found = grade_t_icaht_late(COURSE, RAW.censor())
    answers = set()
    for definition in found["definition"].unique(maintain_order=True):
        chosen = dict(part.split("=") for part in definition.split())
        assert chosen["missing"] == "interpolate7"
        given = bounds(found, "t_icaht_late.2025", definition)
        for name, p in PEOPLE.items():
            tests = 2 if chosen["tests"] == "two" else 1
            expected = twin.t_icaht_late(p, chosen["boundary"] == "inclusive", tests, chosen["censor"] != "none")
            assert given[name] == expected, (definition, name, p)
            answers.add(expected)
    assert found["definition"].n_unique() == 4
    assert answers >= {(None, None), *((grade, grade) for grade in range(5))}


@pytest.mark.parametrize("criterion", RECOVERY)
@pytest.mark.parametrize("days", ["calendar", "values"])
def test_recovery_where_the_record_settles_it(criterion: str, days: str) -> None:
    found = recoveries().filter((pl.col("criterion") == criterion) & pl.col("definition").str.contains(f"days={days}"))
    given = {row["patient"]: row for row in found.iter_rows(named=True)}
    answers: dict[Any, int] = {}
    for name, p in PEOPLE.items():
        worlds = twin.recovery(p, *RECOVERY[criterion][:2], days == "calendar", RECOVERY[criterion][2])
        row = given[name]
        if len(worlds) == 1:
            (code, day) = worlds.pop()
            assert (row["low"], row["high"], row["start"], row["end"]) == (code, code, day, day), (name, p)
            answers[code] = answers.get(code, 0) + 1
        elif not worlds:
            assert row["low"] is None and row["high"] is None
    assert all(answers[code] > 1 for code in (0, 1, 2)), answers


@pytest.mark.parametrize("criterion", RECOVERY)
@pytest.mark.parametrize("days", ["calendar", "values"])
def test_recovery_is_between_the_mildest_and_the_gravest_world(criterion: str, days: str) -> None:
    given = bounds(recoveries(), criterion, f"days={days}")
    for name, p in PEOPLE.items():
        worlds = twin.recovery(p, *RECOVERY[criterion][:2], days == "calendar", RECOVERY[criterion][2])
        codes = [code for code, _ in worlds] or [None]
        assert given[name] == (min(codes), max(codes)), (name, p)


@pytest.mark.parametrize("term", twin.CYTOPENIAS)
def test_named_cytopenias(term: str) -> None:
    found = named_cytopenias()
    assert set(found["criterion"]) == {f"cytopenia.{each}" for each in twin.CYTOPENIAS}
    for counting in ("longest", "cumulative") if twin.CYTOPENIAS[term][3] > 1 else ("",):
        given = bounds(found, f"cytopenia.{term}", f"counting={counting}" if counting else "")
        expected = {name: twin.cytopenia(p, term, counting != "cumulative") for name, p in PEOPLE.items()}
        assert {name: given.get(name) for name in PEOPLE} == expected
        assert {*expected.values()} >= {(0, 0), (1, 1), (0, 1), (None, None)}


def test_timing_of_cytopenia() -> None:
    given = bounds(assess_cytopenia_timing(COURSE), "cytopenia.timing")
    expected = {name: twin.timing(p) for name, p in PEOPLE.items()}
    assert {name: given.get(name) for name in PEOPLE} == expected
    living = {expected[name] for name, p in PEOPLE.items() if death_day(p) is None}
    assert living >= {(0, 0), (1, 1), (2, 2), (3, 3), (1, 3), (2, 3), (None, None), None}
    assert {expected[name] for name, p in PEOPLE.items() if death_day(p) is not None} >= {(0, 0), (1, 1), (1, 2)}
