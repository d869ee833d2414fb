"""Columns of a raw table: names, types, empty cells, required cells and infusion numbers."""

from typing import Final

import polars as pl

from carsequel.record.cells import NO_NUMBER, NOT_GIVEN, as_number, as_truth, as_words, not_given, trimmed
from carsequel.record.errors import RecordError
from carsequel.record.report import Report
from carsequel.record.schema import COLUMNS, DATES, INTERNAL, REQUIRED

PRODUCED: Final = ("row", "age_at_infusion", "product_name")
MAY_BE_EMPTY: Final = {"infusions": ("infusion",), "facts": ("name",)}


def tidy(table: str, frame: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Give a raw table with plain column names, text columns as trimmed text, and empty cells as null.

    Cells that only say that nothing is there count as empty and are noted once a column. Columns whose name is used
    inside get `_given` behind it. Raises RecordError for a column given twice or of a type that is no table cell.
    """
    frame = frame.rename(_plain_names(table, frame))
    _require_columns(table, frame)
    known = COLUMNS[table]
    numbers = {name for name, kind in known.items() if kind.is_numeric()} | {"unit", "comparator", *DATES.values()}
    for name, kind in frame.schema.items():
        if kind.is_nested() or kind in (pl.Binary, pl.Object):
            raise RecordError(f"table {table}: column {_shown(name)} is of type {kind}", "give plain cells")
        if kind.is_numeric() and name != "row" and known.get(name, pl.Float64).is_numeric():
            frame = frame.with_columns(pl.col(name).cast(pl.Float64).fill_nan(None)) if name in known else frame
        else:
            frame = frame.with_columns(as_words(name, kind).alias(name)).with_columns(trimmed(name))
            frame = _empty_words(table, frame, name, NO_NUMBER if name in numbers else NOT_GIVEN, report)
    if "row" not in frame.columns:
        frame = frame.with_columns(row=pl.lit(f"{table}:") + pl.int_range(2, pl.len() + 2).cast(pl.String))
    cells = [column for column in frame.columns if column != "row"]
    return frame.filter(pl.any_horizontal(pl.col(cells).is_not_null())).with_columns(
        pl.col("patient").str.normalize("NFC") if "patient" in cells else []
    )


def _shown(column: str) -> str:
    """Name a column of ours; any other name could be a cell of a table that lost its header."""
    return column if any(column in columns for columns in COLUMNS.values()) else "(not ours)"


def _plain_names(table: str, frame: pl.DataFrame) -> dict[str, str]:
    names: dict[str, str] = {}
    taken = set(COLUMNS[table])
    for column in frame.columns:
        plain = column.strip().lower() or "unnamed"
        if (plain in INTERNAL and plain not in (*PRODUCED, *taken)) or plain.startswith("_"):
            plain = f"given{plain}" if plain.startswith("_") else f"{plain}_given"
        names[column] = plain
    if len(set(names.values())) < len(names):
        twice = sorted({_shown(name) for name in names.values() if list(names.values()).count(name) > 1})
        raise RecordError(f"table {table}: column {', '.join(twice)} is given twice", "keep one of the two columns")
    return names


def _require_columns(table: str, frame: pl.DataFrame) -> None:
    missing = [column for column in REQUIRED[table] if column not in frame.columns]
    if missing:
        found = [column for column in COLUMNS[table] if column in frame.columns]
        raise RecordError(
            f"table {table}: column {', '.join(missing)} is missing (found: {', '.join(found) or 'none'})",
            "line 1 must hold the column names; carsequel new DIR writes empty tables with a dictionary",
        )


def _empty_words(table: str, frame: pl.DataFrame, name: str, words: tuple[str, ...], report: Report) -> pl.DataFrame:
    if name in ("patient", "row", "local_name", "lesion"):
        return frame
    none = not_given(name, words)
    if frame.select(none.any()).item():
        report.say("converted", table, "cells that say not available were read as empty", "nothing", name=name)
        frame = frame.with_columns(pl.when(~none).then(name).alias(name))
    return frame


def note_unknown_columns(table: str, frame: pl.DataFrame, report: Report) -> None:
    """Note columns that are not of the table; they are kept."""
    known = {*COLUMNS[table], *DATES.values(), *PRODUCED}
    for column in frame.columns:
        if column not in known:
            report.say(
                "doubt", table, "unknown column kept", "rename it to a column of this table, or leave it", name=column
            )


def refuse_without_required(table: str, frame: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Refuse rows in which a required cell is empty."""
    for column in REQUIRED[table]:
        if column not in MAY_BE_EMPTY.get(table, ()):
            empty = pl.col(column).is_null()
            report.add(frame.filter(empty), "refused", f"{column} is empty", f"give {column} in every row")
            frame = frame.filter(~empty)
    return frame


def read_infusion_numbers(frame: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Read `infusion` as a whole number from 1 up, refusing every other entry; empty stays empty."""
    if "infusion" not in frame.columns:
        return frame.with_columns(infusion=pl.lit(None, dtype=pl.Int64))
    read = as_number("infusion") if frame.schema["infusion"] == pl.String else pl.col("infusion").cast(pl.Float64)
    frame = frame.with_columns(_read=read)
    good = pl.col("_read").is_between(1, 999) & (pl.col("_read") % 1 == 0)
    bad = pl.col("infusion").is_not_null() & ~good.fill_null(False)
    report.add(
        frame.filter(bad), "refused", "infusion is not a number 1, 2, …", "number the infusions 1, 2, …", was="infusion"
    )
    return frame.filter(~bad).with_columns(infusion=pl.col("_read").cast(pl.Int64)).drop("_read")


def fill_columns(frame: pl.DataFrame, table: str, report: Report) -> pl.DataFrame:
    """Give a table all its columns in the right type; a cell that is not of that type is noted and left empty."""
    for name, kind in COLUMNS[table].items():
        if name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, dtype=kind).alias(name))
        elif kind == frame.schema[name]:
            continue
        elif frame.schema[name] == pl.String and (kind.is_numeric() or kind == pl.Boolean):
            read = as_truth(name) if kind == pl.Boolean else as_number(name).cast(kind, strict=False)
            lost = pl.col(name).is_not_null() & read.is_null()
            words = "not true or false" if kind == pl.Boolean else "not a number"
            report.add(
                frame.filter(lost), "doubt", f"{name} is {words}, left empty", "correct or clear the cell", was=name
            )
            frame = frame.with_columns(read.alias(name))
        else:
            frame = frame.with_columns(pl.col(name).cast(kind, strict=False))
    return frame
