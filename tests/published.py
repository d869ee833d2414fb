"""The published patients, read and graded once a process."""

from functools import cache
from pathlib import Path
from typing import Any

import carsequel as cs
from carsequel.grading import Graded, grade_record

FOLDER = Path(__file__).parents[1] / "examples" / "published"


@cache
def course() -> cs.Course:
    return cs.read(FOLDER)


@cache
def graded() -> Graded:
    return grade_record(course())


@cache
def answer(patient: str) -> dict[str, Any]:
    return cs.answer(course(), patient, graded())
