"""How well a record fits each simulated patient: log-likelihood of what was measured and stated, path by path.

Measurements are log-normal about the path with a spread of their kind and a shift of the whole series, which is
integrated out; below or above a limit counts as such. Statements (antigen, aplasia, response) are right with a given
probability. The noise is scaled by one of three factors, integrated out, so that a record which the model fits badly
widens the answer. Every number is a row of measures.csv or numbers.csv.
"""

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp

from carsequel.inference.antigen import log_antigen
from carsequel.inference.categories import log_response
from carsequel.inference.numbers import Measure, measures, noise_scales, number
from carsequel.inference.observations import FailureSeen, Observations
from carsequel.inference.paths import Paths
from carsequel.inference.predict import predicted
from carsequel.mechanism.composite import CELLS_PER_UL, PARAMETERS

Floats = NDArray[np.float64]
NODES, WEIGHTS = (np.asarray(part) for part in np.polynomial.hermite_e.hermegauss(5))
LOG_WEIGHTS: Final = np.log(WEIGHTS / WEIGHTS.sum())
NORMAL_B_CELLS: Final = next(row.value for row in PARAMETERS if row.name == "Bss") / CELLS_PER_UL


def log_likelihood(paths: Paths, seen: Observations) -> Floats:
    """Give the log-likelihood [n] of a record under each path."""
    return np.asarray(logsumexp(log_likelihood_by_noise(paths, seen), axis=0))


def log_likelihood_by_noise(paths: Paths, seen: Observations) -> Floats:
    """Give the log-likelihood [scales, n] joint with each scale of the noise (prior weight included)."""
    stated = _log_failure(paths, seen.failure)
    stated += log_antigen(paths, seen.rows.filter(pl.col("measure") == "antigen"))
    for row in seen.rows.filter(pl.col("measure") == "aplasia").iter_rows(named=True):
        stated += _log_aplasia(paths, row)
    stated += log_response(paths, seen.rows.filter(pl.col("measure") == "response"))
    found = np.repeat(stated[None, :], len(noise_scales()), axis=0)
    found += np.log([share for _, share in noise_scales()])[:, None]
    measured = seen.rows.filter(pl.col("measure").is_in(list(measures())))
    for _, rows in measured.group_by("measure", "series", maintain_order=True):
        _add_series(found, paths, rows)
    return found


def log_series(error: Floats, spread: float, below: bool = False) -> Floats:
    """Give the log-probability of single log-normal results: their density at an error, or of lying below it."""
    scaled = error / spread
    return np.asarray(log_ndtr(scaled) if below else -0.5 * scaled**2 - np.log(spread * np.sqrt(2 * np.pi)))


def _add_series(found: Floats, paths: Paths, rows: pl.DataFrame) -> None:
    measure = measures()[rows["measure"][0]]
    exact = rows.filter(pl.col("bound") == 0)
    total, square, censored = np.zeros(paths.n), np.zeros(paths.n), []
    for row in exact.iter_rows(named=True):
        error = np.log(row["value"]) - predicted(paths, measure.measure, row["day"])
        total += error
        square += error**2
    for row in rows.filter(pl.col("bound") != 0).iter_rows(named=True):
        error = np.log(row["value"]) - predicted(paths, measure.measure, row["day"])
        censored.append((-row["bound"], error))
    for at, (scale, _) in enumerate(noise_scales()):
        found[at] += _series(measure, scale, exact.height, total, square, censored)


def _series(
    measure: Measure, scale: float, n: int, total: Floats, square: Floats, censored: list[tuple[int, Any]]
) -> Floats:
    """Log-likelihood of a series whose errors share a normal shift: closed form for values, quadrature for limits."""
    noise, shift = (scale * measure.spread) ** 2, measure.shift**2
    found = -0.5 * (square - total**2 * shift / (noise + n * shift)) / noise
    found -= 0.5 * (n * np.log(2 * np.pi * noise) + np.log1p(n * shift / noise))
    if not censored:
        return np.asarray(found)
    precision = 1 / shift + n / noise
    mean, spread = total / noise / precision, np.sqrt(1 / precision)
    nodes = []
    for node, weight in zip(NODES, LOG_WEIGHTS, strict=True):
        own = mean + spread * node
        parts = [log_ndtr(side * (error - own) / np.sqrt(noise)) for side, error in censored]
        nodes.append(weight + np.sum(parts, axis=0))
    return np.asarray(found + logsumexp(nodes, axis=0))


def _log_aplasia(paths: Paths, row: dict[str, Any]) -> Floats:
    wrong = number("aplasia_error")
    aplasia = predicted(paths, "b_cells", row["day"]) < np.log(number("aplasia_share") * NORMAL_B_CELLS)
    return np.log(np.where(aplasia == (row["text"] == "yes"), 1 - wrong, wrong))


def _log_failure(paths: Paths, seen: FailureSeen) -> Floats:
    leak, days = number("failure_unexplained"), paths.times[-1]
    failed = np.isfinite(paths.failure_day)
    if seen.state == "free":
        return np.asarray(np.log(np.where(paths.failure_day > seen.day, 1.0, leak)))
    if seen.state != "failed":
        return np.zeros(paths.n)
    logs = np.log(np.where(failed, np.maximum(paths.failure_day, 1.0), 1.0))
    if seen.earliest is not None and seen.latest is not None:
        inside = failed & (paths.failure_day >= seen.earliest) & (paths.failure_day <= seen.latest)
        return np.log(np.where(inside, 1.0, leak))
    spread = number("failure_spread_approximate" if seen.approximate else "failure_spread")
    error = (np.log(max(seen.day, 1.0)) - logs) / spread
    density = np.exp(-0.5 * error**2) / (spread * np.sqrt(2 * np.pi) * max(seen.day, 1.0))
    return np.asarray(np.log(np.where(failed, (1 - leak) * density, 0.0) + leak / days))
