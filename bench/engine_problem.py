"""The problem that every solver of bench/engine.py gets: the same virtual patients, the same smooth equations.

The composite model (LBCL, axi-cel, one infusion on day 0, 25 outputs to day 730) without chance and without floors,
which are events that only our kernel knows; instead growth fades below one cell, so that what is gone stays gone for
everyone. An error is |y - y*| / (|y*| + 1 cell), the worst over outputs and states (share S: + 1e-6).
"""

from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import DOP853

from carsequel.mechanism.arms import events_of
from carsequel.mechanism.form import Model
from carsequel.mechanism.populations.draw import draw_patients
from carsequel.mechanism.populations.runs import composite_model, of_model
from carsequel.mechanism.schedule import Schedule, plan
from engine_source import compiled_rates

Floats = NDArray[np.float64]
TIMES = np.linspace(0.0, 730.0, 25)
SEED = 11
CLONES = ("P", "R", "Q", "D")


class Problem(NamedTuple):
    """Patients [n, parameters], their states after the events of day 0 [n, s], the model, floors of the error [s], and
    the compiled scalar functions with the fixed terms of each patient [n, h]."""

    model: Model
    patients: Floats
    start: Floats
    schedule: Schedule
    floors: Floats
    rates: Any
    fixed: Floats

    def some(self, n: int) -> "Problem":
        """Give the first n patients."""
        return self._replace(patients=self.patients[:n], start=self.start[:n], fixed=self.fixed[:n])


def smooth_model() -> Model:
    """Give the composite without chance and floors, growth of each clone times x / (1 + x) for x cells."""
    own = composite_model()

    def rates(t: Any, now: Any, p: Any, given: Any) -> Any:
        change = own.rates(t, now, p, given)
        growth = p.r * (1 - (now.P + now.R + now.Q + now.D) / p.Kt)
        faded = {x: getattr(change, x) - growth * getattr(now, x) / (1 + getattr(now, x)) for x in CLONES}
        return change._replace(**faded)

    return replace(own, rates=rates, clones={}, floors={})


def make_problem(n: int) -> Problem:
    """Draw n patients and lay the problem out."""
    model = smooth_model()
    drawn = of_model(draw_patients("LBCL", "axi-cel", n, SEED).parameters)
    columns = [np.broadcast_to(np.asarray(drawn.get(row.name, row.value), float), (n,)) for row in model.parameters]
    patients = np.ascontiguousarray(np.stack(columns, axis=1))
    fixed, rates, size = compiled_rates(model)
    terms = np.zeros((n, size))
    for row in range(n):
        fixed(patients[row], terms[row])
    floors = np.where(np.array(model.state_names) == "S", 1e-6, 1.0)
    return Problem(model, patients, _start(model, patients), plan(model, events_of("single")), floors, rates, terms)


def _start(model: Model, patients: Floats) -> Floats:
    from types import SimpleNamespace

    p = SimpleNamespace(**dict(zip(model.parameter_names, patients.T)))
    now = model.start(p)
    for event in events_of("single"):
        if event.jump is not None:
            now = model.jumps[event.jump](now, p, event.amount)
    return np.ascontiguousarray(np.stack([np.broadcast_to(value, patients.shape[0]) for value in now], axis=1))


def reference(problem: Problem, rtol: float = 1e-12) -> Floats:
    """Give the states [n, k, s] by SciPy's DOP853, an order and a code of its own."""
    states = np.empty((problem.patients.shape[0], TIMES.size, problem.floors.size))
    for row in range(states.shape[0]):
        p, h, out = problem.patients[row], problem.fixed[row], np.empty(problem.floors.size)

        def change(t: float, y: Floats, p: Floats = p, h: Floats = h, out: Floats = out) -> Floats:
            problem.rates(t, y, p, h, out)
            return out.copy()

        states[row] = _through(change, problem.start[row], rtol, problem.floors * 1e-9)
    return states


def _through(change: Any, start: Floats, rtol: float, atol: Floats) -> Floats:
    """Stop at every output: the interpolant of the method is not as accurate as its steps."""
    found, y, step = [start], start, None
    for begin, end in pairwise(TIMES.tolist()):
        solver = DOP853(change, begin, y, end, rtol=rtol, atol=atol, first_step=step)
        while solver.status == "running":
            before = solver.t
            solver.step()
            step = min(max(solver.t - before, step or 0.0), 1.0) if solver.t < end else step
        y = solver.y
        found.append(y)
    return np.array(found)


def errors(problem: Problem, states: Floats, true: Floats) -> Floats:
    """Give the error of each patient [n]; a patient without a result has an infinite one."""
    wrong = np.abs(states - true[: states.shape[0]]) / (np.abs(true[: states.shape[0]]) + problem.floors)
    worst: Floats = np.where(np.isfinite(states).all(axis=(1, 2)), wrong.max(axis=(1, 2)), np.inf)
    return worst
