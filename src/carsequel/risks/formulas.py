"""Scores that are a formula and not a sum of points: readings side by side, what is missing, what was read."""

from collections.abc import Mapping, Sequence

import polars as pl

from carsequel.risks.moments import MOMENT
from carsequel.risks.points import gathered_sources, told


def side_by_side(readings: pl.DataFrame, items: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Give one row per moment and score: `criterion`, ITEM_lo and ITEM_hi of each item, `notes`, `missing`, `facts`.

    `items` names what each criterion is computed of; what it does not use is null.
    """
    pairs = [(criterion, item) for criterion, names in items.items() for item in names]
    used = readings.join(pl.DataFrame(pairs, schema=["criterion", "item"], orient="row"), on="item", how="inner")
    known = pl.col("lo").is_not_null()
    sides = {
        f"{item}_{side}": pl.col(side).filter(pl.col("item") == item).first()
        for item in dict.fromkeys(item for _, item in pairs)
        for side in ("lo", "hi")
    }
    return used.group_by(*MOMENT, "criterion").agg(
        **sides, notes=told(known), missing=told(~known), facts=gathered_sources()
    )


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
