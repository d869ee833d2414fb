"""Plain readings of the laboratory criteria for one patient at a time: lists and loops, nothing shared with the package.

A patient is a dict of facts (name, day, value, text, comparator, lln, uln) as `laboratory_patients.py` makes them.
"""

from math import floor, inf
from typing import Any

Fact = dict[str, Any]
Bounds = tuple[float, float]


def of(facts: list[Fact], name: str, first: float, last: float) -> list[Fact]:
    return [f for f in facts if f["name"] == name and f["value"] is not None and first <= floor(f["day"]) <= last]


def day_series(facts: list[Fact], name: str, first: int, last: int) -> list[float | None]:
    return [min((f["value"] for f in of(facts, name, day, day)), default=None) for day in range(first, last + 1)]


def interpolated(values: list[float | None]) -> list[float | None]:
    out, i = list(values), 0
    while i < len(values):
        if values[i] is not None:
            i += 1
            continue
        j = i
        while j < len(values) and values[j] is None:
            j += 1
        if j - i <= 7 and not (i == 0 and j == len(values)):
            left = values[i - 1] if i else None
            right = values[j] if j < len(values) else None
            for k in range(i, j):
                if left is None or right is None:
                    out[k] = right if left is None else left
                else:
                    out[k] = round(left + (k - i + 1) / (j - i + 1) * (right - left), 6)
        i = j
    return out


def low_days(flags: list[bool], bridge: int = 2) -> int:
    """Days in all spells; gaps of at most `bridge` days belong to the spell."""
    total, end = 0, None
    for day, low in enumerate(flags):
        if low:
            total += 1 if end is None or day - end - 1 > bridge else day - end
            end = day
    return total


def t_icaht_early(facts: list[Fact]) -> Bounds | None:
    values = day_series(facts, "platelets", 0, 30)
    if all(v is None for v in values):
        return None
    values = interpolated(values)

    def side(missing: float) -> int:
        filled = [missing if v is None else v for v in values]
        deep, wide = low_days([v < 20 for v in filled]), low_days([v < 50 for v in filled])
        return 4 if deep >= 14 else 3 if deep >= 1 else 2 if wide >= 7 else 1 if wide >= 1 else 0

    return side(inf), side(0)


def hscore(facts: list[Fact]) -> Bounds | None:
    """Points of days 0-30, None where no special item was looked for."""
    got = {n: [f for f in facts if f["name"] == n and 0 <= floor(f["day"]) <= 30] for n in {f["name"] for f in facts}}
    if not any(got.get(n) for n in ("ferritin", "triglycerides", "fibrinogen", "organomegaly", "hemophagocytosis")):
        return None

    def numbers(name: str) -> list[float]:
        return [f["value"] for f in got.get(name, [])]

    def item(name: str, most: int, points: Any, worst: Any = max) -> Bounds:
        values = numbers(name)
        return (points(worst(values)),) * 2 if values else (0, most)

    def word(name: str, points: dict[str, int]) -> Bounds:
        texts = [points.get(f["text"], 0) for f in got.get(name, [])]
        return (max(texts),) * 2 if texts else (0, max(points.values()))

    parts = [
        word("immunosuppressed", {"yes": 18}),
        word("organomegaly", {"liver": 23, "spleen": 23, "both": 38}),
        word("hemophagocytosis", {"yes": 35}),
        item("temperature", 49, lambda v: 49 if v > 39.4 else 33 if v >= 38.4 else 0),
        item("ferritin", 50, lambda v: 50 if v > 6000 else 35 if v >= 2000 else 0),
        item("triglycerides", 64, lambda v: 64 if v / 88.57 > 4 else 44 if v / 88.57 >= 1.5 else 0),
        item("fibrinogen", 30, lambda v: 30 if v <= 250 else 0, min),
        item("ast", 19, lambda v: 19 if v >= 30 else 0),
    ]
    lineages = [
        (int(min(numbers(n)) <= limit),) * 2 if numbers(n) else (0, 1)
        for n, limit in (("hemoglobin", 9.2), ("wbc", 5.0), ("platelets", 110))
    ]
    table = [0, 0, 24, 34]
    parts.append(tuple(table[sum(one[side] for one in lineages)] for side in (0, 1)))
    return sum(p[0] for p in parts), sum(p[1] for p in parts)


def hlh_items(facts: list[Fact]) -> tuple[int | None, int | None] | None:
    """Criteria of days 0-30 that are met: certain, possible (both None where nothing is known)."""
    got = {n: [f for f in facts if f["name"] == n and 0 <= floor(f["day"]) <= 30] for n in {f["name"] for f in facts}}
    special = ("triglycerides", "fibrinogen", "organomegaly", "hemophagocytosis", "nk_activity", "ferritin", "scd25")
    if not any(got.get(n) for n in special):
        return None

    def seen(name: str, test: Any) -> bool | None:
        rows = got.get(name, [])
        return any(test(f) for f in rows) if rows else None

    cells = [seen(n, lambda f, k=k: f["value"] < k) for n, k in (("hemoglobin", 9), ("platelets", 100), ("anc", 1.0))]
    fats = [seen("triglycerides", lambda f: f["value"] >= 265), seen("fibrinogen", lambda f: f["value"] <= 150)]
    items = [
        seen("temperature", lambda f: f["value"] >= 38.5),
        seen("organomegaly", lambda f: f["text"] in ("spleen", "both")),
        True if cells.count(True) >= 2 else False if cells.count(False) >= 2 else None,
        True if True in fats else False if fats == [False, False] else None,
        seen("hemophagocytosis", lambda f: f["text"] == "yes"),
        seen("nk_activity", lambda f: f["text"] in ("low", "absent")),
        seen("ferritin", lambda f: f["value"] >= 500),
        seen("scd25", lambda f: f["value"] >= 2400),
    ]
    met, most = items.count(True), items.count(True) + items.count(None)
    return (None, None) if (met, most) == (0, 8) else (met, most)
