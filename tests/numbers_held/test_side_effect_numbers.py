"""Every number of CRS, ICANS and ICAHT is held by a golden row: move it a little and a row fails."""

from collections.abc import Iterator

import pytest

from carsequel.side_effects import crs, icaht_early, icaht_late, icans
from numbers_held.moved import Row, assert_held, each_row, numbers_of, rows_of

MODULES = {"crs": crs, "icans": icans, "icaht_early": icaht_early, "icaht_late": icaht_late}
# The day after which a first CRS is flagged changes only the sentence; test_side_effect_words.py holds it.
IN_WORDS = {("crs", "unusual_after")}
STEPS = {float: (0.02, -0.02), int: (1, -1)}
FLOORS = {"grade": 0, "days": 1}  # no grade below 0; a spell has at least one day


def rows() -> Iterator[Row]:
    for table, module in MODULES.items():
        for place in ("RULES", "CHOICES"):
            for at, row in rows_of(module, place):
                steps = [
                    (name, step)
                    for name, value in numbers_of(row).items()
                    for step in STEPS[type(value)]
                    if (table, name) not in IN_WORDS and value + step >= FLOORS.get(name, -100)
                ]
                yield Row((table,), module, place, at, tuple(steps))


@each_row(rows())
def test_a_moved_number_fails_a_golden_row(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_held(row, monkeypatch)
