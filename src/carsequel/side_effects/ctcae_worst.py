"""The worst of the graded values of each infusion and period: its bounds and days, and the value that sets it."""

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

NO_DAY: Final = np.iinfo(np.int64).max


class Worst(NamedTuple):
    """Per group of graded values its `bounds`, and the places of the values that set them: all (`picked`), and those of
    the first day of them (`first`)."""

    bounds: pl.DataFrame
    picked: pl.Series
    first: pl.Series


def worst_of(graded: pl.DataFrame) -> Worst:
    """Give one row per group `of`: low and high, start and end (days of the worst certain grade), the first day in
    doubt, the least of the gravest grades, the number of values, and whether a value in doubt has no limit of normal.

    `graded` has of (each group in one piece), day, low and high (0-4), no_limit. Values with the worst certain grade
    above 0, or else with the gravest possible one, set the bounds.
    """
    of, day, low, high = (graded[name].to_numpy() for name in ("of", "day", "low", "high"))
    begins = np.flatnonzero(np.diff(of, prepend=-1))
    number = np.diff(begins, append=len(of))

    def each(ufunc: np.ufunc, values: Any) -> Any:
        return ufunc.reduceat(values, begins) if len(of) else values

    worst, gravest = (each(np.maximum, side) for side in (low, high))
    certain = np.repeat(worst > 0, number)
    sure, open_ = (low == np.repeat(worst, number)) & certain, high == np.repeat(gravest, number)
    picked = np.where(certain, sure, open_)
    first = each(np.minimum, np.where(picked, day, NO_DAY))
    bounds = {"of": of[begins], "low": worst, "high": gravest, "least": each(np.minimum, high), "n": number}
    bounds |= {"start": each(np.minimum, np.where(sure, day, NO_DAY)), "end": each(np.maximum, np.where(sure, day, -1))}
    bounds |= {"doubt_day": each(np.minimum, np.where(open_, day, NO_DAY))}
    bounds |= {"no_limit": each(np.logical_or, open_ & graded["no_limit"].to_numpy())}
    found = pl.DataFrame(bounds).with_columns(pl.when(pl.col("low") > 0).then(e).alias(e) for e in ("start", "end"))
    first_day = picked & (day == np.repeat(first, number))
    return Worst(found, *(pl.Series(np.flatnonzero(rows)) for rows in (picked, first_day)))
