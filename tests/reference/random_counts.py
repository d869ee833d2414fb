"""Random patients with blood counts over a hundred days: daily or sparse, two values a day, `<`, transfusions, death."""

import random
from typing import Any

from random_patients import FACT

SERIES = {
    "anc": [0.05, 0.1, 0.11, 0.3, 0.49, 0.5, 0.51, 0.9, 1.0, 1.01, 3.0],
    "platelets": [9, 19, 19.9, 20, 21, 49, 49.9, 50, 60, 99, 100, 150],
    "hemoglobin": [7.5, 7.9, 8.0, 8.1, 10, 12],
}
COVER = ("event", "transfusion_platelets", "transfusion_red_cells", "*")


def counted_patient(seed: int) -> dict[str, Any]:
    """A patient with the counts of `SERIES`, of which a level holds for a while and then changes."""
    r = random.Random(seed)
    end = r.choice([15, 32, 62, 99, 104, 120])
    facts: list[dict[str, Any]] = []
    for name, values in SERIES.items():
        if r.random() < 0.9:
            facts += _series(r, name, values, end)
    for _ in range(r.choice([0, 0, 1, 3])):
        text = r.choice(["transfusion_platelets", "transfusion_red_cells", "infection"])
        facts.append({"name": "event", "day": float(r.randint(-1, end)), **FACT, "text": text})
    if r.random() < 0.2:
        facts.append({"name": "event", "day": float(r.randint(5, end)), **FACT, "text": "death", "site": "disease"})
    cover = [
        {"name": name, "start": r.choice([None, 0.0, 4.0]), "end": r.choice([None, None, 50.0])}
        for name in COVER
        if r.random() < (0.1 if name == "*" else 0.5)
    ]
    return {
        "age": r.choice([None, 9.0, 17.0, 18.0, 60.0]),
        "disease": r.choice(["LBCL", "B-ALL", "B-ALL"]),
        "facts": facts,
        "spans": [],
        "cover": cover,
        "censor": float(r.choice([20, 31, 45, 80])) if r.random() < 0.3 else None,
    }


def _series(r: random.Random, name: str, values: list[float], end: int) -> list[dict[str, Any]]:
    """Mostly good, at times low for a while; a good record is common, because a low value decides alone."""
    found, step = [], r.choice([1, 1, 1, 2, 4, 9])
    falls = r.choice([0, 0.02, 0.1, 0.3])
    level = values[-1]
    day = r.choice([-2, 0, 0, 6, 33])
    while day <= end:
        level = r.choice([values[-1], r.choice(values)]) if r.random() < falls else level
        for _ in range(2 if r.random() < 0.1 else 1):
            value = level if r.random() < 0.98 else r.choice(values)
            sign = "<" if r.random() < 0.003 else None
            found.append(
                {"name": name, "day": day + r.choice([0, 0, 0.4]), **FACT, "value": float(value), "comparator": sign}
            )
        day += step if r.random() < 0.95 else r.choice([7, 8, 9])
    return found
