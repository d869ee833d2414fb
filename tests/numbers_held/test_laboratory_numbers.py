"""Every number of the laboratory criteria is held by a golden row: move it a little and a row fails."""

from types import ModuleType
from typing import Any

import pytest
from laboratory_cases import TABLES, cases_of, wrong_rows

from carsequel.side_effects import ctcae, cytopenia, cytopenia_timing, hlh, hscore, iec_hs, platelets, recovery

WHERE: tuple[tuple[str, ModuleType, str], ...] = (
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
IN_WORDS = {("hscore", "CHOICES", "cut_off")}
# A window cannot begin before the infusion, and a spell has at least one day.
FLOORS = {"first": 0, "days": 1, "grade": 0, "early_first": 0, "free": 0}
CHOICES_OF = {
    "early": ("early_first", "early_last", "bridge", "longest_gap"),
    "late": ("late_first", "late_last", "longest_gap", "tests"),
}


def _steps(row: Any) -> list[tuple[str, float]]:
    found = []
    for name, value in row._asdict().items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        size = 1 if isinstance(value, int) else _size(abs(value))
        found += [(name, step) for step in (size, -size) if value + step >= FLOORS.get(name, -100)]
    return found


def _size(value: float) -> float:
    return 0.02 if value < 5 else 0.11 if value < 45 else 0.0101 * value


def _nudges() -> list[tuple[str, ModuleType, str, int | None, str, float]]:
    found: list[tuple[str, ModuleType, str, int | None, str, float]] = []
    for table, module, where in WHERE:
        rows = getattr(module, where)
        for number, row in enumerate([rows] if hasattr(rows, "_asdict") else rows):
            at = None if hasattr(rows, "_asdict") else number
            found += [
                (table, module, where, at, *step) for step in _steps(row) if (table, where, step[0]) not in IN_WORDS
            ]
    for side, names in CHOICES_OF.items():
        steps = [step for step in _steps(platelets.CHOICES) if step[0] in names]
        found += [(f"t_icaht_{side}", platelets, "CHOICES", None, *step) for step in steps]
    return found


@pytest.fixture(scope="module")
def graded() -> dict[str, Any]:
    found = {}
    for table in TABLES:
        cases, raw = cases_of(table)
        found[table] = (cases, raw.course(), raw.censor())
    return found


@pytest.mark.parametrize(("table", "module", "where", "row", "field", "step"), _nudges())
def test_a_moved_number_fails_a_golden_row(
    graded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    module: ModuleType,
    where: str,
    row: int | None,
    field: str,
    step: float,
) -> None:
    rows = getattr(module, where)
    if row is None:
        changed: Any = rows._replace(**{field: getattr(rows, field) + step})
    else:
        moved = rows[row]._replace(**{field: getattr(rows[row], field) + step})
        changed = (*rows[:row], moved, *rows[row + 1 :])
    monkeypatch.setattr(module, where, changed)
    cases, course, censor = graded[table]
    assert wrong_rows(cases, TABLES[table](course, censor)), f"{field} of {where} {row} is held by no row"


@pytest.mark.parametrize("row", range(len(ctcae.rules())))
def test_a_moved_ctcae_row_fails_a_golden_row(
    graded: dict[str, Any], monkeypatch: pytest.MonkeyPatch, row: int
) -> None:
    rules = ctcae.rules()
    cases, _, _ = graded["ctcae"]
    own = [case for case in cases if rules[row].term in case.of.split()]
    course = graded["ctcae"][1]
    for field, step in _steps(rules[row]):
        moved = rules[row]._replace(**{field: getattr(rules[row], field) + step})
        same = [moved if rule is rules[row] else rule for rule in rules if rule.term == moved.term]
        monkeypatch.setattr(ctcae, "rules", lambda same=tuple(same): same)
        assert wrong_rows(own, ctcae.grade_ctcae(course)), (
            f"{field} {step} of {moved.term} {moved.grade} is held by no row"
        )
