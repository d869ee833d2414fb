"""Dates of resources marked as carrying relative days, back to the days they stand for."""

from typing import Final

import polars as pl

from carsequel.record.fhir.gathered import BASE_DAY

_DATES: Final = {"date": "day", "start_date": "start", "end_date": "end"}
_MICROSECONDS: Final = 86_400_000_000


def to_days(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Give the tables with `day`, `start`, `end` (days from the infusion the row names) where a row has relative days;
    such a row has no date any more, and a table of such rows only has no date column."""
    infusions = _converted(tables["infusions"], None)
    days = None
    if "day" in infusions.columns:
        days = (
            infusions.select("patient", "infusion", pl.col("day").alias("_from"))
            .drop_nulls()
            .unique(["patient", "infusion"])
        )
    return {name: infusions if name == "infusions" else _converted(table, days) for name, table in tables.items()}


def _converted(table: pl.DataFrame, days: pl.DataFrame | None) -> pl.DataFrame:
    if BASE_DAY not in table.columns:
        return table
    offset = pl.lit(0.0)
    if days is not None and "infusion" in table.columns:
        table = table.join(days, on=["patient", "infusion"], how="left", maintain_order="left")
        offset = pl.col("_from").fill_null(0.0)
    marked = pl.col(BASE_DAY).is_not_null()
    for dated, day in ((dated, day) for dated, day in _DATES.items() if dated in table.columns):
        passed = _moment(pl.col(dated)) - _moment(pl.col(BASE_DAY))
        counted = passed.dt.total_microseconds() / _MICROSECONDS - offset
        kept = pl.col(day).cast(pl.Float64, strict=False) if day in table.columns else pl.lit(None, pl.Float64)
        table = table.with_columns(pl.when(marked).then(pl.coalesce(counted, kept)).alias(day))
    plain = [dated for dated in _DATES if dated in table.columns]
    table = table.with_columns(pl.when(~marked).then(pl.col(plain)))
    gone = plain if table.select((marked).all()).item() else []
    return table.drop(BASE_DAY, *gone, *(["_from"] if "_from" in table.columns else []))


def _moment(text: pl.Expr) -> pl.Expr:
    whole = pl.when(text.str.contains("T", literal=True)).then(text).otherwise(text + "T00:00:00")
    return whole.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
