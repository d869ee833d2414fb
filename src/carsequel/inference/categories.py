"""Stated responses as ordered categories: what the burden of a path would have been called, and how sure that is."""

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.inference.numbers import number
from carsequel.inference.paths import Paths
from carsequel.mechanism.clinic import clinic_rules

Ints = NDArray[np.int64]
ORDERS: Final = {"lymphoma": ("CR", "PR", "SD", "PD"), "leukemia": ("CR", "NR"),
                 "myeloma": ("CR", "VGPR", "PR", "SD", "PD")}  # fmt: skip


def response_order(disease: str) -> tuple[str, ...]:
    """Give the categories of response of a disease, best first.

    >>> response_order("LBCL")
    ('CR', 'PR', 'SD', 'PD')
    """
    return ORDERS[clinic_rules(disease)["rules"]]


def log_response(paths: Paths, rows: pl.DataFrame) -> NDArray[np.float64]:
    """Give the log-probability [n] of the stated responses (rows by day; text = category) under each path."""
    found = np.zeros(paths.n)
    days: list[float] = []
    for row in rows.iter_rows(named=True):
        days.append(float(row["day"]))
        stated = response_order(paths.disease).index(row["text"])
        found += np.log(_said(stated, category(paths, days), len(response_order(paths.disease))))
    return found


def category(paths: Paths, days: list[float]) -> Ints:
    """Give the place [n] in `response_order` of the burden on the last of the days on which it was looked at."""
    rules = clinic_rules(paths.disease)
    levels = {name: float(value) for name, value in rules.items() if name not in ("rules", "scans", "like")}
    if rules["rules"] == "myeloma":
        return _myeloma(paths, days, levels)
    burden = paths.tumour_on(days[-1])
    if rules["rules"] == "leukemia":
        # Between what counts as detected and relapse a marrow is still called a remission.
        return np.asarray(np.where(burden < np.log(levels["relapse"]), 0, 1))
    lowest = _lowest(paths, "tumour", days)
    grown = (burden >= lowest + np.log(levels["nadir_growth"])) & (
        burden >= np.log(levels["nadir_detected"] * levels["detected"])
    )
    grown |= burden >= paths.baseline + np.log(levels["first_scan_growth"])
    smaller = burden < paths.baseline + np.log(levels["response"])
    return np.asarray(np.select([burden < np.log(levels["detected"]), grown, smaller], [0, 3, 1], 2))


def _myeloma(paths: Paths, days: list[float], levels: dict[str, float]) -> Ints:
    protein, first = np.exp(paths.on("protein", days[-1])), np.exp(paths.on("protein", 0.0))
    lowest = np.minimum(np.exp(_lowest(paths, "protein", days)), first)
    grown = (protein >= levels["nadir_growth"] * lowest) & (protein >= lowest + levels["nadir_rise"])
    share = protein / first
    return np.asarray(
        np.select(
            [protein < levels["complete"], grown, share < levels["deep_response"], share < levels["response"]],
            [0, 4, 1, 2],
            3,
        )
    )


def _lowest(paths: Paths, name: str, days: list[float]) -> Any:
    """The lowest ln level on the days looked at before the last; infinite where there is none."""
    before = [paths.on(name, day) for day in days[:-1]]
    return np.min(before, axis=0) if before else np.full(paths.n, np.inf)


def _said(stated: int, truly: Ints, categories: int) -> NDArray[np.float64]:
    """Probability [n] that so is stated what truly is so: the same, else a neighbour."""
    same = number("response_same")
    neighbours = np.where((truly == 0) | (truly == categories - 1), 1, 2)
    near, floor = (1 - same) / neighbours, number("failure_unexplained")
    return np.where(truly == stated, same, np.where(abs(truly - stated) == 1, near, floor))
