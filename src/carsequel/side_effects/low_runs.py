"""How long something was low: the longest spell of low days, or all of them, for several limits at once.

Days stand as in `day_grid.py`: one row a day, one column an infusion. A pass goes from day to day, over all infusions
and limits together.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import numpy as np

from carsequel.side_effects.day_grid import Counts, Days, Flags, Places

Counting = Literal["longest", "cumulative"]
FAR_BACK: Final = -10_000


class Runs(NamedTuple):
    """Of each infusion the first and the last low day that count and how many they are; `length` is 0 without any."""

    start: Counts
    end: Counts
    length: Counts


def low_runs(days: Days, low: Mapping[str, Flags], counting: Counting, bridge: int) -> dict[str, Runs]:
    """Give the low days that count, by what is low: `low` says of each day whether it is.

    Gaps of at most `bridge` other days between low ones are bridged and counted. `longest` takes the longest spell (the
    earliest of equals), `cumulative` all spells together.

    >>> import polars as pl
    >>> from carsequel.side_effects.day_grid import on_every_day
    >>> days = on_every_day(pl.DataFrame({"at": [1, 9]}), pl.DataFrame({"id": [0], "first": [1], "last": [9]}))
    >>> low = np.isin(np.arange(1, 10), [1, 2, 5, 9])[:, None]
    >>> [each.item() for each in low_runs(days, {"low": low}, "longest", 2)["low"]]
    [1, 5, 5]
    """
    if not low:
        return {}
    counted = (_longest if counting == "longest" else _together)(np.hstack([*low.values()]), bridge)
    start, end, length = (np.split(each.astype(np.int64), len(low)) for each in counted)
    found = zip(start, end, length, strict=True)
    return {name: Runs(days.first + a, days.first + b, n) for name, (a, b, n) in zip(low, found, strict=True)}


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
