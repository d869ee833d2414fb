"""Importance weights: effective sample size, Pareto smoothing with its diagnostic, and draws in proportion."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_TAIL: Final = 5


def normalised(log_weights: Floats) -> Floats:
    """Give weights that sum to one; raises ValueError where none is above zero."""
    top = np.max(log_weights)
    if not np.isfinite(top):
        raise ValueError("no simulated patient has a likelihood above zero; check the record's values and units")
    weights = np.exp(log_weights - top)
    return np.asarray(weights / weights.sum())


def effective_size(weights: Floats) -> float:
    """Give the effective sample size of weights (Kish): 1 / sum of squares of the normalised weights.

    >>> effective_size(np.array([0.5, 0.5, 0.0]))
    2.0
    """
    shares = weights / weights.sum()
    return float(1 / np.sum(shares**2))


def log_sum(values: Floats) -> Floats:
    """Give ln of the sum of exponentials [n] over the rows of [k, n]; rows of minus infinity alone stay so.

    >>> log_sum(np.log([[1.0, 0.5], [3.0, 0.5]])).round(3).tolist()
    [1.386, 0.0]
    """
    top = np.maximum(values.max(axis=0), np.finfo(np.float64).min)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(values - top).sum(axis=0)) + top)


def smoothed(log_weights: Floats) -> tuple[Floats, float]:
    """Give Pareto-smoothed log-weights and k-hat, the shape of their tail (vehtari2024): above 0.7 do not trust them.

    The largest min(n / 5, 3 sqrt(n)) weights are replaced by expected order statistics of the generalised Pareto law
    fitted to them; with fewer than five in the tail nothing is smoothed and k-hat is infinite.
    """
    n = int(np.isfinite(log_weights).sum())
    tail = int(min(n / 5, 3 * np.sqrt(max(n, 1))))
    order = np.argsort(log_weights)
    if tail < LEAST_TAIL:
        return log_weights, np.inf
    largest, cut = order[-tail:], log_weights[order[-tail - 1]]
    top = log_weights[order[-1]]
    excess = np.exp(log_weights[largest] - top) - np.exp(cut - top)
    # Equal weights at the cut leave no tail to fit: bounded weights, as those of statements alone, need no smoothing.
    largest, excess = largest[excess > 0], excess[excess > 0]
    tail = excess.size
    if tail < LEAST_TAIL or excess[-1] <= excess[0]:
        return log_weights, 0.0
    shape, scale = _smooth_shape(excess)
    places = (np.arange(1, tail + 1) - 0.5) / tail
    quantiles = -scale * np.log1p(-places) if abs(shape) < 1e-8 else scale / shape * ((1 - places) ** -shape - 1)
    found = log_weights.copy()
    found[largest] = np.minimum(np.log(quantiles + np.exp(cut - top)) + top, top)
    return found, float(shape)


def _smooth_shape(excess: Floats) -> tuple[float, float]:
    """Fit the generalised Pareto law to rising excesses (zhang2009), the shape drawn a little to 0.5 (vehtari2024)."""
    n = excess.size
    grid = 30 + int(np.sqrt(n))
    quarter = excess[max(int(n / 4 + 0.5) - 1, 0)]
    theta = 1 / excess[-1] + (1 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3 * quarter)
    shapes = np.mean(np.log1p(-theta[:, None] * excess), axis=1)
    profile = n * (np.log(-theta / shapes) - shapes - 1)
    weights = np.exp(profile - profile.max())
    mean = float(np.sum(theta * weights) / weights.sum())
    shape = float(np.mean(np.log1p(-mean * excess)))
    scale = -shape / mean
    return (n * shape + 10 * 0.5) / (n + 10), scale


def systematic(weights: Floats, draws: int, start: float = 0.5) -> NDArray[np.int64]:
    """Draw indices in proportion to weights, as evenly as can be; `start` in 0..1 places the comb.

    >>> systematic(np.array([0.5, 0.0, 0.5]), 4).tolist()
    [0, 0, 2, 2]
    """
    edges = np.cumsum(weights) / weights.sum()
    found = np.searchsorted(edges, (np.arange(draws) + start) / draws, side="right")
    return np.minimum(found, weights.size - 1).astype(np.int64)


def quantiles(values: Floats, weights: Floats, at: tuple[float, ...], effective: float | None = None) -> Floats:
    """Give weighted quantiles; values that are not a number are left out (all out: not a number).

    So few draws as `effective` (by default that of the weights) do not know the tails: quantiles lie where one more
    draw of the same law would fall below with the probability asked for, so that intervals cover what they say.

    >>> quantiles(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0]), (0.5,)).round(3).tolist()
    [2.333]
    """
    kept = ~np.isnan(values) & (weights > 0)
    if not kept.any():
        return np.full(len(at), np.nan)
    order = np.argsort(values[kept])
    ordered, shares = values[kept][order], weights[kept][order]
    middles = (np.cumsum(shares) - shares / 2) / shares.sum()
    places = with_one_more(middles, effective_size(shares) if effective is None else effective)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.interp(at, places, ordered))


def with_one_more(shares: Floats, effective: float | Floats) -> Floats:
    """Give the chance that one more draw lies below a place, from the share of so many effective draws that do.

    >>> with_one_more(np.array([0.0, 0.5]), 9.0).tolist()
    [0.05, 0.5]
    """
    return np.asarray((effective * shares + 0.5) / (effective + 1))
