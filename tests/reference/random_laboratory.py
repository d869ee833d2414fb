"""Random patients with values of every CTCAE term: on, below and above every border, several a day, limits missing."""

import random
from typing import Any

from golden_table import Raw, unit_of

BORDERS: dict[str, tuple[str, float, tuple[float, ...]]] = {
    "hemoglobin": ("lln", 12, (8, 10, 12)),
    "anc": ("lln", 1.8, (0.5, 1, 1.5, 1.8)),
    "platelets": ("lln", 150, (25, 50, 75, 150)),
    "wbc": ("lln", 4, (1, 2, 3, 4)),
    "lymphocytes": ("lln", 1.0, (0.2, 0.5, 0.8, 1.0, 4, 20)),
    "cd4": ("lln", 500, (50, 200, 500, 600)),
    "albumin": ("lln", 3.5, (2, 3, 3.5)),
    "alt": ("uln", 40, (40, 60, 90, 120, 180, 200, 800, 1200)),
    "ast": ("uln", 40, (40, 60, 90, 120, 180, 200, 800, 1200)),
    "alp": ("uln", 100, (100, 200, 250, 300, 500, 750, 2000)),
    "ggt": ("uln", 60, (60, 120, 150, 180, 300, 450, 1200)),
    "bilirubin": ("uln", 1.2, (1.2, 1.5, 1.8, 2.25, 3.6, 4.5, 12, 15)),
    "creatinine": ("uln", 1.2, (0.9, 1.2, 1.35, 1.8, 2.7, 3.6, 7.2)),
    "fibrinogen": ("lln", 200, (50, 37.5, 75, 100, 112.5, 150, 200)),
    "aptt": ("uln", 36, (36, 54, 90)),
    "inr": ("uln", 1.1, (1.2, 1.5, 2.5)),
    "triglycerides": ("uln", 150, (150, 300, 500, 1000)),
    "ldh": ("uln", 250, (250,)),
}
BASES = {"alt": 60, "ast": 60, "alp": 150, "ggt": 90, "bilirubin": 1.5, "creatinine": 0.9, "fibrinogen": 150}
PERIODS = {"d0-30": (0, 30), "d31-100": (31, 100), "d101+": (101, 10**6)}
Patient = dict[str, Any]


def laboratory_patient(seed: int) -> Patient:
    """Facts, the first day of lymphodepletion (or None) and the day of death (or None)."""
    r = random.Random(seed)
    facts: list[dict[str, Any]] = []
    for name in r.sample(sorted(BORDERS), r.choice([4, 9, 18])):
        side, limit, borders = BORDERS[name]
        for day in r.sample([-30, -8, -5, -2, -1], r.choice([0, 1, 1, 2])):
            value = r.choice([BASES.get(name, limit), limit, r.choice(borders)])
            facts.append(_fact(name, day, value, side, r.choice([limit, limit, None]), None))
        for _ in range(r.choice([1, 1, 2, 3])):
            day = r.choice([r.randint(0, 30), r.randint(0, 30) + 0.6, 30.9, 31, 100.9, 101, r.randint(31, 140)])
            value = round(r.choice(borders) * r.choice([1, 1, 0.997, 1.003]), 4)
            own = None if r.random() < 0.2 else round(limit * r.choice([1, 1, 1, 1.1]), 4)
            sign = r.choice("<>") if r.random() < 0.08 else None
            facts.append(_fact(name, day, value, side, own, sign))
    begun = r.choice([None, -5, -4])
    death = float(r.choice([3, 31, 60])) if r.random() < 0.1 else None
    return {"facts": facts, "lymphodepletion": begun, "death": death}


def _fact(name: str, day: float, value: float, side: str, limit: float | None, sign: str | None) -> dict[str, Any]:
    return {"name": name, "day": float(day), "value": float(value), "comparator": sign, "lln": None, "uln": None} | {
        side: limit
    }


def until_death(p: Patient) -> list[dict[str, Any]]:
    """The facts that count: none after the day of death."""
    return [f for f in p["facts"] if p["death"] is None or f["day"] // 1 <= p["death"]]


def add_patient(raw: Raw, name: str, facts: list[dict[str, Any]]) -> None:
    """Add a patient with lymphoma, infused on day 0, and these facts."""
    raw.patients.append({"patient": name, "disease": "LBCL"})
    raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
    for f in facts:
        cells = {key: None if value is None else str(value) for key, value in f.items()}
        unit = unit_of(f["name"], None if f["value"] is None else "1")
        raw.facts.append({"patient": name, "text": None, "site": None, "unit": unit, **cells})


def raw_of_laboratory(people: dict[str, Patient]) -> Raw:
    """The raw tables of such patients, all infused on day 0."""
    raw = Raw()
    for name, p in people.items():
        add_patient(raw, name, p["facts"])
        if p["death"] is not None:
            blank = dict.fromkeys(("value", "unit", "comparator", "lln", "uln"))
            event = {"name": "event", "day": str(p["death"]), "text": "death", "site": "disease"}
            raw.facts.append({"patient": name, **blank, **event})
        if p["lymphodepletion"] is not None:
            begun = {"name": "drug", "text": "fludarabine", "role": "lymphodepletion"}
            raw.spans.append({"patient": name, **begun, "start": str(p["lymphodepletion"]), "end": "-3"})
    return raw
