"""The record seen as if the model were linear near the patients that fit: where to look for better ones.

An ensemble regression (evensen2009) of what is predicted on the standard normals of the parameters gives a first
covariance of the posterior, and moves patients towards the record. It only proposes: every proposed patient is
simulated and weighed by its exact likelihood.
"""

from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.inference.numbers import measures, number
from carsequel.inference.observations import Observations
from carsequel.inference.paths import Paths
from carsequel.inference.predict import predicted
from carsequel.inference.weights import effective_size

Floats = NDArray[np.float64]
NEVER: Final = 3000.0  # days that stand for no failure


class View(NamedTuple):
    """The numbers of a record [p], logarithms, and the covariance [p, p] of their errors."""

    values: Floats
    errors: Floats


class Local(NamedTuple):
    """A linear model near the patients that fit: change of the predictions per standard normal [p, d], covariance
    [p, p] of what it leaves unexplained, and the covariance [d, d] of the posterior that follows from it."""

    slope: Floats
    rest: Floats
    posterior: Floats


def view_of(seen: Observations) -> View:
    """Give the measured values of a record and its day of failure with their errors."""
    rows = _exact(seen)
    values = np.log(rows["value"].to_numpy())
    series = rows.select(pl.concat_str("measure", "series")).to_series().to_list()
    spreads = np.array([measures()[name].spread for name in rows["measure"]])
    shifts = np.array([measures()[name].shift for name in rows["measure"]])
    same = np.array([[a == b for b in series] for a in series], dtype=np.float64).reshape(len(series), len(series))
    errors = np.diag(spreads**2) + same * np.outer(shifts, shifts)
    if seen.failure.state != "failed" or seen.failure.earliest is not None:
        return View(values, errors)
    spread = number("failure_spread_approximate" if seen.failure.approximate else "failure_spread")
    whole = np.zeros((len(series) + 1, len(series) + 1))
    whole[:-1, :-1], whole[-1, -1] = errors, spread**2
    return View(np.append(values, np.log(max(seen.failure.day, 1.0))), whole)


def predictions(paths: Paths, seen: Observations) -> Floats:
    """Give what each path predicts of `view_of`, [n, p]."""
    rows = _exact(seen)
    columns = [predicted(paths, name, day) for name, day in rows.select("measure", "day").iter_rows()]
    if seen.failure.state == "failed" and seen.failure.earliest is None:
        columns.append(np.log(np.clip(paths.failure_day, 1.0, NEVER)))
    return np.stack(columns, axis=1).astype(np.float64) if columns else np.empty((paths.n, 0))


def _exact(seen: Observations) -> pl.DataFrame:
    return seen.rows.filter(pl.col("measure").is_in(list(measures())) & (pl.col("bound") == 0))


def local_model(normals: Floats, expected: Floats, view: View, sets: NDArray[np.int64], weights: Floats) -> Local:
    """Fit the linear model to weighted patients; sets of parameters have means of their own."""
    shares = weights / weights.sum()
    z, h = _centred(normals, sets, shares), _centred(expected, sets, shares)
    ridge = 1.0 / effective_size(weights)
    slope = np.linalg.solve((z * shares[:, None]).T @ z + ridge * np.eye(z.shape[1]), (z * shares[:, None]).T @ h).T
    rest = h - z @ slope.T
    unexplained = (rest * shares[:, None]).T @ rest
    precision = np.eye(z.shape[1]) + slope.T @ np.linalg.solve(view.errors + unexplained, slope)
    return Local(slope, unexplained, np.linalg.inv(precision))


def moved(
    points: Floats, expected: Floats, view: View, local: Local, spread: Floats, left: float, random: np.random.Generator
) -> Floats:
    """Move patients [m, d] towards the record by what is left of the likelihood (a power of 0 to 1): the update of an
    ensemble Kalman filter with perturbed values; `spread` [d, d] is the covariance of the patients."""
    if left <= 0 or not view.values.size:
        return points
    errors = view.errors / left
    root = np.linalg.cholesky(errors + 1e-9 * np.eye(errors.shape[0]))
    noisy = view.values + random.standard_normal((points.shape[0], view.values.size)) @ root.T
    cross = spread @ local.slope.T
    gain = np.linalg.solve(local.slope @ cross + errors + local.rest, cross.T).T
    return np.asarray(points + (noisy - expected) @ gain.T)


def _centred(values: Floats, sets: NDArray[np.int64], shares: Floats) -> Floats:
    found = values.copy()
    for number_of in np.unique(sets):
        mine = sets == number_of
        found[mine] -= np.average(values[mine], axis=0, weights=np.maximum(shares[mine], 1e-300))
    return found
