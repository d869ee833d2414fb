"""Plain-Python readings of the response criteria for one patient with complete, exact values; loops, no frames.

A myeloma patient is a list of visits; a visit is a dictionary: day, serum, urine, kappa, lambda, marrow, ife_serum,
ife_urine, mrd. The first one is the state before the infusion.
"""

import random
from itertools import pairwise
from typing import Any

Visit = dict[str, Any]
ORDER = ["sCR", "CR", "VGPR", "PR", "MR", "SD", "PD"]
EPS = 1e-9


def myeloma_patient(seed: int) -> list[Visit]:
    dice = random.Random(seed)
    kind = dice.choice(["serum", "urine", "both", "light", "marrow"])
    start = {
        "serum": dice.choice([1.0, 3.0, 4.2, 6.0]) if kind in ("serum", "both") else dice.choice([0.0, 0.4]),
        "urine": dice.choice([200.0, 900.0, 3000.0]) if kind in ("urine", "both") else dice.choice([0.0, 150.0]),
        "kappa": dice.choice([120.0, 500.0, 1500.0]) if kind == "light" else dice.choice([10.0, 12.0]),
        "lambda": 10.0,
        "marrow": float(dice.choice([10, 30, 60])),
        "ife_serum": True,
        "ife_urine": True,
        "mrd": True,
        "day": -3,
    }
    visits, level = [start], 1.0
    for number in range(dice.randint(1, 6)):
        level = max(0.0, level * dice.choice([0.0, 0.05, 0.1, 0.4, 0.5, 0.7, 0.75, 1.0, 1.3, 1.6, 2.5]))
        if level == 0.0 and dice.random() < 0.3:
            level = 0.2
        visits.append(_later(start, level, 28 * (number + 1), dice))
    return visits


def _later(start: Visit, level: float, day: int, dice: random.Random) -> Visit:
    clean = level <= 0.05 and dice.random() < 0.7
    return {
        "day": day,
        "serum": 0.0 if clean else round(min(start["serum"] * level, 20.0), 3),
        "urine": 0.0 if clean else round(start["urine"] * level, 1),
        "kappa": 10.0 if clean else round(start["kappa"] * level, 1),
        "lambda": 10.0,
        "marrow": float(dice.choice([1, 4, 5])) if clean else round(min(start["marrow"] * level, 100.0), 1),
        "ife_serum": not clean,
        "ife_urine": not clean,
        "mrd": not clean or dice.random() < 0.4,
    }


def dflc(v: Visit) -> float:
    return max(v["kappa"] - v["lambda"], 0.0)


def down(now: float, was: float, share: float) -> bool:
    return now <= was * (1 - share) + EPS


def rose(now: float, low: float, rise: float, share: float = 0.25, strict: bool = False) -> bool:
    far = now - low > rise + EPS if strict else now - low >= rise - EPS
    return far and now >= low * (1 + share) - EPS


def confirmed_low(values: list[float]) -> float:
    """The value before, or the lowest that two consecutive later tests share."""
    return min([values[0]] + [max(pair) for pair in pairwise(values[1:])])


def imwg_visit(visits: list[Visit], at: int) -> str | None:
    """The category of visit `at`, None where nothing can be compared."""
    b, v, past = visits[0], visits[at], visits[:at]
    ms, mu = b["serum"] >= 1.0, b["urine"] >= 200.0
    ratio0 = b["kappa"] / b["lambda"]
    ml = (ratio0 > 1.65 or ratio0 < 0.26) and b["kappa"] >= 100.0
    low = {name: confirmed_low([p[name] for p in past]) for name in ("serum", "urine")}
    pd = rose(v["serum"], low["serum"], 0.5) or (low["serum"] >= 5.0 and v["serum"] - low["serum"] >= 1.0 - EPS)
    pd = pd or rose(v["urine"], low["urine"], 200.0)
    if not ms and not mu:
        if ml:
            pd = pd or rose(dflc(v), confirmed_low([dflc(p) for p in past]), 100.0, strict=True)
        else:
            pd = pd or rose(v["marrow"], min(p["marrow"] for p in past), 10.0)
    if pd:
        return "PD"
    normal = 0.26 <= v["kappa"] / v["lambda"] <= 1.65
    negative = not v["ife_serum"] and not v["ife_urine"]
    fixed = negative and (ms or mu or not ml or normal)
    if fixed and v["marrow"] < 5:
        return "sCR" if normal and not v["mrd"] else "CR"
    if not (ms or mu or ml or b["marrow"] >= 30):
        return None
    if fixed:
        return "VGPR"
    return _partial(b, v, ms, mu, ml)


def _partial(b: Visit, v: Visit, ms: bool, mu: bool, ml: bool) -> str:
    if not ms and not mu:
        if ml:
            return "VGPR" if down(dflc(v), dflc(b), 0.9) else "PR" if down(dflc(v), dflc(b), 0.5) else "SD"
        return "PR" if b["marrow"] >= 30 and down(v["marrow"], b["marrow"], 0.5) else "SD"
    serum = {share: down(v["serum"], b["serum"], share) if ms else v["serum"] < 1.0 for share in (0.25, 0.5, 0.9)}
    if v["serum"] == 0 and v["urine"] == 0:
        return "VGPR"
    if serum[0.9] and v["urine"] < 100:
        return "VGPR"
    if serum[0.5] and (v["urine"] < 200 or (mu and down(v["urine"], b["urine"], 0.9))):
        return "PR"
    if serum[0.25] and (down(v["urine"], b["urine"], 0.5) if mu else v["urine"] < 200):
        return "MR"
    return "SD"


def leukemia_patient(seed: int) -> dict[str, Any]:
    dice = random.Random(seed)
    return {
        "before": float(dice.choice([2, 5, 10, 40, 80])),
        "marrow": float(dice.choice([0, 1, 4.9, 5, 5.1, 10, 20, 25, 26, 60])),
        "blood": float(dice.choice([0, 0, 0, 1, 20])),
        "outside": dice.random() < 0.2,
        "anc": dice.choice([0.2, 0.9, 1.0, 1.1, 3.0]),
        "platelets": float(dice.choice([10, 99, 100, 101, 200])),
        "mrd": dice.choice([None, 1e-5, 0.005, 0.01, 0.2]),
    }


def eln(p: dict[str, Any]) -> str:
    if p["outside"] or (p["mrd"] is not None and p["mrd"] >= 0.01):
        return "failure"
    full = p["anc"] > 1.0 and p["platelets"] > 100
    if p["marrow"] < 5:
        return "CR" if full else "CRi"
    return "PR" if full and p["marrow"] <= 25 and p["marrow"] <= p["before"] / 2 else "failure"


def nci(p: dict[str, Any]) -> str:
    """With a later test in remission, so that four weeks are shown; how far disease outside shrank is not recorded."""
    counts = p["anc"] >= 1.0 and p["platelets"] >= 100
    if p["before"] < 5 and (p["marrow"] >= 25 or p["blood"] > 0 or p["outside"]):
        return "PD or relapse"
    if not p["outside"] and p["marrow"] < 5 and p["blood"] == 0:
        return "CR" if counts else "CRi"
    if p["marrow"] <= 25 and p["marrow"] <= p["before"] / 2 and counts:
        return "PR to SD" if p["outside"] else "PR"
    return "SD"
