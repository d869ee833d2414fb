"""Scores that are a formula and not a sum of points: readings side by side, what is missing, what was read."""

from collections.abc import Sequence

import polars as pl

from carsequel.risks.moments import MOMENT
from carsequel.risks.points import joined_sources


def side_by_side(readings: pl.DataFrame, items: Sequence[str]) -> pl.DataFrame:
    """Give one row per moment: `ITEM_lo` and `ITEM_hi` of each item, `notes`, `missing`, `facts`."""
    own = readings.filter(pl.col("item").is_in(list(items)))
    known = pl.col("lo").is_not_null()
    sides = {
        f"{item}_{side}": pl.col(side).filter(pl.col("item") == item).first() for item in items for side in ("lo", "hi")
    }
    per = own.group_by(MOMENT).agg(
        **sides,
        notes=pl.col("note").filter(known).sort().str.join(", "),
        missing=pl.col("note").filter(~known).sort().str.join(", "),
        facts=pl.col("source").explode(),
    )
    return per.with_columns(facts=joined_sources("facts"))


def settle(found: pl.DataFrame, low: pl.Expr, high: pl.Expr) -> pl.DataFrame:
    """Add `low` and `high` of a formula, to twelve digits so that one patient and many agree to the last bit; both null
    where either is missing or has no finite number."""
    found = found.with_columns(low=low.round_sig_figs(12), high=high.round_sig_figs(12))
    sound = pl.col("low").is_finite() & pl.col("high").is_finite()
    return found.with_columns(low=pl.when(sound).then("low"), high=pl.when(sound).then("high"))


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
