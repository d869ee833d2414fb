"""How long something was low: the longest spell of low days, or all of them, for several limits at once.

Days are whole calendar days; `id` stands for patient and infusion (see `windows.py`).
"""

from functools import cache
from typing import Final, Literal

import polars as pl

from carsequel.side_effects.windows import STRIDE, time_line

Counting = Literal["longest", "cumulative"]
LAST: Final = STRIDE - 1


def low_runs(
    days: pl.LazyFrame, names: tuple[str, ...], counting: Counting, bridge: int, *more: pl.Expr
) -> pl.LazyFrame:
    """Give per `id` and name the low days that count: start_NAME, end_NAME, length_NAME (null without any); `more` is
    aggregated beside them.

    `days` is ordered by id and day and says of each day in the truth columns NAME whether it is low. Gaps of at most
    `bridge` other days between low ones are bridged and counted. `longest` takes the longest spell (the earliest of
    equals), `cumulative` all spells together.

    >>> days = pl.DataFrame({"id": [0] * 5, "day": [1, 2, 5, 6, 9], "low": [True, True, True, False, True]})
    >>> low_runs(days.lazy(), ("low",), "longest", 2).collect().row(0)
    (0, 1, 5, 5)
    """
    parts, found = _columns(names, counting, bridge)
    return days.with_columns(parts).group_by("id").agg(*found, *more)


@cache
def _columns(names: tuple[str, ...], counting: Counting, bridge: int) -> tuple[list[pl.Expr], list[pl.Expr]]:
    """What each low day adds, and what the days of an infusion add up to."""
    parts, found = [], []
    for name in names:
        before = pl.when(name).then(time_line()).forward_fill().shift(1)
        near = time_line() - before <= bridge + 1
        if counting == "longest":
            begun = pl.when(pl.col(name) & ~near.fill_null(False)).then("day").forward_fill()
            # Length first, then the earliest end: one number whose maximum is the spell that counts.
            part = pl.when(name).then((pl.col("day") - begun + 1) * STRIDE + LAST - pl.col("day"))
            most = pl.col(f"part_{name}").max()
            length, end = most // STRIDE, LAST - most % STRIDE
            start = end - length + 1
        else:
            part = pl.when(name).then(pl.when(near).then(time_line() - before).otherwise(1))
            start, end = (pl.when(name).then("day").min(), pl.when(name).then("day").max())
            total = pl.col(f"part_{name}").sum()
            length = pl.when(total > 0).then(total)
        parts.append(part.alias(f"part_{name}"))
        found += [start.alias(f"start_{name}"), end.alias(f"end_{name}"), length.alias(f"length_{name}")]
    return parts, found
