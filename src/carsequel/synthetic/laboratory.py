"""Laboratory rows of synthetic patients: counts, chemistry, CAR T cells by the assay of the product, B cells, IgG."""

import numpy as np
import polars as pl

from carsequel.mechanism import observe
from carsequel.synthetic.chance import Chance
from carsequel.synthetic.marrow import FIRST, counts
from carsequel.synthetic.numbers import number
from carsequel.synthetic.tidy import LABORATORY, facts
from carsequel.synthetic.virtual import Floats, Virtual

LIMITS = {"anc": (1.5, 8.0), "platelets": (150.0, 400.0), "hemoglobin": (12.0, 17.0)}
UNITS = {"anc": "10^9/L", "platelets": "10^9/L", "hemoglobin": "g/dL"}
CAR_DAYS = np.array([3, 7, 10, 14, 21, 28, 60, 90, 180, 270, 365, 545, 730], dtype=np.float64)
B_DAYS = np.array([-5, 30, 60, 90, 120, 150, 180, 270, 365, 545, 730], dtype=np.float64)
BY_PCR = ("tisa-cel", "cilta-cel")


def count_days(last: float) -> Floats:
    """Give the days on which blood is counted: daily to day 30, weekly to day 100, monthly to the last.

    >>> count_days(45).tolist()[-3:]
    [30.0, 37.0, 44.0]
    """
    days = [*range(FIRST, 31), *range(37, 101, 7), *range(120, int(last) + 1, 30)]
    return np.array([day for day in days if day <= last], dtype=np.float64)


def laboratory(virtual: Virtual, kinds: list[str], ids: pl.Series, chance: Chance, last: int) -> list[pl.DataFrame]:
    """Give the laboratory facts."""
    days = count_days(last)
    there = days[None, :] <= virtual.end[:, None]
    rows = []
    for name, (low, high) in LIMITS.items():
        values = counts(name, kinds, chance, last)[:, (days - FIRST).astype(int)]
        rows.append(facts(ids, name, days, there, LABORATORY, value=values, unit=UNITS[name], lln=low, uln=high))
    return [*rows, *_chemistry(virtual, days, there, ids, chance), *_cells(virtual, ids, chance)]


def _chemistry(virtual: Virtual, days: Floats, there: np.ndarray, ids: pl.Series, chance: Chance) -> list[pl.DataFrame]:
    il6, burden = virtual.on("il6", days - 1), virtual.on("tumour", days)
    burden = np.where(days < 0, virtual.baseline[:, None], burden)
    true = {
        "crp": (np.minimum(number("crp_normal") * il6 ** number("crp_power"), number("crp_most")), "mg/L", 5.0, 1),
        "ferritin": (observe.ferritin(burden, il6), "ug/L", 400.0, 0),
        "ldh": (observe.ldh(burden), "U/L", 250.0, 0),
    }
    rows = []
    for name, (values, unit, uln, digits) in true.items():
        seen = np.round(values * np.exp(number("laboratory_noise") * chance.normal(name, 800)[:, : days.size]), digits)
        rows.append(facts(ids, name, days, there, LABORATORY, value=seen, unit=unit, uln=uln))
    return rows


def _cells(virtual: Virtual, ids: pl.Series, chance: Chance) -> list[pl.DataFrame]:
    car, cells = virtual.on("car", CAR_DAYS), virtual.on("lymphocytes", CAR_DAYS)
    pcr = virtual.product in BY_PCR
    level = observe.copies_per_ug(car, cells) if pcr else observe.per_ul(car)
    kind, unit, method = ("copies", "copies/ug", "PCR") if pcr else ("count", "cells/uL", "flow cytometry")
    lower = observe.number(f"{kind}_limit")
    noise = observe.number(f"{kind}_noise") * chance.normal("car_t", CAR_DAYS.size)
    rows = [
        _limited(ids, "car_t", CAR_DAYS, level * np.exp(noise), lower, virtual, unit=unit, method=method, limit=lower),
    ]
    later = B_DAYS[1:]
    back = observe.per_ul(virtual.on("b_cells", later)) * np.exp(0.2 * chance.normal("b_cells", later.size))
    rows.append(_limited(ids, "b_cells", later, back, number("b_cell_limit"), virtual, unit="cells/uL"))
    igg = igg_levels(virtual, chance)
    there = (B_DAYS[None, :] <= virtual.end[:, None]) & (virtual.disease != "MM")
    return [*rows, facts(ids, "igg", B_DAYS, there, LABORATORY, value=np.round(igg), unit="mg/dL")]


def _limited(
    ids: pl.Series, name: str, days: Floats, values: Floats, lower: float, virtual: Virtual, **columns: object
) -> pl.DataFrame:
    below = values < lower
    shown = np.where(below, lower, [[float(f"{value:.3g}") for value in row] for row in values])
    there = days[None, :] <= virtual.end[:, None]
    rows = facts(
        ids, name, days, there, LABORATORY, value=shown, comparator=np.where(below, "<", ""), **columns
    )  # fmt: skip
    return rows.with_columns(pl.when(pl.col("comparator") != "").then("comparator"))


def igg_levels(virtual: Virtual, chance: Chance) -> Floats:
    """Give IgG (mg/dL) on the days of `B_DAYS`: it falls from the infusion on (assumed)."""
    before = number("igg_before") * np.exp(0.2 * chance.normal("igg"))
    low = np.minimum(number("igg_low"), 0.9 * before)
    return np.asarray(low + (before - low) * np.exp(-np.maximum(B_DAYS, 0) / number("igg_decay")))
