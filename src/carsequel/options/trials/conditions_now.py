"""Readings of conditions: whether CRS, ICANS, IEC-HS, GVHD or an infection is going on on the day asked for."""

from typing import Final

import numpy as np
import polars as pl

from carsequel.options.trials.moment import Moment, Reading, day_words

_TITLES: Final = {"crs": "CRS", "icans": "ICANS", "iec_hs": "IEC-HS", "gvhd": "GVHD", "infection": "infection"}
_PATTERNS: Final = {
    "crs": r"(?i)\bcrs\b|cytokine release",
    "icans": r"(?i)icans|neurotox",
    "iec_hs": r"(?i)\bhlh\b|iec[- ]?hs|\bmas\b|hemophagocyt|haemophagocyt",
    "gvhd": r"(?i)gvhd|graft.versus.host",
}
_CRITERIA: Final = {"crs": "crs.astct2019", "icans": "icans.astct2019"}


def read_condition(moment: Moment, condition: str) -> Reading:
    """Give whether a condition is going on (`low`, `high`: 1 yes, 0 no, NaN unknown). `no` needs a complete record of
    it, or for CRS and ICANS a graded window without it; one that has ended says nothing of another."""
    title = _TITLES[condition]
    seen = _seen(moment, condition)
    begun = pl.col("clock") < pl.col("as_of").floor() + 1
    end_known = pl.col("end_known").fill_null(True)
    going = begun & (
        (pl.col("clock_end").is_null() & end_known) | (pl.col("clock_end").floor() >= pl.col("as_of").floor())
    )
    open_ = (pl.col("clock_end").is_null() & ~end_known) | pl.col("clock").is_null()
    rows = seen.with_columns(going=going.fill_null(False), open=open_.fill_null(False))
    found = rows.sort("going", "open", "clock", nulls_last=False).group_by("patient", maintain_order=True).last()
    end = pl.when("going").then(pl.lit("going on")).when("open").then(pl.lit("end not given"))
    words = pl.format("{} from {}, {}", pl.col("text").fill_null(title), day_words(), pl.coalesce(end, pl.lit("ended")))
    value = pl.when("going").then(1.0)
    lack = pl.when(~pl.col("going")).then(pl.format("{}; whether it is over is not recorded", words))
    found = found.select("patient", "source", "going", "open", low=value, high=value, said=words, lack=lack)
    made = moment.aligned(found, f"no {title} recorded, and the record does not say that it is complete")
    absent = _covered(moment, condition) | _graded_without(moment, condition)
    blocked = made.rows["going"].fill_null(False).to_numpy() | made.rows["open"].fill_null(False).to_numpy()
    none = absent & ~blocked
    said = pl.when(pl.Series(none)).then(pl.lit(f"no {title} on that day by the record"))
    rows = made.rows.with_columns(said=pl.coalesce(said, "said"), lack=pl.when(~pl.Series(none)).then("lack"))
    return Reading(np.where(none, 0.0, made.low), np.where(none, 0.0, made.high), made.day, rows)


def _seen(moment: Moment, condition: str) -> pl.DataFrame:
    columns = ("patient", "text", "clock", "clock_end", "end_known", "as_of", "source")
    if condition == "infection":
        events = moment.facts("event").filter(pl.col("text") == "infection")
        unknown = events.with_columns(clock_end=pl.lit(None, dtype=pl.Float64), end_known=pl.lit(False))
        return pl.concat([moment.spans("infection").select(columns), unknown.select(columns)], how="vertical_relaxed")
    spans = moment.spans("toxicity").filter(pl.col("text").fill_null("").str.contains(_PATTERNS[condition]))
    if condition != "gvhd":
        return spans.select(columns)
    graded = moment.facts("gvhd").filter((pl.col("value") > 0) & pl.col("clock").is_not_null())
    last = graded.filter(pl.col("clock") == pl.col("clock").max().over("patient"))
    same = pl.col("clock").floor() == pl.col("as_of").floor()
    last = last.with_columns(
        text=pl.format("GVHD grade {}", pl.col("value").cast(pl.Int64)),
        clock_end=pl.when(same).then("clock"),
        end_known=same,
    )
    return pl.concat([spans.select(columns), last.select(columns)], how="vertical_relaxed")


def _covered(moment: Moment, condition: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    names = {"infection": ("infection",), "gvhd": ("gvhd",)}.get(condition, ("toxicity",))
    return moment.covered(names, moment.as_of, moment.as_of)


def _graded_without(moment: Moment, condition: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell who was graded 0 beyond doubt in the whole window after the last infusion."""
    criterion = _CRITERIA.get(condition)
    if criterion is None or moment.findings is None or moment.findings.is_empty():
        return np.zeros(moment.size, dtype=np.bool_)
    rows = moment.findings.filter((pl.col("criterion") == criterion) & pl.col("default"))
    last = rows.filter(pl.col("kind") == "maximum").sort("infusion").unique("patient", keep="last")
    none = last.filter((pl.col("low") == 0) & (pl.col("high") == 0))["patient"]
    return moment.people["patient"].is_in(none.implode()).to_numpy()
