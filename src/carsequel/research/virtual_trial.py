"""A virtual trial: two arms on the same virtual patients, so that a difference is theirs and not chance's."""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

MONTHS: Final = (3, 6, 12, 18, 24, 36, 48, 60)
MONTH: Final = 365.25 / 12
Z95: Final = 1.959963984540054


def survival(patients: pl.DataFrame, days: ArrayLike) -> NDArray[np.float64]:
    """Give the share free of failure and death [k] at these days; every virtual patient is followed to the end.

    >>> survival(pl.DataFrame({"failure_day": [30.0, None]}), [0, 60]).tolist()
    [1.0, 0.5]
    """
    end = patients["failure_day"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    return np.array([(end > day).mean() for day in np.asarray(days, dtype=np.float64)])


def compare_arms(first: pl.DataFrame, second: pl.DataFrame, horizon: float) -> pl.DataFrame:
    """Compare two arms patient by patient: one row a month within the horizon.

    Columns: month, n, first and second (share free of failure), difference (second - first) with its 95 % interval for
    paired shares (low, high), helped and harmed (patients free in one arm only). Raises ValueError where the two
    frames are not of the same patients.

    >>> a = pl.DataFrame({"patient": [0, 1], "failure_day": [30.0, None]})
    >>> b = pl.DataFrame({"patient": [0, 1], "failure_day": [None, None]})
    >>> compare_arms(a, b, 100).select("difference", "helped").row(0)
    (0.5, 1)
    """
    if not first["patient"].equals(second["patient"]):
        raise ValueError("two arms of the same patients are needed; give both the same disease, product, n and seed")
    rows = []
    for month in (month for month in MONTHS if month * MONTH <= horizon + 1):
        one, two = (_free(arm, month * MONTH) for arm in (first, second))
        gap = two.astype(np.float64) - one
        half = Z95 * gap.std() / np.sqrt(gap.size)
        rows.append(
            {
                "month": month,
                "n": gap.size,
                "first": float(one.mean()),
                "second": float(two.mean()),
                "difference": float(gap.mean()),
                "low": float(gap.mean() - half),
                "high": float(gap.mean() + half),
                "helped": int((gap > 0).sum()),
                "harmed": int((gap < 0).sum()),
            }
        )
    return pl.DataFrame(rows)


def _free(patients: pl.DataFrame, day: float) -> NDArray[np.bool_]:
    end = patients["failure_day"].cast(pl.Float64).fill_null(np.inf).to_numpy()
    return np.asarray(end > day)
