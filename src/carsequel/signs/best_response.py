"""The best response of several assessments: until progression or the next therapy, confirmed where that is asked."""

from collections.abc import Sequence
from typing import Final

import polars as pl

KEYS: Final = ["patient", "infusion"]


def best_of(
    days: pl.DataFrame,
    ended: pl.DataFrame | None,
    progression: int,
    confirmed: bool = False,
    key: str | None = None,
) -> pl.DataFrame:
    """Give the best assessment per infusion (or per number in the column `key`): these, low, high, day (of the first
    that reaches `low`), looked (number of assessments), undecided (whether one of them could not be evaluated), `facts`
    (their sources).

    `days` has patient, infusion, day, low, high (ordered codes, both null where not evaluable) and source (list). The
    first certain `progression` is the last assessment that counts, a possible one ends what is certain to count;
    `ended` (patient, infusion, censor_day) cuts by day, the day itself counts. `confirmed` asks that the next
    assessment be at least as good; a response without a next one is at worst stable.

    >>> days = pl.DataFrame({"patient": ["a"] * 3, "infusion": 1, "day": [30, 90, 180], "low": [1, 3, 0]})
    >>> days = days.with_columns(high="low", source=pl.lit(["facts:2"]))
    >>> best_of(days, None, progression=3).select("low", "high", "day").row(0)
    (1, 1, 30)
    """
    keys = [key] if key else KEYS
    rows = days.select(*KEYS, *([key] if key else []), "day", "low", "high", "source")
    if ended is not None:
        cut = ended.group_by(KEYS).agg(_end=pl.col("censor_day").min().floor())
        rows = rows.join(cut, on=KEYS, how="left").filter(pl.col("day") <= pl.col("_end").fill_null(float("inf")))
    rows = rows.sort(*keys, "day").with_columns(
        _certain=_seen_before(pl.col("low") == progression, keys),
        _possible=_seen_before(pl.col("high") == progression, keys),
    )
    rows = rows.filter(~pl.col("_certain"))
    if confirmed:
        rows = _confirmed(rows, progression, keys)
    open_low = pl.when(pl.col("low").is_null().any()).then(0).otherwise(pl.col("low").min())
    counts = pl.col("high").filter(~pl.col("_possible"))
    sources = pl.col("source").list.explode(keep_nulls=False, empty_as_null=False)
    return rows.group_by(keys, maintain_order=True).agg(
        low=pl.when(pl.col("low").is_not_null().any()).then(open_low),
        high=pl.when(pl.col("low").is_not_null().any()).then(counts.min().fill_null(progression)),
        day=pl.col("day").sort_by("low", "day", nulls_last=True).first(),
        looked=pl.len(),
        undecided=pl.col("low").is_null().any(),
        facts=sources.drop_nulls().unique().sort().str.join("; "),
    )


def _seen_before(flag: pl.Expr, keys: Sequence[str]) -> pl.Expr:
    return flag.fill_null(False).cum_max().shift(1).over(keys).fill_null(False)


def _confirmed(rows: pl.DataFrame, progression: int, keys: Sequence[str]) -> pl.DataFrame:
    """Replace each response by the worse of itself and the next assessment, but at worst stable, as without one."""
    stable = progression - 1
    after = [pl.col(side).shift(-1).over(keys).alias(f"_next_{side}") for side in ("low", "high")]
    rows = rows.with_columns(after)
    capped = pl.when(pl.col("_next_low").is_not_null()).then(pl.min_horizontal("_next_low", stable))
    low = pl.when(pl.col("low") < stable).then(pl.max_horizontal("low", capped)).otherwise("low")
    later = pl.min_horizontal(pl.coalesce("_next_high", stable), stable)
    high = pl.when(pl.col("high") < stable).then(pl.max_horizontal("high", later)).otherwise("high")
    return rows.with_columns(low=low, high=high).drop("_next_low", "_next_high")
