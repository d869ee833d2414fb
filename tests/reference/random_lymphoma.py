"""Random patients with lymphoma: lesions, scores, spleen and marrow of a few scans; every branch is common."""

import random
from typing import Any

from golden_table import Raw
from lymphoma_table import SITES

NODAL = {True: SITES["node"], False: SITES["extranodal"], None: None}


def lymphoma_patient(seed: int) -> dict[str, Any]:
    """A patient with a few lesions on a few scans: every branch is common, nothing is realistic."""
    r = random.Random(seed)
    days = sorted({r.choice([-30, -5, -5, -5, 0]), *r.sample([-20, 10, 30, 60, 90, 200], r.randint(1, 3))})
    nodal = {str(i): r.choice([True, True, True, False, None]) for i in range(1, r.choice([3, 4, 10]))}
    scans: dict[int, Any] = {}
    for day in days:
        lesions = {}
        for name in nodal:
            if r.random() < 0.1:
                continue
            ldi = r.choice(
                [0.0, 10.0, 15.0, 16.0, 20.0, 25.0, 30.0, 40.0, 40.0, None]
                if day > 0
                else [20.0, 25.0, 40.0, 40.0, 12.0]
            )
            sdi = None if ldi is None or r.random() < 0.05 else min(ldi, r.choice([0.0, 5.0, 10.0, 15.0, 20.0]))
            kind = "target" if int(name) % 3 else "other"
            lesions[name] = {
                "ldi": ldi,
                "sdi": sdi,
                "kind": kind,
                "nodal": nodal[name],
                "uptake": r.choice([None] * 9 + [4.0, "X"]),
            }
        if day > 0 and r.random() < 0.2:
            ldi = r.choice([8.0, 10.0, 12.0, 16.0, None])
            lesions["90"] = {
                "ldi": ldi,
                "sdi": None,
                "kind": r.choice(["new", "new", "target"]),
                "nodal": r.choice([True, False, None]),
                "uptake": r.choice([None, 2.0, 5.0, "X"]),
            }
        if r.random() < 0.2:
            lesions = {}
        scan = {
            "lesions": lesions,
            "deauville": r.choice([None, None, 2.0, 3.0, 4.0, 4.0, 5.0, 5.0]),
            "suvmax": r.choice([None, 6.0, 9.0, 20.0]),
        }
        scans[day] = scan | {"spleen": r.choice([None, 11.0, 12.0, 13.0, 14.0, 15.0, 17.0, 20.0])}
    marrow = {day: r.random() < 0.4 for day in r.sample([-20, -3, 5, 28, 80], r.choice([0, 0, 1, 2]))}
    return {"scans": scans, "marrow": marrow}


def complete_patient(seed: int) -> dict[str, Any]:
    """A patient whose every scan measures every node, the spleen and the marrow; some scans are also scored by PET."""
    r = random.Random(seed)
    base = {str(i): (r.choice([20.0, 30.0, 40.0]), r.choice([10.0, 20.0])) for i in range(1, r.choice([2, 3, 4]))}
    scans = {-5: _complete_scan(r, base, 1.0)}
    for day in sorted(r.sample([30, 60, 84, 85, 200], r.randint(1, 4))):
        share = r.choice([0.2, 0.5, 0.9, 1.0, 1.0, 1.1, 1.3])
        size = {
            name: tuple(round(d * share * r.choice([1, 1, 1, 1.3]), 1) for d in both) for name, both in base.items()
        }
        if r.random() < 0.15:  # the sum of products half larger, or a hair less
            stretch = r.choice([1.5, 1.49])
            size = {name: (long, round(short * stretch, 2)) for name, (long, short) in base.items()}
        scans[day] = _complete_scan(r, size, share)
        if r.random() < 0.25:
            new = {"ldi": r.choice([16.0, 25.0]), "sdi": 10.0, "kind": "new", "nodal": True, "uptake": None}
            scans[day]["lesions"]["9"] = new
    return {"scans": scans, "marrow": {-5: False} | {day: r.random() < 0.03 for day in scans if day > 0}}


def _complete_scan(r: random.Random, size: dict[str, Any], share: float) -> dict[str, Any]:
    kind = {"kind": "target", "nodal": True, "uptake": None}
    lesions = {name: {"ldi": max(both), "sdi": min(both), **kind} for name, both in size.items()}
    spleen = r.choice([12.0, 12.0, 12.0, 12.0, 16.0]) if share > 1 else 12.0
    score = r.choice([None, 4.0, 5.0]) if share > 0.5 else r.choice([None, 2.0])
    return {"lesions": lesions, "deauville": score, "suvmax": None, "spleen": spleen}


def raw_of_lymphoma(people: dict[str, Any]) -> Raw:
    """The raw tables of such patients, all infused on day 0."""
    raw = Raw()
    blank = dict.fromkeys(("value", "unit", "text"))
    for name, p in people.items():
        raw.patients.append({"patient": name, "disease": "LBCL", "age": "60"})
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        for day, scan in p["scans"].items():
            for lesion, row in scan["lesions"].items():
                cells = {key: None if row[key] is None else str(row[key]) for key in ("ldi", "sdi", "kind")}
                uptake = None if row["uptake"] is None else str(row["uptake"]).removesuffix(".0")
                site = NODAL[row["nodal"]]
                raw.lesions.append(
                    {"patient": name, "day": str(day), "lesion": lesion, "site": site, "uptake": uptake, **cells}
                )
            for fact, unit in (("deauville", None), ("suvmax", None), ("spleen", "cm")):
                if scan[fact] is not None:
                    raw.facts.append(
                        {
                            "patient": name,
                            "name": fact,
                            "day": str(day),
                            **blank,
                            "value": str(scan[fact]),
                            "unit": unit,
                        }
                    )
        for day, yes in p["marrow"].items():
            raw.facts.append(
                {"patient": name, "name": "marrow_involved", "day": str(day), **blank, "text": "yes" if yes else "no"}
            )
    return raw
