"""The chance of a lane's small clones: starting counts, draws on the day grid, arrivals, levels to watch."""

import math

from carsequel.mechanism.kernel import births, draws
from carsequel.mechanism.kernel import layout as at
from carsequel.mechanism.kernel.desk import (
    ARRIVED,
    BIRTH,
    CELL,
    CLOCKS,
    CLONES,
    COUNTS,
    DEATH,
    DUE,
    HAZARD,
    LAW,
    LEVEL,
    NOTES,
    PIECE,
    SEED,
    SINCE,
    STATES,
    WHO,
    WHOLE,
    Desk,
    Work,
    Y,
)
from carsequel.mechanism.kernel.jit import inner


@inner
def _pair(work: Work, desk: Desk, lane: int, clone: int, purpose: int, cell: int, count: int) -> tuple[float, float]:
    """Give the two random numbers of an address of this lane's patient."""
    patient = work.numbers[desk.notes[lane * NOTES + WHO]]
    return draws.uniforms(work.place[SEED], patient, clone, purpose, cell, count)


@inner
def _piece(desk: Desk, mine: int, t: float) -> tuple[int, int]:
    """Give the address of the next draw of a clone: its cell of the day grid, and the how-manieth in that cell."""
    cell = math.floor(t / births.GRID)
    again = cell == desk.counts[mine * COUNTS + CELL]
    desk.counts[mine * COUNTS + PIECE] = desk.counts[mine * COUNTS + PIECE] + 1 if again else 0
    desk.counts[mine * COUNTS + CELL] = cell
    return cell, desk.counts[mine * COUNTS + PIECE]


@inner
def _wait(work: Work, desk: Desk, lane: int, clone: int) -> None:
    """Set the cumulative influx at which the clone's next cell arrives."""
    mine = lane * work.place[CLONES] + clone
    arrived = desk.counts[mine * COUNTS + ARRIVED]
    u, _ = _pair(work, desk, lane, clone, draws.INFLUX, 0, arrived)
    last = desk.clocks[mine * CLOCKS + DUE] if arrived > 0 else 0.0
    desk.clocks[mine * CLOCKS + DUE] = last - math.log(u)


@inner
def begin_clones(work: Work, desk: Desk, lane: int) -> None:
    """Draw the starting counts of a patient's clones."""
    place, memory, width = work.place, desk.memory, desk.width
    for clone in range(place[CLONES]):
        mine = (lane * place[CLONES] + clone) * COUNTS
        desk.counts[mine + ARRIVED], desk.counts[mine + CELL], desk.counts[mine + PIECE] = 0, -1, 0
        where = (place[Y] + work.rows[2 * clone]) * width + lane
        if memory[where] < births.DRAWN_BELOW:
            u, v = _pair(work, desk, lane, clone, draws.START, 0, 0)
            memory[where] = births.poisson(memory[where], u, v)
        memory[(place[WHOLE] + clone) * width + lane] = 1.0 if memory[where] < births.CONTINUOUS_FROM else 0.0
        _wait(work, desk, lane, clone)


@inner
def jump_clones(work: Work, desk: Desk, lane: int) -> None:
    """Make whole numbers of what an event did to small clones."""
    place, memory, width = work.place, desk.memory, desk.width
    for clone in range(place[CLONES]):
        where = (place[Y] + work.rows[2 * clone]) * width + lane
        is_whole = (place[WHOLE] + clone) * width + lane
        before = desk.before[lane * place[STATES] + work.rows[2 * clone]]
        if memory[where] == before:
            continue
        cell, number = _piece(desk, lane * place[CLONES] + clone, memory[at.TIME * width + lane])
        u, v = _pair(work, desk, lane, clone, draws.JUMP, cell, number)
        was = memory[is_whole] > 0.0
        memory[where] = births.after_jump(before, memory[where], was, u, v)
        limit = births.CONTINUOUS_FROM if was else births.WHOLE_BELOW
        memory[is_whole] = 1.0 if memory[where] < limit else 0.0


