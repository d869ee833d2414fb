"""How early one could have known: the probability of failure given the data up to each day."""

from typing import Final

import numpy as np
import polars as pl

from carsequel.inference.bank import Bank
from carsequel.inference.forecast import DAYS, share_failing
from carsequel.inference.likelihood import log_likelihood
from carsequel.inference.observations import Observations
from carsequel.inference.paths import Paths
from carsequel.inference.refine import FAR
from carsequel.inference.weights import effective_size, normalised

FIRST: Final = 0.0
LANDMARKS: Final = 12
SCREENED: Final = 30_000


def time_to_know(bank: Bank, seen: Observations, days: tuple[float, ...] = DAYS) -> pl.DataFrame:
    """Give one row a landmark day and horizon: landmark, horizon, p (failure of the disease by the horizon, among
    those free of it at the landmark, given what was seen until then), effective (patients of the bank behind it).

    The landmarks are the days on which something was seen before the failure, at most twelve. The day of the failure
    itself is no landmark: a confirming scan never predicts itself.
    """
    paths = bank.paths.only(np.arange(min(bank.paths.n, SCREENED)))
    rows = [row for day in landmarks(seen) for row in known_on(paths, seen, day, days)]
    schema = {"landmark": pl.Float64, "horizon": pl.Float64, "p": pl.Float64, "effective": pl.Float64}
    return pl.DataFrame(rows, schema=schema)


def landmarks(seen: Observations) -> list[float]:
    """Give the days on which more became known, before the failure."""
    end = seen.failure.day if seen.failure.state == "failed" else seen.as_of + 1e-9
    days = sorted({FIRST, *(day for day in seen.rows["day"].to_list() if 0 < day < end)})
    if len(days) <= LANDMARKS:
        return days
    return [days[round(at * (len(days) - 1) / (LANDMARKS - 1))] for at in range(LANDMARKS)]


def known_on(paths: Paths, seen: Observations, day: float, horizons: tuple[float, ...]) -> list[dict[str, float]]:
    """Give the probabilities of failure by the horizons with what was seen by a day."""
    until = seen.until(day)
    weights = normalised(log_likelihood(paths, until, FAR)) * (paths.failure_day > day)
    if weights.sum() <= 0:
        return []
    effective = effective_size(weights)
    return [
        {"landmark": day, "horizon": horizon, "effective": effective,
         "p": share_failing(paths.failure_day, weights, weights, horizon)}
        for horizon in horizons if horizon > day
    ]  # fmt: skip
