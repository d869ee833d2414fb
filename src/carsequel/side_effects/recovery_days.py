"""The first fall of a count and the first recovery from it, at best and at worst, in days or values in order.

Days stand as in `day_grid.py`: one row a day or value, one column an infusion.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from carsequel.side_effects.day_grid import NEVER_LOW, Bounds, Counts, Flags, Numbers


class Series(NamedTuple):
    """Days in order, one column an infusion: which day each row is, whether it is low at best and at worst, and whether
    there is such a row."""

    day: Counts
    best: Numbers
    worst: Numbers
    there: Flags


def calendar(values: Bounds) -> Series:
    """Every day of the window."""
    day = np.broadcast_to(np.arange(len(values.best))[:, None], values.best.shape)
    return Series(day, values.best, values.worst, values.days.inside)


def in_a_row(values: Bounds, seen_to: Counts, longest_gap: int, run: int) -> Series:
    """The days with a value, then the values that may have followed the last one (`seen_to`) inside the window where it
    ends more than `longest_gap` days early: a fall and a recovery of `run` values."""
    seen, days = values.days.seen, values.days
    more = np.where(days.length - 1 - seen_to > longest_gap, run + 1, 0)
    number = np.cumsum(seen, axis=0) - 1
    n = seen.sum(axis=0)
    place = np.arange((n + more).max(initial=1))[:, None]
    to_come = (place >= n) & (place < n + more)
    row, of = np.nonzero(seen)
    series = Series(
        np.where(to_come, seen_to + 1 + place - n, 0),
        np.where(to_come, NEVER_LOW, np.nan),
        np.where(to_come, 0.0, np.nan),
        place < n + more,
    )
    for filled, each in ((series.day, row), (series.best, values.best[row, of]), (series.worst, values.worst[row, of])):
        filled[number[row, of], of] = each
    return series


def first_days(
    series: Series, held: Mapping[str, Counts], level: float, run: int, free: int | None
) -> dict[str, tuple[Counts, Flags]]:
    """Give the first day that may be (is surely) low and the first on which recovery may (must) begin, and whether
    there is any: `run` days or values in a row of at least `level`, without a day that holds recovery back from `free`
    days before to the last of them. `held` has, by side, how many such days lie before each day (and, last, in all).

    Recovery is earliest after the earliest possible fall and good days from then on, and latest after the latest fall
    and bad ones: the first certain fall, or the last possible one.
    """
    may, must = series.worst < level, series.best < level
    fell, surely = (_earlier(low) for low in (may, must))
    falls_again = np.logical_or.accumulate(may[::-1], axis=0)[::-1]
    found = {
        "fell_first": may,
        "fell_surely": must,
        "back_first": fell,
        "back_surely": surely | (fell & ~falls_again),
    }
    for back, side, values in (("back_first", "best", series.best), ("back_surely", "worst", series.worst)):
        found[back] &= _at_level(series, values >= level, run)
        if free is not None:
            found[back] &= ~_held(series, held[side], free, run)
    of = np.arange(series.day.shape[1])
    rows = {name: flags.argmax(axis=0) for name, flags in found.items()}
    return {name: (series.day[row, of], found[name][row, of]) for name, row in rows.items()}


def _earlier(low: Flags) -> Flags:
    """Whether an earlier day was low."""
    found = np.zeros_like(low)
    found[1:] = np.logical_or.accumulate(low, axis=0)[:-1]
    return found


def _at_level(series: Series, high: Flags, run: int) -> Flags:
    """Whether so many days from this one on are at the level."""
    high = high & series.there
    found = np.zeros_like(high)
    length = max(len(high) - run + 1, 0)
    found[:length] = np.logical_and.reduce([high[step : step + length] for step in range(run)])
    return found


def _held(series: Series, before: Counts, free: int, run: int) -> Flags:
    """Whether any day from `free` days before to the last of the run holds recovery back."""
    begin, end = (np.clip(series.day + shift, 0, len(before) - 1) for shift in (-free, run))
    held: Flags = np.take_along_axis(before, end, 0) > np.take_along_axis(before, begin, 0)
    return held
