"""Random patients for the twins: every branch is common, nothing is realistic."""

import random
from typing import Any

from golden_table import Raw, unit_of

FACTS = {
    "temperature": lambda r: {"value": r.choice([36.5, 37.9, 38.0, 39.2])},
    "fever": lambda r: {"text": r.choice(["yes", "no"])},
    "systolic_bp": lambda r: {"value": r.choice([70.0, 89.0, 90.0, 120.0])},
    "hypotension": lambda r: {"text": r.choice(["yes", "no"])},
    "ice": lambda r: {"value": r.choice([0, 0, 1, 2, 3, 6, 7, 9, 10, 10, 4.5])},
    "capd": lambda r: {"value": r.choice([0, 1, 8, 9, 20, 8.5])},
    "consciousness": lambda r: {
        "text": r.choice(["awake", "awake", "wakes_to_voice", "wakes_to_touch", "unarousable"])
    },
    "seizure": lambda r: {"text": r.choice(["none", "none", "brief", "eeg_only", "prolonged"])},
    "motor_weakness": lambda r: {"text": r.choice(["none", "none", "focal_deep"])},
    "cerebral_edema": lambda r: {"text": r.choice(["none", "none", "focal", "diffuse", "posturing", "cn6_palsy"])},
    "sedated": lambda r: {"text": r.choice(["yes", "no"])},
    "event": lambda r: {"text": "infection"},
}
CRS = ("temperature", "temperature", "temperature", "fever", "systolic_bp", "hypotension", "event")
ICANS = ("ice", "ice", "capd", "consciousness", "seizure", "motor_weakness", "cerebral_edema", "sedated")
SPANS = {
    "vasopressor": lambda r: {"text": r.choice(["norepinephrine", "epinephrine", "vasopressin"])},
    "oxygen": lambda r: r.choice(
        [{"text": "nasal_cannula", "value": v} for v in (None, 2.0, 6.0, 6.5)]
        + [{"text": t} for t in ("blow_by", "face_mask", "high_flow", "cpap", "ventilator")]
        + [{"text": "nasal_cannula", "value": 2.0, "role": "chronic"}]
    ),
    "drug": lambda r: r.choice(
        [
            {"text": "tocilizumab"},
            {"text": "dexamethasone", "role": "toxicity"},
            {"text": "paracetamol", "role": "antipyretic"},
            {"text": "dexamethasone", "role": "bridging"},
            {"text": "levetiracetam", "role": "toxicity"},
        ]
    ),
    "infection": lambda r: {"text": None},
}
COVER = {
    "crs": ("temperature", "fever", "vasopressor", "oxygen", "hypotension", "systolic_bp", "drug", "*"),
    "icans": ("ice", "capd", "consciousness", "seizure", "motor_weakness", "cerebral_edema", "*"),
}
FACT = {"value": None, "text": None, "site": None, "comparator": None}
SPAN = {"text": None, "value": None, "role": None}


def reaction_patient(seed: int, kind: str) -> dict[str, Any]:
    """A patient with a few daily signs of CRS or ICANS, and stretches that are covered."""
    r = random.Random(seed)
    names = CRS if kind == "crs" else ICANS
    some = r.choice([0, 3, 12, 40])
    facts = []
    for _ in range(some):
        name = r.choice(names)
        day = r.choice([r.randint(-2, 33), r.randint(0, 8), r.randint(0, 8) + 0.5])
        facts.append({"name": name, "day": float(day), **FACT, **FACTS[name](r)})
    if r.random() < 0.25:
        site = r.choice(["crs", "icans", "unknown", None, "disease"])
        facts.append({"name": "event", "day": float(r.randint(0, 35)), **FACT, "text": "death", "site": site})
    spans = []
    for _ in range(r.choice([0, 1, 5]) if kind == "crs" else 0):
        name = r.choice(["vasopressor", "vasopressor", "oxygen", "oxygen", "drug", "infection"])
        start = float(r.randint(-3, 10))
        end = r.choice([None, start, start + r.randint(0, 5)])
        spans.append({"name": name, "start": start, "end": end, **SPAN, **SPANS[name](r)})
    cover = []
    for name in COVER[kind]:
        if r.random() < (0.15 if name == "*" else 0.7):
            start = r.choice([None, None, 0.0, 3.0])
            cover.append({"name": name, "start": start, "end": r.choice([None, None, 20.0])})
    age = r.choice([None, 9.0, 12.0, 17.0, 18.0, 60.0])
    return {
        "age": age,
        "disease": r.choice(["LBCL", "B-ALL"]),
        "facts": facts,
        "spans": spans,
        "cover": cover,
        "censor": None,
    }


def count_patient(seed: int) -> dict[str, Any]:
    """A patient with neutrophil counts at irregular days, some deep, some sparse."""
    r = random.Random(seed)
    step = r.choice([1, 1, 2, 4, 9])
    level = r.choice([0.05, 0.3, 0.8, 2.0])
    facts, day = [], r.choice([0, 0, 3, 9, 30])
    while day <= r.choice([20, 35, 60, 105]):
        value = round(level * r.choice([0.1, 0.5, 0.6, 1.0, 1.0, 1.7, 3.0]), 2)
        comparator = "<" if r.random() < 0.03 else None
        facts.append(
            {"name": "anc", "day": day + r.choice([0, 0, 0.4]), **FACT, "value": value, "comparator": comparator}
        )
        day += r.choice([0, 1, step, step, step + 3]) if step > 1 else r.choice([1, 1, 1, 0, 4])
    if r.random() < 0.25:
        facts.append(
            {
                "name": "event",
                "day": float(r.choice([2, 4, 29, 30, 31, 50, 99])),
                **FACT,
                "text": "death",
                "site": "disease",
            }
        )
    censor = float(r.choice([10, 30, 31, 45, 80])) if r.random() < 0.3 else None
    return {"age": 60.0, "disease": "LBCL", "facts": facts, "spans": [], "cover": [], "censor": censor}


def raw_of_patients(people: dict[str, dict[str, Any]]) -> Raw:
    """The raw tables of such patients, all infused on day 0, with the days on which counting ends."""
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
