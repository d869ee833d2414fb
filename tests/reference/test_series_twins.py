"""B-cell aplasia, ctDNA landmarks and tumour volume as plain loops over each patient's samples."""

import itertools
import random
from typing import Any

import polars as pl
from golden_table import Raw

from carsequel.signs.b_cell_aplasia import assess_b_cell_aplasia
from carsequel.signs.ctdna import assess_ctdna

N = 300
Sample = tuple[int, float, str | None]


def raw_of(people: dict[str, list[Sample]], name: str, unit: str, method: str | None, disease: str) -> Raw:
    raw = Raw()
    for patient, samples in people.items():
        raw.patients.append({"patient": patient, "disease": disease})
        raw.infusions.append({"patient": patient, "infusion": "1", "day": "0"})
        raw.facts += [
            {
                "patient": patient,
                "name": name,
                "day": str(d),
                "value": str(v),
                "unit": unit,
                "method": method,
                "comparator": c,
            }
            for d, v, c in samples
        ]
    return raw


def people_of(days: list[int], values: list[float], signs: list[str | None]) -> dict[str, list[Sample]]:
    found = {}
    for seed in range(N):
        r = random.Random(seed)
        chosen = sorted(r.sample(days, r.randint(1, 4)))
        found[f"p{seed}"] = [(day, r.choice(values), r.choice(signs)) for day in chosen]
    return found


def answers(found: pl.DataFrame, **wanted: Any) -> dict[str, tuple[Any, Any]]:
    for name, value in wanted.items():
        found = found.filter(pl.col(name) == value)
    return {patient: (low, high) for patient, low, high in found.select("patient", "low", "high").iter_rows()}


def test_aplasia_in_lbcl() -> None:
    people = people_of([30, 100, 182, 183, 250, 300, 400], [0.0, 0.5, 1.0, 1.1, 5.0], [None, None, None, "<"])
    given = answers(assess_b_cell_aplasia(raw_of(people, "b_cells_percent", "%", "PBMC", "LBCL").course()))
    for name, samples in people.items():
        back = [d for d, v, c in samples if c is None and v > 1]
        late = [(d, v, c) for d, v, c in samples if d >= 183]
        under = [d for d, v, c in late if (c is None and v < 1) or (c == "<" and v <= 1)]
        maybe = [d for d, v, c in late if c == "<" or v < 1]
        if not late and not back:
            assert given[name] == (None, None)
            continue
        pending = bool(maybe) and (not back or max(back) < max(maybe))
        assert given[name] == (int(len(under) >= 2), int(len(maybe) >= 2 or pending)), (name, samples)


def test_aplasia_lost_in_all() -> None:
    people = people_of([10, 30, 60, 90, 120, 200], [0.0, 99.0, 100.0, 101.0, 300.0], [None])
    given = answers(assess_b_cell_aplasia(raw_of(people, "b_cells", "cells/uL", None, "B-ALL").course()))
    for name, samples in people.items():
        over = [v > 100 for _, v, _ in samples]
        twice = any(a and b for a, b in itertools.pairwise(over))
        assert given[name] == (int(twice), int(twice or over[-1])), (name, samples)


def test_landmark_of_ctdna() -> None:
    people = people_of([5, 6, 7, 9, 27, 28, 30, 31], [0.0, 0.2, 4.0], [None, None, "<"])
    course = raw_of(people, "ctdna", "MTM/mL", None, "LBCL").course()
    for within in (0, 2):
        for landmark in (7, 28):
            given = answers(assess_ctdna(course, within=within), period=f"d{landmark}")
            for name, samples in people.items():
                near = sorted((abs(d - landmark), d, v, c) for d, v, c in samples if abs(d - landmark) <= within)
                found = int(near[0][3] is None and near[0][2] > 0) if near else None
                assert given[name] == (found, found), (name, samples)
