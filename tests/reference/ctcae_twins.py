"""CTCAE version 5 laboratory grades of one patient: every world that the record allows is graded, worst and mildest told.

A patient is a list of facts (name, day, value, comparator, lln, uln). A missing limit may be anything, a value `<5`
anything below 5, an unrecorded baseline normal or abnormal.
"""

from itertools import product
from math import floor
from typing import Any

Fact = dict[str, Any]
Bounds = tuple[int, int]
TINY, HUGE, STEP = 1e-9, 1e12, 1e-7
FALLING = {
    "anemia": ("hemoglobin", [(3, 8), (2, 10)]),
    "neutrophils": ("anc", [(4, 0.5), (3, 1), (2, 1.5)]),
    "platelets": ("platelets", [(4, 25), (3, 50), (2, 75)]),
    "white_cells": ("wbc", [(4, 1), (3, 2), (2, 3)]),
    "lymphocytes": ("lymphocytes", [(4, 0.2), (3, 0.5), (2, 0.8)]),
    "cd4": ("cd4", [(4, 50), (3, 200), (2, 500)]),
    "albumin": ("albumin", [(3, 2), (2, 3)]),
}
BY_BASELINE = {
    "alt": [(4, 20), (3, 5), (2, 3)],
    "ast": [(4, 20), (3, 5), (2, 3)],
    "alp": [(4, 20), (3, 5), (2, 2.5)],
    "ggt": [(4, 20), (3, 5), (2, 2.5)],
    "bilirubin": [(4, 10), (3, 3), (2, 1.5)],
}
MILD = {"alt": 1.5, "ast": 1.5, "alp": 2, "ggt": 2}
TOP = {"anemia": 3, "albumin": 3, "aptt": 3, "inr": 3, "ldh": 1, "lymphocytosis": 3}
RELATIVE = (*BY_BASELINE, "creatinine", "fibrinogen")
ABSOLUTE = (*FALLING, "aptt", "inr", "triglycerides", "ldh", "lymphocytosis")
NAMES = {term: name for term, (name, _) in FALLING.items()} | {"lymphocytosis": "lymphocytes"}


def times(factor: float, number: float) -> float:
    return round(factor * number, 9)


def falling(term: str, value: float, lln: float) -> int:
    return next((grade for grade, limit in FALLING[term][1] if value < limit), int(value < lln))


def rising(term: str, value: float, uln: float) -> int:
    if term == "aptt":
        return next((grade for grade, k in ((3, 2.5), (2, 1.5), (1, 1)) if value > times(k, uln)), 0)
    if term == "inr":
        return 3 if value > 2.5 else 2 if value > 1.5 else int(value > 1.2)
    if term == "triglycerides":
        return 4 if value > 1000 else 3 if value > 500 else 2 if value > 300 else int(value >= 150)
    if term == "lymphocytosis":
        return 3 if value > 20 else 2 if value > 4 else 0
    return int(value > uln)


def liver(term: str, value: float, uln: float, base: float | None) -> int:
    """`base` is an abnormal baseline, None stands for a normal one."""
    against = uln if base is None else base
    hard = next((grade for grade, k in BY_BASELINE[term] if value > times(k, against)), 0)
    if hard or base is None or term not in MILD:
        return hard or int(value > against)
    return int(value >= times(MILD[term], base))


def creatinine(value: float, uln: float, base: float) -> int:
    if value > times(6, uln):
        return 4
    if value > times(3, uln) or value > times(3, base):
        return 3
    return 2 if value > times(1.5, uln) or value > times(1.5, base) else int(value > uln)


def fibrinogen(value: float, lln: float, base: float | None) -> int:
    if value < 50:
        return 4
    if base is None:
        return next((grade for grade, k in ((4, 0.25), (3, 0.5), (2, 0.75)) if value < times(k, lln)), int(value < lln))
    left = [grade for grade, k in ((4, 0.25), (3, 0.5), (2, 0.75)) if value <= times(k, base)]
    return left[0] if left else int(value < base)


def values_of(fact: Fact) -> list[float]:
    """The least and the most that a reported value may be."""
    v = fact["value"]
    reach = {"<": [0.0, v - STEP], ">": [v + STEP, HUGE]}
    return reach.get(fact["comparator"], [v])


def bases_of(term: str, base: Fact | None, limit: float) -> list[float | None]:
    """Abnormal baselines that are possible, None for a normal one; an unrecorded abnormal one lies beyond the limit."""
    low_side = term == "fibrinogen"
    if base is None:
        return [None, limit - STEP if low_side else limit + STEP, TINY if low_side else HUGE]
    own = base["lln" if low_side else "uln"]
    if own is None:
        return [None, base["value"]]
    beyond = base["value"] < own if low_side else base["value"] > own
    return [base["value"]] if beyond else [None]


def grade_one(term: str, fact: Fact, base: Fact | None) -> Bounds:
    """Mildest and gravest grade of one value over all worlds."""
    limit = fact["lln" if term in FALLING or term == "fibrinogen" else "uln"]
    grades = []
    for value, own in product(values_of(fact), [limit] if limit is not None else [TINY, HUGE]):
        if term in FALLING:
            grades.append(falling(term, value, own))
        elif term == "creatinine":
            known = [base["value"]] if base else [TINY, HUGE]
            grades += [creatinine(value, own, each) for each in known]
        elif term == "fibrinogen":
            grades += [fibrinogen(value, own, each) for each in bases_of(term, base, own)]
        elif term in BY_BASELINE:
            grades += [liver(term, value, own, each) for each in bases_of(term, base, own)]
        else:
            grades.append(rising(term, value, own))
    return min(grades), max(grades)


def baseline(facts: list[Fact], name: str, before: float) -> Fact | None:
    earlier = [f for f in facts if f["name"] == name and f["day"] < before]
    return max(earlier, key=lambda f: f["day"], default=None)


def ctcae(
    facts: list[Fact], term: str, days: tuple[int, int], before: float = 0
) -> tuple[int | None, int | None] | None:
    """Bounds of the worst grade of a period; (None, None) where no value can be judged, None without a value."""
    name = NAMES.get(term, term)
    rows = [f for f in facts if f["name"] == name and days[0] <= floor(f["day"]) <= days[1]]
    if not rows:
        return None
    found = [grade_one(term, row, baseline(facts, name, before)) for row in rows]
    if all(one == (0, TOP.get(term, 4)) for one in found):
        return None, None
    return max(low for low, _ in found), max(high for _, high in found)
