"""Random patients for the risk scores: values on and around every limit, missing ones, assay limits, same-day doubles."""

import random

from golden_table import Raw, unit_of
from score_tables import fill
from score_twins import Patient

VALUES: dict[str, list[float]] = {
    "platelets": [10, 74.9, 75, 80, 175, 175.1, 300],
    "anc": [0.3, 1.19, 1.2, 3],
    "hemoglobin": [7, 8.9, 9, 9.9, 10, 12],
    "crp": [2, 29.9, 30, 80],
    "ferritin": [100, 649, 650, 2000, 2001, 5000],
    "ldh": [160, 250, 251, 375, 500, 900],
    "creatinine": [0.6, 1.0, 2.2],
    "ecog": [0, 1, 2, 3],
    "stage": [1, 2, 3, 4],
    "extranodal_sites": [0, 1, 2, 3],
    "nodal_areas": [1, 4, 5, 7],
    "wbc": [3, 6.7, 8, 10, 15, 40],
    "beta2_microglobulin": [2, 3.4, 3.5, 5.4, 5.5, 9],
    "albumin": [2.5, 3.4, 3.5, 4.2],
    "mtv": [20, 147.5, 148, 500],
}
ASSAYS = {"crp", "ferritin", "beta2_microglobulin"}


def scored_patient(seed: int, disease: str, around: int = 0) -> Patient:
    """One patient whose values lie in the 45 days before (with `around`, around that day)."""
    dice = random.Random(seed)
    facts = []
    for name, values in VALUES.items():
        for _ in range(dice.choice([0, 1, 1, 2, 3])):
            far = 100 if name in ("stage", "extranodal_sites", "nodal_areas", "mtv") else 40
            day = around + (dice.randint(-35, 20) if around else -dice.choice([0, 1, 3, 5, 6, 29, 30, 31, far]))
            facts.append(
                {
                    "name": name,
                    "day": day,
                    "value": dice.choice(values),
                    "comparator": dice.choice([None, None, None, "<", ">"]) if name in ASSAYS else None,
                    "uln": dice.choice([250, 250, None]) if name == "ldh" else None,
                }
            )
    return {
        "age": dice.choice([None, 49, 50, 60, 61, 70, 75]),
        "disease": disease,
        "lymphodepletion": dice.choice([None, -5, -6]),
        "facts": facts,
    }


def raw_of_scored(people: dict[str, Patient]) -> Raw:
    raw = Raw()
    for name, p in people.items():
        age = None if p["age"] is None else str(p["age"])
        raw.patients.append({"patient": name, "disease": p["disease"], "age": age})
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        for f in p["facts"]:
            cells = {key: None if value is None else str(value) for key, value in f.items()}
            raw.facts.append({"patient": name, "text": None, "unit": unit_of(f["name"], "1"), **cells})
        if p["lymphodepletion"] is not None:
            day = str(p["lymphodepletion"])
            drug = {"name": "drug", "text": "fludarabine", "role": "lymphodepletion", "start": day, "end": "-3"}
            raw.spans.append({"patient": name, **drug})
    fill(raw)
    return raw
