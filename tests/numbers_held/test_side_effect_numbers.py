"""Every number of the side-effect tables is held by a golden row: move it a little and a row fails."""

from types import ModuleType
from typing import Any

import pytest
from golden_table import pick, raw_of, read_cases
from side_effect_tables import TABLES

from carsequel.side_effects import crs, icaht_early, icaht_late, icans

MODULES: dict[str, ModuleType] = {"crs": crs, "icans": icans, "icaht_early": icaht_early, "icaht_late": icaht_late}
# The day after which a first CRS is flagged changes only the sentence; test_side_effect_words.py holds it.
IN_WORDS = {("crs", "CHOICES", "unusual_after")}
STEPS = {float: (0.02, -0.02), int: (1, -1)}


def _nudges() -> list[tuple[str, str, int, str, float]]:
    found = []
    for table, module in MODULES.items():
        for row, rule in enumerate(module.RULES):
            found += [(table, "RULES", row, field, step) for field, step in _steps(rule)]
        found += [
            (table, "CHOICES", 0, field, step)
            for field, step in _steps(module.CHOICES)
            if (table, "CHOICES", field) not in IN_WORDS
        ]
    return found


def _steps(row: Any) -> list[tuple[str, float]]:
    numbers = {name: value for name, value in row._asdict().items() if isinstance(value, int | float)}
    steps = [(name, step) for name, value in numbers.items() for step in STEPS[type(value)]]
    floors = {"grade": 0, "days": 1}  # no grade below 0; a spell has at least one day
    return [(name, step) for name, step in steps if numbers[name] + step >= floors.get(name, -100)]


@pytest.fixture(scope="module")
def courses() -> dict[str, Any]:
    found = {}
    for table in TABLES:
        cases = read_cases(table)
        raw = raw_of(cases)
        found[table] = (cases, raw.course(), raw.censor())
    return found


@pytest.mark.parametrize(("table", "where", "row", "field", "step"), _nudges())
def test_a_moved_number_fails_a_golden_row(
    courses: dict[str, Any], monkeypatch: pytest.MonkeyPatch, table: str, where: str, row: int, field: str, step: float
) -> None:
    module = MODULES[table]
    rows = getattr(module, where)
    if where == "RULES":
        moved = rows[row]._replace(**{field: getattr(rows[row], field) + step})
        changed: Any = (*rows[:row], moved, *rows[row + 1 :])
    else:
        changed = rows._replace(**{field: getattr(rows, field) + step})
    monkeypatch.setattr(module, where, changed)
    cases, course, censor = courses[table]
    try:
        given = pick(cases, TABLES[table](course, censor))
    except AssertionError:
        return
    assert any(given[case.name, case.of] != case.expected for case in cases), f"{field} of row {row} is held by no row"
