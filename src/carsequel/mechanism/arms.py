"""Arms: what is given on which day, as rows of arms.csv made into events.

A base arm is the first course; an added arm comes on top of it, some of them at the failure of the first course plus a
free delay. `"second_infusion+pd1"` combines; without a base arm the single infusion stands first.
"""

from functools import cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.mechanism.schedule import Event
from carsequel.terms.tables import read_table

DEFAULT_BASE = "single"
Days = float | NDArray[np.float64]


class ArmError(ValueError):
    """An arm that is unknown or cannot be laid on the calendar; says what is allowed."""


@cache
def arm_rows() -> pl.DataFrame:
    """Give the steps of all arms: arm, role (base, added), step, day, relative_to (infusion, failure), jump, amount,
    given (`name=value;...`), duration (days until what is given ends; null = stays), options, meaning, status, source.

    >>> arm_rows().filter(arm="single")["jump"].to_list()
    ['lymphodepletion', 'infusion']
    """
    numbers = pl.col("day", "amount", "duration").cast(pl.Float64)
    return read_table("carsequel.mechanism", "arms.csv").with_columns(numbers, pl.col("step").cast(pl.Int64))


def arm_names(role: str | None = None) -> tuple[str, ...]:
    """Give the names of all arms, or of the base or added ones.

    >>> arm_names("base")
    ('single', 'no_lymphodepletion', 'untreated', 'dual_target', 'resistant')
    """
    rows = arm_rows() if role is None else arm_rows().filter(role=role)
    return tuple(rows["arm"].unique(maintain_order=True))


def arm_of(option: str) -> str | None:
    """Give the arm that stands for an option of the contract, or None where the model has no term for it.

    >>> arm_of("cd22_car_t"), arm_of("inotuzumab")
    ('other_target', None)
    """
    named = arm_rows().filter(pl.col("options").str.split(";").list.contains(option).fill_null(False))
    return named["arm"][0] if named.height else None


def events_of(arm: str, failure_day: Days | None = None, delay: Days = 0.0) -> list[Event]:
    """Give the events of an arm, or of several joined with `+`, in the order in which they happen on one day.

    failure_day: days from the first infusion, one number or one a patient (not a number = never failed: nothing is
    added); needed where a step is relative to the failure. delay: days between failure and the first salvage step.
    What is given for a duration is taken back at its end. Raises ArmError for an unknown arm, two base arms, or a
    missing failure day.

    >>> [event.jump for event in events_of("second_infusion", failure_day=90.0)]
    ['lymphodepletion', 'infusion', 'lymphodepletion', 'infusion']
    """
    events: list[Event] = []
    for name in _parts(arm):
        for row in arm_rows().filter(arm=name).iter_rows(named=True):
            events += _step(name, row, failure_day, delay)
    return events


def _parts(arm: str) -> list[str]:
    parts = [part.strip() for part in arm.split("+")]
    for part in parts:
        if part not in arm_names():
            raise ArmError(f"no arm {part!r}; known are {', '.join(arm_names())}, joined with +")
    bases = [part for part in parts if part in arm_names("base")]
    if len(bases) > 1:
        raise ArmError(f"the arms {' and '.join(bases)} are both a first course; name one of them")
    return (bases or [DEFAULT_BASE]) + [part for part in parts if part not in bases]


def _step(arm: str, row: dict[str, Any], failure_day: Days | None, delay: Days) -> list[Event]:
    day: Days = row["day"]
    if row["relative_to"] == "failure":
        if failure_day is None:
            raise ArmError(f"the arm {arm} begins at the failure; give failure_day, one number or one a patient")
        days: NDArray[np.float64] = np.asarray(failure_day, dtype=np.float64) + delay + row["day"]
        day = float(days) if days.ndim == 0 else days
    given = _given(row["given"])
    if row["jump"] is None and not given:
        return []
    amount = 1.0 if row["amount"] is None else row["amount"]
    first = Event(day, row["jump"], amount, given)
    if row["duration"] is None or not given:
        return [first]
    return [first, Event(day + row["duration"], given=tuple((name, 0.0) for name, _ in given))]


def _given(text: str | None) -> tuple[tuple[str, float], ...]:
    pairs = [part.split("=") for part in (text or "").split(";") if part]
    return tuple((name.strip(), float(value)) for name, value in pairs)
