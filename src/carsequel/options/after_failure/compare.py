"""The projection beside published rows it never saw: inside our limits, meeting them, or a miss, which is named."""

from typing import Any, Final

import numpy as np
import polars as pl

from carsequel.options.after_failure.anchors import evidence_row
from carsequel.options.after_failure.fit import CLASSES, Draws, died_of_other, fitted_hazards, median_of, mixture
from carsequel.options.after_failure.strata import ANCHORED_DISEASE, ANCHORED_OPTIONS, DAYS_IN_MONTH
from carsequel.terms.tables import read_table

_LIMITS: Final = (2.5, 97.5)


def compared_rows() -> pl.DataFrame:
    """Give one row a published number: id, disease, stratum, option, quantity (`os_at`, `median_os`,
    `other_death_at`), months, published, published_low, published_high, unit, n, n_note, source, status, role, ours,
    ours_low, ours_high, anchored, verdict, remark.

    `verdict`: `inside` our 95 % limits, `meets` them with its own interval, or `miss`. Where disease or option has no
    calibrated row `anchored` is false, and what stands beside it is the curve of everyone with large B-cell lymphoma.
    Days become months of 30.4375 days.
    """
    rows = read_table("carsequel.options.after_failure", "compared.csv").to_dicts()
    return pl.DataFrame([_row(row) for row in rows], infer_schema_length=None)


def verdict_of(seen: tuple[float, float | None, float | None], ours: tuple[float, float]) -> str:
    """Say how a published value with its limits lies to ours.

    >>> verdict_of((18.9, 10.7, 31.3), (2.0, 15.0)), verdict_of((22.0, None, None), (3.0, 8.0))
    ('meets', 'miss')
    """
    value, low, high = seen
    if ours[0] <= value <= ours[1]:
        return "inside"
    below, above = (value if low is None else low), (value if high is None else high)
    return "meets" if below <= ours[1] and above >= ours[0] else "miss"


def _row(row: dict[str, Any]) -> dict[str, Any]:
    seen = evidence_row(row["table"], row["id"])
    size = 1 / DAYS_IN_MONTH if seen["unit"] == "days" else 1.0
    value, low, high = (None if seen[name] is None else seen[name] * size for name in ("value", "low", "high"))
    ours = _ours(row["stratum"], row["side"], row["quantity"], seen["time_months"] or 0.0)
    anchored = row["disease"] == ANCHORED_DISEASE and row["option"] in ANCHORED_OPTIONS
    told = verdict_of((value or 0.0, low, high), ours[1:])
    return {
        **{name: row[name] for name in ("id", "disease", "stratum", "option", "quantity")},
        "months": seen["time_months"],
        "published": value,
        "published_low": low,
        "published_high": high,
        "unit": "months" if seen["unit"] == "days" else seen["unit"],
        **{name: seen[name] for name in ("n", "n_note", "source", "status", "role")},
        "ours": ours[0],
        "ours_low": ours[1],
        "ours_high": ours[2],
        "anchored": anchored,
        "verdict": told,
        "remark": row["remark"],
    }


def _ours(name: str, side: str, quantity: str, months: float) -> tuple[float, float, float]:
    hazards, mix = _hazards(name)
    if side == "treated":
        hazards = hazards * fitted_hazards().bispecific
    if quantity == "median_os":
        return _summary(median_of(hazards, mix))
    if quantity == "other_death_at":
        return _summary(100 * died_of_other(hazards, mix, fitted_hazards().other, months))
    return _summary(100 * mixture(hazards, mix, months))


def _hazards(name: str) -> tuple[Draws, Draws]:
    """The hazards and mix of a class of time to failure, of all of them, or of the two later ones (`>30`)."""
    fit = fitted_hazards()
    rows = {"all": [0, 1, 2], ">30": [1, 2]}.get(name) or [CLASSES.index(name)]
    return fit.time[rows], fit.mix[rows] / fit.mix[rows].sum(axis=0)


def _summary(draws: Draws) -> tuple[float, float, float]:
    low, high = np.percentile(draws[1:], _LIMITS)
    return float(draws[0]), float(low), float(high)
