"""Spans, lesions, coverage and overrides brought to their columns."""

from typing import Final

import polars as pl

from carsequel.record.cells import as_number, is_number
from carsequel.record.columns import fill_columns, read_infusion_numbers
from carsequel.record.report import Report
from carsequel.record.schema import COLUMNS, ENUMERATED, empty
from carsequel.record.timing import put_on_clock, to_days
from carsequel.record.unread import unread_spans
from carsequel.terms.quantities import quantities

SPAN_NAMES: Final = ("drug", "oxygen", "vasopressor", "therapy", "toxicity", "infection", "hospital")


def normalise_spans(
    raw: pl.DataFrame, written: pl.DataFrame, origin: pl.DataFrame, report: Report
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give spans in the columns of the contract plus `clock` and `clock_end` (days from the first infusion) and `row`;
    and the trace of the rows that could not be read.

    An empty end means still going; `end_known` = false means that the end is not given.
    """
    raw = raw.with_row_index("_id")
    rows = raw.with_columns(pl.col("name").str.to_lowercase())
    rows = _refuse_words(rows, ("value",), "put words in `text`", report)
    rows = _with_days(to_days(read_infusion_numbers(rows, report), origin, report), ("start", "end"))
    rows = fill_columns(rows, "spans", report)
    rows = put_on_clock(rows, written, {"start": "clock", "end": "clock_end"}, report)
    rows = _refuse_backwards(rows, report)
    lower = pl.col("name").is_in(["drug", "oxygen", "vasopressor"])
    rows = rows.with_columns(
        text=pl.when(lower).then(pl.col("text").str.to_lowercase()).otherwise("text"),
        role=pl.col("role").str.to_lowercase(),
        source=pl.coalesce("source", "row"),
    )
    oxygen = pl.col("name") == "oxygen"
    rows = rows.with_columns(text=pl.when(oxygen).then(pl.col("text").str.replace_all(r"[ -]", "_")).otherwise("text"))
    unknown = ~pl.col("name").is_in(SPAN_NAMES)
    report.note(rows, unknown, "doubt", "span name not in the dictionary, kept", f"known: {' '.join(SPAN_NAMES)}")
    _doubt_unlisted(rows, "spans", report)
    first = [*COLUMNS["spans"], "clock", "clock_end", "row"]
    unread = unread_spans(raw, rows)
    rows = rows.drop("_id")
    return rows.select(*first, *(column for column in rows.columns if column not in first)), unread


def normalise_lesions(raw: pl.DataFrame, origin: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Give lesions with day and `clock`, diameters in mm."""
    rows = _refuse_words(raw, ("ldi", "sdi"), "give millimetres, the number alone", report)
    rows = fill_columns(_with_days(to_days(rows, origin, report), ("day",)), "lesions", report)
    rows = put_on_clock(rows, None, {"day": "clock"}, report)
    rows = rows.with_columns(
        kind=pl.col("kind").str.to_lowercase(),
        uptake=pl.col("uptake").str.to_uppercase(),
        source=pl.coalesce("source", "row"),
    )
    _doubt_unlisted(rows.with_columns(name=pl.lit("*")), "lesions", report)
    return rows


def normalise_coverage(raw: pl.DataFrame, origin: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Give coverage rows; a calendar date in a line for all patients has no meaning and is refused."""
    rows = _with_days(to_days(raw.with_columns(pl.col("name").str.to_lowercase()), origin, report), ("start", "end"))
    rows = put_on_clock(fill_columns(rows, "coverage", report), None, {"start": "start", "end": "end"}, report)
    rows = _refuse_backwards(rows.with_columns(clock="start", clock_end="end"), report).drop("clock", "clock_end")
    known = [*quantities(), *SPAN_NAMES, "*"]
    words = "coverage of a name that is not in the dictionary"
    report.note(rows, ~pl.col("name").is_in(known), "doubt", words, "use a name of facts or spans")
    return rows.with_columns(source=pl.coalesce("source", "row"))


def normalise_overrides(raw: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Give a clinician's overrides of derived grades; one without a reason is refused."""
    if raw.is_empty():
        return empty("overrides")
    rows = _refuse_words(raw.with_columns(name="criterion"), ("value",), "give the grade as a number", report)
    rows = fill_columns(read_infusion_numbers(rows, report), "overrides", report)
    bare = pl.col("reason").is_null()
    hint = "say why the derived grade is not right"
    rows = report.remove(rows, bare, "refused", "override without a reason", hint).drop("name")
    return rows.with_columns(pl.col("infusion").fill_null(1), kind=pl.col("kind").fill_null("maximum"))


def _with_days(rows: pl.DataFrame, days: tuple[str, ...]) -> pl.DataFrame:
    missing = [pl.lit(None, dtype=pl.Float64).alias(day) for day in days if day not in rows.columns]
    return rows.with_columns(missing)


def _refuse_words(rows: pl.DataFrame, columns: tuple[str, ...], hint: str, report: Report) -> pl.DataFrame:
    for name in columns:
        if name in rows.columns:
            text = rows.schema[name] == pl.String
            read = pl.when(is_number(name)).then(as_number(name)) if text else pl.col(name).cast(pl.Float64)
            unread = pl.col(name).is_not_null() & ~read.is_finite().fill_null(False)
            rows = report.remove(rows, unread, "refused", f"{name} is not a number", hint, was=name)
            rows = rows.with_columns(read.alias(name))
    return rows


def _refuse_backwards(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Refuse an end on a calendar day before the start; on the day of the start it may lack its clock time."""
    backwards = (pl.col("end").floor() < pl.col("start").floor()) | (
        pl.col("clock_end").floor() < pl.col("clock").floor()
    )
    return report.remove(
        rows, backwards, "refused", "the end lies before the start", "correct one of the two", was="end"
    )


def _doubt_unlisted(rows: pl.DataFrame, table: str, report: Report) -> None:
    for (owner, name, column), words in ENUMERATED.items():
        if owner != table:
            continue
        odd = (pl.col("name") == name) & pl.col(column).is_not_null() & ~pl.col(column).is_in(words.split())
        report.note(rows, odd, "doubt", f"{column} not in the list, kept", f"known: {words}", was=column)
