"""How well a record fits each simulated patient: log-likelihood of what was measured and stated, path by path.

Measurements are log-normal about the path with a spread of their kind and a shift of the whole series, which is
integrated out; below or above a limit counts as such. Statements (antigen, aplasia, response) are right with a given
probability. The noise is scaled by one of three factors, integrated out, so that a record which the model fits badly
widens the answer. Every number is a row of measures.csv or numbers.csv.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import log_ndtr

from carsequel.inference.antigen import log_antigen
from carsequel.inference.categories import log_response
from carsequel.inference.numbers import Measure, measures, noise_scales, number
from carsequel.inference.observations import FailureSeen, Observations
from carsequel.inference.paths import Paths
from carsequel.inference.predict import predicted
from carsequel.inference.weights import log_sum
from carsequel.mechanism.composite import CELLS_PER_UL, PARAMETERS

Floats = NDArray[np.float64]
NODES, WEIGHTS = (np.asarray(part) for part in np.polynomial.hermite_e.hermegauss(5))
LOG_WEIGHTS: Final = np.log(WEIGHTS / WEIGHTS.sum())
NORMAL_B_CELLS: Final = next(row.value for row in PARAMETERS if row.name == "Bss") / CELLS_PER_UL


def log_likelihood(paths: Paths, seen: Observations, far: float = np.inf) -> Floats:
    """Give the log-likelihood [n] of a record under each path; see `log_likelihood_by_noise`."""
    return log_sum(log_likelihood_by_noise(paths, seen, far))


def log_likelihood_by_noise(paths: Paths, seen: Observations, far: float = np.inf) -> Floats:
    """Give the log-likelihood [scales, n] joint with each scale of the noise (prior weight included).

    With `far`, paths that are certain to lie that far below the best are minus infinity, which saves their limits of
    quantification, the dear part: a result below a limit has a probability of at most one, so that what is known
    without it bounds the whole.
    """
    stated = _log_failure(paths, seen.failure)
    stated += log_antigen(paths, seen.rows.filter(pl.col("measure") == "antigen"))
    for row in seen.rows.filter(pl.col("measure") == "aplasia").iter_rows(named=True):
        stated += _log_aplasia(paths, row)
    stated += log_response(paths, seen.rows.filter(pl.col("measure") == "response"))
    found = np.repeat(stated[None, :], len(noise_scales()), axis=0)
    found += np.log([share for _, share in noise_scales()])[:, None]
    measured = seen.rows.filter(pl.col("measure").is_in(list(measures())))
    series = [_errors(paths, rows) for _, rows in measured.group_by("measure", "series", maintain_order=True)]
    for own in series:
        for at, (scale, _) in enumerate(noise_scales()):
            found[at] += own.of_values(scale)
    limited = [own for own in series if own.censored]
    if not limited:
        return found
    bound, whole = log_sum(found), np.full_like(found, -np.inf)
    for asked in (bound > bound.max() - far, bound <= bound.max() - far):
        places = np.flatnonzero(asked & (bound > log_sum(whole).max() - far))
        whole[:, places] = found[:, places]
        for own in limited:
            for at, (scale, _) in enumerate(noise_scales()):
                whole[at, places] += own.of_limits(scale, places)
    return whole


def log_series(error: Floats, spread: float, below: bool = False) -> Floats:
    """Give the log-probability of single log-normal results: their density at an error, or of lying below it."""
    scaled = error / spread
    return np.asarray(log_ndtr(scaled) if below else -0.5 * scaled**2 - np.log(spread * np.sqrt(2 * np.pi)))


class SeriesErrors(NamedTuple):
    """A series against each path: number of values, sum and sum of squares [n] of their errors, and for each result
    below (1) or above (-1) a limit the side and error [n] of the limit."""

    measure: Measure
    n: int
    total: Floats
    square: Floats
    censored: list[tuple[int, Any]]

    def of_values(self, scale: float) -> Floats:
        """Log-density [n] of the values, whose errors share a normal shift."""
        noise, shift = (scale * self.measure.spread) ** 2, self.measure.shift**2
        found = -0.5 * (self.square - self.total**2 * shift / (noise + self.n * shift)) / noise
        return np.asarray(found - 0.5 * (self.n * np.log(2 * np.pi * noise) + np.log1p(self.n * shift / noise)))

    def of_limits(self, scale: float, places: NDArray[np.int64]) -> Floats:
        """Log-probability of the results beyond limits, given the values, at some places; the shift by quadrature."""
        noise, shift = (scale * self.measure.spread) ** 2, self.measure.shift**2
        precision = 1 / shift + self.n / noise
        mean, spread = self.total[places] / noise / precision, np.sqrt(1 / precision)
        nodes = []
        for node, weight in zip(NODES, LOG_WEIGHTS, strict=True):
            own = mean + spread * node
            parts = [log_ndtr(side * (error[places] - own) / np.sqrt(noise)) for side, error in self.censored]
            nodes.append(weight + np.sum(parts, axis=0))
        return log_sum(np.array(nodes))


def _errors(paths: Paths, rows: pl.DataFrame) -> SeriesErrors:
    measure = measures()[rows["measure"][0]]
    total, square, censored = np.zeros(paths.n), np.zeros(paths.n), []
    for row in rows.iter_rows(named=True):
        error = np.log(row["value"]) - predicted(paths, measure.measure, row["day"])
        if row["bound"]:
            censored.append((-row["bound"], error))
        else:
            total += error
            square += error**2
    return SeriesErrors(measure, rows.height - len(censored), total, square, censored)


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
