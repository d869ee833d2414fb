"""Is something detected: the shared reading of ctDNA and MRD results with their limits.

Codes: 0 not detected, 1 detected.
"""

import polars as pl

from carsequel.signs.bounds import settled


def with_detection(rows: pl.DataFrame, positive: str, negative: str) -> pl.DataFrame:
    """Add `low` and `high` (0 not detected, 1 detected; both null where the row says nothing) and `near` (true where a
    number stands below the limit of the assay).

    A number above 0 without `<` is detected; `<` or 0 is not. A number below `limit`, or `<` a number above it, may
    be either. Words: `positive`, `negative`.
    """
    sign = pl.col("comparator").fill_null("")
    value, limit = pl.col("value"), pl.col("limit")
    below = sign.is_in(["<", "<="])
    bare = value.is_null() & limit.is_not_null() & below
    under = ~below & (value > 0) & (value < limit).fill_null(False)
    loose = below & (value > limit).fill_null(False)
    word = pl.col("text")
    low = (
        pl.when(word == positive)
        .then(1)
        .when((word == negative) | bare | below | (value == 0) | under)
        .then(0)
        .when(value > 0)
        .then(1)
    )
    near = under | loose
    high = pl.when(near & (word != positive).fill_null(True)).then(1).otherwise(low)
    return rows.with_columns(low=low, high=high, near=near.fill_null(False))


def mrd_found() -> pl.Expr:
    """Tell of a row of `mrd` (text, low, high) whether residual disease was found: its word, or a value above
    nothing; null where it does not say."""
    said = settled(pl.col("text") == "positive", pl.col("text") == "negative")
    counted = settled(pl.col("low") > 0, pl.col("high").is_not_null())
    return pl.coalesce(said, counted)
