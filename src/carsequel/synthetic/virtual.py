"""Virtual patients behind the records: their states on any day, their outcome, and the cause of a failure."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from carsequel.mechanism.composite import OUTPUTS, State
from carsequel.mechanism.populations.draw import Drawn, draw_patients
from carsequel.mechanism.populations.runs import (
    TUMOUR,
    Simulated,
    composite_model,
    first_course,
    run_arm,
)
from carsequel.research.failure_causes import OF_DISEASE, REFERENCE, REFERENCE_SEED, explain_failures
from carsequel.synthetic.numbers import number

Floats = NDArray[np.float64]
CAR = ("I", "M", "E", "X")


class Virtual(NamedTuple):
    """Virtual patients [n]: numbers, outcomes (columns of `clinic.outcomes`), drawn parameters, and by name what stands
    in the body at `times` [k], [n, k] each: `tumour` `negative` `car` `lymphocytes` `b_cells` (cells), `il6` (fold).
    `baseline` [n] is the burden before lymphodepletion, `end` [n] the last day of the record, `cause` the label of each
    failure (`research.failure_causes`)."""

    disease: str
    product: str
    rows: pl.DataFrame
    parameters: dict[str, Floats]
    times: Floats
    states: dict[str, Floats]
    baseline: Floats
    failure: Floats
    death: Floats
    end: Floats
    cause: tuple[str | None, ...]

    def on(self, name: str, days: ArrayLike) -> Floats:
        """Give a state on days [d] or [n, d], log-linear between the times of the solution; before day 0 as on it."""
        asked = np.broadcast_to(np.asarray(days, dtype=np.float64), (self.rows.height, np.shape(days)[-1]))
        logs = np.log(np.maximum(self.states[name], 1e-6))
        found = [np.interp(day, self.times, log) for day, log in zip(asked, logs, strict=True)]
        return np.where(np.exp(found) > 2e-6, np.exp(found), 0.0)


def virtual_patients(
    disease: str, product: str, n: int, seed: int, arm: str, horizon: float, explain: bool = True
) -> Virtual:
    """Simulate the first n patients of a population through the first course of an arm: those of `simulate` with the
    same seed, without the few whom the solver could not follow to the end.

    Raises PopulationError, ArmError or ClinicError for what is not there.
    """
    course = first_course(arm)
    drawn = draw_patients(disease, product, n, seed)
    run = run_arm(disease, drawn, course, seed=seed, horizon=horizon)
    run, drawn = _solved(run, drawn)
    of_disease = run.rows["failure_kind"].is_in(OF_DISEASE).fill_null(False).to_numpy()
    day = _days(run.rows, "failure_day")
    failure = np.where(of_disease, np.ceil(day), np.inf)
    death = np.where(of_disease, np.inf, np.floor(_days(run.rows, "death_day")))
    followed = failure + number("followed_after", disease, product)
    asked = of_disease if explain else np.zeros_like(of_disease)
    numbers = run.rows["patient"].to_numpy().astype(np.int64)
    explained = explain_failures(disease, product, drawn, asked, numbers, course, seed, horizon)
    return Virtual(
        disease, product, run.rows, drawn.parameters, run.solution.times, states_of(run, drawn),
        drawn.parameters["P0"], failure, death, np.minimum(np.minimum(followed, death), np.floor(horizon)),
        tuple(explained),
    )  # fmt: skip


def _solved(run: Simulated, drawn: Drawn) -> tuple[Simulated, Drawn]:
    """Leave out patients whom the solver could not follow to the end."""
    kept = run.rows["cmax"].is_not_null().to_numpy()
    own = run.solution
    solution = replace(own, states=own.states[kept], status=own.status[kept], steps=own.steps[kept])
    parameters = {name: values[kept] for name, values in drawn.parameters.items()}
    return Simulated(run.rows.filter(pl.Series(kept)), solution), Drawn(parameters, drawn.sets[kept], drawn.names)


def _days(rows: pl.DataFrame, name: str) -> Floats:
    days: Floats = rows[name].cast(pl.Float64).fill_null(np.inf).to_numpy()
    return days


def states_of(run: Simulated, drawn: Drawn) -> dict[str, Floats]:
    """Give what records are made of, [n, k] each: tumour, negative, car, lymphocytes, b_cells (cells), il6 (fold)."""
    at = {name: run.solution.state(name) for name in run.solution.model.state_names}
    n = run.rows.height
    own = {row.name: drawn.parameters.get(row.name, row.value) for row in composite_model().parameters}
    parameters = SimpleNamespace(**{name: np.broadcast_to(value, (n,))[:, None] for name, value in own.items()})
    numbers: dict[str, Any] = dict(at)
    return {
        "tumour": np.sum([at[name] for name in TUMOUR], axis=0),
        "negative": at["Q"] + at["D"],
        "car": np.sum([at[name] for name in CAR], axis=0),
        "lymphocytes": at["N"],
        "b_cells": at["B"],
        "il6": np.asarray(OUTPUTS["il6"](State(**numbers), parameters)),
    }


@cache
def reference_il6(disease: str, product: str) -> tuple[float, float]:
    """Give mean and spread of the logarithm of the peak of IL-6 in a fixed sample of the population."""
    drawn = draw_patients(disease, product, REFERENCE, REFERENCE_SEED)
    run = run_arm(disease, drawn, seed=REFERENCE_SEED, horizon=60.0)
    peaks = np.log(np.nanmax(states_of(run, drawn)["il6"], axis=1))
    return float(peaks.mean()), float(peaks.std())
