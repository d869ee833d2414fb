"""Columns of a raw table: names, types, empty cells, required cells and infusion numbers."""

import re
from typing import Final

import polars as pl

from carsequel.record.cells import NO_NUMBER, NOT_GIVEN, as_number, as_truth, as_words, not_given, trimmed
from carsequel.record.errors import RecordError
from carsequel.record.report import Report
from carsequel.record.schema import COLUMNS, DATES, INTERNAL, NUMBERS, REQUIRED
from carsequel.record.words import distinct, put_back

PRODUCED: Final = ("row", "age_at_infusion", "product_name")
AGAIN: Final = re.compile(r"_duplicated_\d+$")  # what the reader of CSV adds to a name that stands there twice
IDS: Final = ("patient", "local_name", "lesion")
MAY_BE_EMPTY: Final = {"infusions": ("infusion",), "facts": ("name",)}


def tidy(table: str, frame: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Give a raw table with plain column names, text columns as trimmed text, and empty cells as null.

    Cells that only say that nothing is there count as empty and are noted once a column. Columns whose name is used
    inside get `_given` behind it. Raises RecordError for a column given twice or of a type that is no table cell.
    """
    frame = frame.rename(_plain_names(table, frame))
    _require_columns(table, frame)
    known = COLUMNS[table]
    texts: list[str] = []
    for name, kind in frame.schema.items():
        if kind.is_nested() or kind in (pl.Binary, pl.Object):
            raise RecordError(f"table {table}: column {_shown(name)} is of type {kind}", "give plain cells")
        if not kind.is_numeric() or name == "row" or not known.get(name, pl.Float64).is_numeric():
            texts.append(name)
    numbers = [name for name in frame.columns if name in known and name not in texts]
    frame = frame.with_columns(
        *(pl.col(name).cast(pl.Float64).fill_nan(None) for name in numbers),
        *(as_words(name, frame.schema[name]).alias(name) for name in texts if frame.schema[name] != pl.String),
    )
    cells = [name for name in frame.columns if name != "row"]
    frame = frame.with_columns(_tidy_texts(table, frame.select(name for name in texts if name != "row"), report))
    if "row" not in frame.columns:
        frame = frame.with_columns(row=pl.lit(f"{table}:") + pl.int_range(2, pl.len() + 2).cast(pl.String))
    if any(frame[name].null_count() == 0 for name in cells):
        return frame
    return frame.filter(pl.any_horizontal(pl.col(cells).is_not_null()))


def _tidy_texts(table: str, texts: pl.DataFrame, report: Report) -> list[pl.Series]:
    """Trim text columns, in the composed form of their letters where they name patients, and empty what says nothing.
    A column whose words repeat is tidied once per word."""
    columns = texts.get_columns()
    words = [distinct(column) for column in columns]
    together = [own for own, column in zip(words, columns, strict=True) if own is column]
    alone = [[own] for own, column in zip(words, columns, strict=True) if own is not column]
    plain: dict[str, pl.Series] = {}
    emptied: set[str] = set()
    for group in [together, *alone]:
        tidied, said = _plain(table, pl.DataFrame(group))
        plain |= {column.name: column for column in tidied.get_columns()}
        emptied |= said
    for column in columns:
        if column.name in emptied:
            problem = "cells that say not available were read as empty"
            report.say("converted", table, problem, "nothing", name=column.name)
    return [put_back(column, own, plain[column.name]) for own, column in zip(words, columns, strict=True)]


def _plain(table: str, words: pl.DataFrame) -> tuple[pl.DataFrame, set[str]]:
    """Give the words trimmed, those that only say that nothing is there emptied; and the columns that had any."""
    plain = words.select(trimmed(n).str.normalize("NFC") if n == "patient" else trimmed(n) for n in words.columns)
    numbers = {*NUMBERS[table], "unit", "comparator", *DATES.values()}
    none = {n: not_given(n, NO_NUMBER if n in numbers else NOT_GIVEN) for n in words.columns if n not in IDS}
    if not none:
        return plain, set()
    said = {
        n
        for n, any_ in plain.select(each.any().alias(n) for n, each in none.items()).row(0, named=True).items()
        if any_
    }
    return plain.with_columns(pl.when(~none[n]).then(n).alias(n) for n in said), said


def _shown(column: str) -> str:
    """Name a column of ours; any other name could be a cell of a table that lost its header."""
    return column if any(column in columns for columns in COLUMNS.values()) else "(not ours)"


def _plain_names(table: str, frame: pl.DataFrame) -> dict[str, str]:
    names: dict[str, str] = {}
    taken = set(COLUMNS[table])
    for column in frame.columns:
        plain = column.strip().lower() or "unnamed"
        again = AGAIN.sub("", plain)
        plain = again if again in {*taken, *DATES.values()} else plain
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
            frame = report.remove(frame, empty, "refused", f"{column} is empty", f"give {column} in every row")
    return frame


def read_infusion_numbers(frame: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Read `infusion` as a whole number from 1 up, refusing every other entry; empty stays empty."""
    if "infusion" not in frame.columns:
        return frame.with_columns(infusion=pl.lit(None, dtype=pl.Int64))
    read = as_number("infusion") if frame.schema["infusion"] == pl.String else pl.col("infusion").cast(pl.Float64)
    frame = frame.with_columns(_read=read)
    good = pl.col("_read").is_between(1, 999) & (pl.col("_read") % 1 == 0)
    bad = pl.col("infusion").is_not_null() & ~good.fill_null(False)
    frame = report.remove(
        frame, bad, "refused", "infusion is not a number 1, 2, …", "number the infusions 1, 2, …", was="infusion"
    )
    return frame.with_columns(infusion=pl.col("_read").cast(pl.Int64)).drop("_read")


def fill_columns(frame: pl.DataFrame, table: str, report: Report) -> pl.DataFrame:
    """Give a table all its columns in the right type; a cell that is not of that type is noted and left empty."""
    given = [(name, kind) for name, kind in COLUMNS[table].items() if name in frame.columns]
    for name, kind in given:
        if kind == frame.schema[name]:
            continue
        if frame.schema[name] == pl.String and (kind.is_numeric() or kind == pl.Boolean):
            read = as_truth(name) if kind == pl.Boolean else as_number(name).cast(kind, strict=False)
            lost = pl.col(name).is_not_null() & read.is_null()
            words = "not true or false" if kind == pl.Boolean else "not a number"
            report.note(frame, lost, "doubt", f"{name} is {words}, left empty", "correct or clear the cell", was=name)
            frame = frame.with_columns(read.alias(name))
        else:
            frame = frame.with_columns(pl.col(name).cast(kind, strict=False))
    absent = [name for name in COLUMNS[table] if name not in frame.columns]
    return frame.with_columns(pl.lit(None, dtype=COLUMNS[table][name]).alias(name) for name in absent)
