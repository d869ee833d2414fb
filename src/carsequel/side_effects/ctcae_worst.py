"""The worst of many graded laboratory values: its bounds and days, the value that sets it, the sources of its like."""

from typing import Final

import polars as pl

from carsequel.side_effects.sources import joined_sources

OF_VALUE: Final = (
    *("day", "value", "comparator", "lower", "upper", "limit", "side", "baseline", "baseline_day", "baseline_source"),
    "source",
)


def worst_of(graded: pl.DataFrame) -> pl.DataFrame:
    """Give one row per thing asked (`of`): low and high, start and end (days of the worst certain grade), the first day
    in doubt, the number of values, the value that is told and `facts`.

    `graded` has of, low and high (0-4) and the columns `OF_VALUE`. Told is the first value, the lowest of its day, that
    has the worst certain grade above 0, or else the gravest possible one; `facts` are the sources of all such values.
    """
    small = graded.lazy().select("of", "low", "high", "day", no_limit=pl.col("limit").is_null()).with_row_index("_row")
    small = (
        small.sort("of", maintain_order=True).collect(engine="in-memory").lazy().with_columns(pl.col("of").set_sorted())
    )
    ends = small.group_by("of").agg(
        worst=pl.col("low").max(), gravest=pl.col("high").max(), least=pl.col("high").min(), n=pl.len()
    )
    sure, open_ = (pl.col("low") == pl.col("worst")) & (pl.col("worst") > 0), pl.col("high") == pl.col("gravest")
    flagged = small.join(ends.select("of", "worst", "gravest"), on="of", how="left", maintain_order="left")
    flagged = flagged.with_columns(
        sure=sure, open=open_, picked=pl.when(pl.col("worst") > 0).then(sure).otherwise(open_)
    )
    values = flagged.filter(pl.col("sure") | pl.col("open")).collect(engine="in-memory").lazy()
    days = values.with_columns(
        pl.col("of").set_sorted(),
        sure_day=pl.when("sure").then("day"),
        open_day=pl.when("open").then("day"),
        first=pl.when("picked").then("day"),
        no_limit=pl.col("open") & pl.col("no_limit"),
    )
    days = days.group_by("of").agg(
        pl.col("no_limit").max(),
        pl.col("first").min(),
        start=pl.col("sure_day").min(),
        end=pl.col("sure_day").max(),
        doubt_day=pl.col("open_day").min(),
    )
    bounds = ends.join(days, on="of").rename({"worst": "low", "gravest": "high"}).collect(engine="in-memory")
    picked = values.filter("picked").select("of", "_row", "day").collect(engine="in-memory")
    return _told(graded, picked, bounds)


def _told(graded: pl.DataFrame, picked: pl.DataFrame, bounds: pl.DataFrame) -> pl.DataFrame:
    """Add to the bounds the first of the picked values and the sources of all of them."""
    places = picked["_row"]
    used = picked.select("of").with_columns(graded["source"].gather(places), graded["baseline_source"].gather(places))
    both = pl.concat([used.select("of", "source"), used.select("of", source="baseline_source")])
    first = picked.join(bounds.select("of", "first"), on="of", how="left", maintain_order="left")
    first = first.filter(pl.col("day") == pl.col("first"))
    rows = first.select("of").with_columns(graded.select(name).to_series().gather(first["_row"]) for name in OF_VALUE)
    rows = rows.sort("value", "source").unique("of", keep="first", maintain_order=True)
    found = bounds.lazy().drop("first").join(rows.lazy().drop("source", "baseline_source"), on="of")
    found = found.join(joined_sources(both.lazy(), "of"), on="of", how="left")
    return found.with_columns(pl.col("facts").fill_null("")).collect(engine="in-memory")