@inner
def stretch(work: Work, desk: Desk, lane: int, clone: int) -> None:
    """Begin a new stretch of a clone now."""
    place, memory, width = work.place, desk.memory, desk.width
    mine, row = (lane * place[CLONES] + clone) * CLOCKS, work.rows[2 * clone + 1]
    desk.clocks[mine + SINCE] = memory[at.TIME * width + lane]
    desk.clocks[mine + HAZARD] = memory[(place[Y] + row) * width + lane] if row >= 0 else 0.0
    desk.clocks[mine + BIRTH] = memory[(place[LAW] + 3 * clone) * width + lane]
    desk.clocks[mine + DEATH] = memory[(place[LAW] + 3 * clone + 1) * width + lane]


@inner
def first_cell(work: Work, desk: Desk, lane: int, clone: int) -> None:
    """Let the first cell of an empty clone arrive."""
    place, memory, width = work.place, desk.memory, desk.width
    mine = lane * place[CLONES] + clone
    memory[(place[Y] + work.rows[2 * clone]) * width + lane] = 1.0
    memory[(place[Y] + work.rows[2 * clone + 1]) * width + lane] = desk.clocks[mine * CLOCKS + DUE]
    desk.counts[mine * COUNTS + ARRIVED] += 1
    _wait(work, desk, lane, clone)
    stretch(work, desk, lane, clone)


@inner
def _newcomers(work: Work, desk: Desk, lane: int, clone: int, birth: float, death: float, days: float) -> float:
    mine, new = lane * work.place[CLONES] + clone, 0.0
    hazard = desk.memory[(work.place[Y] + work.rows[2 * clone + 1]) * desk.width + lane]
    before = desk.clocks[mine * CLOCKS + HAZARD]
    while desk.clocks[mine * CLOCKS + DUE] <= hazard:
        left = days * (hazard - desk.clocks[mine * CLOCKS + DUE]) / (hazard - before)
        u, _ = _pair(work, desk, lane, clone, draws.FAMILY, 0, desk.counts[mine * COUNTS + ARRIVED])
        new += births.family_of_one(birth, death, left, u)
        desk.counts[mine * COUNTS + ARRIVED] += 1
        _wait(work, desk, lane, clone)
    return new


@inner
def draw_clones(work: Work, desk: Desk, lane: int) -> None:
    """Draw what every counted clone has become since its stretch began, arrivals included, and begin the next."""
    place, memory, width = work.place, desk.memory, desk.width
    t = memory[at.TIME * width + lane]
    for clone in range(place[CLONES]):
        where = (place[Y] + work.rows[2 * clone]) * width + lane
        is_whole = (place[WHOLE] + clone) * width + lane
        mine = lane * place[CLONES] + clone
        since = desk.clocks[mine * CLOCKS + SINCE]
        if memory[is_whole] == 0.0 or memory[where] <= 0.0 or t <= since:
            continue
        birth = (desk.clocks[mine * CLOCKS + BIRTH] + memory[(place[LAW] + 3 * clone) * width + lane]) / 2
        death = (desk.clocks[mine * CLOCKS + DEATH] + memory[(place[LAW] + 3 * clone + 1) * width + lane]) / 2
        cell, number = _piece(desk, mine, since)
        u, v = _pair(work, desk, lane, clone, draws.STEP, cell, number)
        after = births.divide_and_die(memory[where], birth, death, t - since, u, v)
        if work.rows[2 * clone + 1] >= 0:
            after += _newcomers(work, desk, lane, clone, birth, death, t - since)
        memory[where] = after
        memory[is_whole] = 1.0 if after < births.CONTINUOUS_FROM else 0.0
        stretch(work, desk, lane, clone)


@inner
def set_levels(work: Work, desk: Desk, lane: int) -> bool:
    """Set the levels that the clones must not cross unseen; say whether some clone must be counted on the day grid."""
    place, memory, width = work.place, desk.memory, desk.width
    counted = False
    for clone in range(place[CLONES]):
        state, influx = work.rows[2 * clone], work.rows[2 * clone + 1]
        amount = memory[(place[Y] + state) * width + lane]
        whole = memory[(place[WHOLE] + clone) * width + lane] > 0.0
        counted = counted or (whole and amount > 0.0)
        memory[(place[LEVEL] + state) * width + lane] = -math.inf if whole else births.WHOLE_BELOW
        if influx >= 0:
            due = desk.clocks[(lane * place[CLONES] + clone) * CLOCKS + DUE]
            memory[(place[LEVEL] + influx) * width + lane] = due if whole and amount == 0.0 else math.inf
    return counted
