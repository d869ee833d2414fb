"""The plain solver: one patient after the other with SciPy, slow and easy to follow; the kernel is tested against it.

DOP853 with dense output (Hairer, Norsett, Wanner 1993, Solving Ordinary Differential Equations I). A run is a chain of
pieces; a piece ends at an event, at a draw of the day grid, or where a state crosses its floor or threshold.
"""

from collections import namedtuple
from typing import Any

import numpy as np
from scipy.integrate import DOP853
from scipy.optimize import brentq

from carsequel.mechanism.form import Model
from carsequel.mechanism.kernel.inputs import Asked, Manner
from carsequel.mechanism.reference_clones import Clones, Expected
from carsequel.mechanism.solution import Floats, Solution, Status

_MATHS = (OverflowError, ZeroDivisionError, ValueError)


def solve_plainly(model: Model, asked: Asked, manner: Manner) -> Solution:
    """Solve as `solve` describes, in plain Python."""
    n, k = asked.patients, asked.times.size
    states = np.full((n, k, len(model.state_names)), np.nan)
    status = np.zeros(n, dtype=np.int8)
    steps = np.zeros(n, dtype=np.int64)
    numbers = manner.numbers(n).tolist()
    for row in range(n):
        run = _Run(model, asked, row, manner, numbers[row])
        status[row] = run.through(states[row])
        steps[row] = run.steps
    return Solution(model, asked.times, states, status, steps)


class _StoppedError(Exception):
    def __init__(self, status: Status) -> None:
        self.status = status


