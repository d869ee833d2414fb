"""Every number of the response criteria is held by a golden row: move it by half a per cent and a row fails."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from carsequel.signs import ball_mrd, cll, imwg, imwg_mrd, leukemia
from numbers_held.moved import Row, assert_held, each_row, numbers_of, rows_of

HELD: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (imwg, ("imwg",)),
    (imwg_mrd, ("imwg_mrd",)),
    (leukemia, ("ball_eln", "ball_cibmtr", "ball_nci")),
    (ball_mrd, ("ball_mrd",)),
    (cll, ("iwcll",)),
)
SHARE = 0.005
WHOLE = {"several", "days", "visit", "near"}  # counts of days and lesions move by one
# Words only, held by tests of the sentences.
IN_WORDS = {"shown", "sustained"}


def rows() -> Iterator[Row]:
    for module, tables in HELD:
        for place in ("RULES", "CHOICES"):
            for at, row in rows_of(module, place):
                yield Row(tuple(own_first(row, tables)), module, place, at, tuple(steps_of(row)))


def steps_of(row: Any) -> Iterator[tuple[str, float]]:
    words = {value for value in row if isinstance(value, str)}
    if words & IN_WORDS:
        return
    for name, value in numbers_of(row).items():
        if name != "code":
            size = 1 if (words | {name}) & WHOLE else SHARE * value
            yield from ((name, size), (name, -size))


def own_first(row: Any, tables: tuple[str, ...]) -> list[str]:
    """The table of the row's own criterion is the likeliest to notice."""
    own = f"_{getattr(row, 'criterion', '')}"
    return sorted(tables, key=lambda table: not table.endswith(own))


@each_row(rows())
def test_a_moved_number_fails_a_golden_row(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_held(row, monkeypatch)
