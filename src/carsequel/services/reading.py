"""Reading an input for a verb: the course, the patients that can be answered, the status at the end."""

import sys
from pathlib import Path
from typing import NamedTuple

import polars as pl

from carsequel.answering import answerable_patients
from carsequel.record import Course, RecordError, read

DONE, DONE_WITH_REFUSALS = 0, 1


class Opened(NamedTuple):
    """A course with the patients that can be answered and those that cannot."""

    course: Course
    able: list[str]
    unable: list[str]

    @property
    def status(self) -> int:
        """Exit status so far: 1 where rows were refused or patients cannot be answered."""
        return DONE_WITH_REFUSALS if self.unable or self.course.refused else DONE


def open_input(source: Path, patient: str | None = None) -> Opened:
    """Read the input; with `patient` keep that one only (RecordError where it is not in the record)."""
    course = read(source)
    able, unable = answerable_patients(course)
    if patient is None:
        return Opened(course, able, unable)
    if patient not in able and patient not in unable:
        raise RecordError("--patient is not in the input", "carsequel check lists the patients that were read")
    if patient in unable:
        raise RecordError("no CAR-T infusion found for the patient of --patient", "add it to the infusions table")
    return Opened(course.only(patient), [patient], [])


def say_refusals(course: Course, unable: list[str]) -> None:
    """Name on the error stream what was refused: row counts per file, and the patients that cannot be answered."""
    refused = course.report.filter(pl.col("status") == "refused")
    for file, count in refused.group_by("file").agg(pl.col("row").count()).sort("file").iter_rows():
        what = f"{count} rows of {file}" if count else str(file or "a part of the input")
        print(f"carsequel: {what} refused (see carsequel check)", file=sys.stderr)
    for patient in unable:
        print(f"carsequel: patient {patient}: no CAR-T infusion found, not answered", file=sys.stderr)
