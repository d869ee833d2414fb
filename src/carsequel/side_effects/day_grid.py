"""The days of many infusions side by side: arrays of one row a day and one column an infusion, with or without a value.

So many short series are filled and counted by a few passes over whole arrays. `id` stands for patient and infusion (see
`windows.py`); days are whole calendar days from the infusion.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from carsequel.side_effects.windows import STRIDE

NEVER_LOW: Final = 1e9
SIDES: Final = ("best", "worst")
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Places = npt.NDArray[np.int16]  # of days inside a window, which is never longer than a few hundred


class Days(NamedTuple):
    """The days from `first` on of the infusions `id` (ascending) that have any value in their window, whose days are
    `length`; `seen` says on which days a value stands. Of the values that they were made from, `kept` are inside a
    window, and `row` and `column` say where each of those stands."""

    id: Counts
    first: int
    length: Counts
    seen: Flags
    row: Counts
    column: Counts
    kept: Flags

    @property
    def inside(self) -> Flags:
        """Whether a day lies in the window."""
        return np.arange(len(self.seen))[:, None] < self.length


def on_every_day(lowest: pl.DataFrame, windows: pl.DataFrame) -> Days:
    """Give the days of each window (id, last, and one first day for all) that has any of the values (`at`, in
    order)."""
    at = lowest["at"].to_numpy()
    id_, day = at // STRIDE, at % STRIDE
    first = int(windows["first"][0]) if windows.height else 0
    last = np.full(1 + max(id_.max(initial=-1), int(windows["id"].max() or 0)), -1)  # type: ignore[arg-type]
    last[windows["id"].to_numpy()] = windows["last"].to_numpy()
    kept = (day >= first) & (day <= last[id_])
    id_, row = id_[kept], day[kept] - first
    begins = np.diff(id_, prepend=-1) != 0
    id_, column = id_[begins], np.cumsum(begins) - 1
    length = last[id_] - first + 1
    seen = np.zeros((length.max(initial=1), len(id_)), dtype=bool)
    seen[row, column] = True
    return Days(id_, first, length, seen, row, column, kept)


def spread(days: Days, values: pl.Series, missing: float = np.nan) -> Numbers:
    """Put the values that `days` was made from in their places."""
    found = np.full(days.seen.shape, missing)
    found[days.row, days.column] = values.to_numpy()[days.kept]
    return found


def fill_short_gaps(days: Days, longest: int, decimals: int, *series: Numbers) -> Flags:
    """Interpolate, in place, runs of up to `longest` missing days linearly (rounded to `decimals`) and carry end values
    over as many days; give on which days."""
    before, after = _neighbours(days)
    filled: Flags = ~days.seen & (after - before - 1 <= longest) & days.inside
    day, of = np.nonzero(filled)
    low, high = before[day, of], after[day, of]
    left, right = low < 0, high >= days.length[of]
    share = (day - low) / (high - low)
    low, high = np.where(left, high, low), np.where(right, low, high)
    for values in series:
        begin, end = values[low, of], values[high, of]
        between = np.round(begin + share * (end - begin), decimals)
        values[day, of] = np.where(left, end, np.where(right, begin, between))
    return filled


def _neighbours(days: Days) -> tuple[Places, Places]:
    """The last day with a value up to each day (-1 before the first), and the first from it on (the length of the
    window after the last)."""
    before, after = (np.empty(days.seen.shape, dtype=np.int16) for _ in range(2))
    near = np.full(len(days.id), -1, dtype=np.int16)
    for day, seen in enumerate(days.seen):
        before[day] = near = np.where(seen, day, near)
    near = days.length.astype(np.int16)
    for day in reversed(range(len(days.seen))):
        after[day] = near = np.where(days.seen[day], day, near)
    return before, after


class Bounds(NamedTuple):
    """What each day may have been: `best` and `worst`, on the days inside the window and never low outside, and on
    which days they were `filled`."""

    days: Days
    best: Numbers
    worst: Numbers
    filled: Flags

    def counts(self) -> dict[str, Counts]:
        """Give per infusion the days of the window, those filled, those without a settled value and those with one."""
        days, unsettled = self.days, self.best > self.worst
        numbers = {"window_days": days.length, "made": self.filled.sum(axis=0), "absent": unsettled.sum(axis=0)}
        return numbers | {"n": days.seen.sum(axis=0)}


def daily_bounds(lowest: pl.DataFrame, windows: pl.DataFrame, longest_gap: int, decimals: int) -> Bounds:
    """Give every day of each window with any of the `lowest` values (`day_values.lowest_of_days`) at its best and its
    worst; runs of up to `longest_gap` missing days are interpolated (rounded to `decimals`), and a day that stays
    missing is never low at best and 0 at worst."""
    days = on_every_day(lowest, windows)
    best, worst = (spread(days, lowest[name]) for name in ("value", "worst"))
    filled = fill_short_gaps(days, longest_gap, decimals, best, worst)
    unknown = ~(days.seen | filled)
    best[unknown], worst[unknown] = NEVER_LOW, 0.0
    worst[~days.inside] = NEVER_LOW
    return Bounds(days, best, worst, filled)


def column(values: npt.NDArray[Any], known: Flags) -> pl.Series:
    """Give whole numbers as a column, null where they are not known."""
    series = pl.Series(values.astype(np.int64))
    return series if known.all() else series.set(pl.Series(~known), None)
