"""Spells of low neutrophils: where each begins and ends, its grade, and the sentence of an episode.

Days stand as in `day_grid.py`: one row a day, one column an infusion; `id` stands for patient and infusion.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from carsequel.side_effects.day_grid import SIDES, Counts, Days, Flags
from carsequel.side_effects.low_runs import places_in_spells

Grade = Callable[[Counts, Counts, Counts], Counts]


class Spells(NamedTuple):
    """Every spell of one side, by infusion: the column of its infusion, its first and last day (rows), the longest deep
    spell inside it, and the spell to which each day of the other side may belong (`number`, by column and row)."""

    column: Counts
    start: Counts
    end: Counts
    depth: Counts
    number: Counts


def graded_spells(
    days: Days, low: Mapping[str, Flags], below: Mapping[str, Counts], bridge: int, deepest: int, grade: Grade
) -> pl.DataFrame:
    """Give the spells of at most the widest limit by the best values, each graded by its own length and by the deepest
    spell inside it, and at worst as the spell of the worst values around it: id, start, end, length, low, high.

    `low` says of each day by the best and by the worst values (SIDE) whether it is at most the widest limit (SIDE_0) to
    the deepest (SIDE_n). `grade` gives the grade of the days of a spell, of its deepest spell and of the whole window
    (`below`, by side). Up to `bridge` other days between low ones are bridged.
    """
    sides = {side: _spells(low[f"{side}_0"], low[f"{side}_{deepest}"], bridge) for side in SIDES}
    grades = {s: grade(each.end - each.start + 1, each.depth, below[s][each.column]) for s, each in sides.items()}
    certain, possible = sides.values()
    around = possible.number[certain.column, certain.start]
    found = {"id": days.id[certain.column], "start": certain.start + days.first, "end": certain.end + days.first}
    found |= {"length": certain.end - certain.start + 1, "low": grades["best"], "high": grades["worst"][around]}
    return pl.DataFrame(found)


def _spells(low: Flags, deep: Flags, bridge: int) -> Spells:
    places = places_in_spells(low, bridge).T
    number = np.cumsum(places == 1).reshape(places.shape) - 1
    column, start = np.nonzero(places == 1)
    of, day = np.nonzero(places)
    begins = np.flatnonzero(places[of, day] == 1)
    if not len(begins):
        return Spells(column, start, start, start, number)
    ends = np.append(begins[1:], len(of)) - 1
    depth = np.maximum.reduceat(places_in_spells(deep, bridge).T[of, day], begins)
    return Spells(column, start, day[ends], depth, number)


def told_spells(found: pl.DataFrame, definition: str) -> pl.DataFrame:
    """Give the spells (with patient, infusion, and `last`, the last day of the window) as episodes with sentences."""
    ended = (
        pl.when(pl.col("end") < pl.col("last"))
        .then(pl.lit("then above the limit or without a value"))
        .otherwise(pl.lit("to the end of the window"))
    )
    return found.sort("id", "start").select(
        *("patient", "infusion", "id", "low", "high", "start", "end"),
        definition=pl.lit(definition),
        default=pl.lit(True),
        kind=pl.lit("episode"),
        period=pl.format("episode {}", pl.int_range(1, pl.len() + 1).over("id")),
        why=pl.format("{} days of low neutrophils from day {} to {}, {}", "length", "start", "end", ended),
    )
