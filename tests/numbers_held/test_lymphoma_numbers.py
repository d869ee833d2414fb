"""Every number of Lugano, LYRIC, ctDNA, expansion, aplasia and burden is held by a golden row: move it, a row fails."""

from collections.abc import Iterator

import pytest
from lymphoma_table import NUMBERS

from numbers_held.moved import Row, assert_held, each_row, numbers_of, rows_of

SHARE = 0.02  # a number that is not whole moves by 2 %
# Answers of IR3 and IR1 rest on the kind of rise; a share of the IR1 row and one of the IR2 row are read, the others
# are said in words. `after_day` 0 only says that the infusion's own day does not count.
UNREAD = {("lyric", 2, "increase"), ("lyric", 3, "increase"), ("lyric", 1, "days")}


def rows() -> Iterator[Row]:
    for table, places in NUMBERS.items():
        for module, place in places:
            for at, row in rows_of(module, place):
                steps = []
                for name, value in numbers_of(row).items():
                    if (table, at, name) in UNREAD or (name in {"after_day", "last"} and value == 0):
                        continue
                    size = 1 if isinstance(value, int) else value * SHARE
                    steps += [(name, size), (name, -size)]
                yield Row((table,), module, place, at, tuple(steps))


@each_row(rows())
def test_a_moved_number_fails_a_golden_row(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_held(row, monkeypatch)
