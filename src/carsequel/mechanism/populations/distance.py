"""How far a simulated population is from the published figures: one z a target, their weighted squares summed."""

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from carsequel.evidence.rows import evidence_rows
from carsequel.mechanism.populations.ensemble import PACKAGE
from carsequel.mechanism.populations.measures import Seen, measure
from carsequel.terms.tables import read_table

LARGEST_Z: Final = 8.0
CALIBRATE: Final = "calibrate"


class Target(NamedTuple):
    """One published figure: what it measures, its aim and tolerance (on a natural-log scale where `scale` is ln), the
    published interval where there is one, and whether it is fitted or only compared."""

    measure: str
    at: str | None
    use: str
    scale: str
    aim: float
    low: float | None
    high: float | None
    tolerance: float
    weight: float
    mark: str
    denominator: str
    source: str
    evidence: str | None


class Reached(NamedTuple):
    """A target and what the model reaches."""

    target: Target
    value: float
    z: float


class TargetError(ValueError):
    """A row of targets.csv that must not be used: says which and why."""


@cache
def targets(population: str) -> tuple[Target, ...]:
    """Give the targets of a population (`LBCL axi-cel`); those that name a row of the evidence take its value.

    Raises TargetError where a fitted target names a row whose role is not `calibrate`, or a row has no source.
    """
    rows = read_table(PACKAGE, "targets.csv").filter(pl.col("population") == population)
    return tuple(_target(row) for row in rows.iter_rows(named=True))


def _target(row: dict[str, str | None]) -> Target:
    where = f"targets.csv, {row['population']}, {row['measure']}"
    if not row["source"]:
        raise TargetError(f"{where}: no source; give a key of sources.csv")
    aim, low, high = (_number(row[name]) for name in ("aim", "low", "high"))
    if row["evidence"]:
        aim, low, high = _published(row["evidence"], row["use"] == "fit", where, str(row["measure"]))
    if aim is None:
        raise TargetError(f"{where}: neither an aim nor a row of the evidence")
    return Target(
        str(row["measure"]), row["at"], str(row["use"]), str(row["scale"]), aim, low, high,
        float(row["tolerance"] or 1), float(row["weight"] or 1), str(row["mark"]), str(row["denominator"]),
        str(row["source"]), row["evidence"],
    )  # fmt: skip


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _published(key: str, fitted: bool, where: str, what: str) -> tuple[float | None, float | None, float | None]:
    found = [rows.filter(pl.col("id") == key) for rows in (evidence_rows("targets"), evidence_rows("outcomes"))]
    row = next((rows.row(0, named=True) for rows in found if rows.height), None)
    if row is None:
        raise TargetError(f"{where}: the evidence has no row {key}")
    if fitted and row["role"] != CALIBRATE:
        raise TargetError(f"{where}: the row {key} has the role {row['role']}; only {CALIBRATE} rows are fitted")
    per = 1.0 if what.startswith("median") else 100.0
    value, low, high = (None if row[name] is None else row[name] / per for name in ("value", "low", "high"))
    return value, low, high


def reach(population: str, seen: Seen, axi: Seen | None = None) -> list[Reached]:
    """Measure every target of a population."""
    found = []
    for target in targets(population):
        value = measure(target.measure, target.at, seen, axi)
        found.append(Reached(target, value, _z(target, value)))
    return found


def _z(target: Target, value: float) -> float:
    if not np.isfinite(value):
        return LARGEST_Z
    gap = np.log(max(value, 1e-9) / target.aim) if target.scale == "ln" else value - target.aim
    return float(np.clip(gap / target.tolerance, -LARGEST_Z, LARGEST_Z))


def distance(reached: list[Reached]) -> float:
    """Give the weighted sum of squared z over the fitted targets."""
    return float(sum(each.target.weight * each.z**2 for each in reached if each.target.use == "fit"))
