"""How often another choice changes an answer, counted one patient at a time in plain Python."""

from collections import defaultdict
from itertools import product
from math import sqrt
from statistics import median
from typing import Any

Row = dict[str, Any]


def pairs_of(definition: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in definition.split())


def counted(rows: list[Row], offered: dict[str, set[str]]) -> dict[tuple[str, str, str, str, str], Row]:
    """Give, per criterion, kind, period and pair of definitions, what `count_choices` gives; `offered` has the names
    with several choices of each criterion."""
    people: dict[tuple[str, ...], dict[str, list[tuple[Row, Row]]]] = defaultdict(lambda: defaultdict(list))
    for one, other in product(rows, rows):
        same = all(one[name] == other[name] for name in ("patient", "infusion", "criterion", "kind", "period"))
        if not (same and one["default"] and not other["default"] and one["kind"] != "episode"):
            continue
        mine, theirs = pairs_of(one["definition"]), pairs_of(other["definition"])
        names = offered[one["criterion"]]
        if not any(name in mine and name in theirs and mine[name] != theirs[name] for name in names):
            continue
        dated = one["kind"] == "assessment" and one["period"].startswith("day ")
        period = "each day" if dated else one["period"]
        key = (one["criterion"], one["kind"], period, one["definition"], other["definition"])
        people[key][one["patient"]].append((one, other))
    return {key: _row(list(by.values())) for key, by in people.items()}


def _settled(row: Row) -> bool:
    return row["low"] is not None and row["low"] == row["high"]


def _row(people: list[list[tuple[Row, Row]]]) -> Row:
    apart: list[float] = []
    only_default = only_other = 0
    for answers in people:
        found = [other["low"] - one["low"] for one, other in answers if _settled(one) and _settled(other)]
        if found:
            apart.append(max(found, key=lambda size: (abs(size), size)))
        only_default += any(_settled(one) and not _settled(other) for one, other in answers)
        only_other += any(_settled(other) and not _settled(one) for one, other in answers)
    changed = [size for size in apart if size != 0]
    low, high = wilson(len(changed), len(apart))
    return {
        "n": len(people),
        "evaluable": len(apart),
        "different": len(changed),
        "share": len(changed) / len(apart) if apart else None,
        "low": low,
        "high": high,
        "median_difference": median(abs(size) for size in changed) if changed else None,
        "higher": sum(size > 0 for size in changed),
        "lower": sum(size < 0 for size in changed),
        "only_default": only_default,
        "only_other": only_other,
    }


def wilson(events: int, n: int) -> tuple[float | None, float | None]:
    if not n:
        return None, None
    z = 1.959963984540054
    share = events / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
