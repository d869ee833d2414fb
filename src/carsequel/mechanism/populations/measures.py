"""What is measured of a simulated population: one number a measure, from the rows that `clinic.outcomes` gives.

`at` is what the measure needs beside its name: a quantile, a day, a month, a burden. The denominators are those that
the targets name; a share without anyone in its denominator is not a number.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MONTH: Final = 365.25 / 12
TIMING_TO: Final = 24 * MONTH
OF_DISEASE: Final = ("progression", "relapse", "no CR")
LOWEST_LEVEL: Final = 0.05  # cells/uL: what an assay would still find; relative to a peak of tens


class Seen:
    """The outcomes of one population as arrays [n]; days without an event are infinite."""

    def __init__(self, rows: pl.DataFrame, burden: Floats) -> None:
        """Take the frame of `clinic.outcomes` and the burden before lymphodepletion, [n] cells."""
        solved = rows["cmax"].is_not_null()
        self.rows = rows.filter(solved)
        self.burden = np.asarray(burden)[solved.to_numpy()]
        self.end = self._days("failure_day")
        kind = self.rows["failure_kind"]
        self.failed = kind.is_in(OF_DISEASE).fill_null(False).to_numpy()
        self.relapsed = (kind == "relapse").fill_null(False).to_numpy()
        self.negative = self.rows["antigen_negative"].fill_null(False).to_numpy()
        self.complete = self.rows["cr"].fill_null(False).to_numpy()
        self.response = self.rows["orr"].fill_null(False).to_numpy()
        self.back = self._days("b_cells_back_day")
        self.cmax = self.floats("cmax")

    def floats(self, name: str) -> Floats:
        """Give a column as numbers, nulls as not a number."""
        return self.rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()

    def _days(self, name: str) -> Floats:
        return self.rows[name].cast(pl.Float64).fill_null(np.inf).to_numpy()


def measure(name: str, at: str | None, seen: Seen, other: Seen | None = None) -> float:
    """Give one measure of a population; `other` is the population that `cmax_to_axi` compares with.

    Raises KeyError for a measure that does not exist.
    """
    if name == "cmax_to_axi":
        return float("nan") if other is None else float(np.median(seen.cmax) / np.median(other.cmax))
    if name.startswith("car_day_"):
        return _level(name, seen, float(at or 0.5))
    return float(MEASURES[name](seen, at))


def _share(what: NDArray[np.bool_], among: NDArray[np.bool_] | None = None) -> float:
    chosen = what if among is None else what[among]
    return float(chosen.mean()) if chosen.size else float("nan")


def _level(name: str, seen: Seen, quantile: float) -> float:
    day = float(name.rsplit("_", 1)[1])
    levels = seen.floats(name)
    return float(np.nanquantile(levels[seen.end > day] if day > 60 else levels, quantile))


def _timing(seen: Seen, low: float, high: float) -> float:
    among = seen.failed & (seen.end <= TIMING_TO)
    return _share((seen.end > low) & (seen.end <= high), among)


def _free(seen: Seen, months: Any) -> float:
    return _share(seen.end > float(months) * MONTH)


def _other_death(seen: Seen, months: Any) -> float:
    return _share(~seen.failed & (seen.end <= float(months) * MONTH))


def _hazard_ratio(days: Floats, event: NDArray[np.bool_], first: NDArray[np.bool_], until: float) -> float:
    """Ratio of events per time at risk, the first group over the rest."""
    rates = []
    for group in (first, ~first):
        time = np.minimum(days[group], until).sum()
        rates.append((event[group] & (days[group] <= until)).sum() / time if time > 0 else np.nan)
    return float(rates[0] / rates[1]) if rates[1] > 0 else float("nan")


def _hr_burden(seen: Seen, cut: Any) -> float:
    any_end = np.isfinite(seen.end)
    return _hazard_ratio(seen.end, any_end, seen.burden < float(cut), TIMING_TO)


def _hr_b_return(seen: Seen, day: Any) -> float:
    """Relapse after this day among those in remission on it: B cells back by then over not."""
    landmark = float(day)
    there = seen.complete & (seen.end > landmark)
    days = seen.end[there] - landmark
    return _hazard_ratio(days, seen.relapsed[there], seen.back[there] <= landmark, 3 * 365.25)


def _ratio(values: Floats, group: NDArray[np.bool_], how: str | None) -> float:
    if not group.any() or group.all():
        return float("nan")
    if how == "geometric":
        logs = np.log(np.maximum(values, 1e-9))
        return float(np.exp(logs[group].mean() - logs[~group].mean()))
    return float(np.median(values[group]) / np.median(values[~group]))


def _auroc(seen: Seen, day: Any) -> float:
    well = seen.end > float(day)
    ranks = np.argsort(np.argsort(seen.cmax)) + 1.0
    many, few = well.sum(), (~well).sum()
    return float((ranks[well].sum() - many * (many + 1) / 2) / (many * few)) if many and few else float("nan")


def _decline(seen: Seen, day: Any) -> float:
    there = seen.complete & (seen.end > float(day))
    return float(np.median((seen.floats(f"car_day_{day}") / seen.cmax)[there])) if there.any() else float("nan")


def _half_life(seen: Seen, at: Any) -> float:
    """Of the first decline: from the peak (or day 14) to day 28."""
    del at
    drop = np.log(np.maximum(seen.floats("car_day_14"), 1e-9) / np.maximum(seen.floats("car_day_28"), 1e-9))
    return float(np.median(np.log(2) * 14 / np.maximum(drop, 1e-3)))


def _detected(seen: Seen, day: Any) -> float:
    """Among those without failure by the day: who has failed or died gives no more samples."""
    column = min((90, 180, 365), key=lambda known: abs(known - float(day)))
    found = np.nan_to_num(seen.floats(f"car_day_{column}")) > LOWEST_LEVEL
    return _share(found, seen.end > float(day))


def _median_months(days: Floats) -> float:
    return float(np.median(days) / MONTH)


MEASURES: Final[dict[str, Callable[[Seen, Any], float]]] = {
    "cmax": lambda seen, at: float(np.quantile(seen.cmax, float(at))),
    "cmax_spread": lambda seen, at: float(np.log(np.maximum(seen.cmax, 1e-9)).std()),
    "tmax": lambda seen, at: float(np.quantile(seen.floats("tmax"), float(at))),
    "cr": lambda seen, at: _share(seen.complete),
    "orr": lambda seen, at: _share(seen.response),
    "failed_by_30": lambda seen, at: _timing(seen, 0, 30),
    "failed_31_to_90": lambda seen, at: _timing(seen, 30, 90),
    "pfs": _free,
    "nrm": _other_death,
    "median_pfs": lambda seen, at: _median_months(seen.end),
    "median_rfs": lambda seen, at: _median_months(seen.end[seen.complete]) if seen.complete.any() else float("nan"),
    "antigen_negative": lambda seen, at: _share(seen.negative, seen.failed & (seen.end <= TIMING_TO)),
    "relapse_antigen_negative": lambda seen, at: _share(seen.negative, seen.relapsed),
    "positive_after_b_return": lambda seen, at: _share(seen.back < seen.end, seen.relapsed & ~seen.negative),
    "negative_in_aplasia": lambda seen, at: _share(seen.negative, seen.relapsed & (seen.back >= seen.end)),
    "b_cells_back": lambda seen, at: _share(seen.back <= float(at), seen.end > float(at)),
    "aplasia_day_30": lambda seen, at: _share(seen.rows["aplasia_day_30"].fill_null(False).to_numpy()),
    "hr_burden": _hr_burden,
    "hr_b_return": _hr_b_return,
    "cmax_ratio": lambda seen, at: _ratio(seen.cmax, seen.response, at),
    "auc_ratio": lambda seen, at: _ratio(seen.floats("auc28"), seen.response, at),
    "auroc_peak": _auroc,
    "decline": _decline,
    "half_life": _half_life,
    "detected": _detected,
}
