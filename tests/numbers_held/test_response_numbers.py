"""Every number of the response criteria is held by a golden row: move it by half a per cent and a row fails."""

from types import ModuleType
from typing import Any

import pytest
from response_table import course_of, read_cases, said
from response_tables import RESPONSES

from carsequel.signs import ball_mrd, cll, imwg, imwg_mrd, leukemia

HELD: list[tuple[ModuleType, tuple[str, ...]]] = [
    (imwg, ("imwg",)),
    (imwg_mrd, ("imwg_mrd",)),
    (leukemia, ("ball_eln", "ball_cibmtr", "ball_nci")),
    (ball_mrd, ("ball_mrd",)),
    (cll, ("iwcll",)),
]
DEFAULTS = RESPONSES | {"imwg": imwg.assess_imwg, "ball_eln": leukemia.assess_ball_eln}
SHARE = 0.005
WHOLE = {"several", "days", "visit", "near"}  # counts of days and lesions move by one
# Words only, held by tests of the sentences.
IN_WORDS = {"shown", "sustained"}


def _nudges() -> list[tuple[ModuleType, tuple[str, ...], str, int, str, float]]:
    found = []
    for module, tables in HELD:
        for place in ("RULES", "CHOICES"):
            rows = getattr(module, place, ())
            for row, line in enumerate(rows if place == "RULES" else [rows] if rows else []):
                words = {value for value in line if isinstance(value, str)}
                if words & IN_WORDS:
                    continue
                for field, value in line._asdict().items():
                    if isinstance(value, int | float) and field != "code":
                        whole = bool((words | {field}) & WHOLE)
                        found += [
                            (module, tables, place, row, field, value + step)
                            for step in ((1, -1) if whole else (SHARE * value, -SHARE * value))
                        ]
    return found


@pytest.fixture(scope="module")
def courses() -> dict[str, Any]:
    cases = {table: [case for case in read_cases(table) if "=" not in case.of] for table in DEFAULTS}
    return {table: (rows, course_of(rows)) for table, rows in cases.items()}


@pytest.mark.parametrize(("module", "tables", "place", "row", "field", "moved"), _nudges())
def test_a_moved_number_fails_a_golden_row(
    courses: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    tables: tuple[str, ...],
    place: str,
    row: int,
    field: str,
    moved: float,
) -> None:
    rows = getattr(module, place)
    if place == "RULES":
        changed: Any = (*rows[:row], rows[row]._replace(**{field: moved}), *rows[row + 1 :])
    else:
        changed = rows._replace(**{field: moved})
    monkeypatch.setattr(module, place, changed)
    for table in tables:
        cases, course = courses[table]
        given = said(cases, DEFAULTS[table](course))
        if any(given[case.name, case.of] != case.expected for case in cases):
            return
    pytest.fail(f"{field} of row {row} in {place} is held by no row")
