"""One number of a criterion is moved a little: does a golden row notice?

A row of numbers (`Row`) is a row of `RULES`, or all `CHOICES` of a criterion. Every number of it is moved by each of its
steps, one at a time, and the golden tables that read it are graded again; the test names what no golden row held.
"""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from every_table import EVERY, findings, read, wrong_rows
from response_tables import QUICK as RESPONSES_QUICK
from side_effect_tables import QUICK as SIDE_EFFECTS_QUICK

# A faster grading, asked first: it gives the default definition only, so that cases that name a choice are left out.
QUICK = RESPONSES_QUICK | SIDE_EFFECTS_QUICK


class Row(NamedTuple):
    """A row of numbers, the golden tables that read it (asked in order), and the steps by which its numbers are moved."""

    tables: tuple[str, ...]
    module: ModuleType
    place: str
    at: int | None
    steps: tuple[tuple[str, float], ...]

    @property
    def name(self) -> str:
        """A short name for the test: where the row stands."""
        where = "" if self.at is None else f"-{self.at}"
        return f"{self.tables[0]}-{self.module.__name__.rsplit('.', 1)[1]}-{self.place}{where}"


def rows_of(module: ModuleType, place: str) -> list[tuple[int | None, Any]]:
    """Give the rows of a place: each row of a table, or the one row of choices; none where there is no such place."""
    held = getattr(module, place, ())
    return [(None, held)] if hasattr(held, "_asdict") else list(enumerate(held))


def numbers_of(row: Any) -> dict[str, float]:
    """Give the fields of a row that are numbers."""
    return {
        name: value
        for name, value in row._asdict().items()
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf")
    }


def with_moved(row: Row, field: str, step: float) -> Any:
    """Give the place with one number moved."""
    held = getattr(row.module, row.place)
    if row.at is None:
        return held._replace(**{field: getattr(held, field) + step})
    changed = held[row.at]._replace(**{field: getattr(held[row.at], field) + step})
    return (*held[: row.at], changed, *held[row.at + 1 :])


def noticed(table: str) -> bool:
    """Tell whether a golden row fails as the criterion now stands; no answer, or two, is a failure too."""
    given = read(table)
    ways = [(EVERY[table].grade, given.cases)]
    if table in QUICK:
        ways.insert(0, (QUICK[table], [case for case in given.cases if "=" not in case.of]))
    for grade, asked in ways:
        try:
            if wrong_rows(table, grade(given.course, given.ended), asked):
                return True
        except (AssertionError, KeyError):
            return True
    return False


def assert_held(row: Row, patch: pytest.MonkeyPatch) -> None:
    """Move every number of a row, each way, and fail with the moves that no golden row noticed."""
    for table in row.tables:
        assert not wrong_rows(table, findings(table)), f"{table} fails as it stands: see test_golden_rows"
    unheld = []
    for field, step in row.steps:
        with patch.context() as moved:
            moved.setattr(row.module, row.place, with_moved(row, field, step))
            if not any(noticed(table) for table in row.tables):
                unheld.append(f"{field} {step:+g}")
    assert not unheld, f"held by no golden row in {row.name}: {', '.join(unheld)}"


def each_row(rows: Iterable[Row]) -> Callable[[Any], Any]:
    """Give the decorator that runs a test for every row that has a number to move."""
    chosen = [row for row in rows if row.steps]
    return pytest.mark.parametrize("row", chosen, ids=[row.name for row in chosen])
