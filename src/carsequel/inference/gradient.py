"""The log-likelihood of a record in a course without chance, with its gradient by the patient's standard normals.

Measurements count as in `likelihood`: log-normal about the course, a shift of the series integrated out, limits by the
normal law, three scales of the noise. Chance is left to the four fates of the tumour (`smooth`), which are summed over.
A stated failure, or freedom from it, is read off the burden: above what counts as progression on the day, below what
would have counted before, with the spread of the stated day turned into that of the ln burden by the growth rate.
Left out, as they jump: readings of the antigen and of B-cell aplasia, and stated responses. Only the last look before
the day is held to be free of failure.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import log_ndtr

from carsequel.inference.dual import Dual, log_of_sum
from carsequel.inference.likelihood import LOG_WEIGHTS, NODES
from carsequel.inference.numbers import Measure, measures, noise_scales
from carsequel.inference.observations import STATED, Observations
from carsequel.inference.predict import predicted
from carsequel.inference.smooth import RTOL, Course, movable, smooth_course
from carsequel.inference.turning import Turning, log_turning, turning_of
from carsequel.mechanism.clinic import clinic_times
from carsequel.mechanism.populations.ensemble import Member

Floats = NDArray[np.float64]
SCALES: Final = np.array([scale for scale, _ in noise_scales()])
LOG_SHARES: Final = np.log([share for _, share in noise_scales()])


class Series(NamedTuple):
    """Measurements of one series: ln values [m], bounds [m] as in `ROWS`, their places [m] among the times, and
    whether [m] the tumour is that before lymphodepletion."""

    measure: Measure
    values: Floats
    bounds: NDArray[np.int64]
    places: NDArray[np.int64]
    before: NDArray[np.bool_]


class Problem(NamedTuple):
    """A record laid out for one parameter set: what is read, on which times, and which normals are moved."""

    disease: str
    member: Member
    names: tuple[str, ...]
    moved: tuple[str, ...]
    times: Floats
    series: tuple[Series, ...]
    turning: Turning | None
    rtol: float = RTOL


class Judged(NamedTuple):
    """Parts of a log-likelihood: errors [n, fates or 1, m] of each series, arguments of the normal law that judge the
    failure, and the ln weight [n, fates, scales] of each fate and scale of the noise."""

    errors: tuple[Dual, ...]
    turning: tuple[Dual, ...]
    logs: Dual


def problem_of(
    disease: str, member: Member, names: tuple[str, ...], seen: Observations, moved: tuple[str, ...] | None = None,
    rtol: float = RTOL,
) -> Problem:  # fmt: skip
    """Lay a record out for patients of one set, whose normals are those of `names`; `moved`: by which of them to take
    the gradient (all that vary by default)."""
    rows = seen.rows.filter(pl.col("measure").is_in(list(measures())))
    days = np.maximum(rows["day"].to_numpy(), 0.0)
    failure = seen.failure
    last = max(seen.as_of, failure.day, failure.latest or 0.0, float(np.max(days, initial=0.0)), 1.0)
    asked = np.array([day for day in (failure.day, failure.earliest, failure.latest) if day is not None])
    times = np.unique(np.concatenate([clinic_times(disease, last), days, np.maximum(asked, 0.0)]))
    series = tuple(_laid_out(own, times) for _, own in rows.group_by("measure", "series", maintain_order=True))
    chosen = movable(member) if moved is None else moved
    return Problem(disease, member, names, chosen, times, series, turning_of(disease, failure, times), rtol)


def left_out(seen: Observations) -> pl.DataFrame:
    """Give the rows of a record that the gradient does not read."""
    return seen.rows.filter(pl.col("measure").is_in(STATED))


def log_likelihood_and_gradient(problem: Problem, normals: Floats) -> tuple[Floats, Floats]:
    """Give the log-likelihood [n] of the record for patients of normals [n, d], and its gradient [n, moved].

    A patient whom the solver could not follow has minus infinity and a gradient of nought.
    """
    logs = judged(problem, normals).logs
    n = logs.value.shape[0]
    flat = Dual(logs.value.reshape(n, -1), logs.slope.reshape(n, -1, logs.slope.shape[-1]))
    found = log_of_sum(flat)
    good = np.isfinite(found.value) & np.isfinite(found.slope).all(axis=1)
    return np.where(good, found.value, -np.inf), np.where(good[:, None], found.slope, 0.0)


def judged(problem: Problem, normals: Floats) -> Judged:
    """Give the parts of the log-likelihood for patients of normals [n, d]."""
    course = smooth_course(
        problem.disease, problem.member, problem.names, normals, problem.moved, problem.times, problem.rtol
    )
    errors = tuple(_errors(course, series) for series in problem.series)
    parts: Any = course.log_fates[:, :, None] + LOG_SHARES
    for series, error in zip(problem.series, errors, strict=True):
        parts = parts + log_series(series, error)
    if problem.turning is None:
        return Judged(errors, (), parts)
    law, arguments = log_turning(problem.turning, course)
    return Judged(errors, arguments, parts + law[:, :, None])


def log_series(series: Series, error: Dual) -> Any:
    """Give the log-likelihood [n, fates or 1, scales] of a series with errors [n, fates or 1, m]: the law of
    `likelihood`, in closed form for values and by quadrature of the shift for limits."""
    noise, shift = (SCALES * series.measure.spread) ** 2, series.measure.shift**2
    exact, limit = error[..., series.bounds == 0], error[..., series.bounds != 0]
    n, found = int((series.bounds == 0).sum()), _log_values(exact, noise, shift)
    if n == series.bounds.size:
        return found
    precision = 1 / shift + n / noise
    own = (exact.sum()[..., None] * (1 / noise / precision))[..., None] + np.sqrt(1 / precision)[:, None] * NODES
    side = -series.bounds[series.bounds != 0] / np.sqrt(noise)[:, None, None]
    inside = log_ndtr((limit[..., None, None, :] - own[..., None]) * side).sum()
    return found + log_of_sum(inside + LOG_WEIGHTS)


def _log_values(error: Dual, noise: Floats, shift: float) -> Dual:
    """The closed form for values, its slope by hand: it is where most of the arithmetic is."""
    n, total = error.value.shape[-1], error.value.sum(axis=-1)[..., None]
    kept = shift / (noise + n * shift)
    found = -0.5 * ((error.value**2).sum(axis=-1)[..., None] - total**2 * kept) / noise
    found -= 0.5 * (n * np.log(2 * np.pi * noise) + np.log1p(n * shift / noise))
    pull = (total[..., None] * kept - error.value[..., None]) / noise
    return Dual(found, np.swapaxes(pull, -1, -2) @ error.slope)


class _Sight:
    """A course as `predict` reads it, on the days of one series whatever day it names."""

    def __init__(self, course: Course, series: Series) -> None:
        self.course, self.places, self.before = course, series.places, series.before

    def on(self, name: str, day: float) -> Dual:
        return self.course.logs[name][..., self.places]

    def tumour_on(self, day: float) -> Dual:
        tumour, baseline = self.course.tumour[..., self.places], self.course.baseline[:, None, None]
        if not self.before.any():
            return tumour
        slope = np.where(self.before[:, None], baseline.slope, tumour.slope)
        return Dual(np.where(self.before, baseline.value, tumour.value), slope)


def _errors(course: Course, series: Series) -> Dual:
    sight: Any = _Sight(course, series)
    found: Dual = series.values - predicted(sight, series.measure.measure, 1.0)
    return found


def _laid_out(rows: pl.DataFrame, times: Floats) -> Series:
    days = rows["day"].to_numpy()
    places = np.searchsorted(times, np.maximum(days, 0.0))
    bounds = rows["bound"].to_numpy().astype(np.int64)
    return Series(measures()[rows["measure"][0]], np.log(rows["value"].to_numpy()), bounds, places, days < 1)
