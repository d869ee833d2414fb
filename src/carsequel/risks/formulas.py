"""Scores that are a formula and not a sum of points: what was read, what is missing, the number with its bounds."""

from collections.abc import Sequence

import polars as pl

from carsequel.risks.points import gathered_sources, told


def computed(readings: pl.DataFrame, criterion: str, items: Sequence[str]) -> pl.DataFrame:
    """Add to each moment the `criterion` and what it is computed of: `notes` (what was read of `items`), `missing`,
    `facts`."""
    known = {item: pl.col(f"{item}_lo").is_not_null() for item in items}
    said = told(readings, notes=known, missing={item: ~there for item, there in known.items()})
    return readings.with_columns(criterion=pl.lit(criterion), facts=gathered_sources(readings, items), **said)


def settled(low: pl.Expr, high: pl.Expr) -> dict[str, pl.Expr]:
    """Give `low` and `high` of a formula, to twelve digits so that one patient and many agree to the last bit; both
    null where either is missing or has no finite number."""
    sides = {"low": low.round_sig_figs(12), "high": high.round_sig_figs(12)}
    sound = pl.all_horizontal(side.is_finite() for side in sides.values())
    return {name: pl.when(sound).then(side) for name, side in sides.items()}


def between(low: str = "low", high: str = "high", digits: int = 2) -> pl.Expr:
    """The number or its range in words, rounded for the eye only."""
    first, last = pl.col(low).round(digits).cast(pl.String), pl.col(high).round(digits).cast(pl.String)
    return pl.when(pl.col(low) == pl.col(high)).then(first).otherwise(pl.format("{} to {}", first, last))


def formula_reasons() -> pl.Expr:
    """The sentence of a formula: what it was computed of, or why it was not."""
    short = pl.when(pl.col("low").is_null() & (pl.col("missing") == "")).then(
        pl.lit("a value is zero or has no upper bound")
    )
    return pl.concat_str(
        pl.when(pl.col("notes") != "").then(pl.format("from {}", "notes")),
        pl.when(pl.col("missing") != "").then(pl.format("open: {}", "missing")),
        short,
        separator="; ",
        ignore_nulls=True,
    )
