"""Patients in and out of a lane: taking the next, giving one up, its next event, its outputs."""

import math

from carsequel.mechanism.kernel import layout as at
from carsequel.mechanism.kernel.call import call
from carsequel.mechanism.kernel.desk import (
    CLONES,
    COLUMN,
    COLUMNS,
    DONE,
    EVENT,
    EVENTS,
    GIVEN,
    GIVENS,
    INTEGRATED,
    INTERPOLATE,
    LANDING,
    NOTES,
    OUT,
    PARAMETER,
    PARAMETERS,
    PATIENTS,
    PLAN_STRIDE,
    QUEUE,
    STATES,
    STOPPED,
    STRIDE,
    TAKE,
    TIMES,
    WHO,
    WHOLE,
    Desk,
    Work,
    Y,
)
from carsequel.mechanism.kernel.jit import inner
from carsequel.mechanism.solution import Status

_STEP_LIMIT, _NOT_FINITE, _TOO_SMALL = int(Status.STEP_LIMIT), int(Status.NOT_FINITE), int(Status.STEP_TOO_SMALL)


@inner
def load(work: Work, desk: Desk, lane: int) -> bool:
    """Put the next patient of the queue into a lane; without one leave it idle and say so."""
    place, memory, width = work.place, desk.memory, desk.width
    patient = call(place[TAKE], place[QUEUE])
    notes = lane * NOTES
    desk.notes[notes + LANDING], desk.notes[notes + STOPPED] = -1, 1
    if patient >= place[PATIENTS]:
        desk.notes[notes + WHO] = -1
        memory[at.ACTIVE * width + lane] = 0.0
        return False
    desk.notes[notes + WHO], desk.notes[notes + EVENT], desk.notes[notes + DONE] = patient, -1, 0
    for row in range(place[PARAMETERS]):
        memory[(place[PARAMETER] + row) * width + lane] = work.parameters[patient * place[PARAMETERS] + row]
    for row in range(place[GIVENS]):
        memory[(place[GIVEN] + row) * width + lane] = work.given[row]
    for row in range(place[INTEGRATED]):
        memory[(place[Y] + row) * width + lane] = 0.0
    for clone in range(place[CLONES]):
        memory[(place[WHOLE] + clone) * width + lane] = 0.0
    memory[at.TIME * width + lane] = 0.0
    memory[at.TRIED * width + lane] = 0.0
    memory[at.TAKEN * width + lane] = 0.0
    memory[at.ACTIVE * width + lane] = 1.0
    memory[at.NEXT_OUTPUT * width + lane] = work.times[0]
    return True


@inner
def fail(work: Work, desk: Desk, lane: int) -> bool:
    """Give a patient up: its outputs stay not a number; the lane takes the next, or says that there is none."""
    place, memory, width = work.place, desk.memory, desk.width
    patient = desk.notes[lane * NOTES + WHO]
    finite = True
    for row in range(2 * place[INTEGRATED]):
        finite = finite and math.isfinite(memory[(place[Y] + row) * width + lane])
    limit = memory[at.TRIED * width + lane] >= memory[at.MOST_STEPS * width + lane]
    work.ends[2 * patient] = _STEP_LIMIT if limit else (_TOO_SMALL if finite else _NOT_FINITE)
    work.ends[2 * patient + 1] = int(memory[at.TRIED * width + lane])
    return load(work, desk, lane)


@inner
def plan_row(work: Work, desk: Desk, lane: int) -> int:
    """Give where the next event of a lane's patient stands in the plan."""
    place, notes = work.place, lane * NOTES
    row: int = desk.notes[notes + WHO] * place[PLAN_STRIDE] + desk.notes[notes + EVENT] * (3 + place[GIVENS])
    return row


@inner
def next_event(work: Work, desk: Desk, lane: int) -> float:
    """Give the day of the next event of a lane's patient, infinity if there is none."""
    if desk.notes[lane * NOTES + EVENT] >= work.place[EVENTS]:
        return math.inf
    day = work.plan[plan_row(work, desk, lane)]
    return math.inf if math.isnan(day) else day


@inner
def last_event(work: Work, desk: Desk, lane: int) -> float:
    """Give the day of the latest event of a lane's patient, 0 if there was none."""
    happened = desk.notes[lane * NOTES + EVENT] > 0
    return work.plan[plan_row(work, desk, lane) - 3 - work.place[GIVENS]] if happened else 0.0


@inner
def write(work: Work, desk: Desk, lane: int, block: int, tangent_block: int) -> None:
    """Write one output of a lane from a block of rows, and set the next."""
    place, memory, width = work.place, desk.memory, desk.width
    patient, done, states = desk.notes[lane * NOTES + WHO], desk.notes[lane * NOTES + DONE], place[STATES]
    to = (patient * place[TIMES] + done) * states
    for row in range(states):
        work.states[to + row] = memory[(block + row) * width + lane]
    for column in range(place[COLUMNS]):
        first = place[COLUMN] + column * place[STRIDE] + tangent_block * states
        for row in range(states):
            work.tangents[(to + row) * place[COLUMNS] + column] = memory[(first + row) * width + lane]
    desk.notes[lane * NOTES + DONE] = done + 1
    memory[at.NEXT_OUTPUT * width + lane] = work.times[done + 1] if done + 1 < place[TIMES] else math.inf


@inner
def has_passed(desk: Desk, lane: int) -> bool:
    """Say whether the step just tried has passed the lane's next output; one at a stop waits for what happens there."""
    notes, memory, width = lane * NOTES, desk.memory, desk.width
    if desk.notes[notes + WHO] < 0 or desk.notes[notes + EVENT] < 0 or memory[at.TAKEN * width + lane] == 0.0:
        return False
    output, now = memory[at.NEXT_OUTPUT * width + lane], memory[at.NEW_TIME * width + lane]
    return bool(output < now or (output == now and desk.notes[notes + STOPPED] == 0))


@inner
def write_passed(work: Work, desk: Desk) -> None:
    """Write the outputs that the steps just tried have passed."""
    again = True
    while again:
        call(work.place[INTERPOLATE], desk.address)
        again = False
        for lane in range(desk.width):
            if has_passed(desk, lane):
                write(work, desk, lane, work.place[OUT], at.TANGENT_OUT)
                again = again or has_passed(desk, lane)
