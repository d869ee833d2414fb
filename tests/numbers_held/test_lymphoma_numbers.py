"""Every number of response, LYRIC, ctDNA, expansion, aplasia and burden is held by a golden row: move it, a row fails."""

from typing import Any

import pytest
from golden_table import read_cases
from lymphoma_table import NUMBERS, TABLES, pick, raw_with_lesions

SHARE = 0.02  # a number that is not whole moves by 2 %
# Answers of IR3 and IR1 rest on the kind of rise; a share of the IR1 row and one of the IR2 row are read, the others
# are said in words. `after_day` 0 only says that the infusion's own day does not count.
UNREAD = {("lyric", 2, "increase"), ("lyric", 3, "increase"), ("lyric", 1, "days")}


def _nudges() -> list[tuple[str, int, str, int | None, str, float]]:
    found = []
    for table, places in NUMBERS.items():
        for place, (module, name) in enumerate(places):
            held = getattr(module, name)
            rows: list[tuple[int | None, Any]] = list(enumerate(held)) if name == "RULES" else [(None, held)]
            for row, rule in rows:
                for field, value in rule._asdict().items():
                    if isinstance(value, bool) or not isinstance(value, int | float):
                        continue
                    if (table, row, field) in UNREAD or (field in {"after_day", "last"} and value == 0):
                        continue
                    size = 1 if isinstance(value, int) else value * SHARE
                    found += [(table, place, name, row, field, step) for step in (size, -size)]
    return found


@pytest.fixture(scope="module")
def courses() -> dict[str, Any]:
    found = {}
    for table in NUMBERS:
        cases = read_cases(table)
        raw = raw_with_lesions(cases)
        found[table] = (cases, raw.course(), raw.censor())
    return found


@pytest.mark.parametrize(("table", "place", "name", "row", "field", "step"), _nudges())
def test_a_moved_number_fails_a_golden_row(
    courses: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    place: int,
    name: str,
    row: int | None,
    field: str,
    step: float,
) -> None:
    module = NUMBERS[table][place][0]
    held = getattr(module, name)
    if row is None:
        changed: Any = held._replace(**{field: getattr(held, field) + step})
    else:
        moved = held[row]._replace(**{field: getattr(held[row], field) + step})
        changed = (*held[:row], moved, *held[row + 1 :])
    monkeypatch.setattr(module, name, changed)
    cases, course, censor = courses[table]
    try:
        given = pick(table, cases, TABLES[table].grade(course, censor))
    except (AssertionError, KeyError):
        return
    assert any(given[case.name, case.of] != case.expected for case in cases), f"{field} of row {row} is held by no row"
