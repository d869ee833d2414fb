"""What is seen of the disease: scans with lesions, marrow with blasts and MRD, or M-protein; on visit days and at
failure."""

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from carsequel.mechanism import observe
from carsequel.mechanism.clinic import clinic_rules
from carsequel.synthetic.chance import Chance
from carsequel.synthetic.numbers import number
from carsequel.synthetic.tidy import IMAGING, LABORATORY, facts
from carsequel.synthetic.virtual import Floats, Virtual

BEFORE: Final = -6.0
MARROW_DAYS: Final = (30.0, 60.0, 90.0, 180.0, 365.0, 545.0, 730.0)
WIDEST: Final = 48


class Seen(NamedTuple):
    """Facts of the disease, and the rows of the lesions table."""

    facts: list[pl.DataFrame]
    lesions: pl.DataFrame | None = None


def disease_visits(virtual: Virtual, ids: pl.Series, chance: Chance) -> Seen:
    """Give what is seen of the disease before the infusion, on visits, and on the day of failure."""
    kind = clinic_rules(virtual.disease)["rules"]
    if kind == "lymphoma":
        return _scans(virtual, ids, chance)
    return Seen(_marrow(virtual, ids, chance) if kind == "leukemia" else _protein(virtual, ids, chance))


def _visits(virtual: Virtual, days: tuple[float, ...]) -> tuple[Floats, Floats, np.ndarray]:
    """Days [n, v] (the last one is that of failure), the burden on them, and which of them took place."""
    n = virtual.rows.height
    fixed = np.broadcast_to(np.array([BEFORE, *days]), (n, len(days) + 1))
    failed = np.isfinite(virtual.failure)
    own = np.where(failed, virtual.failure, 0.0)
    every = np.column_stack([fixed, own])
    burden = np.where(every < 0, virtual.baseline[:, None], virtual.on("tumour", every))
    took = (every <= virtual.end[:, None]) & (every <= virtual.failure[:, None])
    took[:, -1] = failed & ~(fixed == own[:, None]).any(axis=1)
    return every, burden, took


def _scans(virtual: Virtual, ids: pl.Series, chance: Chance) -> Seen:
    rules = clinic_rules(virtual.disease)
    days, burden, took = _visits(virtual, tuple(float(day) for day in rules["scans"].split()))
    width = days.shape[1]
    detected = float(rules["detected"])
    uptake = observe.deauville(burden, virtual.baseline[:, None], np.full_like(burden, detected))
    uptake = np.where(days < 0, 5, np.where(days == virtual.failure[:, None], np.maximum(uptake, 5), uptake))
    noise = np.exp(observe.number("burden_noise") / 3 * chance.normal("scan", WIDEST)[:, :width])
    side = 10 * noise * np.sqrt(observe.sum_of_products(burden) / observe.number("target_lesions"))
    seen = [
        facts(ids, "deauville", days, took, IMAGING, value=uptake),
        facts(ids, "response", days, took & (days > 0), IMAGING, text=_response(virtual, days, burden, uptake)),
    ]
    return Seen(seen, _lesions(virtual, ids, days, took, side, chance))


def _response(virtual: Virtual, days: Floats, burden: Floats, uptake: np.ndarray) -> np.ndarray:
    smaller = burden < 0.5 * virtual.baseline[:, None]
    words = np.where(uptake <= 3, "CR", np.where(smaller, "PR", "SD"))
    return np.where(days == virtual.failure[:, None], "PD", words)


def _lesions(
    virtual: Virtual, ids: pl.Series, days: Floats, took: np.ndarray, side: Floats, chance: Chance
) -> pl.DataFrame:
    rows = []
    shape = 1 + 0.25 * chance.uniform("shape", 6)
    for number_of in range(int(observe.number("target_lesions"))):
        ratio = shape[:, number_of : number_of + 1]
        size = np.maximum(side, 4.0)
        sizes = {"ldi": np.round(size * ratio), "sdi": np.round(size / ratio)}
        rows.append(_lesion(ids, days, took, sizes, str(number_of + 1), "target"))
    fresh = took & (days == virtual.failure[:, None]) & (chance.uniform("new lesion") < number("new_lesion"))
    wide = np.round(18 + 20 * chance.uniform("new size"))
    rows.append(_lesion(ids, days, fresh, {"ldi": wide, "sdi": np.round(0.8 * wide)}, "new 1", "new"))
    return pl.concat(rows)


