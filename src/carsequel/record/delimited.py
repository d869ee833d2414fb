"""Delimited text: which separator, where each row began, rows that do not fit the header, decimal commas."""

import csv
import gzip
from io import StringIO
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from carsequel.record.errors import RecordError
from carsequel.record.report import Report

QUOTE_HINT: Final = 'write "" for a quote inside a quoted cell'
DECIMAL_COMMA: Final = r"^([<>≤≥=\s]*[+-]?\d*),(\d+)$"
GROUPED: Final = r"^[<>≤≥=\s]*[+-]?\d{1,3}(\.\d{3})+$"


def read_delimited(path: Path, report: Report) -> tuple[pl.DataFrame, str]:
    """Read a CSV or TSV file (gzip too) as text cells with `row` (file and line); gives the frame and its separator.

    A row with more cells than the header is refused with its line. Raises RecordError for text that is not UTF-8 or
    whose quotes do not close, naming the line.
    """
    data = gzip.decompress(path.read_bytes()) if path.name.lower().endswith(".gz") else path.read_bytes()
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in data and b"\r" in data:
        data = data.replace(b"\r", b"\n")
    data, offset, separator = _separator(data, path.name)
    if not data.strip():
        return pl.DataFrame(), ","
    try:
        frame = pl.read_csv(data, separator=separator, infer_schema=False)
        lines = _lines(data, frame.height)
    except pl.exceptions.ComputeError:
        frame, lines = _read_row_by_row(data, separator, offset, path.name, report)
    frame = _without_nameless(frame.rename({name: name.strip().lower() for name in frame.columns}))
    if "row" in frame.columns:
        frame = frame.rename({"row": "row_given"})
    frame = frame.with_columns((pl.lit(f"{path.name}:") + (lines + offset).cast(pl.String)).alias("row"))
    _note_line_breaks(data, frame, report)
    return frame, separator


def _separator(data: bytes, file: str) -> tuple[bytes, int, str]:
    """Give the text, how many lines were before its header, and its separator (a first line `sep=;` says it itself)."""
    first, _, rest = data.partition(b"\n")
    named = first.strip().lower()
    if named.startswith(b"sep=") and len(named) == 5:
        return rest, 1, named[4:].decode("ascii", "replace")
    try:
        unquoted = "".join(first.decode("utf-8").split('"')[::2])
    except UnicodeDecodeError:
        raise _not_utf8(data, file) from None
    return data, 0, max(",;\t", key=unquoted.count)


def _not_utf8(data: bytes, file: str) -> RecordError:
    line = 1
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    return _other_text(file, line)


def _other_text(file: str, line: int) -> RecordError:
    return RecordError(f"{file} is not UTF-8 text (line {line})", "save the table as CSV UTF-8")


def refuse_other_text(path: Path) -> None:
    """Raise RecordError for the first line of a file that is not UTF-8 text, without holding the file in memory."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                raise _other_text(path.name, number) from None


def _lines(data: bytes, rows: int) -> pl.Series:
    """Give the line on which each row begins: a line break inside quotes does not begin a row."""
    plain = pl.int_range(2, rows + 2, eager=True)
    if b'"' not in data:
        return plain
    text = np.frombuffer(data, dtype=np.uint8)
    breaks, quotes = np.flatnonzero(text == 10), np.flatnonzero(text == 34)
    outside = np.flatnonzero(np.searchsorted(quotes, breaks) % 2 == 0)
    return pl.Series(outside[:rows] + 2) if len(outside) >= rows else plain


def _read_row_by_row(
    data: bytes, separator: str, offset: int, file: str, report: Report
) -> tuple[pl.DataFrame, pl.Series]:
    """Read a table that has misshapen rows: those with too many cells are refused, each with its line."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_utf8(data, file) from None
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    kept: list[list[str | None]] = []
    lines: list[int] = []
    line = 1
    try:
        header = next(reader)
        line = reader.line_num + 1
        for cells in reader:
            if any(cells[len(header) :]):
                words = f"row has {len(cells)} cells, the header {len(header)}"
                report.say("refused", file, words, "put a cell with a comma in quotes", row=str(line + offset))
            else:
                kept.append([*cells[: len(header)], *[None] * (len(header) - len(cells))])
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error:
        raise RecordError(
            f"{file}: quotes do not close (row that begins in line {line + offset})", QUOTE_HINT
        ) from None
    names = [n if header.index(n) == place else f"{n}_duplicated_{place}" for place, n in enumerate(header)]
    columns = list(zip(*kept, strict=True)) or [()] * len(names)
    made = {name: pl.Series(name, column, dtype=pl.String) for name, column in zip(names, columns, strict=True)}
    return pl.DataFrame(made), pl.Series(lines, dtype=pl.Int64)


def _without_nameless(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out empty columns without a name (what trailing separators make)."""
    bare = [c for c in frame.columns if c == "" or c.startswith("_duplicated_")]
    return frame.drop(c for c in bare if frame[c].null_count() == frame.height)


def _note_line_breaks(data: bytes, frame: pl.DataFrame, report: Report) -> None:
    if b'"' in data:
        texts = pl.col([name for name in frame.columns if name != "row"])
        broken = frame.filter(pl.any_horizontal(texts.str.contains("\n", literal=True)))
        words = "a cell goes over several lines: an unclosed quote swallows rows"
        report.add(broken, "doubt", words, "check the quotes of this row")


def read_decimal_commas(frame: pl.DataFrame, columns: list[str], report: Report) -> pl.DataFrame:
    """Read `1,5` as 1.5 in the named columns; beside such numbers a grouped `150.000` is refused, never guessed."""
    present = [name for name in columns if name in frame.columns]
    if not present:
        return frame
    numbers = pl.col(present).str.strip_chars()
    if frame.select(pl.any_horizontal(numbers.str.contains(DECIMAL_COMMA).any())).item():
        grouped = pl.any_horizontal(numbers.str.contains(GROUPED).fill_null(False))
        shown = pl.coalesce(pl.when(pl.col(c).str.contains(GROUPED)).then(c) for c in present)
        words = "a point in a number beside decimal commas: thousands or decimals"
        report.add(frame.filter(grouped), "refused", words, "write the number without grouping", was=shown)
        frame = frame.filter(~grouped)
    return frame.with_columns(numbers.str.replace(DECIMAL_COMMA, "$1.$2"))
