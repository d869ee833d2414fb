"""The one door to the solvers: a model, parameters of many patients, times, and what happens when."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carsequel.mechanism.form import Model, ModelError
from carsequel.mechanism.kernel.inputs import Manner, Parameters, read_asked
from carsequel.mechanism.kernel.run import run
from carsequel.mechanism.reference import solve_plainly
from carsequel.mechanism.schedule import Schedule
from carsequel.mechanism.solution import Sensitivities, Solution, Status

__all__ = ["Sensitivities", "Solution", "Status", "sensitivities", "solve"]


def solve(
    model: Model,
    parameters: Parameters,
    times: ArrayLike,
    schedule: Schedule | None = None,
    *,
    seed: int = 0,
    chance: bool = True,
    rtol: float = 1e-6,
    atol: Any = None,
    method: Literal["kernel", "scipy"] = "kernel",
    threads: int = 0,
    first_patient: int | NDArray[np.int64] = 0,
    max_steps: int = 100_000,
) -> Solution:
    """Run a model for n patients from day 0 and give its states at `times`, [n, k, s] in the model's units.

    `parameters`: name -> number or [n] (names left out take the model's value), or [n, parameters] in its order.
    `times`: rising days from 0; at the day of an event the value after it. `schedule`: from `plan`, one row or n rows.
    Random numbers belong to (seed, first_patient + row), or to the number listed for each row, [n], so that parts of a
    population, threads and other arms of the same patient agree. `chance=False` draws nothing: what falls below its
    floor is zero, a clone below its floor (one cell) is none, and it begins when its influx has brought as many cells.
    What is counted in cells (has a floor or is a clone) is never negative, not even by an error of the solver.
    `atol`: one number or one a state; by default rtol of a state's floor (1 for clones), rtol / 1e6 for others.
    `method`: the compiled kernel, or SciPy patient by patient; `threads`: 0 = all processors.
    Raises ModelError for an input that does not fit; a patient that cannot be solved has a status and is nan.
    """
    if method not in ("kernel", "scipy"):
        raise ModelError("method: `kernel` or `scipy` is needed")
    asked = read_asked(model, parameters, times, schedule, rtol, atol)
    manner = Manner(seed, first_patient, chance, rtol, threads, max_steps)
    solution = solve_plainly(model, asked, manner) if method == "scipy" else run(model, asked, manner).solution
    _none_negative(solution)
    return solution


def sensitivities(
    model: Model,
    parameters: Parameters,
    times: ArrayLike,
    schedule: Schedule | None = None,
    *,
    wrt: tuple[str, ...],
    rtol: float = 1e-8,
    atol: Any = None,
    threads: int = 0,
    max_steps: int = 100_000,
) -> Sensitivities:
    """Run a model without chance and give its states with their derivatives by the parameters `wrt`.

    Tangents are [n, k, s, len(wrt)], in the state's unit per the parameter's; start and events (doses) are part of it,
    the days of events are not. Tangents take the state's own steps: keep rtol at 1e-8 or below where they are used to
    fit. Where a state falls to its floor, the day of that moves with the parameters and the tangents with it. Days on
    which clones begin are not looked for: a clone that starts below its floor is followed here as a fraction of a cell.
    Raises ModelError for a parameter that the model does not have.
    """
    unknown = sorted(set(wrt) - set(model.parameter_names))
    if unknown or not wrt or len(set(wrt)) != len(wrt):
        known = ", ".join(model.parameter_names)
        raise ModelError(f"wrt: names of parameters of model {model.name}, each once, are needed: {known}")
    asked = read_asked(model, parameters, times, schedule, rtol, atol)
    found = run(model, asked, Manner(0, 0, False, rtol, threads, max_steps), tuple(wrt))
    _none_negative(found.solution)
    return found


def _none_negative(solution: Solution) -> None:
    model = solution.model
    for name in {*model.clones, *model.floors}:
        column = solution.state(name)
        np.maximum(column, 0.0, out=column)