def _lesion(
    ids: pl.Series, days: Floats, took: np.ndarray, sizes: dict[str, Floats], name: str, kind: str
) -> pl.DataFrame:
    rows = facts(ids, name, days, took, IMAGING, **sizes).rename({"name": "lesion"})
    both = rows.with_columns(pl.col("ldi", "sdi").cast(pl.Float64))
    return both.with_columns(kind=pl.lit(kind), site=pl.lit("lymph node"))


def _marrow(virtual: Virtual, ids: pl.Series, chance: Chance) -> list[pl.DataFrame]:
    days, burden, took = _visits(virtual, MARROW_DAYS)
    noise = np.exp(0.1 * chance.normal("marrow", WIDEST)[:, : days.shape[1]])
    blasts = np.minimum(observe.marrow_blasts(burden) * noise, 99.0)
    share = blasts / 100
    limit = observe.number("mrd_limit")
    found = share >= limit
    failed = days == virtual.failure[:, None]
    complete = np.where(blasts < 5, "CR", "NR")
    mrd = {"unit": "fraction", "method": "flow", "limit": limit, "specimen": "marrow"}
    return [
        facts(ids, "marrow_blasts", days, took, LABORATORY, value=np.round(blasts, 1), unit="%"),
        facts(ids, "mrd", days, took & found, LABORATORY, value=np.round(share, 6), **mrd),
        facts(ids, "mrd", days, took & ~found, LABORATORY, text="negative", **mrd),
        facts(ids, "response", days, took & (days > 0) & ~failed, LABORATORY, text=complete),
        facts(ids, "extramedullary", days, took, LABORATORY, text="no"),
    ]


def _protein(virtual: Virtual, ids: pl.Series, chance: Chance) -> list[pl.DataFrame]:
    rules = clinic_rules(virtual.disease)
    days, burden, took = _visits(virtual, tuple(float(day) for day in rules["scans"].split() if float(day) <= 730))
    fine = np.column_stack([virtual.baseline, virtual.states["tumour"]])
    level = observe.m_protein(fine, np.concatenate([[virtual.times[0] - 1e-6], virtual.times]))[:, 1:]
    each = np.array([np.interp(day, virtual.times, row) for day, row in zip(days, level, strict=True)])
    true = np.where(days < 0, observe.number("m_protein_per_cell") * virtual.baseline[:, None], each)
    seen = np.round(true * np.exp(0.02 * chance.normal("protein", WIDEST)[:, : days.shape[1]]), 2)
    gone = seen < float(rules["complete"])
    stated = np.where(days == virtual.failure[:, None], "PD", _depth(true, rules))
    cells = np.minimum(100 * burden / (burden + observe.number("marrow_cells")), 95)
    marrow = took & np.isin(days, [BEFORE, 28.0, 84.0, 168.0, 364.0])
    return [
        facts(ids, "m_protein_serum", days, took, LABORATORY, value=np.where(gone, 0.0, seen), unit="g/dL"),
        facts(ids, "immunofixation_serum", days, took, LABORATORY, text=np.where(gone, "negative", "positive")),
        facts(ids, "immunofixation_urine", days, took, LABORATORY, text="negative"),
        facts(ids, "m_protein_urine", days, took, LABORATORY, value=0.0, unit="mg/24h"),
        facts(ids, "response", days, took & (days > 0), LABORATORY, text=stated),
        facts(ids, "marrow_plasma_cells", days, marrow, LABORATORY, value=np.round(cells, 1), unit="%"),
    ]


def _depth(protein: Floats, rules: dict[str, str]) -> np.ndarray:
    """The response on each day, [n, v], from the M-protein before the infusion (the first column) and since."""
    share = protein / protein[:, :1]
    reached = [
        protein < float(rules["complete"]),
        share < float(rules["deep_response"]),
        share < float(rules["response"]),
    ]
    return np.select(reached, ["CR", "VGPR", "PR"], "SD")
