"""Overrides given in a file of their own: a clinician's grade with its reason, beside the derived one."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from carsequel.record.columns import refuse_without_required, tidy
from carsequel.record.course import Course
from carsequel.record.errors import RecordError
from carsequel.record.events import normalise_overrides
from carsequel.record.folder import SUFFIXES, read_tables
from carsequel.record.report import Report


def read_overrides(course: Course, path: Path) -> Course:
    """Give the course with the overrides of a file (columns patient, infusion, criterion, kind, period, value or
    label, reason, by) added to its own. Raises RecordError for a file without the required columns."""
    if not path.is_file() or not path.name.lower().endswith(SUFFIXES):
        raise RecordError(f"overrides {path.name} is not a table", "give a CSV with patient, criterion, value, reason")
    report = Report()
    frame = tidy("overrides", next(iter(read_tables(path, report).values()), pl.DataFrame()), report)
    rows = normalise_overrides(refuse_without_required("overrides", frame, report), report)
    noted = pl.concat([course.report, report.frame()])
    refused = course.refused + report.frame().filter(pl.col("status") == "refused").height
    joined = pl.concat([course.overrides, rows], how="diagonal_relaxed")
    return replace(course, overrides=joined, report=noted, refused=refused)
