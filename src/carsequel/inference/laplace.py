"""The likeliest patient of each parameter set, and a normal law about it: where to propose new virtual patients.

The mode of the smooth posterior (`gradient`) by L-BFGS from the bank's best patients; the covariance by Gauss-Newton in
the standard normals of the prior, so that no direction is wider than the prior. A proposal only: `gradient` says what
it does not read, and chance beside the fates of the tumour is not in it.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_ndtr, softmax

from carsequel.inference.bank import Bank
from carsequel.inference.dual import Dual
from carsequel.inference.gradient import SCALES, Problem, Series, judged, log_likelihood_and_gradient, problem_of
from carsequel.inference.likelihood import log_likelihood
from carsequel.inference.observations import Observations

Floats = NDArray[np.float64]
CANDIDATES, STARTS = 32, 2
STEPS: Final = 40
FARTHEST: Final = 5.0  # standard normals to which the mode is looked for
NEGLIGIBLE: Final = 1e-3


class Mode(NamedTuple):
    """A peak of the smooth posterior in one parameter set: its normals [d] (all of the bank's names) and the covariance
    [d, d] about it, that of the prior for normals that were not moved; ln of likelihood times prior at the peak, and
    evaluations of the gradient."""

    set: int
    mean: Floats
    covariance: Floats
    log_posterior: float
    evaluations: int


def laplace(
    bank: Bank, seen: Observations, moved: tuple[str, ...] | None = None, starts: int = STARTS
) -> tuple[Mode, ...]:
    """Give the peaks of the smooth posterior, the highest first: one for each parameter set that has patients in the
    bank, reached from `starts` of its likeliest patients. `moved`: the parameters looked at (by default all that vary).

    `mean` and `covariance` of a mode are the centre and spread of a kernel to propose from in its set.
    """
    fits = log_likelihood(bank.paths, seen)
    found = []
    for number, member in enumerate(bank.members):
        own = np.flatnonzero(bank.particles.sets == number)
        if own.size == 0:
            continue
        problem = problem_of(bank.disease, member, bank.particles.names, seen, moved)
        likely = bank.particles.normals[own[np.argsort(-fits[own], kind="stable")[:CANDIDATES]]]
        heights = log_likelihood_and_gradient(problem, likely)[0] - 0.5 * (likely**2).sum(axis=1)
        found.append(mode_from(problem, number, likely[np.argsort(-heights, kind="stable")[:starts]]))
    return tuple(sorted(found, key=lambda mode: -mode.log_posterior))


def mode_from(problem: Problem, number: int, starts: Floats) -> Mode:
    """Give the highest peak that is reached from patients of normals [m, d]."""
    columns = np.array([problem.names.index(name) for name in problem.moved])
    found, evaluations = [], 0
    for start in starts:
        rest = 0.5 * float(np.sum(np.delete(start, columns) ** 2))

        def cost(z: Floats, start: Floats = start) -> tuple[float, Floats]:
            value, slope = log_likelihood_and_gradient(problem, _placed(start, columns, z)[None])
            if not np.isfinite(value[0]):
                return 1e10, np.zeros(columns.size)
            return 0.5 * float(z @ z) - float(value[0]), z - slope[0]

        begin = np.clip(start[columns], -FARTHEST, FARTHEST)
        bounds = [(-FARTHEST, FARTHEST)] * columns.size
        done: Any = minimize(cost, begin, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": STEPS})
        evaluations += int(done.nfev)
        found.append((-float(done.fun) - rest, _placed(start, columns, done.x)))
    height, mean = max(found, key=lambda each: each[0])
    covariance = np.eye(mean.size)
    covariance[np.ix_(columns, columns)] = np.linalg.inv(np.eye(columns.size) + information(problem, mean))
    return Mode(number, mean, covariance, height, evaluations)


def information(problem: Problem, normals: Floats) -> Floats:
    """Give the Gauss-Newton information [moved, moved] of a record at one patient's normals [d]: that of each fate and
    scale of the noise, by their weights there."""
    parts = judged(problem, normals[None])
    weights = softmax(parts.logs.value[0])
    found = np.zeros((len(problem.moved), len(problem.moved)))
    for fate, at in zip(*np.nonzero(weights > NEGLIGIBLE)):
        scaled = [_fate_of(each, fate) for each in parts.turning]
        own = sum((_of_limits(each) for each in scaled), np.zeros_like(found))
        for series, error in zip(problem.series, parts.errors, strict=True):
            own = own + _of_series(series, _fate_of(error, fate), SCALES[at])
        found += weights[fate, at] * own
    return found


def _fate_of(part: Dual, fate: int) -> Dual:
    own = part[0]
    return own[min(fate, own.value.shape[0] - 1)]


def _of_series(series: Series, error: Dual, scale: float) -> Floats:
    """Information of a series with errors [m]: values with their shared shift; limits about the shift expected then."""
    noise, shift = (scale * series.measure.spread) ** 2, series.measure.shift**2
    exact = series.bounds == 0
    n, slopes = int(exact.sum()), error.slope[exact]
    total = slopes.sum(axis=0)
    found = (slopes.T @ slopes - np.outer(total, total) * (shift / (noise + n * shift))) / noise
    if exact.all():
        return np.asarray(found)
    own = error.value[exact].sum() * shift / (noise + n * shift)
    wide = np.sqrt(noise + shift * noise / (noise + n * shift))
    side = -series.bounds[~exact] / wide
    return np.asarray(found + _of_limits(Dual((error.value[~exact] - own) * side, error.slope[~exact] * side[:, None])))


def _of_limits(x: Dual) -> Floats:
    """Information of the normal law at arguments [...]: hazard times (hazard + argument), never below nought."""
    value, slope = np.atleast_1d(x.value), np.atleast_2d(x.slope)
    hazard = np.exp(-0.5 * value**2 - log_ndtr(value)) / np.sqrt(2 * np.pi)
    return np.asarray((slope * np.maximum(hazard * (hazard + value), 0.0)[:, None]).T @ slope)


def _placed(start: Floats, columns: Sequence[int] | NDArray[np.int64], values: Floats) -> Floats:
    whole = start.copy()
    whole[columns] = values
    return whole
