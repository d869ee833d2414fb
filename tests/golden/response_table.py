"""Golden tables of responses: the rows of `golden_table`, plus lesions, answered in the words of the label.

`of` is empty for the default best, `d28` for the assessment whose last day is 28, `unconfirmed` for the best without
confirmation; parts with `=` name choices. `expected` is the label (`CR`, `CR to PR`, `not gradable`) or `absent`.
A row `lesion d28 L1 20x15 kind` is a measured lesion (mm).
"""

from collections.abc import Callable
from typing import Any

import polars as pl
from golden_table import Case, Raw, read_cases, write_patient

from carsequel.record.course import Course


def course_of(cases: list[Case]) -> Course:
    """Give the course of all cases; a name used again with rows `same` is the same patient."""
    return raw_of_responses(cases).course()


def course_of_rows(people: dict[str, str]) -> Course:
    """Give the course of patients written in words, lesions included."""
    return raw_of_people(people).course()


def raw_of_responses(cases: list[Case]) -> Raw:
    """Give the raw tables of all cases."""
    return raw_of_people({case.name: case.rows for case in cases if case.rows != "same"})


def raw_of_people(people: dict[str, str]) -> Raw:
    """Give the raw tables of patients written in words, lesions included."""
    raw = Raw()
    for name, rows in people.items():
        parts = [part.strip() for part in rows.split(";") if part.strip()]
        write_patient(raw, name, ";".join(part for part in parts if not part.startswith("lesion ")))
        raw.lesions += [_lesion(name, part.split()) for part in parts if part.startswith("lesion ")]
    return raw


def _lesion(patient: str, row: list[str]) -> dict[str, Any]:
    _, day, lesion, size, *kind = row
    ldi, sdi = size.split("x")
    return {
        "patient": patient,
        "day": day[1:],
        "lesion": lesion,
        "ldi": ldi,
        "sdi": sdi,
        "kind": kind[0] if kind else "target",
    }


def responses(cases: list[Case], assess: Callable[[Course], pl.DataFrame]) -> dict[tuple[str, str], str]:
    """Give for each case the label that its `of` names."""
    return said(cases, assess(course_of(cases)))


def said(cases: list[Case], findings: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Give for each case the label of the one finding that fits."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in findings.iter_rows(named=True):
        rows.setdefault(row["patient"], []).append(row)
    return {(case.name, case.of): _label(case, rows.get(case.name, [])) for case in cases}


def _label(case: Case, rows: list[dict[str, Any]]) -> str:
    found = [row for row in rows if _fits(case, row)]
    assert len(found) <= 1, f"{case.name}: {len(found)} findings answer"
    return found[0]["label"] if found else "absent"


def _fits(case: Case, row: dict[str, Any]) -> bool:
    choices = {part for part in case.parts if "=" in part}
    day = next((part[1:] for part in case.parts if part[0] == "d" and part[1:].isdigit()), None)
    infusion = next((part[1:] for part in case.parts if part[0] == "i" and part[1:].isdigit()), "1")
    if str(row["infusion"]) != infusion:
        return False
    if day is None and row["kind"] != "best":
        return False
    if day is not None and (row["kind"], row["period"]) != ("assessment", f"day {day}"):
        return False
    words = set(row["definition"].split())
    if "unconfirmed" in case.parts:
        return "confirmation=none" in words and {"urine=bounds", "nadir=confirmed"} <= words
    chosen = choices <= words and not row["default"] if choices else bool(row["default"])
    return chosen and "confirmation=none" not in words


__all__ = ["course_of", "course_of_rows", "raw_of_responses", "read_cases", "responses", "said"]
