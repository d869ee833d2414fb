"""What a chart holds of CRS and ICANS: temperature, pressure, oxygen, ICE or CAPD, drugs; every day from 0 to 30."""

from typing import Any

import numpy as np
import polars as pl

from carsequel.synthetic.chance import Chance
from carsequel.synthetic.numbers import number
from carsequel.synthetic.reactions import DAYS, Reactions
from carsequel.synthetic.tidy import CHART, facts, spans, stretches
from carsequel.synthetic.virtual import Virtual

ADULT, ICE_FROM = 18, 12
ICE_LEAST, ICE_MOST = np.array([10, 7, 3, 0, 0]), np.array([10, 9, 6, 2, 0])
CAPD_LEAST, CAPD_MOST = np.array([0, 1, 3, 9, 20]), np.array([0, 4, 8, 15, 28])
AWAKE = np.array(["awake", "awake", "wakes_to_voice", "wakes_to_touch", "unarousable"])

DEVICES: dict[int, dict[str, Any]] = {
    2: {"text": "nasal_cannula", "value": 2.0, "unit": "L/min"},
    3: {"text": "high_flow", "value": 40.0, "unit": "L/min"},
    4: {"text": "ventilator"},
}


def vital_signs(
    virtual: Virtual, reactions: Reactions, ages: Any, ids: pl.Series, chance: Chance
) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
    """Give facts and spans from which the true grades can be read."""
    alive = DAYS[None, :] <= virtual.end[:, None]
    crs, width = reactions.crs, DAYS.size
    heat = chance.uniform("temperature", width)
    degrees = np.where(crs > 0, 38.2 + 1.8 * heat, 36.2 + 1.3 * heat)
    blood = chance.uniform("circulation") < number("circulation")
    low = (crs >= 2) & blood
    pressure = np.where(low, 72 + 14 * chance.uniform("pressure", width), 100 + 40 * chance.uniform("pressure", width))
    short = (crs >= 2) & ~blood
    air = np.where(short, 86 + 6 * chance.uniform("air", width), 94 + 5 * chance.uniform("air", width))
    told = [
        facts(ids, "temperature", DAYS, alive, CHART, value=np.round(degrees, 1), unit="degC"),
        facts(ids, "systolic_bp", DAYS, alive, CHART, value=np.round(pressure), unit="mmHg"),
        facts(ids, "spo2", DAYS, alive, CHART, value=np.round(air), unit="%"),
        facts(ids, "hypotension", DAYS, alive & (ages[:, None] < ADULT), CHART, text=np.where(low, "yes", "no")),
        *_mind(reactions, ages, ids, alive, chance),
    ]
    lasting = [
        stretches(ids, "vasopressor", 0, (crs >= 3) & blood, text="norepinephrine"),
        stretches(ids, "vasopressor", 0, (crs >= 4) & blood, text="phenylephrine"),
        *(stretches(ids, "oxygen", 0, (crs == grade) & ~blood, **device) for grade, device in DEVICES.items()),
        *_against(reactions, ids),
    ]
    return told, lasting


def _mind(reactions: Reactions, ages: Any, ids: pl.Series, alive: Any, chance: Chance) -> list[pl.DataFrame]:
    grade, old = reactions.icans, ages[:, None] >= ICE_FROM
    draw = chance.uniform("cognition", DAYS.size)
    points = [low[grade] + np.floor(draw * (high - low + 1)[grade]) for low, high in _SCALES]
    return [
        facts(ids, "ice", DAYS, alive & old, CHART, value=points[0], unit="points"),
        facts(ids, "capd", DAYS, alive & ~old, CHART, value=points[1], unit="points"),
        facts(ids, "consciousness", DAYS, alive & (~old | (grade >= 4)), CHART, text=_waking(grade, old)),
    ]


_SCALES = ((ICE_LEAST, ICE_MOST), (CAPD_LEAST, CAPD_MOST))


def _waking(grade: Any, old: Any) -> Any:
    return np.where(old & (grade < 4), "awake", AWAKE[grade])


def _against(reactions: Reactions, ids: pl.Series) -> list[pl.DataFrame]:
    """Tocilizumab from CRS grade 2 on, dexamethasone from ICANS grade 2 or CRS grade 3 on."""
    crs = reactions.crs >= 2
    icans = np.asarray((reactions.icans >= 2) | (reactions.crs >= 3))
    first = [np.where(each.any(axis=1), each.argmax(axis=1), 0) for each in (crs, icans)]
    last = np.where(icans.any(axis=1), icans.shape[1] - 1 - icans[:, ::-1].argmax(axis=1), 0)
    return [
        spans(ids, "drug", first[0], first[0], np.asarray(crs.any(axis=1)), text="tocilizumab", role="toxicity"),
        spans(ids, "drug", first[1], last, np.asarray(icans.any(axis=1)), text="dexamethasone", role="toxicity"),
    ]
