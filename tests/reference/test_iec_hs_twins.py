"""The UNVERIFIED working rows of IEC-HS agree with a plain reading of one patient; by default nothing is graded."""

import random
from typing import Any

import polars as pl
from golden_table import Raw
from random_laboratory import add_patient

from carsequel.side_effects.iec_hs import assess_iec_hs

N = 500
Patient = dict[str, Any]
Bounds = tuple[int | None, int | None]
VALUES = {
    "ferritin": [300, 600, 601, 900, 5000],
    "alt": [40, 200, 201],
    "ast": [40, 200, 201],
    "fibrinogen": [100, 149, 150, 199, 200, 201, 300],
}
LIMITS = {"ferritin": ("uln", 300), "alt": ("uln", 40), "ast": ("uln", 40), "fibrinogen": ("lln", 200)}
BLANK = dict.fromkeys(("value", "text", "comparator", "lln", "uln", "site"))


def iec_hs_patient(seed: int) -> Patient:
    r = random.Random(seed)
    facts: list[dict[str, Any]] = []
    for name in r.sample(sorted(VALUES), r.choice([1, 2, 4])):
        side, limit = LIMITS[name]
        for day in r.sample([-20, -1, 0, 3, 9, 40], r.choice([1, 2, 3])):
            sign = r.choice("<>") if day >= 0 and r.random() < 0.1 else None
            own = limit if r.random() < 0.8 else None
            facts.append(
                {"name": name, **BLANK, "day": day, "value": r.choice(VALUES[name]), "comparator": sign, side: own}
            )
    if r.random() < 0.3:
        facts.append({"name": "hemophagocytosis", **BLANK, "day": r.choice([-2, 6]), "text": r.choice(["yes", "no"])})
    if r.random() < 0.1:
        facts.append({"name": "event", **BLANK, "day": 45, "text": "death", "site": r.choice(["iec_hs", "disease"])})
    drug = r.choice([None, None, "anakinra", "Ruxolitinib", "tocilizumab"])
    return {"facts": facts, "drug": drug, "role": r.choice([None, "toxicity", "bridging"]), "start": r.choice([-4, 5])}


def plain(p: Patient) -> Bounds | None:
    """Ferritin above twice the upper limit or twice the value before, with another element: 1, treated 2, up to 4."""
    after = [f for f in p["facts"] if f["day"] >= 0]
    if not any(f["name"] in ("ferritin", "fibrinogen", "hemophagocytosis") for f in after):
        return None
    if any(f["site"] == "iec_hs" for f in p["facts"]):
        return 5, 5
    ferritin = [f for f in after if f["name"] == "ferritin"]
    needed = [above(f, 2, limit) for f in ferritin for limit in (f["uln"], before(p, "ferritin"))]
    more = [above(f, 5, f["uln"])[0] for f in after if f["name"] in ("alt", "ast")]
    more += [below(f, 150) or below(f, f["lln"]) for f in after if f["name"] == "fibrinogen"]
    more += [f["text"] == "yes" for f in after if f["name"] == "hemophagocytosis"]
    drug = (p["drug"] or "").lower() in ("anakinra", "ruxolitinib", "emapalumab", "etoposide")
    treated = drug and p["role"] != "bridging" and p["start"] >= 0
    low = (2 if treated else 1) if any(sure for sure, _ in needed) and any(more) else 0
    return low, 4 if not needed or any(open_ for _, open_ in needed) else 0


def before(p: Patient, name: str) -> float | None:
    earlier = [f for f in p["facts"] if f["name"] == name and f["day"] < 0]
    return max(earlier, key=lambda f: f["day"])["value"] if earlier else None


def above(fact: dict[str, Any], times: float, limit: float | None) -> tuple[bool, bool]:
    """Certainly and possibly above `times` the limit."""
    v, sign = fact["value"], fact["comparator"]
    if limit is None:
        return False, True
    if sign == "<":
        return False, v > times * limit
    return (v >= times * limit, True) if sign == ">" else (v > times * limit, v > times * limit)


def below(fact: dict[str, Any], limit: float | None) -> bool:
    v, sign = fact["value"], fact["comparator"]
    return limit is not None and sign != ">" and (v <= limit if sign == "<" else v < limit)


def raw_of(people: dict[str, Patient]) -> Raw:
    raw = Raw()
    for name, p in people.items():
        add_patient(raw, name, p["facts"])
        if p["drug"]:
            given = {"name": "drug", "text": p["drug"], "role": p["role"], "start": str(p["start"]), "end": None}
            raw.spans.append({"patient": name, **given})
    return raw


PEOPLE = {f"p{seed}": iec_hs_patient(seed) for seed in range(N)}


def test_the_working_rows_as_in_a_plain_reading() -> None:
    found = assess_iec_hs(raw_of(PEOPLE).course(), unverified=True).filter(~pl.col("default"))
    given = {patient: (low, high) for patient, low, high in found.select("patient", "low", "high").iter_rows()}
    expected = {name: plain(p) for name, p in PEOPLE.items()}
    assert {name: given.get(name) for name in PEOPLE} == expected
    assert {*expected.values()} == {None, (0, 0), (0, 4), (1, 4), (2, 4), (5, 5)}
    assert found["label"].str.starts_with("UNVERIFIED").all()


def test_by_default_nobody_is_graded() -> None:
    found = assess_iec_hs(raw_of(PEOPLE).course())
    assert set(found["patient"]) == {name for name, p in PEOPLE.items() if plain(p) is not None}
    assert found["low"].null_count() == found["high"].null_count() == found.height
