"""Spells of low neutrophils: where each begins and ends, its grade, and the sentence of an episode.

`days` has id and day in order and, by the best and by the worst values (SIDE), truth columns SIDE_0 (at most the widest
limit) to SIDE_n (at most the deepest); `id` stands for patient and infusion (see `windows.py`).
"""

from collections.abc import Callable

import polars as pl

from carsequel.side_effects.day_values import SIDES
from carsequel.side_effects.windows import time_line


def graded_spells(
    days: pl.DataFrame, whole: pl.DataFrame, bridge: int, deepest: int, grade: Callable[[str], pl.Expr]
) -> pl.DataFrame:
    """Give the spells of at most the widest limit by the best values, each graded by its own length and by the deepest
    spell inside it, and at worst as the spell of the worst values around it: id, start, end, length, low, high.

    `grade` gives the grade by one side of the columns `length`, `depth` (days of the deepest spell) and SIDE_below (of
    `whole`, by `id`). Up to `bridge` other days between low ones are bridged.
    """
    numbered = [_begun(f"{side}_0", bridge).cum_sum().alias(f"{side}_spell") for side in SIDES]
    depths = [_run_length(f"{side}_{deepest}", bridge).alias(f"{side}_depth") for side in SIDES]
    days = days.with_columns(*numbered, *depths)
    certain, possible = (_one_each(days, side, whole, grade(side)) for side in SIDES)
    around = possible.select("worst_spell", high="grade")
    found = certain.join(around, on="worst_spell", how="left", maintain_order="left")
    return found.select("id", "start", "end", "length", "high", low="grade")


def _begun(low: str, bridge: int) -> pl.Expr:
    """Whether a new spell begins on a low day: more than the bridged days after the low day before."""
    before = pl.when(low).then(time_line()).forward_fill().shift(1)
    return pl.col(low) & ~(time_line() - before <= bridge + 1).fill_null(False)


def _run_length(low: str, bridge: int) -> pl.Expr:
    return pl.when(low).then(pl.col("day") - pl.when(_begun(low, bridge)).then("day").forward_fill() + 1)


def _one_each(days: pl.DataFrame, side: str, whole: pl.DataFrame, grade: pl.Expr) -> pl.DataFrame:
    """One row per spell, with the number of the worst-case spell around it."""
    found = (
        days.filter(f"{side}_0")
        .group_by(f"{side}_spell", maintain_order=True)
        .agg(
            pl.col("id").first(),
            pl.col("worst_spell").first().alias("around"),
            start=pl.col("day").first(),
            end=pl.col("day").last(),
            depth=pl.col(f"{side}_depth").max(),
        )
    )
    found = found.join(whole.select("id", f"{side}_below"), on="id", how="left", maintain_order="left")
    length = pl.col("end") - pl.col("start") + 1
    found = found.drop(f"{side}_spell").rename({"around": "worst_spell"}).with_columns(length=length)
    return found.with_columns(grade=grade)


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
