"""What happens where a state meets its level: a floor, the threshold of a clone, the arrival of its first cell."""

import numpy as np

from carsequel.mechanism.kernel import births, clones, expected
from carsequel.mechanism.kernel import layout as at
from carsequel.mechanism.kernel.desk import (
    CLONES,
    COLUMN,
    COLUMNS,
    HAS_CHANCE,
    INTEGRATED,
    LANDING,
    LEVEL,
    NOTES,
    SHIFT,
    STATES,
    STRIDE,
    WHOLE,
    Desk,
    K,
    Work,
    Y,
)
from carsequel.mechanism.kernel.jit import inner
from carsequel.mechanism.kernel.tsit5 import BETWEEN

_POLYNOMIALS = np.array(BETWEEN)
_NEAR = 2.0**-52  # share of a step within which a crossing is found
_LANDED = 1e-6  # how near its level, relatively, a falling state must be to count as landed with another


@inner
def first_crossing(work: Work, desk: Desk, lane: int) -> tuple[float, int]:
    """Give the share of the step just tried at which a state first meets its level, and the row of that state."""
    place, memory, width = work.place, desk.memory, desk.width
    first, which = 2.0, -1
    for row in range(place[INTEGRATED]):
        level = memory[(place[LEVEL] + row) * width + lane]
        before = memory[(place[Y] + row) * width + lane]
        after = memory[(place[Y] + 8 * place[INTEGRATED] + row) * width + lane]
        falls = row < place[STATES] and before >= level and level > after
        rises = row >= place[STATES] and after >= level and level > before
        if falls or rises:
            share = _root(work, desk, lane, row, level - before)
            if share < first:
                first, which = share, row
    return first, which


@inner
def _root(work: Work, desk: Desk, lane: int, row: int, change: float) -> float:
    """Find where the interpolant of a row has changed by `change`: Newton's steps, halving where they leave."""
    a = b = c = d = 0.0
    for stage in range(7):
        k = desk.memory[(work.place[K] + stage * work.place[INTEGRATED] + row) * desk.width + lane]
        k *= desk.memory[at.USED * desk.width + lane]
        a += k * _POLYNOMIALS[stage, 0]
        b += k * _POLYNOMIALS[stage, 1]
        c += k * _POLYNOMIALS[stage, 2]
        d += k * _POLYNOMIALS[stage, 3]
    low, high, x = 0.0, 1.0, 0.5
    for _ in range(60):
        over = x * (a + x * (b + x * (c + x * d))) - change
        if over <= 0.0 if row < work.place[STATES] else over >= 0.0:
            high = x
        else:
            low = x
        slope = a + x * (2.0 * b + x * (3.0 * c + x * 4.0 * d))
        following = x - over / slope if slope != 0.0 else low
        if not (low < following < high):
            following = (low + high) / 2
        if abs(following - x) <= _NEAR:
            return max(following, _NEAR)
        x = following
    return high


@inner
def land(work: Work, desk: Desk, lane: int) -> None:
    """Act on the state that has met its level, and on others that meet theirs with it."""
    place, memory, width = work.place, desk.memory, desk.width
    target = desk.notes[lane * NOTES + LANDING]
    for row in range(place[INTEGRATED]):
        value = memory[(place[Y] + row) * width + lane]
        level = memory[(place[LEVEL] + row) * width + lane]
        slope = memory[(place[K] + row) * width + lane]
        if row >= place[STATES]:
            if row == target or value >= level:
                _arrived(work, desk, lane, row)
        elif row == target or (slope < 0 and level > 0 and abs(value - level) <= _LANDED * level):
            _fallen(work, desk, lane, row)


@inner
def _arrived(work: Work, desk: Desk, lane: int, row: int) -> None:
    """The first cell of the empty clone whose cumulative influx stands in `row`."""
    for clone in range(work.place[CLONES]):
        if work.rows[2 * clone + 1] == row:
            if work.place[HAS_CHANCE] > 0:
                clones.first_cell(work, desk, lane, clone)
            else:
                expected.arrive(work, desk, lane, clone)


@inner
def _fallen(work: Work, desk: Desk, lane: int, row: int) -> None:
    """A state on its floor is none; a clone at the threshold is that many whole cells."""
    place, memory, width = work.place, desk.memory, desk.width
    where = (place[Y] + row) * width + lane
    for clone in range(place[CLONES]):
        if work.rows[2 * clone] != row:
            continue
        if place[HAS_CHANCE] > 0:
            memory[where] = births.WHOLE_BELOW
            memory[(place[WHOLE] + clone) * width + lane] = 1.0
            clones.stretch(work, desk, lane, clone)
            return
        if expected.is_meant(work):
            expected.end(work, desk, lane, clone)
            return
    if place[COLUMNS] > 0:
        _move_tangents(work, desk, lane, row)
        desk.notes[lane * NOTES + SHIFT] = 1
    memory[where] = 0.0


@inner
def _move_tangents(work: Work, desk: Desk, lane: int, row: int) -> None:
    """Shift the tangents to the day of the crossing, which depends on the parameters: y' and the slope before it."""
    place, memory, width = work.place, desk.memory, desk.width
    states = place[STATES]
    slope = memory[(place[K] + row) * width + lane]
    for column in range(place[COLUMNS]):
        first = place[COLUMN] + column * place[STRIDE]
        later = -memory[(first + row) * width + lane] / slope
        for other in range(states):
            memory[(first + other) * width + lane] += memory[(place[K] + other) * width + lane] * later
        memory[(first + row) * width + lane] = 0.0
        memory[(first + at.TANGENT_OUT * states) * width + lane] = later


@inner
def move_back(work: Work, desk: Desk, lane: int) -> None:
    """Finish `_move_tangents` with the slopes after the crossing."""
    place, memory, width = work.place, desk.memory, desk.width
    states = place[STATES]
    for column in range(place[COLUMNS]):
        first = place[COLUMN] + column * place[STRIDE]
        later = memory[(first + at.TANGENT_OUT * states) * width + lane]
        for other in range(states):
            memory[(first + other) * width + lane] -= memory[(place[K] + other) * width + lane] * later
