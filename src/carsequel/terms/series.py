"""Day series: the parts that every daily criterion shares and that know no disease.

A series is a frame with key columns (usually `patient`, `infusion`), an integer `day` and something measured or
flagged. Days are whole calendar days counted from the infusion.
"""

from collections.abc import Sequence

import polars as pl


def day_of(column: str = "since") -> pl.Expr:
    """Give the calendar day (integer) of a time in days: 2.9 is still day 2, -0.1 is day -1."""
    return pl.col(column).floor().cast(pl.Int64)


def daily_grid(windows: pl.DataFrame, first: str = "first", last: str = "last") -> pl.DataFrame:
    """Give one row per key and day from `first` to `last` (integers, inclusive); an empty window gives no row."""
    kept = windows.filter(pl.col(last) >= pl.col(first))
    days = pl.int_ranges(pl.col(first), pl.col(last) + 1).alias("day")
    return kept.with_columns(days).explode("day").drop(first, last)


def fill_gaps(
    grid: pl.DataFrame, keys: Sequence[str], longest: int, decimals: int, value: str = "value"
) -> pl.DataFrame:
    """Interpolate runs of at most `longest` missing days linearly and carry end values over as many days.

    `grid` has one row per key and day without holes, missing values null, sorted by keys and day. Longer runs stay
    missing. Interpolated values are rounded to `decimals`. Adds the column `filled` (true where a value was made).
    """
    seen = pl.col(value).is_not_null()
    grid = grid.with_columns(
        _before=pl.when(seen).then(pl.col("day")).forward_fill().over(keys),
        _after=pl.when(seen).then(pl.col("day")).backward_fill().over(keys),
        _low=pl.col(value).forward_fill().over(keys),
        _high=pl.col(value).backward_fill().over(keys),
        _first=pl.col("day").min().over(keys),
        _last=pl.col("day").max().over(keys),
    )
    run = pl.coalesce("_after", pl.col("_last") + 1) - pl.coalesce("_before", pl.col("_first") - 1) - 1
    share = (pl.col("day") - pl.col("_before")) / (pl.col("_after") - pl.col("_before"))
    between = (pl.col("_low") + share * (pl.col("_high") - pl.col("_low"))).round(decimals)
    made = pl.when(run <= longest).then(pl.coalesce(between, "_low", "_high"))
    return grid.with_columns(pl.coalesce(value, made).alias(value), filled=~seen & made.is_not_null()).drop(
        "_before", "_after", "_low", "_high", "_first", "_last"
    )


def spells(days: pl.DataFrame, keys: Sequence[str], bridge: int = 0) -> pl.DataFrame:
    """Join flagged days into spells: gaps of at most `bridge` unflagged days are bridged and counted.

    `days` holds only the flagged days (keys and integer `day`, in any order, doubles allowed). Gives keys, `start`,
    `end` and `length` in days, one row per spell.

    >>> frame = pl.DataFrame({"patient": ["a"] * 4, "day": [1, 2, 5, 9]})
    >>> spells(frame, ["patient"], bridge=2).select("start", "end", "length").rows()
    [(1, 5, 5), (9, 9, 1)]
    """
    ordered = days.select(*keys, "day").sort(*keys, "day")
    new = pl.any_horizontal(pl.col(key) != pl.col(key).shift(1) for key in keys)
    apart = pl.col("day") - pl.col("day").shift(1) > bridge + 1
    numbered = ordered.with_columns(_spell=(new | apart).fill_null(True).cum_sum())
    found = numbered.group_by("_spell", maintain_order=True).agg(
        *(pl.col(key).first() for key in keys), start=pl.col("day").first(), end=pl.col("day").last()
    )
    return found.with_columns(length=pl.col("end") - pl.col("start") + 1).drop("_spell")


def longest_spell(days: pl.DataFrame, keys: Sequence[str], bridge: int = 0) -> pl.DataFrame:
    """Give per key the longest spell of flagged days (the earliest of equals): keys, `start`, `end`, `length`."""
    found = spells(days, keys, bridge).sort("length", descending=True, maintain_order=True)
    return found.group_by(keys, maintain_order=True).first()
