"""Rows of facts and spans from arrays of patients by days."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

LABORATORY, CHART, IMAGING = "SYNTHETIC laboratory", "SYNTHETIC chart", "SYNTHETIC imaging"
NUMBERS = ("day", "value", "lln", "uln", "limit")


def facts(
    ids: pl.Series, name: str, days: ArrayLike, keep: NDArray[np.bool_], source: str, **columns: Any
) -> pl.DataFrame:
    """Give a row of a fact for each patient and day [n, d] that is kept; a column is [n, d], one a patient [n, 1], or
    one word or number for all."""
    at, column = np.nonzero(keep)
    rows: dict[str, Any] = {
        "patient": ids.gather(at),
        "name": pl.repeat(name, at.size, eager=True),
        "day": np.broadcast_to(np.asarray(days, dtype=np.float64), keep.shape)[at, column],
    }
    for key, value in columns.items():
        rows[key] = np.broadcast_to(np.asarray(value), keep.shape)[at, column]
    frame = pl.DataFrame(rows)
    kinds = (pl.col(key).cast(pl.Float64 if key in NUMBERS else pl.String) for key in frame.columns)
    return frame.with_columns(*kinds, source=pl.lit(source))


def stretches(ids: pl.Series, name: str, first: int, present: NDArray[np.bool_], **columns: Any) -> pl.DataFrame:
    """Give a span for each run of days on which something was there; present [n, d] begins with day `first`."""
    edges = np.diff(np.pad(present.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    at, start = np.nonzero(edges == 1)
    _, end = np.nonzero(edges == -1)
    frame = pl.DataFrame({"patient": ids.gather(at), "start": first + start, "end": first + end - 1})
    return _spans(frame, name, columns)


def spans(
    ids: pl.Series, name: str, start: ArrayLike, end: ArrayLike, keep: NDArray[np.bool_], **columns: Any
) -> pl.DataFrame:
    """Give a span for each patient [n] that is kept; start and end are days, [n] or one."""
    at = np.flatnonzero(keep)
    both = [np.broadcast_to(np.asarray(day, dtype=np.float64), keep.shape)[at] for day in (start, end)]
    return _spans(pl.DataFrame({"patient": ids.gather(at), "start": both[0], "end": both[1]}), name, columns)


def _spans(frame: pl.DataFrame, name: str, columns: dict[str, Any]) -> pl.DataFrame:
    told = [pl.lit(value).alias(key) for key, value in columns.items()]
    days = frame.with_columns(pl.col("start", "end").cast(pl.Float64))
    return days.with_columns(pl.lit(name).alias("name"), *told, source=pl.lit(CHART))
