"""Every golden table under one roof: its cases, its course, what grades it, how its answers are written.

A course is made and graded once a process: the golden rows, the moved numbers and the properties ask for the same one.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import golden_table
import laboratory_cases
import later_tables
import lymphoma_table
import polars as pl
import response_table
import score_tables
from golden_table import Case, Raw, raw_of, read_cases
from response_tables import RESPONSES
from side_effect_tables import TABLES as SIDE_EFFECTS

from carsequel.record.course import Course

Grade = Callable[[Course, pl.DataFrame], pl.DataFrame]
Said = Callable[[list[Case], pl.DataFrame], dict[tuple[str, str], str]]


class Table(NamedTuple):
    """How a table is read, graded (course, and the days on which counting ends) and answered."""

    raw: Callable[[list[Case]], Raw]
    grade: Grade
    said: Said


class Read(NamedTuple):
    """A table that was read: what its lines say, and the course they make."""

    cases: list[Case]
    course: Course
    ended: pl.DataFrame


def without_end(grade: Callable[[Course], pl.DataFrame]) -> Grade:
    """Give the grader of a table in which nothing ends the counting."""
    return lambda course, _: grade(course)


EVERY: dict[str, Table] = {
    **{name: Table(raw_of, grade, golden_table.pick) for name, grade in SIDE_EFFECTS.items()},
    **{name: Table(raw_of, grade, laboratory_cases.said) for name, grade in laboratory_cases.TABLES.items()},
    **{name: Table(raw_of, without_end(grade), later_tables.said) for name, grade in later_tables.TABLES.items()},
    **{
        name: Table(lymphoma_table.raw_with_lesions, each.grade, partial(lymphoma_table.pick, name))
        for name, each in lymphoma_table.TABLES.items()
    },
    **{
        name: Table(response_table.raw_of_responses, without_end(grade), response_table.said)
        for name, grade in RESPONSES.items()
    },
    **{
        name: Table(score_tables.raw_of_scores, grade, score_tables.said) for name, grade in score_tables.SCORES.items()
    },
}


@cache
def read(table: str) -> Read:
    """Give the cases and the course of a table, made once a process."""
    cases = read_cases(table)
    raw = EVERY[table].raw(cases)
    return Read(cases, raw.course(), raw.censor())


@cache
def findings(table: str) -> pl.DataFrame:
    """Give the findings of a table, graded once a process."""
    given = read(table)
    return EVERY[table].grade(given.course, given.ended)


def wrong_rows(table: str, found: pl.DataFrame, cases: list[Case] | None = None) -> list[str]:
    """Give the cases of a table whose answer is not the expected one, in words."""
    asked = read(table).cases if cases is None else cases
    given = EVERY[table].said(asked, found)
    return [
        f"{case.name} [{case.of}]: expected {case.expected}, got {given[case.name, case.of]}"
        for case in asked
        if given[case.name, case.of] != case.expected
    ]
