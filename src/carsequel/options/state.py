"""The condition that every option shares: the failure itself."""

from typing import Final

import polars as pl

from carsequel.causes.seen import number
from carsequel.options.conditions import as_conditions

NOT_CONFIRMED: Final = "biopsy or repeat imaging that confirms or excludes failure"
BESIDE: Final = "; never closed by the record, stands beside every other option"


def failure_conditions(pairs: pl.DataFrame) -> pl.DataFrame:
    """Give the condition that failure is confirmed; care options hold also where it is only suspected."""
    suspected = pl.col("state") == "suspected"
    care = pl.col("kind") == "care"
    day = pl.when(pl.col("day").is_not_null()).then(pl.format("day {}", number("day")))
    what = pl.concat_str(pl.col("type").str.replace_all("_", " "), day, separator=", ", ignore_nulls=True)
    words = pl.when(suspected).then(pl.lit("failure not confirmed")).otherwise(pl.format("failed ({})", what))
    always = pl.when(care).then(pl.lit(BESIDE)).otherwise(pl.lit(""))
    return as_conditions(
        pairs.with_columns(
            holds=pl.when(~suspected | care).then(True),
            reason=words + always,
            decides=pl.lit(NOT_CONFIRMED),
        )
    )
