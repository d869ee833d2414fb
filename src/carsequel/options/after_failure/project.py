"""Survival from progression on, by disease, day of failure, prognosis and option; null where nothing anchors it."""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.options.after_failure.anchors import PC_PI, anchor
from carsequel.options.after_failure.fit import DRAWS, SEED, Draws, died_of_other, fitted_hazards, mixture
from carsequel.options.after_failure.strata import (
    ANCHORED_DISEASE,
    ANCHORED_OPTIONS,
    DAYS_IN_MONTH,
    Stratum,
    group_of,
    stratum_of,
)

DAYS: Final = tuple(range(0, 721, 30))
ENTRY_MONTHS: Final = 6.0
PROJECTED_KINDS: Final = ("drug", "local", "cells", "transplant")
COLUMNS: Final = (
    *("survival", "low", "high", "treated", "treated_low", "treated_high", "died_of_disease", "died_of_other"),
)
_LIMITS: Final = (2.5, 97.5)
SELECTION: Final = (
    "counted from progression and over all who need a next therapy; those never treated again are counted with a "
    "hazard raised as the earliest failures' is above everyone's, the nearest proxy there is; who got the drug was fit "
    "enough for it, so that the difference from everyone is not the drug's alone"
)
MIXED: Final = "counted from progression over all who failed, treated again or not"
NO_OPTION: Final = "no calibrated row of this option, only the widest range of all anchored groups"
NO_DISEASE: Final = "no calibrated row after failure in this disease, only the widest range of another one"
NO_GROUP: Final = "PC-PI group not used: its weights and cut-offs are not verified, only none or all of five settles it"


def survival_after_failure(
    disease: str,
    failure_day: float | None,
    factors: Mapping[str, Any] | None = None,
    option: str = "any",
    days: Iterable[float] = DAYS,
) -> pl.DataFrame:
    """Give the projected survival from progression (day 0): day, survival, low, high, treated, treated_low,
    treated_high, died_of_disease, died_of_other (all 0-1) and anchored.

    `survival` counts everyone for whom the option is meant, `treated` those who received it (null for `any`); deaths
    are split by competing risks. `low` and `high` are 95 % limits from redrawing the published rows within their own
    intervals. Where disease or option has no calibrated row, `anchored` is false, the numbers are null and the limits
    are the widest of all anchored groups. `factors` as in `strata.group_of`. ValueError for an impossible input.

    >>> survival_after_failure("LBCL", 60.0, days=[0, 183]).select(pl.col("survival").round(2)).to_series().to_list()
    [1.0, 0.46]
    """
    months = np.asarray(sorted(float(day) for day in days)) / DAYS_IN_MONTH
    if months.size and months[0] < 0:
        raise ValueError("a day after failure lies before it; days count from progression = 0")
    stratum = stratum_of(failure_day, factors)
    anchored = disease == ANCHORED_DISEASE and option in ANCHORED_OPTIONS
    found = _curves(stratum, option, months) if anchored else _widest(tuple(months.tolist()))
    empty = np.full(months.size, np.nan)
    columns = {name: pl.Series(found.get(name, empty)).fill_nan(None) for name in COLUMNS}
    return pl.DataFrame({"day": months * DAYS_IN_MONTH, **columns}).with_columns(anchored=pl.lit(anchored))


