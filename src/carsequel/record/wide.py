"""Wide tables: a column a quantity, read as facts through the dictionary and the mapping table."""

import polars as pl

from carsequel.record.cells import as_words, not_given, trimmed
from carsequel.record.report import Report
from carsequel.record.schema import COLUMNS, DATES
from carsequel.terms.quantities import quantities


def local_names(mapping: pl.DataFrame | None) -> set[str]:
    """Give the centre's own names of a raw mapping table, in lower case."""
    if mapping is None or "local_name" not in mapping.columns:
        return set()
    return {str(name).strip().lower() for name in mapping["local_name"].drop_nulls().to_list()}


def facts_of_wide(file: str, frame: pl.DataFrame, local: set[str], report: Report) -> pl.DataFrame | None:
    """Give the facts of a wide table (patient, day or date, and a column a quantity), None where no column is known.

    Empty cells and those that say not available are no facts: nothing was measured.
    """
    fixed = [name for name in frame.columns if name in {*COLUMNS["facts"], *DATES.values(), "row"}]
    columns = [name for name in frame.columns if (name in local or name in quantities()) and name not in fixed]
    for name in frame.columns:
        if name not in fixed and name not in columns:
            report.say("doubt", file, "column is not mapped, not read", "add it to mapping.csv", name=name)
    if not columns:
        report.say("refused", file, "no column of this table is mapped, not read", "name its columns in mapping.csv")
        return None
    texts = frame.with_columns(as_words(name, frame.schema[name]).alias(name) for name in columns)
    texts = texts.with_columns(trimmed(name) for name in columns)
    long = texts.unpivot(columns, index=fixed, variable_name="name", value_name="value")
    return long.filter(pl.col("value").is_not_null() & ~not_given("value"))
