"""How long something was low: the longest spell of low days, or all of them, for several limits at once.

Days stand as in `day_grid.py`: one row a day, one column an infusion. A pass goes from day to day, over all infusions
and limits together.
"""

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
import polars as pl

from carsequel.side_effects.day_grid import Days, Flags, Places, column

Counting = Literal["longest", "cumulative"]
FAR_BACK: Final = -10_000


def low_runs(days: Days, low: Mapping[str, Flags], counting: Counting, bridge: int) -> pl.DataFrame:
    """Give per `id` and name the low days that count: start_NAME, end_NAME, length_NAME (null without any).

    `low` says of each day whether it is. Gaps of at most `bridge` other days between low ones are bridged and counted.
    `longest` takes the longest spell (the earliest of equals), `cumulative` all spells together.

    >>> from carsequel.side_effects.day_grid import on_every_day
    >>> days = on_every_day(pl.DataFrame({"at": [1, 9]}), pl.DataFrame({"id": [0], "first": [1], "last": [9]}))
    >>> low = np.isin(np.arange(1, 10), [1, 2, 5, 9])[:, None]
    >>> low_runs(days, {"low": low}, "longest", 2).row(0)
    (0, 1, 5, 5)
    """
    found = {"id": pl.Series(days.id)}
    if not low:
        return pl.DataFrame(found)
    counted = (_longest if counting == "longest" else _together)(np.hstack([*low.values()]), bridge)
    shifts = {"start": days.first, "end": days.first, "length": 0}
    for number, name in enumerate(low):
        own = slice(number * len(days.id), (number + 1) * len(days.id))
        for (what, shift), values in zip(shifts.items(), counted, strict=True):
            found[f"{what}_{name}"] = column(values[own] + shift, counted[-1][own] > 0)
    return pl.DataFrame(found)


def places_in_spells(low: Flags, bridge: int) -> Places:
    """Give the how-manieth day of its spell each low day is (0 on the others)."""
    found = np.zeros(low.shape, dtype=np.int16)
    last, place = (np.full(low.shape[1], start, dtype=np.int16) for start in (FAR_BACK, 0))
    for day, here in enumerate(low):
        place = np.where(here, np.where(day - last <= bridge + 1, place + day - last, 1), place)
        last = np.where(here, day, last)
        np.multiply(place, here, out=found[day])
    return found


def _longest(low: Flags, bridge: int) -> tuple[Places, Places, Places]:
    """First and last day and length of the longest spell of each column."""
    last, start, longest, end = (np.full(low.shape[1], begin, dtype=np.int16) for begin in (FAR_BACK, 0, 0, 0))
    for day, here in enumerate(low):
        np.copyto(start, day, where=here & (day - last > bridge + 1))
        np.copyto(last, day, where=here)
        length = (day + 1 - start) * here
        np.copyto(end, day, where=length > longest)
        np.maximum(length, longest, out=longest)
    return end - longest + 1, end, longest


def _together(low: Flags, bridge: int) -> tuple[Places, Places, Places]:
    """First and last low day of each column, and how many days are low or bridged."""
    last, total, first = (np.full(low.shape[1], start, dtype=np.int16) for start in (FAR_BACK, 0, 0))
    for day, here in enumerate(low):
        step = day - last
        first = np.where(here & (last < 0), day, first)
        total += np.where(here, np.where(step <= bridge + 1, step, 1), 0)
        last = np.where(here, day, last)
    return first, last, total