def project_option(
    option: str, kind: str, disease: str | None, failure_day: float | None, factors: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Give the `projected` entry of an option for the answer (kind `statistical`): survival at six months from
    progression in per cent with limits, what stands behind it and what it leaves out. None for care options."""
    if kind not in PROJECTED_KINDS:
        return None
    at = survival_after_failure(disease or "", failure_day, factors, option, [ENTRY_MONTHS * DAYS_IN_MONTH])
    row = at.row(0, named=True)
    entry = {
        "kind": "statistical",
        "outcome": "OS from progression",
        "time_months": ENTRY_MONTHS,
        "unit": "%",
        "interval": "bootstrap",
        "time_zero": "progression",
        "anchored": row["anchored"],
        **{("value" if name == "survival" else name): _per_cent(row[name]) for name in COLUMNS},
        "draws": DRAWS,
        "seed": SEED,
    }
    stratum = stratum_of(failure_day, factors)
    share = anchor(stratum.parameters[-1])
    entry |= {"share_treated": share.value, "share_treated_n": share.n, "share_treated_source": share.source}
    if not row["anchored"]:
        silent = NO_DISEASE if disease != ANCHORED_DISEASE else NO_OPTION
        words = f"not projected ({entry['low']:.0f} to {entry['high']:.0f} %): {silent}"
        behind = _behind(("step", "late", "bispecific", *PC_PI))
        sizes = dict.fromkeys(anchor(name).n for name in ("step", "late", "bispecific", f"share_{PC_PI[0]}"))
        behind["n_note"] = f"{', '.join(str(size) for size in sizes)} in the anchored rows"
        return entry | {"stratum": None, "why": [silent], "words": words, "n": None} | behind
    parameters = stratum.parameters + (("bispecific",) if option != "any" else ())
    why = [MIXED if option == "any" else SELECTION] + ([] if group_of(factors) else [NO_GROUP])
    return entry | {"stratum": stratum.name, "why": why, "words": None, "n": None} | _behind(parameters)


def _curves(stratum: Stratum, option: str, months: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    fit = fitted_hazards()
    if option == "any":
        alive = np.stack([mixture(stratum.hazards, stratum.mix, month) for month in months])
        other = np.stack([died_of_other(stratum.hazards, stratum.mix, fit.other, month) for month in months])
        return _summed(alive, other)
    treated_hazard = stratum.hazards * fit.bispecific
    parts = ((stratum.treated, treated_hazard), (1 - stratum.treated, stratum.hazards * fit.untreated))
    alive, other = np.zeros((2, months.size, fit.other.size))
    for weight, hazards in parts:
        alive += weight * np.stack([mixture(hazards, stratum.mix, month) for month in months])
        other += weight * np.stack([died_of_other(hazards, stratum.mix, fit.other, month) for month in months])
    treated = np.stack([mixture(treated_hazard, stratum.mix, month) for month in months])
    low, high = _limits(treated)
    return _summed(alive, other) | {"treated": treated[:, 0], "treated_low": low, "treated_high": high}


def _summed(alive: Draws, other: Draws) -> dict[str, NDArray[np.float64]]:
    low, high = _limits(alive)
    died = 1 - alive[:, 0]
    return {
        "survival": alive[:, 0],
        "low": low,
        "high": high,
        "died_of_disease": died - other[:, 0],
        "died_of_other": other[:, 0],
    }


def _limits(values: Draws) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, high = np.percentile(values[:, 1:], _LIMITS, axis=1)
    return low, high


@lru_cache(maxsize=64)
def _widest(at: tuple[float, ...]) -> dict[str, NDArray[np.float64]]:
    months = np.asarray(at)
    every = [stratum_of(day) for day in (0.0, 60.0, 120.0)] + [stratum_of(None, {"group": name}) for name in PC_PI]
    found = [_curves(stratum, option, months) for stratum in every for option in ANCHORED_OPTIONS]
    low = np.min([curve["low"] for curve in found], axis=0)
    high = np.max([curve.get("treated_high", curve["high"]) for curve in found], axis=0)
    return {"low": low, "high": high}


@cache
def _behind_of(parameters: tuple[str, ...]) -> tuple[str, str]:
    rows = [anchor(name) for name in parameters]
    medians = [row for row in rows if row.quantity != "share"]
    n = "; ".join(dict.fromkeys(f"{row.n} ({row.source})" for row in medians if row.n is not None))
    groups = [anchor(f"share_{row.parameter}") for row in medians if row.parameter in PC_PI]
    told = [f"{row.stratum} {row.value:g} % of {row.n} ({row.source})" for row in groups]
    return "; ".join([*([n] if n else []), *told]), "; ".join(dict.fromkeys(row.source for row in rows))


def _behind(parameters: tuple[str, ...]) -> dict[str, Any]:
    n_note, source = _behind_of(parameters)
    return {"n_note": n_note, "source": source, "status": "VERIFIED"}


def _per_cent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)
