"""Every number of the later toxicities is held by a golden row: move it a little and a row fails."""

from types import ModuleType
from typing import Any

import pytest
from golden_table import raw_of, read_cases
from later_tables import TABLES, said

from carsequel.side_effects import (
    delayed_neurotoxicity,
    enterocolitis,
    exposure,
    immune_deficiency,
    infection,
    late,
    second_malignancy,
)

MODULES: dict[str, tuple[ModuleType, tuple[str, ...]]] = {
    "later_infection": (infection, ("RULES", "WINDOWS")),
    "later_igg": (immune_deficiency, ("RULES",)),
    "later_cd4": (immune_deficiency, ("CD4_RULES",)),
    "later_enterocolitis": (enterocolitis, ("RULES",)),
    "later_malignancy": (second_malignancy, ("RULES",)),
    "later_neurotoxicity": (delayed_neurotoxicity, ("RULES", "CHOICES")),
    "later_steroids": (exposure, ("CHOICES",)),
    "later_organs": (late, ("RULES", "CHOICES")),
}
STEPS = {float: (0.02, -0.02), int: (1, -1)}
# Where one unit is coarser than what a row can hold, the step is smaller.
SMALL = {"limit": (0.05, -0.05), "lvef": (0.005, -0.005), "fall": (0.005, -0.005)}


def _nudges() -> list[tuple[str, str, int, str, float]]:
    found = []
    for table, (module, names) in MODULES.items():
        for name in names:
            rows = getattr(module, name)
            for row, line in enumerate(rows if isinstance(rows[0], tuple) else [rows]):
                found += [(table, name, row, field, step) for field, step in _steps(line)]
    return found


def _steps(line: Any) -> list[tuple[str, float]]:
    numbers = {name: value for name, value in line._asdict().items() if isinstance(value, int | float)}
    steps = [(name, step) for name, value in numbers.items() for step in SMALL.get(name, STEPS[type(value)])]
    return [(name, step) for name, step in steps if numbers[name] + step >= 0]


@pytest.fixture(scope="module")
def courses() -> dict[str, Any]:
    return {table: (cases := read_cases(table), raw_of(cases).course()) for table in MODULES}


@pytest.mark.parametrize(("table", "where", "row", "field", "step"), _nudges())
def test_a_moved_number_fails_a_golden_row(
    courses: dict[str, Any], monkeypatch: pytest.MonkeyPatch, table: str, where: str, row: int, field: str, step: float
) -> None:
    module = MODULES[table][0]
    rows = getattr(module, where)
    if isinstance(rows[0], tuple):
        moved = rows[row]._replace(**{field: getattr(rows[row], field) + step})
        changed: Any = (*rows[:row], moved, *rows[row + 1 :])
    else:
        changed = rows._replace(**{field: getattr(rows, field) + step})
    monkeypatch.setattr(module, where, changed)
    cases, course = courses[table]
    try:
        given = said(cases, TABLES[table](course))
    except AssertionError:
        return
    assert any(given[case.name, case.of] != case.expected for case in cases), f"{field} of row {row} is held by no row"
