"""Readings of numbers: age, days, lines, lesions and the last value of a measured quantity."""

from typing import Final

import numpy as np
import polars as pl

from carsequel.options.trials.moment import FAR, Moment, Reading, day_words

_BAND: Final = r"^\s*(\d+)\s*(?:-|–|to)\s*(\d+)\s*$"
_OPEN_BAND: Final = r"^\s*(?:>=?\s*)?(\d+)\s*\+?\s*$"
NEXT_LINE: Final = "next_line"


def read_measure(moment: Moment, name: str) -> Reading:
    """Give the last value of a quantity by the day asked for: bounds in its unit, and in multiples of the row's own
    upper limit (`low_uln`, `high_uln` in `rows`). Values below or above the assay's range count with their bounds."""
    rows = moment.facts(name).filter(pl.col("value").is_not_null())
    dated = rows.filter(pl.col("clock").is_not_null())
    dated = dated.filter(pl.col("clock") == pl.col("clock").max().over("patient"))
    sign = pl.col("comparator").fill_null("")
    low = pl.when(sign.str.starts_with("<")).then(0.0).otherwise("value")
    high = pl.when(sign.str.starts_with(">")).then(pl.lit(float("inf"))).otherwise("value")
    amount = pl.concat_str("comparator", pl.col("value").cast(pl.String).str.replace(r"\.0$", ""), ignore_nulls=True)
    label = "ECOG" if name == "ecog" else name.replace("_", " ")
    unit = pl.when(pl.col("unit").is_in(["1", "points"])).then(None).otherwise("unit")
    words = pl.concat_str(
        pl.lit(label), amount, unit, pl.format("on {}", day_words()), separator=" ", ignore_nulls=True
    )
    found = (
        dated.with_columns(_low=low, _high=high, _said=words)
        .group_by("patient", maintain_order=True)
        .agg(
            low=pl.col("_low").min(),
            high=pl.col("_high").max(),
            low_uln=(pl.col("_low") / pl.col("uln")).min(),
            high_uln=(pl.col("_high") / pl.col("uln")).max(),
            no_uln=pl.col("uln").is_null().any(),
            day=pl.col("clock").first(),
            said=pl.col("_said").unique(maintain_order=True).str.join("; "),
            source=pl.col("source").drop_nulls().unique(maintain_order=True).str.join("; "),
        )
    )
    undated = rows.join(found, on="patient", how="anti").unique("patient", maintain_order=True)
    undated = undated.select("patient", "source", lack=pl.lit(f"{label} recorded without a day"))
    return moment.aligned(pl.concat([found, undated], how="diagonal"), f"{label} not recorded")


def read_number(moment: Moment, fact: str) -> Reading:
    """Give one of the numbers that are made of several rows: age, days, infusions, lines, largest lesion."""
    return {
        "age": _age,
        "days_since_infusion": _since_infusion,
        "days_to_failure": _to_failure,
        "infusions": _infusions,
        "lines_before": _lines_before,
        "lines_after": _lines_after,
        "largest_lesion": _largest_lesion,
    }[fact](moment)


def _age(moment: Moment) -> Reading:
    band = pl.col("age_band").cast(pl.String)
    low = pl.coalesce(
        "age", band.str.extract(_BAND, 1).cast(pl.Float64), band.str.extract(_OPEN_BAND, 1).cast(pl.Float64)
    )
    top = pl.when(band.str.contains(r"\+|>")).then(pl.lit(float("inf")))
    high = pl.coalesce("age", band.str.extract(_BAND, 2).cast(pl.Float64), top)
    rows = moment.course.patients.select(
        "patient",
        "source",
        low=low,
        high=high,
        said=pl.format("age {}", pl.coalesce(pl.col("age").cast(pl.String).str.replace(r"\.0$", ""), band)),
        lack=pl.when(low.is_null() | high.is_null()).then(pl.lit("age not recorded as a number or band")),
    )
    return moment.aligned(rows, "age not recorded")


def _given(moment: Moment) -> pl.DataFrame:
    return moment.course.infusions.filter(pl.col("note").fill_null("") != "not_infused").sort("patient", "infusion")


def _last_infusion(moment: Moment) -> pl.DataFrame:
    return _given(moment).unique("patient", keep="last", maintain_order=True)


def _since_infusion(moment: Moment) -> Reading:
    rows = _last_infusion(moment).join(moment.people, on="patient", how="inner")
    days = pl.col("as_of").floor() - pl.col("day").floor()
    said = pl.format("infusion {} on {}, asked on {}", "infusion", day_words("day"), day_words("as_of"))
    lack = pl.when(days.is_null()).then(pl.lit("day of the last infusion not given"))
    return moment.aligned(
        rows.select("patient", "source", low=days, high=days, said=said, lack=lack), "no infusion recorded"
    )


