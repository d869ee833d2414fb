"""Plain-Python scorers of one patient, written apart from the package: loops over rows, no frames.

A patient is a dictionary: age, disease, lymphodepletion (day or None), facts (name, day, value, comparator, uln).
Whatever is unknown is tried at every value that could matter, and the lowest and highest sum are taken.
"""

from collections.abc import Callable
from itertools import product
from math import log10
from typing import Any

Patient = dict[str, Any]
Bounds = tuple[float, float] | None
HUGE = 1e12


def last_before(p: Patient, name: str, ref: float, back: int, ratio: bool = False) -> tuple[float, float] | None:
    """Lowest and highest value of the latest day within the look-back, `<` and `>` opened."""
    rows = [f for f in p["facts"] if f["name"] == name and ref - back <= f["day"] <= ref]
    if ratio:
        rows = [f for f in rows if f["uln"]]
    if not rows:
        return None
    latest = max(f["day"] for f in rows)
    lows, highs = [], []
    for f in rows:
        if f["day"] != latest:
            continue
        value = f["value"] / f["uln"] if ratio else f["value"]
        lows.append(0.0 if f["comparator"] == "<" else value + (1e-6 if f["comparator"] == ">" else 0.0))
        highs.append(HUGE if f["comparator"] == ">" else value - (1e-6 if f["comparator"] == "<" else 0.0))
    return min(lows), max(highs)


def refs(p: Patient) -> dict[str, float]:
    found = {"before_infusion": 0.0}
    if p["lymphodepletion"] is not None:
        found["before_lymphodepletion"] = p["lymphodepletion"]
    return found


def total(parts: list[list[float]]) -> Bounds:
    sums = [sum(choice) for choice in product(*parts)]
    return min(sums), max(sums)


def either(value: tuple[float, float] | None, points: Any, unknown: list[float]) -> list[float]:
    return unknown if value is None else [points(value[0]), points(value[1])]


def hematotox(p: Patient, ref: float) -> Bounds:
    v = {n: last_before(p, n, ref, 30) for n in ("platelets", "anc", "hemoglobin", "crp", "ferritin")}
    if all(x is None for x in v.values()):
        return None
    return total(
        [
            either(v["platelets"], lambda x: 2 if x < 75 else 1 if x <= 175 else 0, [0, 1, 2]),
            either(v["anc"], lambda x: int(x < 1.2), [0, 1]),
            either(v["hemoglobin"], lambda x: int(x < 9), [0, 1]),
            either(v["crp"], lambda x: int(x / 10 >= 3), [0, 1]),
            either(v["ferritin"], lambda x: 2 if x > 2000 else 1 if x >= 650 else 0, [0, 1, 2]),
        ]
    )


def one_each(p: Patient, ref: float, tests: dict[str, tuple[int, Callable[[float], bool]]]) -> Bounds:
    """A point for age above 60 and for each value (of the last so many days; LDH as a ratio) that passes its test."""
    values = {name: last_before(p, name, ref, back, ratio=name == "ldh") for name, (back, _) in tests.items()}
    if all(value is None for value in values.values()):
        return None
    age = None if p["age"] is None else (p["age"], p["age"])
    points = [either(values[name], passes, [0, 1]) for name, (_, passes) in tests.items()]
    return total([either(age, lambda x: x > 60, [0, 1]), *points])


def ipi(p: Patient, ref: float) -> Bounds:
    scan = {"stage": (90, lambda x: x >= 3), "extranodal_sites": (90, lambda x: x > 1)}
    return one_each(p, ref, scan | {"ecog": (30, lambda x: x >= 2), "ldh": (30, lambda x: x > 1)})


def flipi(p: Patient, ref: float) -> Bounds:
    scan = {"stage": (90, lambda x: x >= 3), "nodal_areas": (90, lambda x: x > 4)}
    return one_each(p, ref, scan | {"hemoglobin": (30, lambda x: x < 12), "ldh": (30, lambda x: x > 1)})


