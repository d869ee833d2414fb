"""The clinical layer: what a centre would have recorded of a simulated course, one row a patient.

Days of looking, limits and the hazards of other death are rows of clinic.csv; the rules stand in `clinic_courses`.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from carsequel.mechanism import observe
from carsequel.mechanism.clinic_courses import (
    Course,
    Flags,
    Floats,
    first_day,
    leukemia_course,
    lymphoma_course,
    myeloma_course,
)
from carsequel.mechanism.form import Model
from carsequel.mechanism.solution import Solution, Status
from carsequel.terms.tables import read_table

YEAR = 365.25
COUNT_DAYS = (7, 14, 28, 90, 180, 365)
DEATH_STREAM = 0xD1B54A32D192ED03


class ClinicError(ValueError):
    """A disease without rules or a solution on other times; says what is allowed."""


@cache
def clinic_rules(disease: str) -> dict[str, str]:
    """Give the rules of a disease: name -> value as written in clinic.csv, those of `any` included.

    Raises ClinicError for a disease without rules.

    >>> clinic_rules("FL")["rules"], float(clinic_rules("B-ALL")["relapse"])
    ('lymphoma', 10000000000.0)
    """
    rows = read_table("carsequel.mechanism", "clinic.csv")
    own = dict(rows.filter(disease=disease).select("name", "value").iter_rows())
    if not own or disease == "any":
        known = [name for name in rows["disease"].unique(maintain_order=True) if name != "any"]
        raise ClinicError(f"no clinical rules for {disease!r}; there are rules for {', '.join(known)}")
    if "like" in own:
        return clinic_rules(own["like"])
    return {**dict(rows.filter(disease="any").select("name", "value").iter_rows()), **own}


def _scan_days(disease: str) -> Floats:
    return np.array([float(day) for day in clinic_rules(disease)["scans"].split()])


def _levels(disease: str) -> dict[str, float]:
    return {name: float(v) for name, v in clinic_rules(disease).items() if name not in ("rules", "scans")}


def clinic_times(disease: str, horizon: float = 730.0) -> Floats:
    """Give the days [k] on which a solution must be known: daily at first, then wider, all scans, the horizon.

    >>> clinic_times("LBCL", 60).tolist()[-4:]
    [45.0, 50.0, 55.0, 60.0]
    """
    steps = [(0, 30, 1), (30, 120, 5), (120, 365, 10), (365, max(horizon, 366), 30)]
    days = [np.arange(low, high, step, dtype=np.float64) for low, high, step in steps]
    every = np.unique(np.concatenate([*days, _scan_days(disease), np.array([*COUNT_DAYS, horizon], dtype=np.float64)]))
    return every[every <= horizon]


def outcomes(
    solution: Solution,
    parameters: Mapping[str, ArrayLike],
    disease: str,
    *,
    seed: int = 0,
    first_patient: int | NDArray[np.int64] = 0,
    baseline: ArrayLike | None = None,
    hazards: Mapping[str, ArrayLike] | None = None,
) -> pl.DataFrame:
    """Give one row a patient of a solution of the composite model on `clinic_times` (or any grid that holds them).

    parameters: name -> number or [n], those of the solution (P0 and Bss are read). baseline: burden against which
    response is measured, [n]; the burden before lymphodepletion (P0) by default. Death without progression is drawn
    from (seed, first_patient + row) alone, or by the numbers listed, [n]. hazards: death_year_1 and death_later, per
    year, [n] or one number, where a population has its own.
    Columns: patient; best_response, cr, orr; failure_day, failure_kind (progression, relapse, no CR, death; null =
    none by the last time), antigen_negative (at a failure of the disease), cmax and car_day_7 ... 365 (cells/uL),
    tmax (d), auc28 (cells/uL x d), b_cells_back_day, aplasia_day_30, aplasia_at_failure, death_day. A patient who
    could not be solved has nulls. Raises ClinicError for a disease without rules.
    """
    times, rules, n = solution.times, _levels(disease), solution.states.shape[0]
    solved = solution.status == Status.FINISHED
    states = np.where(solved[:, None, None], solution.states, 1.0)
    at = {name: states[:, :, column] for column, name in enumerate(solution.model.state_names)}
    own = _parameter(solution.model, parameters, "P0", n)
    burden = at["P"] + at["R"] + at["Q"] + at["D"]
    before = own if baseline is None else np.broadcast_to(_floats(baseline), (n,))
    numbers = first_patient if isinstance(first_patient, np.ndarray) else np.arange(first_patient, first_patient + n)
    death = death_days({**rules, **(hazards or {})}, seed, numbers)
    course = _course(disease, times, burden, before, death, rules)
    healthy = _parameter(solution.model, parameters, "Bss", n)
    columns = {
        "patient": numbers,
        "best_response": course.best,
        "cr": course.complete,
        "orr": course.response,
        **_failure(times, at, course, death, rules),
        **_expansion(times, at, rules),
        **_b_cells(times, at["B"], healthy, course, rules),
        "death_day": _or_null(np.where(death <= times[-1], death, np.inf)),
    }
    frame = pl.DataFrame(columns)
    keep = pl.Series(solved)
    return frame.with_columns(pl.when(keep).then(pl.exclude("patient")).otherwise(None)).with_columns(
        pl.when(pl.col("failure_kind") != "").then("failure_kind")
    )


def salvage_days(frame: pl.DataFrame) -> Floats:
    """Give the days [n] on which the disease failed, not a number for those who died of something else or did not
    fail: what `events_of` takes as failure_day."""
    failed = pl.col("failure_kind").is_in(["progression", "relapse", "no CR"])
    days: Floats = frame.select(pl.when(failed).then("failure_day"))["failure_day"].cast(pl.Float64).to_numpy()
    return days.astype(np.float64)


def from_day(solution: Solution, days: ArrayLike, times: ArrayLike) -> Solution:
    """Give the solution as seen from a day of each patient's own, [n]: its states at `days + times`.

    Between two times the logarithm of a state runs straight; a time beyond the solution takes the last state. A patient
    without a day has the status NOT_FINITE.
    """
    own, asked, grid = _floats(days), _floats(times), solution.times
    there = np.isfinite(own)
    when = np.minimum(np.where(there, own, 0.0)[:, None] + asked[None, :], grid[-1])
    after = np.clip(np.searchsorted(grid, when, side="left"), 1, grid.size - 1)
    share = (when - grid[after - 1]) / (grid[after] - grid[after - 1])
    row = np.arange(own.size)[:, None]
    low, high = solution.states[row, after - 1], solution.states[row, after]
    part = np.clip(share, 0.0, 1.0)[:, :, None]
    both = (low > 0) & (high > 0)
    curved = np.exp(np.log(np.where(both, low, 1.0)) * (1 - part) + np.log(np.where(both, high, 1.0)) * part)
    states = np.where(both, curved, low * (1 - part) + high * part)
    status = np.where(there, solution.status, Status.NOT_FINITE).astype(np.int8)
    return Solution(solution.model, asked, states, status, solution.steps)


def death_days(rules: Mapping[str, Any], seed: int, numbers: NDArray[np.int64]) -> Floats:
    """Give the day [n] of a death without progression: constant hazards in the first year and later, drawn from (seed,
    patient) alone."""
    waited = -np.log(_uniform(seed, numbers))
    early, late = (np.maximum(_floats(rules[name]) / YEAR, 1e-300) for name in ("death_year_1", "death_later"))
    days: Floats = np.where(waited < early * YEAR, waited / early, YEAR + (waited - early * YEAR) / late)
    return days


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _uniform(seed: int, numbers: NDArray[np.int64]) -> Floats:
    """One number in (0, 1] a patient by the splitmix64 mix (Steele, Lea, Flood 2014)."""
    mixed = (numbers + 1).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= np.full(numbers.size, (seed * 0xBF58476D1CE4E5B9 + DEATH_STREAM) & 0xFFFFFFFFFFFFFFFF, dtype=np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 1.0) / 2.0**53


def _parameter(model: Model, parameters: Mapping[str, ArrayLike], name: str, n: int) -> Floats:
    own = {row.name: row.value for row in model.parameters}
    return np.broadcast_to(_floats(parameters.get(name, own[name])), (n,))


def _course(disease: str, times: Floats, burden: Floats, baseline: Floats, death: Floats, rules: Any) -> Course:
    scans, which = _scan_days(disease), clinic_rules(disease)["rules"]
    if which == "leukemia":
        return leukemia_course(times, burden, baseline, death, rules, scans)
    if which == "lymphoma":
        return lymphoma_course(times, burden, baseline, death, rules, scans)
    protein = observe.m_protein(np.column_stack([baseline, burden]), np.concatenate([[times[0] - 1e-6], times]))
    return myeloma_course(times, protein[:, 1:], protein[:, 0], death, rules, scans)


def _or_null(days: Floats) -> pl.Series:
    return pl.Series(days).replace(np.inf, None)


def _at_day(times: Floats, days: Floats) -> NDArray[np.int64]:
    """The first time at or after each day (the last one where there is none)."""
    return np.minimum(np.searchsorted(times, days, side="left"), times.size - 1)


def _failure(times: Floats, at: Mapping[str, Floats], course: Course, death: Floats, rules: Any) -> dict[str, Any]:
    of_disease = np.isfinite(course.failure_day)
    died = ~of_disease & (death <= times[-1])
    row = np.arange(death.size)
    when = _at_day(times, np.where(of_disease, course.failure_day, 0.0))
    poor = (at["Q"] + at["D"])[row, when]
    negative = poor > rules["negative_share"] * (poor + (at["P"] + at["R"])[row, when])
    return {
        "failure_day": _or_null(np.where(died, death, course.failure_day)),
        "failure_kind": np.where(died, "death", course.kind),
        "antigen_negative": pl.Series(negative).set(pl.Series(~of_disease), None),
    }


def _expansion(times: Floats, at: Mapping[str, Floats], rules: Any) -> dict[str, Any]:
    """Peak by a parabola of the logarithm through the highest time and its neighbours; area by trapezia."""
    car = observe.per_ul(at["I"] + at["M"] + at["E"] + at["X"])
    window = np.flatnonzero((times >= rules["peak_from"]) & (times <= rules["peak_to"]))
    row = np.arange(car.shape[0])
    top = window[car[:, window].argmax(axis=1)]
    inner = np.clip(top, 1, times.size - 2)
    x = [times[inner + step] - times[inner] for step in (-1, 1)]
    y = [np.log(np.maximum(car[row, inner + step], 1e-12) / np.maximum(car[row, inner], 1e-12)) for step in (-1, 1)]
    bend = (y[1] / x[1] - y[0] / x[0]) / (x[1] - x[0])
    slope = y[0] / x[0] - bend * x[0]
    rounded = (bend < 0) & (inner == top) & (top > window[0]) & (top < window[-1])
    shift = np.where(rounded, -slope / (2 * np.where(rounded, bend, -1.0)), 0.0)
    lift = np.where(rounded, np.exp(slope * shift + bend * shift**2), 1.0)
    early = times <= 28
    levels = {f"car_day_{day}": car[:, np.searchsorted(times, day)] for day in COUNT_DAYS if day in times}
    later = {f"car_day_{day}": np.full(car.shape[0], np.nan) for day in COUNT_DAYS if day not in times}
    return {
        "cmax": car[row, top] * lift,
        "tmax": times[top] + shift,
        "auc28": np.trapezoid(car[:, early], times[early], axis=1),
        **{name: pl.Series(values).fill_nan(None) for name, values in {**levels, **later}.items()},
    }


def _b_cells(times: Floats, b_cells: Floats, healthy: Floats, course: Course, rules: Any) -> dict[str, Any]:
    share = b_cells / healthy[:, None]
    back = np.full(share.shape[0], rules["b_cells_back"])
    gone = np.logical_or.accumulate(share < rules["b_cells_back"], axis=1)
    absent = share < rules["b_cells_absent"]
    failed: Flags = np.isfinite(course.failure_day)
    row = np.arange(share.shape[0])
    at_failure = absent[row, _at_day(times, np.where(failed, course.failure_day, 0.0))]
    return {
        "b_cells_back_day": _or_null(first_day(times, share, back, gone)),
        "aplasia_day_30": absent[:, _at_day(times, np.array([30.0]))[0]],
        "aplasia_at_failure": pl.Series(at_failure).set(pl.Series(~failed), None),
    }
