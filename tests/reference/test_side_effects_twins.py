"""The frame graders give what a plain loop over each patient's days gives."""

from typing import Any

import polars as pl
import pytest
import side_effect_twins as twin
from random_patients import count_patient, raw_of_patients, reaction_patient

from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans

N = 400


def bounds(findings: pl.DataFrame, kind: str = "maximum") -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in findings.filter(pl.col("kind") == kind).sort("patient", "start").iter_rows(named=True):
        found.setdefault(row["patient"], []).append((row["low"], row["high"], row["start"], row["end"]))
    return found


@pytest.mark.parametrize(("kind", "choice"), [("crs", "sbp90"), ("crs", "stated"), ("icans", "")])
def test_reactions_as_in_a_plain_loop(kind: str, choice: Any) -> None:
    people = {f"p{seed}": reaction_patient(seed, kind) for seed in range(N)}
    course = raw_of_patients(people).course()
    found = grade_crs(course, hypotension=choice) if kind == "crs" else grade_icans(course)
    top, runs = bounds(found), bounds(found, "episode")
    icans_names = ("ice", "capd", *twin.ICANS_WORDS)
    crs_names = twin.CRS_NAMES if choice == "sbp90" else tuple(n for n in twin.CRS_NAMES if n != "systolic_bp")
    for name, p in people.items():
        days = twin.crs_days(p, choice) if kind == "crs" else twin.icans_days(p)
        known = twin.known(p, kind, crs_names if kind == "crs" else icans_names)
        assert top[name][0][:2] == (twin.gravest(days) if known else (None, None)), (name, p)
        expected = [(low, high, a, b) for a, b, low, high in twin.episodes_of(days)]
        assert runs.get(name, []) == expected, (name, p)


def by_definition(found: pl.DataFrame) -> list[tuple[dict[str, str], dict[str, list[Any]]]]:
    """The named choices of each definition, and the maxima it gives."""
    each = found.filter(pl.col("kind") == "maximum").partition_by("definition", maintain_order=True)
    return [(dict(part.split("=") for part in one.item(0, "definition").split()), bounds(one)) for one in each]


def test_early_icaht_as_in_a_plain_loop() -> None:
    people = {f"p{seed}": count_patient(seed) for seed in range(N)}
    graded = by_definition(grade_icaht_early(raw_of_patients(people).course()))
    assert len(graded) == 6
    for chosen, top in graded:
        for name, p in people.items():
            more = {key: chosen[key] for key in ("never_recovered", "follow_up") if key in chosen}
            expected = twin.icaht_early(p, chosen["counting"], chosen["missing"], **more) or (None, None)
            assert top[name][0][:2] == expected, (name, chosen, p)


def test_late_icaht_as_in_a_plain_loop() -> None:
    people = {f"p{seed}": count_patient(seed) for seed in range(N)}
    raw = raw_of_patients(people)
    graded = by_definition(grade_icaht_late(raw.course(), raw.censor()))
    assert len(graded) == 4
    for chosen, top in graded:
        for name, p in people.items():
            expected = twin.icaht_late(p, chosen["values"], chosen["missing"], chosen["censor"]) or (None, None)
            assert top[name][0][:2] == expected, (name, chosen, p)
