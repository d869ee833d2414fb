"""Random patients for the laboratory twins: every branch is common, nothing is realistic."""

import random
from typing import Any

from golden_table import Raw, unit_of

LEVELS = {
    "hemoglobin": [7.9, 8.0, 8.9, 9.0, 9.2, 9.3, 9.9, 10.0, 11.9, 12.0, 13.0],
    "anc": [0.3, 0.5, 0.9, 1.0, 1.4, 1.5, 1.8, 3.0],
    "platelets": [10, 19, 20, 24, 25, 40, 49, 50, 75, 99, 100, 110, 150, 200],
    "wbc": [1.0, 5.0, 5.1, 8.0],
    "albumin": [1.9, 2.0, 2.9, 3.0, 3.4, 3.6],
    "alt": [20, 40, 41, 60, 90, 120, 121, 200, 201, 800, 900, 1500],
    "ast": [20, 29, 30, 90],
    "ggt": [50, 100, 101, 200, 250, 251, 600, 3000],
    "bilirubin": [0.5, 1.2, 1.3, 1.8, 2.0, 4.0, 13.0],
    "temperature": [37.0, 38.3, 38.4, 38.5, 39.4, 39.5],
    "ferritin": [100, 499, 500, 1999, 2000, 6000, 6001],
    "triglycerides": [100, 132, 133, 264, 265, 354, 355],
    "fibrinogen": [100, 150, 151, 250, 251, 400],
    "scd25": [100, 2399, 2400],
}
WORDS = {
    "organomegaly": ["none", "liver", "spleen", "both"],
    "hemophagocytosis": ["yes", "no"],
    "nk_activity": ["normal", "low", "absent"],
    "immunosuppressed": ["yes", "no"],
}
LIMITS = {"hemoglobin": ("lln", 12), "anc": ("lln", 1.8), "platelets": ("lln", 150), "albumin": ("lln", 3.5)}
LIMITS |= {"alt": ("uln", 40), "ggt": ("uln", 100), "bilirubin": ("uln", 1.2)}
BLANK = dict.fromkeys(("value", "text", "comparator", "lln", "uln"))


def patient(seed: int) -> list[dict[str, Any]]:
    """Facts of one patient from day -9 to 35, at least one a patient."""
    r = random.Random(seed)
    facts: list[dict[str, Any]] = []
    used: set[tuple[str, float]] = set()
    names = r.sample([*LEVELS, *WORDS], r.choice([3, 8, 18]))
    for name in names:
        for _ in range(r.choice([1, 1, 2, 4, 12])):
            day = float(r.choice([r.randint(-9, -1), r.randint(0, 30), r.randint(0, 30), r.randint(0, 35)]))
            day = max(day, 0.0) if name in WORDS else day
            if (name, day) in used:
                continue
            used.add((name, day))
            row = {"name": name, "day": day, **BLANK}
            if name in WORDS:
                facts.append(row | {"text": r.choice(WORDS[name])})
                continue
            row["value"] = float(r.choice(LEVELS[name]))
            if name in LIMITS and r.random() < 0.8:
                side, limit = LIMITS[name]
                row[side] = float(limit)
            facts.append(row)
    if r.random() < 0.5:
        facts += [
            {"name": "platelets", "day": d + 0.5, **BLANK, "value": float(r.choice([10, 19, 20, 49, 50, 90]))}
            for d in range(r.randint(0, 5), 31, r.choice([1, 2, 4, 9]))
        ]
    return facts


def raw_of_facts(people: dict[str, list[dict[str, Any]]]) -> Raw:
    """The raw tables of such patients, all infused on day 0."""
    raw = Raw()
    for name, facts in people.items():
        raw.patients.append({"patient": name, "disease": "LBCL"})
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        for f in facts:
            value = None if f["value"] is None else str(f["value"])
            raw.facts.append({"patient": name, **f, "value": value, "unit": unit_of(f["name"], value)})
    return raw
