"""The published rows that the projection is fitted to, on the scale of the fit and with their spread."""

import math
from functools import cache
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.evidence.rows import evidence_rows
from carsequel.terms.tables import read_table

PC_PI: Final = ("low", "intermediate-low", "intermediate-high", "high")


class Anchor(NamedTuple):
    """One fitted row: `centre` and `spread` (standard error) are on the log scale for a median (months) and on the
    logit scale for a share."""

    parameter: str
    quantity: str
    stratum: str
    option: str
    months: float | None
    centre: float
    spread: float
    value: float
    n: int | None
    source: str
    id: str


@cache
def anchors() -> tuple[Anchor, ...]:
    """Give the rows that are fitted, in the order of `anchors.csv`.

    Raises ValueError where a row is not of role `calibrate`: every other number is compared and never fitted.

    >>> [(row.parameter, row.value) for row in anchors()[:2]]
    [('step', 47.9), ('late', 13.2)]
    """
    rows = read_table("carsequel.options.after_failure", "anchors.csv").to_dicts()
    return tuple(_anchor(row) for row in rows)


def anchor(parameter: str) -> Anchor:
    """Give the anchor of one parameter; KeyError where there is none."""
    found = [each for each in anchors() if each.parameter == parameter]
    if not found:
        raise KeyError(f"no anchor {parameter!r}; anchors.csv lists them")
    return found[0]


def _anchor(row: dict[str, Any]) -> Anchor:
    seen = evidence_row(row["table"], row["id"])
    if seen["role"] != "calibrate":
        raise ValueError(f"{row['id']} has role {seen['role']}; only rows of role calibrate may be fitted")
    spread = _spread(row, seen)
    centre = math.log(seen["value"]) if row["quantity"] == "median_os" else _logit(seen["value"] / 100)
    where = (row["parameter"], row["quantity"], row["stratum"], row["option"], seen["time_months"])
    return Anchor(*where, centre, spread, seen["value"], seen["n"], seen["source"], row["id"])


def evidence_row(table: str, key: str) -> dict[str, Any]:
    """Give one row of an evidence table by its id, as a dictionary."""
    return evidence_rows(table).row(by_predicate=pl.col("id") == key, named=True)


def _spread(row: dict[str, Any], seen: dict[str, Any]) -> float:
    """The standard error: from the interval (one side of it where the other was not reached), or, for a median without
    an interval, from the half of the patients who must have died by then."""
    if row["spread"] == "half_dead":
        group = evidence_row("prognosis", f"lbcl-pc-pi-group/share-{row['parameter']}")
        return 1 / math.sqrt(group["value"] / 100 * group["n"] / 2)
    z = NormalDist().inv_cdf(0.5 + float(row["level"]) / 2)
    scale = math.log if row["quantity"] == "median_os" else (lambda per_cent: _logit(per_cent / 100))
    if seen["high"] is None:
        return (scale(seen["value"]) - scale(seen["low"])) / z
    return (scale(seen["high"]) - scale(seen["low"])) / (2 * z)


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
