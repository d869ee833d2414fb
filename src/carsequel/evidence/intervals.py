"""The Wilson interval of a share, as polars expressions."""

from statistics import NormalDist

import polars as pl


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