def easix(p: Patient, ref: float) -> Bounds:
    ldh, creatinine, platelets = (last_before(p, n, ref, 30) for n in ("ldh", "creatinine", "platelets"))
    if ldh is None or creatinine is None or platelets is None or platelets[0] <= 0:
        return None
    if HUGE in (ldh[1], creatinine[1]):
        return None
    return ldh[0] * creatinine[0] / platelets[1], ldh[1] * creatinine[1] / platelets[0]


def m_easix(p: Patient, ref: float) -> Bounds:
    ldh, crp, platelets = (last_before(p, n, ref, 30) for n in ("ldh", "crp", "platelets"))
    if ldh is None or crp is None or platelets is None or platelets[0] <= 0 or HUGE in (ldh[1], crp[1]):
        return None
    return ldh[0] * crp[0] / 10 / platelets[1], ldh[1] * crp[1] / 10 / platelets[0]


def mipi(p: Patient, ref: float) -> Bounds:
    ldh, wbc = last_before(p, "ldh", ref, 30, ratio=True), last_before(p, "wbc", ref, 30)
    ecog = last_before(p, "ecog", ref, 30) or (0.0, 5.0)
    if ldh is None or wbc is None or p["age"] is None or min(ldh[0], wbc[0]) <= 0 or HUGE in (ldh[1], wbc[1]):
        return None
    low, high = (
        0.03535 * p["age"] + 0.6978 * (ecog[i] >= 2) + 1.367 * log10(ldh[i]) + 0.9393 * log10(1000 * wbc[i])
        for i in (0, 1)
    )
    return low, high


def smipi(p: Patient, ref: float) -> Bounds:
    ldh, wbc = last_before(p, "ldh", ref, 30, ratio=True), last_before(p, "wbc", ref, 30)
    ecog = last_before(p, "ecog", ref, 30)
    if ldh is wbc is ecog is None:
        return None
    age = None if p["age"] is None else (p["age"], p["age"])
    return total(
        [
            either(age, lambda x: (x >= 50) + (x >= 60) + (x >= 70), [0, 3]),
            either(ecog, lambda x: 2 * (x >= 2), [0, 2]),
            either(ldh, lambda x: (x >= 0.67) + (x >= 1) + (x >= 1.5), [0, 3]),
            either(wbc, lambda x: (x >= 6.7) + (x >= 10) + (x >= 15), [0, 3]),
        ]
    )


def iss_stage(b2m: float, albumin: float) -> int:
    if b2m >= 5.5:
        return 3
    return 1 if b2m < 3.5 and albumin >= 3.5 else 2


def iss(p: Patient, ref: float) -> Bounds:
    b2m, albumin = last_before(p, "beta2_microglobulin", ref, 30), last_before(p, "albumin", ref, 30)
    if b2m is None and albumin is None:
        return None
    stages = [iss_stage(b, a) for b in b2m or (0.0, HUGE) for a in albumin or (0.0, HUGE)]
    return min(stages), max(stages)


def volume(p: Patient, ref: float) -> Bounds:
    mtv = last_before(p, "mtv", ref, 90)
    return None if mtv is None else (float(mtv[0] > 147.5), float(mtv[1] > 147.5))


def pc_pi(p: Patient, day: int) -> Bounds:
    """Nearest values around the progression, the earlier of equals."""

    def near(name: str, before: int, after: int, ratio: bool = False) -> tuple[float, float] | None:
        rows = [f for f in p["facts"] if f["name"] == name and -before <= f["day"] - day <= after]
        rows = [f for f in rows if f["uln"]] if ratio else rows
        if not rows:
            return None
        best = min(rows, key=lambda f: (abs(f["day"] - day), f["day"] > day))["day"]
        return last_before({"facts": [f for f in rows if f["day"] == best]}, name, best, 0, ratio)

    v = [near("ecog", 14, 7), near("hemoglobin", 14, 7), near("ldh", 14, 7, True), near("extranodal_sites", 30, 14)]
    if all(x is None for x in v):
        return None
    rules = [lambda x: x > 0, lambda x: x < 10, lambda x: x >= 2, lambda x: x > 1]
    return total(
        [[float(day < 4 * 30.4375)], *([float(b) for b in either(x, r, [0, 1])] for x, r in zip(v, rules, strict=True))]
    )
