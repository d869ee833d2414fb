"""Clones without chance: fewer cells than the floor are none, and the next come when as many are expected.

A clone that is none (`WHOLE` is 1) stands still while its influx adds up in a row of its own; without that, a fraction
of a cell would live on far below every tolerance and grow back. Tangents know no such arrival: where they are carried,
a clone that has not fallen through its floor may be a fraction of it.
"""

import math

from carsequel.mechanism.kernel.desk import (
    CLOCKS,
    CLONES,
    COLUMNS,
    DUE,
    HAS_CHANCE,
    LEVEL,
    WHOLE,
    Desk,
    Work,
    Y,
)
from carsequel.mechanism.kernel.jit import inner


@inner
def is_meant(work: Work) -> bool:
    """Say whether the clones of this run follow the law of this file."""
    return bool(work.place[HAS_CHANCE] == 0 and work.place[COLUMNS] == 0)


@inner
def none_below_floor(work: Work, desk: Desk, lane: int, clone: int) -> None:
    """Make a clone below its floor none, and another one continuous; the start and events ask for it."""
    state = work.rows[2 * clone]
    if desk.memory[(work.place[Y] + state) * desk.width + lane] < work.floors[state]:
        end(work, desk, lane, clone)
    else:
        desk.memory[(work.place[WHOLE] + clone) * desk.width + lane] = 0.0


@inner
def end(work: Work, desk: Desk, lane: int, clone: int) -> None:
    """Make a clone none from now on; one that was none already waits on."""
    place, memory, width = work.place, desk.memory, desk.width
    state, influx = work.rows[2 * clone], work.rows[2 * clone + 1]
    waits = memory[(place[WHOLE] + clone) * width + lane] > 0.0
    memory[(place[Y] + state) * width + lane] = 0.0
    memory[(place[WHOLE] + clone) * width + lane] = 1.0
    if influx >= 0 and not waits:
        came = memory[(place[Y] + influx) * width + lane]
        desk.clocks[(lane * place[CLONES] + clone) * CLOCKS + DUE] = came + work.floors[state]


@inner
def arrive(work: Work, desk: Desk, lane: int, clone: int) -> None:
    """Let a clone begin with as many cells as its floor."""
    state = work.rows[2 * clone]
    desk.memory[(work.place[Y] + state) * desk.width + lane] = work.floors[state]
    desk.memory[(work.place[WHOLE] + clone) * desk.width + lane] = 0.0


@inner
def set_levels(work: Work, desk: Desk, lane: int) -> None:
    """Set the cumulative influx at which each clone that is none begins."""
    place, memory, width = work.place, desk.memory, desk.width
    for clone in range(place[CLONES]):
        influx = work.rows[2 * clone + 1]
        if influx >= 0:
            waits = memory[(place[WHOLE] + clone) * width + lane] > 0.0
            due = desk.clocks[(lane * place[CLONES] + clone) * CLOCKS + DUE]
            memory[(place[LEVEL] + influx) * width + lane] = due if waits else math.inf
