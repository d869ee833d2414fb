"""What the driver works on: the work that all threads share, and the desk of one thread. All are plain addresses."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]  # in compiled code a pointer: indexed by one number, without a length
Ints = NDArray[np.int64]

# Numbers of `place`: sizes and first rows of `layout`; sizes of what was asked for; seed, queue; functions.
LANES, STATES, INTEGRATED, Y, K, OUT, LEVEL, WHOLE, GIVEN, PARAMETER, LAW, COLUMN, STRIDE, COLUMNS = range(14)
CLONES, HAS_CHANCE, JUMPS, PATIENTS, TIMES, PARAMETERS, GIVENS, EVENTS, PLAN_STRIDE = range(14, 23)
SEED, QUEUE, FIRST_CALL = range(23, 26)
ADVANCE, ACCEPT, INTERPOLATE, PREPARE, JUMP, FRESH, GUESS, TURNOVER, TAKE = range(FIRST_CALL, FIRST_CALL + 9)
PLACES = TAKE + 1
# Columns of `notes`.
WHO, EVENT, DONE, LANDING, DUE_NOW, SHIFT, LOOK, STOPPED, NOTES = range(9)
# Columns of a clone's whole numbers (`counts`) and of its other numbers (`clocks`).
ARRIVED, CELL, PIECE, COUNTS = range(4)
DUE, SINCE, HAZARD, BIRTH, DEATH, CLOCKS = range(6)


class Work(NamedTuple):
    """What is to be done for all patients; shared by all threads.

    `place`: whole numbers, named above. `rows` [clones, 2]: column of each clone, row of its cumulative influx or -1.
    `plan` [n or 1, events, 3 + given]: day, kind, amount, what is given from then on. `ends` [n, 2]: status, steps.
    `numbers` [n]: the number by which each patient draws its chance.
    """

    place: Ints
    rows: Ints
    floors: Floats
    parameters: Floats
    times: Floats
    plan: Floats
    given: Floats
    states: Floats
    tangents: Floats
    ends: Ints
    numbers: Ints


class Desk(NamedTuple):
    """One thread's own memory: the rows of `layout` (and their address), and what the driver notes for each lane.

    `notes` [lanes, NOTES]: patient or -1 (WHO), next event or -1 before the start (EVENT), outputs written (DONE), row
    that the step was shortened for or -1 (LANDING), and 1 where an event happens now (DUE_NOW), where the day of a
    crossing moves the tangents (SHIFT), where clones begin anew (LOOK), where the lane stands at a stop (STOPPED).
    `counts` [lanes, clones, COUNTS], `clocks` [lanes, clones, CLOCKS], `before` [lanes, states].
    """

    memory: Floats
    address: int
    width: int
    notes: Ints
    counts: Ints
    clocks: Floats
    before: Floats
