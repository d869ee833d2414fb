"""Reading any input: a course folder, one of its files, or FHIR R4 (Bundle, NDJSON, gzip, or a directory of them)."""

from pathlib import Path

import polars as pl

from carsequel.record.course import Course
from carsequel.record.errors import RecordError
from carsequel.record.folder import SUFFIXES, read_folder, read_workbook
from carsequel.record.normalise import course_from_tables
from carsequel.record.report import Report

FHIR_SUFFIXES = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")


def read(path: str | Path, require_infusion: bool = True) -> Course:
    """Read a record and give its course.

    `path` is a course folder, an XLSX workbook with a sheet per table, a FHIR R4 Bundle, an NDJSON file (gzip too) or
    a folder of either. Raises RecordError where nothing can be read or, unless `require_infusion` is false, where no
    patient has a CAR-T infusion. What happened to each row stands in `Course.report`.
    """
    source = Path(path)
    if not source.exists():
        raise RecordError(f"input {source.name} does not exist", "give a course folder or a FHIR file")
    report = Report()
    tables = _fhir_tables(source, report) if _is_fhir(source) else _plain_tables(source, report)
    return course_from_tables(tables, report, require_infusion=require_infusion)


def _is_fhir(source: Path) -> bool:
    if source.is_file():
        return source.name.lower().endswith(FHIR_SUFFIXES)
    names = [path.name.lower() for path in source.iterdir()]
    has_table = any(name.endswith(SUFFIXES) for name in names)
    return not has_table and any(name.endswith(FHIR_SUFFIXES) for name in names)


def _plain_tables(source: Path, report: Report) -> dict[str, pl.DataFrame]:
    if source.is_dir():
        return read_folder(source, report)
    if source.name.lower().endswith(".xlsx"):
        return read_workbook(source, report)
    raise RecordError(
        f"{source.name} is neither a course folder nor FHIR",
        "give the folder that holds patients, infusions, facts …; an .xlsx with a sheet a table; or FHIR .json/.ndjson",
    )


def _fhir_tables(source: Path, report: Report) -> dict[str, pl.DataFrame]:
    from carsequel.record.fhir.reader import read_fhir

    tables, problems = read_fhir(source)
    for problem in problems:
        status = problem.get("status", "doubt")
        cells = {name: problem.get(name) for name in ("row", "patient", "name", "was", "now")}
        report.say(
            status, problem.get("file") or "", problem.get("problem") or "", problem.get("what_to_do") or "", **cells
        )
    return tables
