"""The driver: keeps all lanes busy, feeds them patients from one shared queue, and attends to events and chance.

Fixed code, compiled once by Numba and kept on disk; a model comes in as addresses of its functions. What happens to a
patient depends on nothing but that patient, so that threads, lanes and parts of a population agree to the last bit.
"""

import math
from collections.abc import Callable

from carsequel.mechanism.kernel import births, clones, crossing, expected, moments
from carsequel.mechanism.kernel import layout as at
from carsequel.mechanism.kernel.call import call, floats_at, whole_numbers_at
from carsequel.mechanism.kernel.desk import (
    ACCEPT,
    ADVANCE,
    CLONES,
    DUE_NOW,
    EVENT,
    FRESH,
    GUESS,
    HAS_CHANCE,
    INTEGRATED,
    JUMP,
    LANDING,
    LANES,
    LEVEL,
    LOOK,
    NOTES,
    PREPARE,
    SHIFT,
    STOPPED,
    TIMES,
    TURNOVER,
    WHO,
    Desk,
    Ints,
    Work,
)
from carsequel.mechanism.kernel.jit import compiled, inner, sources
from carsequel.mechanism.kernel.patients import (
    fail,
    has_passed,
    last_event,
    load,
    next_event,
    write_passed,
)


def _driver(of_sources: int) -> Callable[[Ints], None]:
    @compiled
    def drive(addresses: Ints) -> None:
        if of_sources >= 0:
            _drive(*_laid_out(addresses))

    return drive


@inner
def _laid_out(addresses: Ints) -> tuple[Work, Desk]:
    """Make Work and Desk of addresses in the order of their fields."""
    place = whole_numbers_at(addresses[0])
    work = Work(
        place,
        whole_numbers_at(addresses[1]),
        floats_at(addresses[2]),
        floats_at(addresses[3]),
        floats_at(addresses[4]),
        floats_at(addresses[5]),
        floats_at(addresses[6]),
        floats_at(addresses[7]),
        floats_at(addresses[8]),
        whole_numbers_at(addresses[9]),
        whole_numbers_at(addresses[10]),
    )
    desk = Desk(
        floats_at(addresses[11]),
        addresses[11],
        place[LANES],
        whole_numbers_at(addresses[12]),
        whole_numbers_at(addresses[13]),
        floats_at(addresses[14]),
        floats_at(addresses[15]),
    )
    return work, desk


@inner
def _drive(work: Work, desk: Desk) -> None:
    """Take patients from the queue until it is empty."""
    busy = 0
    for lane in range(desk.width):
        busy += 1 if load(work, desk, lane) else 0
    busy -= _settle(work, desk)
    while busy > 0:
        need, stopped, passed = call(work.place[ADVANCE], desk.address), 0, False
        for lane in range(desk.width):
            desk.notes[lane * NOTES + STOPPED] = 0
            if (need >> lane) & 1 != 0:
                busy -= _judge(work, desk, lane)
                stopped += desk.notes[lane * NOTES + STOPPED]
                passed = passed or has_passed(desk, lane)
        if passed:
            write_passed(work, desk)
        call(work.place[ACCEPT], desk.address)
        if stopped > 0:
            _arrive(work, desk)
            busy -= _settle(work, desk)


@inner
def _judge(work: Work, desk: Desk, lane: int) -> int:
    """Decide what the step just tried means for a lane that asked for attention; give 1 if the lane falls idle."""
    memory, width = desk.memory, desk.width
    if memory[at.BAD * width + lane] > 0.0:
        return 0 if fail(work, desk, lane) else 1
    hit = memory[at.HIT * width + lane] > 0.0
    if memory[at.CROSSED * width + lane] > 0.0 and not (hit and desk.notes[lane * NOTES + LANDING] >= 0):
        share, row = crossing.first_crossing(work, desk, lane)
        memory[at.STOP * width + lane] = memory[at.TIME * width + lane] + share * memory[at.USED * width + lane]
        memory[at.TAKEN * width + lane] = 0.0
        memory[at.NEW_STEP * width + lane] = memory[at.STEP * width + lane]
        desk.notes[lane * NOTES + LANDING] = row
        return 0
    desk.notes[lane * NOTES + STOPPED] = 1 if hit else 0
    return 0


