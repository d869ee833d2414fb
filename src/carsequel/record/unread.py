"""What was written but could not be read: it leaves a trace, so that coverage never takes it for "did not happen"."""

import polars as pl

from carsequel.record.columns import read_infusion_numbers
from carsequel.record.report import Report
from carsequel.record.timing import put_on_clock, to_days

UNREAD = {"patient": pl.String, "name": pl.String, "clock": pl.Float64}


def unread_facts(named: pl.DataFrame, kept: pl.DataFrame, written: pl.DataFrame, origin: pl.DataFrame) -> pl.DataFrame:
    """Give the refused rows of facts: patient, name and `clock` (null where their day cannot be read either).

    `named` holds all rows under our names with the row number `_id`, `kept` those that were read.
    """
    if named.height == kept.height:
        return pl.DataFrame(schema=UNREAD)
    lost = named.filter(~pl.col("_id").is_in(kept["_id"].implode()) & pl.col("name").is_not_null())
    if lost.is_empty():
        return pl.DataFrame(schema=UNREAD)
    silent = Report()
    dated = put_on_clock(
        to_days(read_infusion_numbers(lost, silent), origin, silent), written, {"day": "clock"}, silent
    )
    return (
        lost.select("_id", "patient", "name").join(dated.select("_id", "clock"), on="_id", how="left").select(*UNREAD)
    )


def unread_spans(raw: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Give the refused spans: patient and name; the days they lasted are not taken from a row that was refused."""
    lost = raw.join(kept.select("_id"), on="_id", how="anti")
    return lost.select("patient", pl.col("name").str.to_lowercase(), clock=pl.lit(None, dtype=pl.Float64))
