"""Reading a course folder: CSV (comma, or semicolon with decimal comma), Parquet, or one XLSX with a sheet a table."""

import zlib
from pathlib import Path
from typing import Final

import fastexcel
import polars as pl

from carsequel.record.cells import as_words
from carsequel.record.delimited import read_decimal_commas, read_delimited
from carsequel.record.errors import RecordError
from carsequel.record.report import Report
from carsequel.record.schema import COLUMNS, NUMBERS
from carsequel.record.wide import facts_of_wide, local_names

SUFFIXES: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".xlsx")
NOT_TABLES: Final = (
    "sources", "truth", "dictionary", "readme", "check", "findings", "compare", "queries", "license", "choices",
    "definitions", "registry",
)  # fmt: skip
FOLDER_HINT: Final = (
    "a course folder holds patients, infusions, facts, … as CSV, Parquet or one XLSX; see carsequel new DIR"
)
FILE_HINT: Final = "check that the file is whole and of the kind its name says"
UNREADABLE: Final = (
    *(OSError, EOFError, ValueError, zlib.error),
    *(pl.exceptions.PolarsError, fastexcel.FastExcelError),
)


def read_folder(folder: Path, report: Report) -> dict[str, pl.DataFrame]:
    """Give the raw tables of a course folder, each row with the file and line it came from.

    Raises RecordError for a folder without tables or a file that cannot be read.
    """
    paths = table_files(folder, report)
    found = [(path.name, name, frame) for path in paths for name, frame in read_tables(path, report).items()]
    return assemble(folder.name, found, report)


def table_files(folder: Path, report: Report) -> list[Path]:
    """Give the files of a course folder that may hold tables, in order; what is neither that nor ours is noted."""
    paths = []
    for path in sorted(folder.iterdir()):
        lower = path.name.lower()
        if lower.startswith((".", "~$")) or lower.split(".")[0] in NOT_TABLES or path.is_dir():
            continue
        if lower.endswith(SUFFIXES):
            paths.append(path)
        else:
            report.say("doubt", path.name, "file is not a table of a course folder, not read", FOLDER_HINT)
    return paths


def read_workbook(path: Path, report: Report) -> dict[str, pl.DataFrame]:
    """Give the raw tables of one XLSX file with a sheet a table. Raises RecordError as `read_folder`."""
    return assemble(path.name, [(path.name, name, frame) for name, frame in read_tables(path, report).items()], report)


def assemble(source: str, found: list[tuple[str, str, pl.DataFrame]], report: Report) -> dict[str, pl.DataFrame]:
    """Join the tables found (file, name, frame) to the tables of a course folder; wide tables become facts."""
    tables: dict[str, list[pl.DataFrame]] = {}
    wide: list[tuple[str, pl.DataFrame]] = []
    for file, name, frame in found:
        table = table_of(name)
        if not frame.columns:
            report.say("doubt", file, "table is empty, not read", FOLDER_HINT)
        elif table == "facts" and "name" not in frame.columns and "patient" in frame.columns:
            wide.append((file, frame))
        elif table:
            tables.setdefault(table, []).append(frame)
        elif "patient" in frame.columns and {"day", "date"} & set(frame.columns):
            wide.append((file, frame))
        elif name.strip().lower() not in NOT_TABLES:
            report.say("doubt", file, "not a table of a course folder, not read", FOLDER_HINT)
    if not tables and not wide:
        raise RecordError(f"no table found in {source}", FOLDER_HINT)
    joined = {name: _joined(parts) for name, parts in tables.items()}
    local = local_names(joined.get("mapping"))
    melted = [facts_of_wide(file, frame, local, report) for file, frame in wide]
    facts = [frame for frame in [joined.get("facts"), *melted] if frame is not None]
    return joined | ({"facts": _joined(facts)} if facts else {})


def _joined(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Put the parts of one table under each other; columns that come in different types are joined as text."""
    kinds: dict[str, set[pl.DataType]] = {}
    for part in parts:
        for name, kind in part.schema.items():
            kinds.setdefault(name, set()).add(kind)
    mixed = [name for name, each in kinds.items() if len(each) > 1]
    alike = [
        part.with_columns(as_words(c, part.schema[c]).alias(c) for c in mixed if c in part.columns) for part in parts
    ]
    return pl.concat(alike, how="diagonal")


def read_tables(path: Path, report: Report) -> dict[str, pl.DataFrame]:
    """Give the tables of one file by name (an XLSX has several), each row with its place. Raises RecordError."""
    lower = path.name.lower()
    stem = path.name[: -max(len(suffix) for suffix in SUFFIXES if lower.endswith(suffix))]
    try:
        if lower.endswith(".xlsx"):
            whole = {"infer_schema_length": None, "drop_empty_rows": False, "raise_if_empty": False}
            sheets: dict[str, pl.DataFrame] = pl.read_excel(path, sheet_id=0, **whole)  # type: ignore[call-overload]
            return {name: _placed(frame, f"{path.name}[{name}]") for name, frame in sheets.items()}
        if lower.endswith(".parquet"):
            return {stem: _placed(pl.read_parquet(path), path.name)}
        frame, separator = read_delimited(path, report)
        return {stem: read_decimal_commas(frame, _number_columns(stem, frame), report) if separator == ";" else frame}
    except UNREADABLE as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{path.name} cannot be read ({type(error).__name__})", FILE_HINT) from None


def _number_columns(stem: str, frame: pl.DataFrame) -> list[str]:
    """Give the columns that hold numbers; in a wide table every column that is not a text column of facts."""
    table = table_of(stem)
    if table and not (table == "facts" and "name" not in frame.columns):
        return NUMBERS[table]
    return [c for c in frame.columns if c != "row" and (c not in COLUMNS["facts"] or c in NUMBERS["facts"])]


def _placed(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """Add `row` (file and line; line 1 is the header); a column of that name in the file becomes `row_given`."""
    if not frame.columns:
        return frame
    frame = frame.rename({name: name.strip().lower() for name in frame.columns})
    frame = frame.rename({"row": "row_given"}, strict=False)
    line = pl.int_range(2, pl.len() + 2).cast(pl.String)
    return frame.with_columns(row=pl.lit(f"{file}:") + line)


def table_of(name: str) -> str | None:
    """Give the table a file or sheet name stands for: `facts`, `Facts`, `facts_2024`, `facts-labs`."""
    lower = name.strip().lower()
    for table in COLUMNS:
        if lower == table or lower.startswith((f"{table}_", f"{table}-", f"{table}.", f"{table} ")):
            return table
    return None