class _Run:
    """One patient on the way: time, state (with one row of cumulative influx for each clone), what is given."""

    def __init__(self, model: Model, asked: Asked, row: int, manner: Manner, number: int) -> None:
        self.model, self.times, self.rtol, self.max_steps = model, asked.times, manner.rtol, manner.max_steps
        values: Any = namedtuple("Parameters", model.parameter_names)  # type: ignore[misc]
        self.p = values(*asked.parameters[row].tolist())
        plan, at = asked.schedule, 0 if asked.schedule.days.shape[0] == 1 else row
        self.days, self.kinds, self.amounts = plan.days[at].tolist(), plan.kinds[at].tolist(), plan.amounts[at].tolist()
        self.changes, self.given = plan.given[at], asked.given.copy()
        self.event, self.t, self.steps = 0, 0.0, 0
        self.size = len(model.state_names)
        self.clones = Clones(model, (manner.seed, number)) if manner.chance else Expected(model)
        self.floors = np.full(self.size, -np.inf)
        for name, floor in model.floors.items():
            if name not in model.clones:
                self.floors[model.state_names.index(name)] = floor
        self.atol = np.concatenate([asked.atol, np.full(len(self.clones.at), manner.rtol)])

    def through(self, out: Floats) -> Status:
        """Fill the rows of `out` that belong to each time; give how it ended."""
        done = 0
        try:
            self.y = np.array([*self._plain(self.model.start, self.p), *([0.0] * len(self.clones.at))])
            self.clones.begin(self.y)
            self._events()
            while True:
                if self.times[done] == self.t:
                    out[done] = self.y[: self.size]
                    done += 1
                if done == self.times.size:
                    return Status.FINISHED
                done = self._piece(out, done)
        except _StoppedError as stop:
            return stop.status

    def _plain(self, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except _MATHS:
            raise _StoppedError(Status.NOT_FINITE) from None

    def _now(self, y: Floats) -> Any:
        return self.model.state(*y[: self.size].tolist())

    def _turnover(self, t: float, y: Floats) -> list[tuple[float, float, float]]:
        given = self.model.given(*self.given.tolist())
        return [self._plain(law, t, self._now(y), self.p, given) for law in self.model.clones.values()]

    def _change(self, t: float, y: Floats) -> Floats:
        now, given = self._now(y), self.model.given(*self.given.tolist())
        try:
            change = np.array([*self.model.rates(t, now, self.p, given), *([0.0] * len(self.clones.at))])
            for at, whole in enumerate(self.clones.whole):
                if whole:
                    law = list(self.model.clones.values())[at]
                    change[self.clones.at[at]] = 0.0
                    change[self.size + at] = law(t, now, self.p, given)[2]
        except _MATHS:
            return np.full(y.size, np.nan)
        return change

    def _piece(self, out: Floats, done: int) -> int:
        """Go on to the next event, draw or crossing, writing the times that lie strictly before it."""
        latest = self.days[self.event - 1] if self.event else 0.0
        stop = min(self._next_event(), float(self.times[-1]), self.clones.next_draw(self.t, self.y, latest))
        with np.errstate(all="ignore"):
            solver = DOP853(self._change, self.t, self.y, stop, rtol=self.rtol, atol=self.atol)
            while solver.status == "running":
                self.steps += 1
                if self.steps > self.max_steps:
                    raise _StoppedError(Status.STEP_LIMIT)
                before = solver.y
                solver.step()
                if solver.status == "failed" or not np.all(np.isfinite(solver.y)):
                    finite = np.all(np.isfinite(self._change(solver.t, solver.y)))
                    raise _StoppedError(Status.STEP_TOO_SMALL if finite else Status.NOT_FINITE)
                crossed = self._crossed(before, solver.y)
                until, between = solver.t, solver.dense_output()
                if crossed:
                    until = min(_root(between, solver, row, level) for row, level in crossed)
                while self.times[done] < until:
                    out[done] = between(self.times[done])[: self.size]
                    done += 1
                if crossed:
                    break
        self.t, self.y = float(until), between(until) if crossed else solver.y
        if crossed:
            self._land(crossed)
        draws_due = self.t == stop and (self.t == self._next_event() or self.clones.on_grid(self.t))
        if draws_due and self.clones.counted(self.y):
            self.clones.draw(self.t, self.y, self._turnover(self.t, self.y))
        self._events()
        return done

    def _next_event(self) -> float:
        days = self.days
        return days[self.event] if self.event < len(days) and days[self.event] == days[self.event] else np.inf

    def _crossed(self, before: Floats, after: Floats) -> list[tuple[int, float]]:
        levels = self.clones.levels(self.floors)
        falls = [(i, level) for i, level in enumerate(levels) if before[i] >= level > after[i]]
        rises = [
            (self.size + at, due)
            for at, due in enumerate(self.clones.waiting(self.y))
            if after[self.size + at] >= due > before[self.size + at]
        ]
        return falls + rises

    def _land(self, crossed: list[tuple[int, float]]) -> None:
        for row, level in crossed:
            if abs(self.y[row] - level) > 1e-7 * max(abs(level), 1.0):
                continue
            if row >= self.size:
                self.clones.arrive(row - self.size, self.t, self.y, self._turnover(self.t, self.y))
            elif level == self.floors[row]:
                self.y[row] = 0.0
            else:
                self.clones.fallen(row, self.t, self.y, self._turnover(self.t, self.y))

    def _events(self) -> None:
        happened = False
        while self._next_event() == self.t:
            at = self.event
            before = self.y.copy()
            if self.kinds[at] >= 0:
                jump = list(self.model.jumps.values())[self.kinds[at]]
                self.y[: self.size] = self._plain(jump, self._now(self.y), self.p, self.amounts[at])
            self.given = np.where(np.isnan(self.changes[at]), self.given, self.changes[at])
            fallen = (before[: self.size] >= self.floors) & (self.y[: self.size] < self.floors)
            self.y[: self.size][fallen] = 0.0
            self.clones.jumped(self.t, before, self.y)
            self.event += 1
            happened = True
        if happened or self.t == 0.0:
            self.clones.look(self.t, self.y, self._turnover(self.t, self.y))


def _root(between: Any, solver: Any, row: int, level: float) -> float:
    def beyond(t: float) -> float:
        return float(between(t)[row]) - level

    start, end = solver.t_old, solver.t
    if beyond(start) == 0.0 or beyond(start) * beyond(end) > 0:
        return float(end if beyond(start) * beyond(end) > 0 else start)
    return float(brentq(beyond, start, end, xtol=1e-13 * max(end, 1.0), rtol=1e-14))
