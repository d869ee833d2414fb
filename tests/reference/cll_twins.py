"""iwCLL 2018 for one patient with complete, exact values; loops, no frames.

A patient is a list of visits; a visit is a dictionary: day, nodes (list of long and short diameters, mm), spleen (cm),
lymphocytes, b_cells, platelets, hemoglobin, marrow, symptoms. The first one is the state before the infusion.
"""

import random
from typing import Any

Visit = dict[str, Any]
NORMAL_LYMPHOCYTES = 4.0
EPS = 1e-9


def cll_patient(seed: int) -> list[Visit]:
    r = random.Random(seed)
    size = [(r.choice([20.0, 30.0, 40.0]), r.choice([10.0, 20.0])) for _ in range(r.choice([1, 2]))]
    spleen, cells = r.choice([12.0, 14.0, 18.0, 20.0]), r.choice([5.0, 50.0])
    visits = [_visit(r, -3, size, spleen, cells, 1.0, False)]
    for number in range(r.randint(1, 4)):
        clean = r.random() < 0.4
        level = r.choice([0.2, 0.5, 0.51, 0.8, 1.0, 1.0, 1.49, 1.5, 1.6, 2.2])
        if clean:
            now = [(r.choice([10.0, 14.9, 15.0]), 5.0) for _ in size]
            visits.append(
                _visit(r, 28 * (number + 1), now, r.choice([11.0, 12.9, 13.0]), r.choice([1.0, 4.0, 4.1]), 0.0, True)
            )
        else:
            levels = [r.choice([level, level, 0.5, 1.0]) for _ in range(3)]
            now = [(a, round(b * levels[0], 2)) if levels[0] <= 1 else (round(a * levels[0], 2), b) for a, b in size]
            organ = (
                round(13 + (spleen - 13) * levels[1], 2) if spleen > 13 else round(spleen * r.choice([1, 1, 1.5]), 2)
            )
            cell = round(cells * levels[2], 2)
            visits.append(_visit(r, 28 * (number + 1), now, organ, cell, r.choice([0.0, levels[2]]), False))
    return visits


def _visit(
    r: random.Random, day: int, nodes: list[tuple[float, float]], spleen: float, cells: float, b: float, clean: bool
) -> Visit:
    return {
        "day": day,
        "nodes": nodes,
        "spleen": spleen,
        "lymphocytes": cells,
        "b_cells": round(1000 * b),
        "platelets": r.choice([100.0, 150.0]) if clean and r.random() < 0.9 else r.choice([20.0, 99.9]),
        "hemoglobin": r.choice([11.0, 13.0]) if clean and r.random() < 0.9 else r.choice([7.0, 10.9]),
        "marrow": not clean or r.random() < 0.1,
        "symptoms": not clean and r.random() < 0.3,
    }


def product(v: Visit) -> float:
    return sum(a * b for a, b in v["nodes"])


def excess(spleen: float) -> float:
    return max(spleen - 13, 0.0)


def iwcll(visits: list[Visit], at: int) -> tuple[int, int]:
    """Codes 0 CR, 1 PR, 2 SD, 3 PD of visit `at`, mildest and gravest: the count of signs that make a PR is not settled,
    and half of a spleen is read on its length and on its excess over 13 cm."""
    b, v, past = visits[0], visits[at], visits[:at]
    longest = max(a for a, _ in v["nodes"])
    best = min(p["spleen"] for p in past)
    grown = product(v) >= 1.5 * min(product(p) for p in past) - EPS and longest >= 15
    more_cells = v["lymphocytes"] >= 1.5 * b["lymphocytes"] - EPS
    clonal = v["b_cells"] >= 1.5 * b["b_cells"] - EPS and v["b_cells"] > 0
    long_spleen = v["spleen"] >= 1.5 * best - EPS
    wide_spleen = excess(v["spleen"]) >= 1.5 * excess(best) - EPS and excess(v["spleen"]) > 0
    if grown or (more_cells and clonal) or long_spleen:
        return 3, 3
    counts = v["platelets"] >= 100 and v["hemoglobin"] >= 11 and v["lymphocytes"] <= NORMAL_LYMPHOCYTES
    if longest < 15 and v["spleen"] < 13 and counts and not v["marrow"] and not v["symptoms"]:
        return 0, 3 if wide_spleen else 0
    halved = product(v) <= 0.5 * product(b) + EPS or v["lymphocytes"] <= 0.5 * b["lymphocytes"] + EPS
    halved = halved or (excess(b["spleen"]) > 0 and excess(v["spleen"]) <= 0.5 * excess(b["spleen"]) + EPS)
    return 1 if halved else 2, 3 if wide_spleen else 2
