"""Runs every criterion that applies and passes findings sideways: a failure ends late ICAHT and dates PC-PI."""

from carsequel.grading.graded import Graded, grade, grade_record
from carsequel.grading.rooms import ON_REQUEST, RISKS, SIDE_EFFECTS, SIDE_EFFECTS_UNTIL, SIGNS, SIGNS_UNTIL

__all__ = [
    "ON_REQUEST",
    "RISKS",
    "SIDE_EFFECTS",
    "SIDE_EFFECTS_UNTIL",
    "SIGNS",
    "SIGNS_UNTIL",
    "Graded",
    "grade",
    "grade_record",
]
