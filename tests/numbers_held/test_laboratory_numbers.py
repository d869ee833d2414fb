"""Every number of the laboratory criteria is held by a golden row: move it a little and a row fails."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from every_table import read, wrong_rows

from carsequel.side_effects import ctcae, cytopenia, cytopenia_timing, hlh, hscore, iec_hs, platelets, recovery
from numbers_held.moved import Row, assert_held, each_row, numbers_of, rows_of

PLACES: tuple[tuple[str, ModuleType, str], ...] = (
    ("t_icaht_early", platelets, "EARLY_RULES"),
    ("t_icaht_late", platelets, "LATE_RULES"),
    ("recovery", recovery, "RULES"),
    ("recovery", recovery, "CHOICES"),
    ("cytopenia", cytopenia, "RULES"),
    ("cytopenia", cytopenia, "CHOICES"),
    ("cytopenia_timing", cytopenia_timing, "RULES"),
    ("hlh", hlh, "RULES"),
    ("hlh", hlh, "CHOICES"),
    ("hscore", hscore, "RULES"),
    ("hscore", hscore, "LINEAGES"),
    ("hscore", hscore, "CHOICES"),
    ("iec_hs", iec_hs, "RULES"),
    ("iec_hs", iec_hs, "GRADES"),
)
# Held by words only: the cut-off of HScore stands in the sentence.
IN_WORDS = {("hscore", "cut_off")}
# A window cannot begin before the infusion, and a spell has at least one day.
FLOORS = {"first": 0, "days": 1, "grade": 0, "early_first": 0, "free": 0}
CHOICES_OF = {
    "t_icaht_early": ("early_first", "early_last", "bridge", "longest_gap"),
    "t_icaht_late": ("late_first", "late_last", "longest_gap", "tests"),
}


def steps_of(row: Any) -> Iterator[tuple[str, float]]:
    for name, value in numbers_of(row).items():
        size = 1 if isinstance(value, int) else 0.02 if value < 5 else 0.11 if value < 45 else 0.0101 * value
        yield from ((name, step) for step in (size, -size) if value + step >= FLOORS.get(name, -100))


def rows() -> Iterator[Row]:
    for table, module, place in PLACES:
        for at, row in rows_of(module, place):
            steps = tuple(step for step in steps_of(row) if (table, step[0]) not in IN_WORDS)
            yield Row((table,), module, place, at, steps)
    for table, names in CHOICES_OF.items():
        steps = tuple(step for step in steps_of(platelets.CHOICES) if step[0] in names)
        yield Row((table,), platelets, "CHOICES", None, steps)


@each_row(rows())
def test_a_moved_number_fails_a_golden_row(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_held(row, monkeypatch)


OTHERWISE_IN_6 = {"neutrophils", "platelets", "alt", "ast", "alp", "bilirubin", "ggt", "creatinine"}
CTCAE = [("ctcae", 5, number) for number in range(len(ctcae.rules()))]
CTCAE += [("ctcae6", 6, number) for number, rule in enumerate(ctcae.rules(6)) if rule.term in OTHERWISE_IN_6]


@pytest.mark.parametrize(("table", "version", "number"), CTCAE)
def test_a_moved_ctcae_row_fails_a_golden_row(
    table: str, version: int, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = ctcae.rules(version)
    rule = every[number]
    given = read(table)
    asked = [case for case in given.cases if rule.term in case.parts and (version == 5 or "version=6" in case.parts)]
    same = [each for each in every if each.term == rule.term]
    unheld = []
    for field, step in steps_of(rule):
        moved = rule._replace(**{field: getattr(rule, field) + step})
        rules = tuple(moved if each is rule else each for each in same)
        monkeypatch.setattr(ctcae, "rules", lambda version=5, rules=rules: rules)
        if not wrong_rows(table, ctcae.grade_ctcae(given.course, version=version), asked):
            unheld.append(f"{field} {step:+g}")
    assert not unheld, f"held by no golden row in {rule.term} grade {rule.grade}: {unheld}"
