"""What a solver was asked for, checked and laid out: one row of parameters a patient, times, and events."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carsequel.mechanism.form import Model, ModelError
from carsequel.mechanism.schedule import Schedule
from carsequel.mechanism.solution import Floats

Parameters = Mapping[str, ArrayLike] | Floats


@dataclass(frozen=True)
class Manner:
    """How to solve: chance or none, tolerance, threads (0 = all processors), lanes (0 = what suits the processor).

    A seed is a whole number from 0 to 2^63 - 1; the numbers of patients, by which they draw, are from 0 to 2^47: those
    from that of the first on, or as listed.
    """

    seed: int = 0
    first_patient: int | NDArray[np.int64] = 0
    chance: bool = True
    rtol: float = 1e-6
    threads: int = 0
    max_steps: int = 100_000
    lanes: int = 0

    def __post_init__(self) -> None:
        listed = np.asarray(self.first_patient)
        if not (0 <= self.seed < 2**63 and np.all((listed >= 0) & (listed < 2**47))):
            raise ModelError("seed, first_patient: whole numbers from 0 on are needed (below 2^63 and 2^47)")

    def numbers(self, n: int) -> NDArray[np.int64]:
        """Give the numbers [n] of the patients; raises ModelError where as many are not listed."""
        if isinstance(self.first_patient, int):
            return np.arange(self.first_patient, self.first_patient + n, dtype=np.int64)
        if self.first_patient.shape != (n,):
            raise ModelError(f"first_patient: one number is needed, or one for each of {n} patients")
        return np.ascontiguousarray(self.first_patient, dtype=np.int64)


@dataclass(frozen=True)
class Asked:
    """parameters [n, parameters], times [k], events as a Schedule of n rows or of one, given at day 0 [given]."""

    parameters: Floats
    times: Floats
    schedule: Schedule
    given: Floats
    atol: Floats

    @property
    def patients(self) -> int:
        """How many patients are asked for."""
        return int(self.parameters.shape[0])


def read_asked(
    model: Model, parameters: Parameters, times: ArrayLike, schedule: Schedule | None, rtol: float, atol: Any
) -> Asked:
    """Lay out what was asked, or raise ModelError saying which input is wrong and what is allowed."""
    rows = schedule.days.shape[0] if schedule is not None else 1
    table = _parameters(model, parameters, rows)
    when = _times(model, times)
    if not (math.isfinite(rtol) and 0 < rtol < 0.1):
        raise ModelError("rtol: a number between 0 and 0.1 is needed, such as 1e-6")
    plan = schedule if schedule is not None else _nothing_planned(model)
    if plan.days.shape[0] not in (1, table.shape[0]):
        raise ModelError(
            f"schedule: it is planned for {plan.days.shape[0]} patients, the parameters are for {table.shape[0]}; "
            "plan one row for all, or one a patient"
        )
    if np.any(plan.days < 0):
        raise ModelError("schedule: an event lies before day 0, where the model starts; move day 0 or the event")
    given = np.array([float(value) for value in model.given()], dtype=np.float64)
    return Asked(table, when, plan, given, _tolerance(model, rtol, atol))


def _parameters(model: Model, parameters: Parameters, rows: int) -> Floats:
    names = model.parameter_names
    if isinstance(parameters, np.ndarray):
        if parameters.ndim != 2 or parameters.shape[1] != len(names):
            raise ModelError(f"parameters: an array needs {len(names)} columns, in the order of model {model.name}")
        return np.ascontiguousarray(parameters, dtype=np.float64)
    unknown = sorted(set(parameters) - set(names))
    if unknown:
        raise ModelError(f"parameters: model {model.name} has no {unknown[0]}; it has {', '.join(names)}")
    columns = {name: np.atleast_1d(np.asarray(values, dtype=np.float64)) for name, values in parameters.items()}
    empty = [name for name, column in columns.items() if column.size == 0]
    if empty:
        raise ModelError(f"parameters: {empty[0]} is empty; at least one patient is needed")
    longest = max([rows, *(column.size for column in columns.values())])
    table = np.empty((longest, len(names)))
    for at, row in enumerate(model.parameters):
        column = columns.get(row.name, np.array([row.value]))
        if column.ndim != 1 or column.size not in (1, longest):
            raise ModelError(f"parameters: {row.name} needs one number, or one for each of {longest} patients")
        table[:, at] = column
    return table


def _times(model: Model, times: ArrayLike) -> Floats:
    when: NDArray[np.float64] = np.ascontiguousarray(np.atleast_1d(np.asarray(times, dtype=np.float64)))
    if when.ndim != 1 or when.size == 0 or not np.all(np.isfinite(when)) or when[0] < 0 or np.any(np.diff(when) <= 0):
        raise ModelError("times: days from 0 on, each later than the one before, are needed")
    return when


def _nothing_planned(model: Model) -> Schedule:
    return Schedule(
        days=np.empty((1, 0)),
        kinds=np.empty((1, 0), dtype=np.int64),
        amounts=np.empty((1, 0)),
        given=np.empty((1, 0, len(model.given_names))),
    )


def _tolerance(model: Model, rtol: float, atol: Any) -> Floats:
    """Give the absolute tolerance of each state: by default rtol of one cell where cells are counted, else less."""
    if atol is not None:
        given = np.asarray(atol, dtype=np.float64)
        if given.shape not in ((), (len(model.state_names),)) or not np.all(given > 0):
            raise ModelError(f"atol: one number above 0, or one for each of {len(model.state_names)} states, is needed")
        return np.ascontiguousarray(np.broadcast_to(given, (len(model.state_names),)))
    floors = {**dict.fromkeys(model.clones, 1.0), **model.floors}
    return np.array([rtol * floors.get(name, 1e-6) for name in model.state_names], dtype=np.float64)
