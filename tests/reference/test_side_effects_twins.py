"""The frame graders give what a plain loop over each patient's days gives."""

from typing import Any

import polars as pl
import pytest
import side_effect_twins as twin
from golden_table import Raw, unit_of
from random_patients import count_patient, reaction_patient

from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icaht_early import DEFINITIONS as EARLY
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import DEFINITIONS as LATE
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans

N = 400


def raw_of_patients(people: dict[str, twin.Patient]) -> Raw:
    raw = Raw()
    for name, p in people.items():
        raw.patients.append(
            {"patient": name, "disease": p["disease"], "age": None if p["age"] is None else str(p["age"])}
        )
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        for f in p["facts"]:
            value = None if f["value"] is None else str(f["value"])
            raw.facts.append({"patient": name, **f, "value": value, "unit": unit_of(f["name"], value)})
        raw.spans += [{"patient": name, **s} for s in p["spans"]]
        raw.coverage += [{"patient": name, **c} for c in p["cover"]]
        if p["censor"] is not None:
            raw.censored.append({"patient": name, "infusion": 1, "censor_day": p["censor"]})
    return raw


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


def test_early_icaht_as_in_a_plain_loop() -> None:
    people = {f"p{seed}": count_patient(seed) for seed in range(N)}
    found = grade_icaht_early(raw_of_patients(people).course())
    for counting, missing in EARLY:
        parts = [f"counting={counting}", f"missing={missing}"]
        chosen = found.filter(
            pl.all_horizontal(pl.col("definition").str.contains(part, literal=True) for part in parts)
        )
        top = bounds(chosen)
        for name, p in people.items():
            assert top[name][0][:2] == (twin.icaht_early(p, counting, missing) or (None, None)), (
                name,
                counting,
                missing,
                p,
            )


def test_late_icaht_as_in_a_plain_loop() -> None:
    people = {f"p{seed}": count_patient(seed) for seed in range(N)}
    raw = raw_of_patients(people)
    found = grade_icaht_late(raw.course(), raw.censor())
    for values, missing, censor in LATE:
        top = bounds(found.filter(pl.col("definition") == f"values={values} missing={missing} censor={censor}"))
        for name, p in people.items():
            assert top[name][0][:2] == (twin.icaht_late(p, values, missing, censor) or (None, None)), (name, values, p)
