"""Random patients for the later toxicities: infections, steroids, IgG, CD4 and lymphocytes, of which parts are covered."""

import random
from typing import Any

from golden_table import Raw, unit_of

Patient = dict[str, Any]


def later_patient(seed: int) -> Patient:
    """A patient with infections, steroids and laboratory values, of which parts are covered."""
    r = random.Random(seed)
    facts, spans, cover = [], [], []
    end = r.choice([3, 20, 30, 31, 60, 100, 101, 250, 365, 400])
    for _ in range(r.choice([0, 1, 3, 8])):
        day = r.choice([r.randint(-3, 40), r.randint(-3, end), r.randint(0, end) + 0.5])
        row = {"site": r.choice([None, "cmv", "ebv"]), "value": r.choice([None, None, 2, 3, 4])}
        facts.append({"name": "event", "text": "infection", "day": day, **row})
    for _ in range(r.choice([0, 1, 3])):
        start = r.randint(-5, end)
        stop = r.choice([None, start, start + r.randint(0, 20)])
        known = r.random() < 0.8
        row = {"text": r.choice([None, "cmv"]), "value": r.choice([None, 2, 3]), "end_known": known}
        spans.append({"name": "infection", "start": start, "end": stop, "role": None, **row})
    for _ in range(r.choice([0, 1, 3])):
        start = r.randint(-5, 35)
        stop = r.choice([None, start, start + r.randint(0, 9)])
        text, role = r.choice(["dexamethasone", "prednisone", "tocilizumab"]), r.choice([None, "toxicity", "bridging"])
        row = {"text": text, "role": role, "end_known": r.random() < 0.8, "value": None}
        spans.append({"name": "drug", "start": start, "end": stop, **row})
    for name, values in (("igg", [300, 400, 500, 600, 900]), ("cd4", [50, 199, 200, 500]), ("lymphocytes", [1, 3, 4])):
        for _ in range(r.choice([0, 1, 4])):
            day = r.choice([-1, 0, r.randint(0, 31), r.randint(0, end)])
            sign = r.choice([None, None, None, "<", ">"])
            facts.append({"name": name, "day": day, "value": r.choice(values), "comparator": sign})
    for name in ("event", "infection", "drug"):
        if r.random() < 0.5:
            cover.append({"name": name, "start": r.choice([None, 0, 10]), "end": r.choice([None, None, 25, 200])})
    facts.append({"name": "event", "text": r.choice(["death", "last_contact"]), "day": end})
    return {"facts": facts, "spans": spans, "cover": cover, "disease": r.choice(["LBCL", "MM"])}


def raw_of_later(people: dict[str, Patient]) -> Raw:
    """The raw tables of such patients, all infused on day 0."""
    raw = Raw()
    blank = dict.fromkeys(("text", "site", "comparator", "value"))
    for name, p in people.items():
        raw.patients.append({"patient": name, "disease": p["disease"], "age": "60"})
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        for f in p["facts"]:
            value = f.get("value")
            texts = {k: None if v is None else str(v) for k, v in f.items()}
            raw.facts.append(
                {"patient": name, **blank, **texts, "unit": unit_of(f["name"], None if value is None else "1")}
            )
        raw.spans += [
            {
                "patient": name,
                **{k: None if v is None else str(v).lower() if k == "end_known" else str(v) for k, v in s.items()},
            }
            for s in p["spans"]
        ]
        raw.coverage += [
            {"patient": name, **{k: None if v is None else str(v) for k, v in c.items()}} for c in p["cover"]
        ]
    return raw
