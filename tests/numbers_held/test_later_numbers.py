"""Every number of the later toxicities is held by a golden row: move it a little and a row fails."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from carsequel.side_effects import (
    delayed_neurotoxicity,
    enterocolitis,
    exposure,
    immune_deficiency,
    infection,
    late,
    second_malignancy,
)
from numbers_held.moved import Row, assert_held, each_row, numbers_of, rows_of

PLACES: tuple[tuple[str, ModuleType, str], ...] = (
    ("later_infection", infection, "RULES"),
    ("later_infection", infection, "WINDOWS"),
    ("later_igg", immune_deficiency, "RULES"),
    ("later_cd4", immune_deficiency, "CD4_RULES"),
    ("later_enterocolitis", enterocolitis, "RULES"),
    ("later_malignancy", second_malignancy, "RULES"),
    ("later_neurotoxicity", delayed_neurotoxicity, "RULES"),
    ("later_neurotoxicity", delayed_neurotoxicity, "CHOICES"),
    ("later_steroids", exposure, "CHOICES"),
    ("later_organs", late, "RULES"),
    ("later_organs", late, "CHOICES"),
)
STEPS = {float: (0.02, -0.02), int: (1, -1)}
# Where one unit is coarser than what a row can hold, the step is smaller.
SMALL = {"limit": (0.05, -0.05), "lvef": (0.005, -0.005), "fall": (0.005, -0.005)}


def rows() -> Iterator[Row]:
    for table, module, place in PLACES:
        for at, row in rows_of(module, place):
            steps = [
                (name, step)
                for name, value in numbers_of(row).items()
                for step in SMALL.get(name, STEPS[type(value)])
                if value + step >= 0
            ]
            yield Row((table,), module, place, at, tuple(steps))


@each_row(rows())
def test_a_moved_number_fails_a_golden_row(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_held(row, monkeypatch)
