"""From what was asked to arrays of results: memory for each thread, one queue for all, the driver on every thread."""

import os
import threading
from typing import Any

import numpy as np

from carsequel.mechanism.form import Model
from carsequel.mechanism.kernel import desk as at
from carsequel.mechanism.kernel import layout
from carsequel.mechanism.kernel.compile import Compiled, compiled_model
from carsequel.mechanism.kernel.drive import drive
from carsequel.mechanism.kernel.inputs import Asked, Manner
from carsequel.mechanism.solution import Floats, Sensitivities, Solution

_ALIGNMENT = 64


def run(model: Model, asked: Asked, manner: Manner, wrt: tuple[str, ...] = ()) -> Sensitivities:
    """Solve all patients; tangents are [n, k, s, 0] where no parameter is named."""
    code = compiled_model(model, wrt, manner.lanes)
    n, k, s, q = asked.patients, asked.times.size, len(model.state_names), len(wrt)
    states, tangents = np.full((n, k, s), np.nan), np.full((n, k, s, q), np.nan)
    ends, queue = np.zeros((n, 2), dtype=np.int64), np.zeros(1, dtype=np.int64)
    numbers = manner.numbers(n)
    shared = _shared(asked, manner, code, queue)
    threads = max(1, min(manner.threads or processors(), -(-n // code.place.lanes)))
    desks = [_desk(asked, manner, code) for _ in range(threads)]
    addresses = [_addresses([*shared, states, tangents, ends, numbers, *desk]) for desk in desks]
    helpers = [threading.Thread(target=drive, args=(each,)) for each in addresses[1:]]
    for helper in helpers:
        helper.start()
    drive(addresses[0])
    for helper in helpers:
        helper.join()
    del code, queue, shared, numbers, desks  # their addresses were in use until here
    return Sensitivities(
        Solution(model, asked.times, states, ends[:, 0].astype(np.int8), ends[:, 1].copy()), wrt, tangents
    )


def _addresses(arrays: list[Any]) -> Any:
    return np.array([array.ctypes.data for array in arrays], dtype=np.int64)


def processors() -> int:
    """Give how many processors this process may use."""
    affinity: Any = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _shared(asked: Asked, manner: Manner, code: Compiled, queue: Any) -> list[Any]:
    """Give the first fields of `desk.Work`."""
    plan = asked.schedule
    events = np.stack([plan.days, plan.kinds, plan.amounts], axis=2)
    return [
        _place(asked, manner, code, queue),
        _clone_rows(code),
        _floors(code, manner.chance),
        asked.parameters,
        asked.times,
        np.concatenate([events, plan.given], axis=2),
        asked.given,
    ]


def _place(asked: Asked, manner: Manner, code: Compiled, queue: Any) -> Any:
    place, events, given = code.place, asked.schedule.days.shape[1], asked.given.size
    numbers = {
        at.LANES: place.lanes,
        at.STATES: place.states,
        at.INTEGRATED: place.integrated,
        at.Y: place.y,
        at.K: place.k(1),
        at.OUT: place.out,
        at.LEVEL: place.level,
        at.WHOLE: place.whole,
        at.GIVEN: place.given,
        at.PARAMETER: place.parameter,
        at.LAW: place.turnover,
        at.COLUMN: place.column,
        at.STRIDE: place.stride,
        at.COLUMNS: place.columns,
        at.CLONES: len(place.traced.turnover),
        at.HAS_CHANCE: int(manner.chance and bool(place.traced.turnover)),
        at.JUMPS: len(place.traced.jumps),
        at.PATIENTS: asked.patients,
        at.TIMES: asked.times.size,
        at.PARAMETERS: asked.parameters.shape[1],
        at.GIVENS: given,
        at.EVENTS: events,
        at.PLAN_STRIDE: 0 if asked.schedule.days.shape[0] == 1 else events * (3 + given),
        at.SEED: manner.seed,
        at.QUEUE: queue.ctypes.data,
    }
    numbers |= {at.FIRST_CALL + which: address for which, address in enumerate(code.addresses)}
    return np.array([numbers[where] for where in range(at.PLACES)], dtype=np.int64)


def _clone_rows(code: Compiled) -> Any:
    place = code.place
    influx = {clone: place.states + row for row, clone in enumerate(place.influx)}
    rows = [(state, influx.get(clone, -1)) for clone, state in enumerate(place.traced.clone_rows)]
    return np.array(rows, dtype=np.int64).reshape(len(rows), 2)


def _floors(code: Compiled, chance: bool) -> Floats:
    """Give the level of each integrated row that holds whatever the clones do."""
    model = code.place.traced.model
    floors = np.full(code.place.integrated, np.inf)
    floors[: code.place.states] = -np.inf
    for name, floor in {**dict.fromkeys(model.clones, 1.0), **model.floors}.items():
        if not (chance and name in model.clones):
            floors[model.state_names.index(name)] = floor
    return floors


def _desk(asked: Asked, manner: Manner, code: Compiled) -> list[Any]:
    """Give the fields of `desk.Desk` that are memory."""
    place, width, clones = code.place, code.place.lanes, len(code.place.traced.turnover)
    raw = np.zeros(code.rows * width + _ALIGNMENT // 8)
    shift = (-raw.ctypes.data % _ALIGNMENT) // 8
    rows = raw[shift : shift + code.rows * width].reshape(code.rows, width)
    rows[layout.RTOL], rows[layout.MOST_STEPS], rows[layout.KIND] = manner.rtol, manner.max_steps, -1.0
    rows[layout.STOP] = rows[layout.NEXT_OUTPUT] = np.inf
    rows[layout.STEP] = rows[layout.NEW_STEP] = 1e-3
    rows[place.atol : place.atol + place.integrated] = manner.rtol
    rows[place.atol : place.atol + place.states] = asked.atol[:, None]
    for which in range(place.columns):
        rows[place.column + which * place.stride + layout.TANGENT_SEEDS * place.states + which] = 1.0
    return [
        rows,
        np.zeros((width, at.NOTES), dtype=np.int64),
        np.zeros((width, clones, at.COUNTS), dtype=np.int64),
        np.zeros((width, clones, at.CLOCKS)),
        np.zeros((width, place.states)),
    ]