@inner
def _arrive(work: Work, desk: Desk) -> None:
    """Do what waits at the stops: crossings met, clones to be drawn."""
    place, memory, width = work.place, desk.memory, desk.width
    if place[HAS_CHANCE] > 0:
        call(place[TURNOVER], desk.address)
    for lane in range(width):
        notes = lane * NOTES
        if desk.notes[notes + STOPPED] == 0 or desk.notes[notes + WHO] < 0 or desk.notes[notes + EVENT] < 0:
            continue
        if desk.notes[notes + LANDING] >= 0:
            crossing.land(work, desk, lane)
            desk.notes[notes + LANDING] = -1
        t = memory[at.TIME * width + lane]
        on_grid = t / births.GRID == math.floor(t / births.GRID)
        if place[HAS_CHANCE] > 0 and (on_grid or t == next_event(work, desk, lane)):
            clones.draw_clones(work, desk, lane)


@inner
def _settle(work: Work, desk: Desk) -> int:
    """Let events happen, write the outputs of this moment, refill finished lanes, make ready for the next step.

    Gives the number of lanes that have fallen idle.
    """
    again, idle = True, 0
    while again:
        again = False
        while moments.post(work, desk):
            call(work.place[JUMP], desk.address)
            for lane in range(desk.width):
                if desk.notes[lane * NOTES + DUE_NOW] > 0:
                    moments.happened(work, desk, lane)
        for lane in range(desk.width):
            if desk.notes[lane * NOTES + STOPPED] > 0 and desk.notes[lane * NOTES + WHO] >= 0:
                finished = moments.write_now(work, desk, lane)
                if finished and load(work, desk, lane):
                    again = True
                elif finished:
                    idle += 1
    _renew(work, desk)
    return idle


@inner
def _renew(work: Work, desk: Desk) -> None:
    """Compute afresh, in the lanes that stood at a stop, all that hangs on the state and on what is given."""
    place, memory, width = work.place, desk.memory, desk.width
    looks, shifts = 0, 0
    for lane in range(width):
        memory[at.RENEW * width + lane] = 1.0 if desk.notes[lane * NOTES + STOPPED] > 0 else 0.0
        looks += desk.notes[lane * NOTES + LOOK]
        shifts += desk.notes[lane * NOTES + SHIFT]
    if looks > 0:
        call(place[PREPARE], desk.address)
        if place[HAS_CHANCE] > 0:
            call(place[TURNOVER], desk.address)
    for lane in range(width):
        if desk.notes[lane * NOTES + STOPPED] > 0 and desk.notes[lane * NOTES + WHO] >= 0:
            _next_stop(work, desk, lane)
    call(place[FRESH], desk.address)
    if looks > 0:
        call(place[GUESS], desk.address)
    if shifts > 0:
        for lane in range(width):
            if desk.notes[lane * NOTES + SHIFT] > 0:
                crossing.move_back(work, desk, lane)
        call(place[FRESH], desk.address)
    for lane in range(width):
        if desk.notes[lane * NOTES + LOOK] > 0:
            memory[at.STEP * width + lane] = memory[at.GUESS * width + lane]
            memory[at.OLD_SIZE * width + lane] = 0.0
            memory[at.GROW * width + lane] = 8.0
        desk.notes[lane * NOTES + LOOK], desk.notes[lane * NOTES + SHIFT] = 0, 0


@inner
def _next_stop(work: Work, desk: Desk, lane: int) -> None:
    """Set the levels to watch and the day of the next stop: an event, the end, a day of the grid if clones count."""
    place, memory, width = work.place, desk.memory, desk.width
    if desk.notes[lane * NOTES + LOOK] > 0:
        for row in range(place[INTEGRATED]):
            memory[(place[LEVEL] + row) * width + lane] = work.floors[row]
    stop = min(next_event(work, desk, lane), work.times[place[TIMES] - 1])
    if place[HAS_CHANCE] > 0:
        if desk.notes[lane * NOTES + LOOK] > 0:
            for clone in range(place[CLONES]):
                clones.stretch(work, desk, lane, clone)
        if clones.set_levels(work, desk, lane):
            stop = min(stop, births.next_draw(memory[at.TIME * width + lane], last_event(work, desk, lane)))
    elif expected.is_meant(work):
        expected.set_levels(work, desk, lane)
    memory[at.STOP * width + lane] = stop


drive = _driver(sources())
