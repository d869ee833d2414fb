"""Intervals of a share: exact (Clopper-Pearson), which we compute, and Wilson's, which came with the targets."""

from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray


def exact_interval(
    events: ArrayLike, n: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the lower and upper exact binomial limits (Clopper-Pearson, shares 0-1) of events seen in n patients.

    A point of a survival curve has no whole events: its share times n goes in, the limits ignore censoring and are
    then too narrow. NaN where an input is missing, n is 0 or the events are not between 0 and n.

    >>> low, high = exact_interval([10, 0], [16, 8])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.354, 0.0], [0.848, 0.369])
    """
    from scipy.special import betaincinv

    seen, size = (np.atleast_1d(np.asarray(each, dtype=np.float64)) for each in (events, n))
    fits = (size > 0) & (seen >= 0) & (seen <= size)
    x, m = np.where(fits, seen, 0.0), np.where(fits, size, 1.0)
    tail = (1 - level) / 2
    low = np.where(x > 0, betaincinv(np.maximum(x, 1e-12), m - x + 1, tail), 0.0)
    high = np.where(x < m, betaincinv(x + 1, np.maximum(m - x, 1e-12), 1 - tail), 1.0)
    return np.where(fits, low, np.nan), np.where(fits, high, np.nan)


def wilson_interval(share: pl.Expr, n: pl.Expr, level: float = 0.95) -> tuple[pl.Expr, pl.Expr]:
    """Give the lower and upper Wilson limit of a share (0-1) seen in n patients; null where either is null or n is 0.

    On a point of a survival curve it ignores censoring and is then too narrow.

    >>> low, high = wilson_interval(pl.lit(10 / 16), pl.lit(16))
    >>> pl.select(low.round(3).alias("low"), high.round(3).alias("high")).row(0)
    (0.386, 0.815)
    """
    z = NormalDist().inv_cdf(0.5 + level / 2)
    count = pl.when(n > 0).then(n)
    scale = 1 + z**2 / count
    centre = (share + z**2 / (2 * count)) / scale
    half = z / scale * (share * (1 - share) / count + z**2 / (4 * count**2)).sqrt()
    return (centre - half).clip(0, 1), (centre + half).clip(0, 1)