def _to_failure(moment: Moment) -> Reading:
    if moment.verdicts.is_empty():
        return moment.aligned(pl.DataFrame(schema={"patient": pl.String}), "failure not judged")
    failed = moment.verdicts.filter(pl.col("state").is_in(["failed", "suspected"]))
    low = pl.coalesce("day", "day_low", pl.lit(0.0))
    high = pl.coalesce("day", "day_high", pl.lit(FAR))
    source = pl.col("facts") if "facts" in failed.columns else pl.lit(None, dtype=pl.String)
    said = pl.format("failure: {}", pl.coalesce("why", pl.lit("no words")))
    return moment.aligned(failed.select("patient", low=low, high=high, said=said, source=source), "no failure recorded")


def _infusions(moment: Moment) -> Reading:
    rows = (
        _given(moment)
        .group_by("patient", maintain_order=True)
        .agg(
            low=pl.len().cast(pl.Float64),
            high=pl.len().cast(pl.Float64),
            said=pl.format("{} infusions recorded", pl.len()),
            source=pl.col("source").drop_nulls().unique(maintain_order=True).str.join("; "),
        )
    )
    return moment.aligned(rows, "no infusion recorded")


def _lines_before(moment: Moment) -> Reading:
    lines = moment.facts("prior_line").filter(pl.col("value").is_not_null())
    seen = lines.group_by("patient", maintain_order=True).agg(
        low=pl.col("value").max(), source=pl.col("source").drop_nulls().unique(maintain_order=True).str.join("; ")
    )
    seen = seen.with_columns(
        high=pl.lit(float("inf")), said=pl.format("at least {} lines listed", pl.col("low").cast(pl.Int64))
    )
    if "prior_lines_count" in moment.course.patients.columns:
        count = pl.col("prior_lines_count").cast(pl.Float64, strict=False)
        told = moment.course.patients.select("patient", "source", low=count, high=count).filter(
            pl.col("low").is_not_null()
        )
        told = told.with_columns(said=pl.format("{} lines before CAR T cells", pl.col("low").cast(pl.Int64)))
        seen = pl.concat([told, seen.join(told, on="patient", how="anti")], how="diagonal")
    return moment.aligned(seen, "lines before CAR T cells not recorded")


def _lines_after(moment: Moment) -> Reading:
    rows = moment.spans("drug", "therapy").filter(pl.col("role") == NEXT_LINE)
    last = _last_infusion(moment).select("patient", _from="day")
    rows = rows.join(last, on="patient", how="inner")
    after = (pl.col("clock") >= pl.col("_from")).fill_null(True)
    found = (
        rows.filter(after)
        .group_by("patient", maintain_order=True)
        .agg(
            count=pl.struct("text", "clock").n_unique().cast(pl.Float64),
            starts=pl.col("clock").drop_nulls().n_unique().cast(pl.Float64),
            source=pl.col("source").drop_nulls().unique(maintain_order=True).str.join("; "),
        )
    )
    made = moment.aligned(found.rename({"starts": "low", "count": "high"}), "lines after CAR T cells not recorded")
    start = moment.aligned(last.rename({"_from": "day"})).day
    covered = moment.covered(("therapy",), start, moment.as_of) & moment.covered(("drug",), start, moment.as_of)
    none = covered & np.isnan(made.low)
    low = np.where(none, 0.0, made.low)
    high = np.where(none, 0.0, np.where(covered, made.high, np.where(np.isnan(made.high), np.nan, np.inf)))
    said = pl.when(pl.Series(none)).then(pl.lit("no line after CAR T cells, drugs and therapies recorded completely"))
    words = pl.format("lines after CAR T cells: {} at different days, {} entries", *_whole("low", "high"))
    rows = made.rows.with_columns(said=pl.coalesce(said, words), lack=pl.when(~pl.Series(none)).then("lack"))
    return Reading(low, high, made.day, rows)


def _whole(*names: str) -> list[pl.Expr]:
    return [pl.col(name).cast(pl.Int64) for name in names]


def _largest_lesion(moment: Moment) -> Reading:
    rows = moment.course.lesions.join(moment.people, on="patient", how="inner")
    rows = rows.filter(pl.col("ldi").is_not_null() & (pl.col("clock") <= pl.col("as_of")))
    last = rows.filter(pl.col("clock") == pl.col("clock").max().over("patient"))
    largest = last.sort("ldi", descending=True).unique("patient", keep="first", maintain_order=True)
    words = pl.format("largest lesion {} mm on {}", pl.col("ldi").cast(pl.String).str.replace(r"\.0$", ""), day_words())
    chosen = largest.select("patient", "source", low="ldi", high="ldi", day="clock", said=words)
    return moment.aligned(chosen, "no lesion measured")
