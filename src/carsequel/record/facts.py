"""Facts: local names mapped, numbers and units read, texts brought to their list, days put on one clock."""

import polars as pl

from carsequel.record.answers import bring_texts_to_lists
from carsequel.record.columns import fill_columns, read_infusion_numbers
from carsequel.record.measured import convert_units
from carsequel.record.report import Report
from carsequel.record.schema import COLUMNS
from carsequel.record.timing import put_on_clock, to_days
from carsequel.record.unread import unread_facts
from carsequel.record.values import read_values
from carsequel.record.words import change_words
from carsequel.terms.quantities import quantities


def normalise_facts(
    raw: pl.DataFrame, mapping: pl.DataFrame, written: pl.DataFrame, origin: pl.DataFrame, report: Report
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give facts in the columns of the contract plus `clock` (days from the first infusion), `doubt` and `row`; and
    the trace of the rows that could not be read."""
    lower = change_words(raw["name"], pl.col("name").str.to_lowercase())
    named = _apply_mapping(raw.with_columns(lower).with_row_index("_id"), mapping, report)
    rows = _refuse_nameless(named, report)
    rows = read_values(rows, report)
    rows = convert_units(rows, report)
    rows = bring_texts_to_lists(rows, report)
    rows = to_days(read_infusion_numbers(rows, report), origin, report)
    rows = fill_columns(rows, "facts", report)
    rows = put_on_clock(rows, written, {"day": "clock"}, report)
    _note_timeless(rows, report)
    unread = unread_facts(named, rows, written, origin)
    rows = rows.drop("_id").with_columns(source=pl.coalesce("source", "row"), doubt=pl.lit(None, dtype=pl.String))
    first = [*COLUMNS["facts"], "clock", "doubt", "row"]
    return rows.select(*first, *(column for column in rows.columns if column not in first)), unread


def read_mapping(raw: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Give the mapping with usable factors and one row a local name; the other rows are refused."""
    if raw.is_empty():
        return raw
    rows = raw.with_columns(pl.col("local_name").str.to_lowercase(), pl.col("name").str.to_lowercase())
    given = pl.col("factor").is_not_null() if "factor" in rows.columns else pl.lit(False)
    rows = fill_columns(rows.with_columns(_given=given), "mapping", Report())
    bad = pl.col("_given") & ~((pl.col("factor") > 0) & pl.col("factor").is_finite()).fill_null(False)
    hint = "write the factor with a decimal point"
    rows = report.remove(rows, bad, "refused", "factor is not a number above 0", hint).drop("_given")
    copy = ~pl.struct("local_name", "name", "unit", "factor").is_first_distinct()
    rows = report.remove(rows, copy, "converted", "duplicate row counted once", "remove the copy")
    twice = pl.len().over("local_name") > 1
    rows = report.remove(rows, twice, "refused", "local name mapped in two ways", "keep one row a local name")
    odd = ~pl.col("name").is_in(list(quantities()))
    report.note(rows, odd, "doubt", "mapped to a name that is not in the dictionary", "use a name of the dictionary")
    return rows


def _apply_mapping(rows: pl.DataFrame, mapping: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Read the centre's own names through the mapping table: name, default unit and factor (into that unit)."""
    if "unit" not in rows.columns:
        rows = rows.with_columns(unit=pl.lit(None, dtype=pl.String))
    if mapping.is_empty():
        return rows.with_columns(_factor=pl.lit(None, dtype=pl.Float64))
    table = mapping.select(name="local_name", _name="name", _unit="unit", _factor="factor")
    rows = rows.join(table, on="name", how="left", maintain_order="left")
    mapped = pl.col("_name").is_not_null() & (pl.col("_name") != pl.col("name"))
    for local, name in rows.filter(mapped).select("name", "_name").unique().sort("name").iter_rows():
        report.say("converted", "mapping", "local name read", "nothing", name=name, was=local, now=name)
    replaced = pl.col("_factor").is_not_null() & pl.col("_unit").is_not_null() & pl.col("unit").is_not_null()
    replaced = replaced & (pl.col("unit") != pl.col("_unit"))
    report.note(
        rows,
        replaced,
        "doubt",
        "the row has a unit of its own; factor and unit of the mapping were used",
        "leave the factor out where rows carry their unit",
        was="unit",
        now="_unit",
    )
    unit = pl.when(replaced).then("_unit").otherwise(pl.coalesce("unit", "_unit"))
    return rows.with_columns(unit=unit, name=pl.coalesce("_name", "name")).drop("_name", "_unit")


def _refuse_nameless(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    rows = report.remove(rows, pl.col("name").is_null(), "refused", "name is empty", "give name in every row")
    for name in sorted(set(rows["name"].unique()) - set(quantities())):
        report.say(
            "doubt", "facts", "name not in the dictionary, kept", "map it in mapping.csv if it has one", name=name
        )
    return rows


def _note_timeless(rows: pl.DataFrame, report: Report) -> None:
    timeless = rows.filter(pl.col("day").is_null() & pl.col("clock").is_null() & pl.col("when").is_null())
    for name, number in timeless.group_by("name").agg(pl.len()).sort("name").iter_rows():
        words = "rows without day, date or when: used only where the time does not matter"
        report.say("doubt", "facts", words, "give the day, or words in `when`", name=name, was=f"{number} rows")
