"""Writing a course folder, and an empty one with its data dictionary."""

from pathlib import Path
from shutil import rmtree
from typing import Final, Literal, get_args

import polars as pl

from carsequel.record.course import Course
from carsequel.record.errors import RecordError
from carsequel.record.schema import COLUMNS, DATES, INTERNAL, KEPT_TABLES, REQUIRED
from carsequel.terms.quantities import quantities

Format = Literal["csv", "parquet", "xlsx"]
NEW_TABLES: Final = (*KEPT_TABLES, "mapping")
ALWAYS: Final = ("patients", "infusions", "facts")
SHEET_ROWS: Final = 1_048_576
SHEET_CELL: Final = 32_767
AS_TYPED: Final = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}


def write_course(course: Course, folder: str | Path, format: Format = "csv") -> list[Path]:
    """Write a course as a course folder that reads back as the same course; gives the files written.

    The folder is made; it must be empty or absent, and appears only when every file in it is whole. Values are in kept
    units, days in days, each row with its source. XLSX keeps 15 digits of a number. Raises RecordError.
    """
    if format not in get_args(Format):
        raise RecordError("format of a course folder not known", f"allowed: {', '.join(get_args(Format))}")
    target = _free(folder)
    frames = {name: _plain(name, course) for name in (*KEPT_TABLES, "overrides")}
    frames = {name: frame for name, frame in frames.items() if name in ALWAYS or frame.height}
    if format == "xlsx":
        _check_sheets(frames)
    part = target.with_name(f".{target.name}.part")
    rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        names = _write_frames(frames, part, format)
        if target.exists():
            target.rmdir()
        part.rename(target)
    except BaseException:
        rmtree(part, ignore_errors=True)
        raise
    return [target / name for name in names]


def _free(folder: str | Path) -> Path:
    target = Path(folder).absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        what = "is not empty" if target.is_dir() else "is a file"
        raise RecordError(f"folder {target.name} {what}", "give a new folder; nothing was written")
    return target


def _write_frames(frames: dict[str, pl.DataFrame], folder: Path, format: Format) -> list[str]:
    if format == "xlsx":
        _write_workbook(frames, folder / "course.xlsx")
        return ["course.xlsx"]
    for name, frame in frames.items():
        if format == "csv":
            frame.write_csv(folder / f"{name}.csv")
        else:
            frame.write_parquet(folder / f"{name}.parquet")
    return [f"{name}.{format}" for name in frames]


def _plain(name: str, course: Course) -> pl.DataFrame:
    """Give a table as it stands in a folder: internal columns dropped, columns without any content left out."""
    frame: pl.DataFrame = getattr(course, name)
    if name == "infusions":
        frame = frame.with_columns(product=pl.coalesce("product_name", "product"))
        frame = pl.concat([frame, _never_infused(course)], how="diagonal_relaxed")
    frame = frame.drop(INTERNAL, strict=False)
    kept = [c for c in frame.columns if c in REQUIRED[name] or frame[c].null_count() < frame.height]
    return frame.select(kept)


def _never_infused(course: Course) -> pl.DataFrame:
    people = course.patients.filter("not_infused").select("patient")
    return people.with_columns(note=pl.lit("not_infused"))


def _check_sheets(frames: dict[str, pl.DataFrame]) -> None:
    for name, frame in frames.items():
        if frame.height >= SHEET_ROWS:
            raise RecordError(f"{name} has more rows than a sheet holds ({SHEET_ROWS - 1})", "write csv or parquet")
        texts = [column for column, kind in frame.schema.items() if kind == pl.String]
        if any((frame[column].str.len_chars() > SHEET_CELL).any() for column in texts):
            raise RecordError(f"{name} has a text longer than a sheet's cell ({SHEET_CELL})", "write csv or parquet")


def _write_workbook(frames: dict[str, pl.DataFrame], path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), AS_TYPED) as book:
        for name, frame in frames.items():
            frame.write_excel(book, worksheet=name)


def new_folder(folder: str | Path) -> list[Path]:
    """Write an empty course folder: one CSV with its header per table, and `dictionary.csv` with every name, its
    unit, allowed answers and meaning. The folder must be empty or absent."""
    target = _free(folder)
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in NEW_TABLES:
        path = target / f"{name}.csv"
        pl.DataFrame(schema=COLUMNS[name]).write_csv(path)
        paths.append(path)
    paths.append(target / "dictionary.csv")
    dictionary().write_csv(paths[-1])
    return paths


def dictionary() -> pl.DataFrame:
    """Give the data dictionary: table, name, required, unit, allowed, meaning of every column and every fact name."""
    rows = []
    for table in NEW_TABLES:
        for column in COLUMNS[table]:
            date = f"or {DATES[column]} (ISO date)" if column in DATES else ""
            rows.append((table, column, "yes" if column in REQUIRED[table] else "no", "", "", date))
    for known in quantities().values():
        must = "unit required" if known.refuse_without_unit else ""
        rows.append(("facts: name", known.name, must, " or ".join(known.units), " ".join(known.answers), known.meaning))
    schema = ["table", "name", "required", "unit", "allowed", "meaning"]
    return pl.DataFrame(rows, schema=schema, orient="row")
