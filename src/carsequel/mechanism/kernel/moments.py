"""What happens at a stop: events and their consequences, the output of the moment, the end of a patient."""

import math

from carsequel.mechanism.kernel import clones, expected
from carsequel.mechanism.kernel import layout as at
from carsequel.mechanism.kernel.desk import (
    CLONES,
    COLUMN,
    COLUMNS,
    DONE,
    DUE_NOW,
    EVENT,
    GIVEN,
    GIVENS,
    HAS_CHANCE,
    JUMPS,
    LOOK,
    NOTES,
    STATES,
    STOPPED,
    STRIDE,
    TIMES,
    WHO,
    Desk,
    Work,
    Y,
)
from carsequel.mechanism.kernel.jit import inner
from carsequel.mechanism.kernel.patients import next_event, plan_row, write


@inner
def post(work: Work, desk: Desk) -> bool:
    """Put the next due event, or the start, of each lane into the rows that `jump` reads; say whether there is any."""
    place, memory, width, some = work.place, desk.memory, desk.width, False
    for lane in range(width):
        notes = lane * NOTES
        if desk.notes[notes + STOPPED] == 0 or desk.notes[notes + WHO] < 0:
            continue
        starts = desk.notes[notes + EVENT] < 0
        if not starts and next_event(work, desk, lane) != memory[at.TIME * width + lane]:
            continue
        row = plan_row(work, desk, lane)
        memory[at.KIND * width + lane] = float(place[JUMPS]) if starts else work.plan[row + 1]
        memory[at.AMOUNT * width + lane] = 1.0 if starts else work.plan[row + 2]
        for state in range(place[STATES]):
            desk.before[lane * place[STATES] + state] = memory[(place[Y] + state) * width + lane]
        desk.notes[notes + DUE_NOW], some = 1, True
    return some


@inner
def happened(work: Work, desk: Desk, lane: int) -> None:
    """Finish an event: what falls below its floor is none, small clones are whole numbers, what is given changes."""
    place, memory, width = work.place, desk.memory, desk.width
    row, event = plan_row(work, desk, lane), desk.notes[lane * NOTES + EVENT]
    desk.notes[lane * NOTES + DUE_NOW], memory[at.KIND * width + lane] = 0, -1.0
    desk.notes[lane * NOTES + EVENT], desk.notes[lane * NOTES + LOOK] = event + 1, 1
    if expected.is_meant(work):
        for clone in range(place[CLONES]):
            expected.none_below_floor(work, desk, lane, clone)
    if event < 0:
        if place[HAS_CHANCE] > 0:
            clones.begin_clones(work, desk, lane)
        return
    for state in range(place[STATES]):
        where, floor = (place[Y] + state) * width + lane, work.floors[state]
        if desk.before[lane * place[STATES] + state] >= floor and floor > memory[where]:
            memory[where] = 0.0
            for column in range(place[COLUMNS]):
                memory[(place[COLUMN] + column * place[STRIDE] + state) * width + lane] = 0.0
    if place[HAS_CHANCE] > 0:
        clones.jump_clones(work, desk, lane)
    for which in range(place[GIVENS]):
        value = work.plan[row + 3 + which]
        if not math.isnan(value):
            memory[(place[GIVEN] + which) * width + lane] = value


@inner
def write_now(work: Work, desk: Desk, lane: int) -> bool:
    """Write the output of this moment, if there is one; say whether the patient is finished."""
    memory, width, notes = desk.memory, desk.width, lane * NOTES
    if memory[at.NEXT_OUTPUT * width + lane] == memory[at.TIME * width + lane]:
        write(work, desk, lane, work.place[Y], 0)
    if desk.notes[notes + DONE] < work.place[TIMES]:
        return False
    work.ends[2 * desk.notes[notes + WHO] + 1] = int(memory[at.TRIED * width + lane])
    return True
