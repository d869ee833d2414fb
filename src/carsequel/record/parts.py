"""Reading a course folder that is larger than memory: the same steps, for one range of patients after the other."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.record.delimited import read_decimal_commas, refuse_other_text
from carsequel.record.errors import RecordError
from carsequel.record.folder import assemble, read_tables, table_files, table_of
from carsequel.record.normalise import course_from_tables
from carsequel.record.report import Report
from carsequel.record.schema import NUMBERS, REQUIRED

LARGE: Final = ("facts", "spans", "lesions")
STREAMED: Final = (".parquet", ".csv", ".tsv")
IN_ONE_PIECE: Final = 300_000_000
ROWS_IN_ONE_PIECE: Final = 5_000_000  # about as much as that in CSV; on disk Parquet is far smaller


class Large(NamedTuple):
    """A large table that is read in pieces: its file, table, separator (None for Parquet), its lazy rows with their
    number `_line`, and the patients in it as they are written."""

    path: Path
    table: str
    separator: str | None
    rows: pl.LazyFrame
    written: pl.Series


class Opened(NamedTuple):
    """A folder of which the parts can be read: its name, its small tables, its large ones, the patients of each part in
    the order of their ids, and what was noted on opening it (it belongs to the first part)."""

    name: str
    small: list[tuple[str, str, pl.DataFrame]]
    large: list[Large]
    parts: list[pl.Series]
    noted: pl.DataFrame

    @property
    def patients(self) -> int:
        """How many patients the folder has."""
        return sum(ids.len() for ids in self.parts)

    def course(self, number: int) -> Course:
        """Give the course of one part (from 0). Raises RecordError as `read_parts`."""
        return _part(self, number)


def is_large(folder: Path) -> bool:
    """Tell whether the large tables of a course folder are better read in parts (over 300 MB or 5 million rows)."""
    if not folder.is_dir():
        return False
    large = [path for path in folder.iterdir() if _streamable(path)]
    if sum(path.stat().st_size for path in large) > IN_ONE_PIECE:
        return True
    columns = [path for path in large if path.name.lower().endswith(".parquet")]
    try:
        rows = sum(pl.scan_parquet(path).select(pl.len()).collect().item() for path in columns)
    except pl.exceptions.PolarsError:
        return False
    return bool(rows > ROWS_IN_ONE_PIECE)


def _streamable(path: Path) -> bool:
    return path.is_file() and table_of(path.name.split(".")[0]) in LARGE and path.name.lower().endswith(STREAMED)


def read_parts(folder: Path, patients_a_part: int) -> Iterator[Course]:
    """Give the course of a folder in parts of at most `patients_a_part` patients, in the order of their ids.

    Each part is what `read` would give for its patients alone; lines for all patients (`coverage` of `*`, `mapping`)
    belong to every part. A part may hold no infusion. While one part is in use the next is read. Raises RecordError as
    `read`, and for a large table whose rows do not fit its header (those need the reader that takes the whole file).
    """
    opened = open_parts(folder, patients_a_part)
    yield from _one_ahead(partial(opened.course, number) for number in range(len(opened.parts)))


def open_parts(folder: Path, patients_a_part: int) -> Opened:
    """Open a folder for reading in parts: read its small tables and list the patients of its large ones. Raises
    RecordError as `read_parts`."""
    report = Report()
    small: list[tuple[str, str, pl.DataFrame]] = []
    large: list[Large] = []
    for path in table_files(folder, report):
        if _streamable(path) and path.stat().st_size:
            large.append(_open(path))
        else:
            small += [(path.name, name, frame) for name, frame in read_tables(path, report).items()]
    ids = _patients(small, large)
    parts = [ids[first : first + patients_a_part] for first in range(0, max(ids.len(), 1), patients_a_part)]
    return Opened(folder.name, small, large, parts, report.frame())


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of a file that polars cannot read in parts which one it is, and why where that can be found out."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        if not path.name.lower().endswith(".parquet"):
            refuse_other_text(path)
        words = f"{path.name} cannot be read in parts ({type(error).__name__})"
        raise RecordError(words, "check that the file is whole; carsequel check names the row") from None


def _one_ahead(parts: Iterable[Callable[[], Course]]) -> Iterator[Course]:
    """Give the courses in order; while one is in use the next is read on a second thread."""
    with ThreadPoolExecutor(1) as reader:
        waiting: list[Future[Course]] = []
        for part in parts:
            waiting.append(reader.submit(part))
            if len(waiting) > 1:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()


def _open(path: Path) -> Large:
    with _named(path):
        return _opened(path)


def _opened(path: Path) -> Large:
    table = table_of(path.name.split(".")[0]) or ""
    separator = None
    if path.name.lower().endswith(".parquet"):
        rows = pl.scan_parquet(path, row_index_name="_line")
    else:
        with path.open("rb") as stream:
            header = stream.readline().decode("utf-8-sig", errors="replace")
        if "\N{REPLACEMENT CHARACTER}" in header:
            refuse_other_text(path)
        separator = max(";\t,", key=header.count)
        rows = pl.scan_csv(path, separator=separator, infer_schema=False, row_index_name="_line")
    names = rows.collect_schema().names()
    rows = rows.rename({name: name.strip().lower() for name in names}).rename({"row": "row_given"}, strict=False)
    missing = [name for name in REQUIRED[table] if name not in rows.collect_schema().names()]
    if missing:
        raise RecordError(f"{path.name}: column {', '.join(missing)} is missing", "large tables are read in long form")
    written = rows.select("patient").unique().collect(engine="streaming")["patient"]
    return Large(path, table, separator, rows, written)


def _id() -> pl.Expr:
    return pl.col("patient").cast(pl.String).str.strip_chars()


def _patients(small: list[tuple[str, str, pl.DataFrame]], large: list[Large]) -> pl.Series:
    found = [frame.select(_id()) for _, _, frame in small if "patient" in frame.columns]
    found += [each.written.to_frame().select(_id()) for each in large]
    ids = pl.concat(found)["patient"] if found else pl.Series(dtype=pl.String)
    return ids.drop_nulls().filter(~ids.drop_nulls().is_in(["", "*"])).unique().sort()


def _part(opened: Opened, number: int) -> Course:
    ids, first = opened.parts[number], number == 0
    report = Report(opened.noted if first else None)
    inside = _id().is_in(ids.implode()) | (_id() == "*")
    if ids.len():
        inside = (_id() >= ids[0]) & (_id() <= ids[-1]) | (_id() == "*")
    nobody = _id().is_null() & pl.lit(first)
    found = []
    for file, name, frame in opened.small:
        own = frame.filter((inside | nobody).fill_null(False)) if "patient" in frame.columns else frame
        found.append((file, name, own))
    for each in opened.large:
        with _named(each.path):
            rows = _rows(each, (inside | nobody).fill_null(False))
        if each.separator == ";":
            rows = read_decimal_commas(rows, NUMBERS[each.table], report)
        found.append((each.path.name, each.table, rows))
    return course_from_tables(assemble(opened.name, found, report), report)


def _rows(large: Large, inside: pl.Expr) -> pl.DataFrame:
    """The rows of one part, chosen where possible by a range of patients as written: of a sorted Parquet file only
    that range is read."""
    own = large.written.to_frame().filter(inside)["patient"]
    ordered = own.dtype == pl.String or own.dtype.is_integer()
    rows = large.rows.filter(inside) if own.len() else large.rows.head(0)
    if own.len() and ordered and own.null_count() == 0:
        least, most = own.min(), own.max()
        if large.written.is_between(least, most).sum() == own.len():
            rows = large.rows.filter(pl.col("patient").is_between(pl.lit(least), pl.lit(most)))
    line = pl.format(f"{large.path.name}:{{}}", pl.col("_line") + 2)
    return rows.collect(engine="streaming").with_columns(row=line).drop("_line")
