"""Every number of the risk scores is held by a golden row: move it a little and a row fails."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from every_table import EVERY, read

from carsequel.risks import (
    car_hematotox,
    cll_ipi,
    easix,
    flipi,
    hct_ci,
    ipi,
    iss,
    mipi,
    moments,
    mycare,
    pc_pi,
    tumour_volume,
)
from numbers_held.moved import Row, assert_held, each_row, noticed, numbers_of, rows_of

MODULES: dict[str, ModuleType] = {
    "car_hematotox": car_hematotox,
    "easix": easix,
    "ipi": ipi,
    "flipi": flipi,
    "mipi": mipi,
    "iss": iss,
    "mycare": mycare,
    "cll_ipi": cll_ipi,
    "hct_ci": hct_ci,
    "tumour_volume": tumour_volume,
    "pc_pi": pc_pi,
}
PLACES = ("RULES", "GROUPS", "R_GROUPS", "B_GROUPS", "S_GROUPS", "AGE_RULES", "ITEMS")
FLAGS = {"yes_no", "forward"}
# Items that are 0 or 1, or a level, have no smaller step than 1.
YES_NO = {("iss", "cytogenetics"), ("mycare", "extramedullary"), ("mycare", "lenalidomide"), ("mycare", "cytogenetics")}
LEVELS = {("cll_ipi", "tp53"), ("cll_ipi", "ighv"), ("cll_ipi", "stage")}
WHOLE = {"age", "ecog", "stage", "extranodal", "nodal_areas"}


def _step(table: str, row: Any, field: str, value: float) -> tuple[float, ...]:
    """The steps by which a number is moved: a whole one for counted things, a small one for measured things."""
    name = getattr(row, "item", getattr(row, "measure", ""))
    if field == "limit" and ((table, name) in YES_NO | LEVELS or table == "hct_ci"):
        return (1.0,)
    if field == "limit" and name in WHOLE:
        return (1.0, -1.0)
    if isinstance(value, int) and not isinstance(value, bool):
        return tuple(step for step in (1, -1) if value + step > 0 or field != "points")
    if field == "floor":
        return (1.0, -1.0) if float(value).is_integer() else (0.02, -0.02)
    return (0.05, -0.05) if name == "months" else (0.02, -0.02)  # days are whole


def rows() -> Iterator[Row]:
    for table, module in MODULES.items():
        for place in PLACES:
            held = rows_of(module, place)
            for at, row in held:
                steps = []
                for field, value in numbers_of(row).items():
                    last_group = field == "floor" and at == len(held) - 1  # the last group takes everything
                    replaced = field == "back" and table == "pc_pi"  # by CHOICES
                    if field not in FLAGS and not last_group and not replaced:
                        steps += [(field, step) for step in _step(table, row, field, value)]
                yield Row((table,), module, place, at, tuple(steps))


@each_row(rows())
def test_a_moved_number_fails_a_golden_row(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_held(row, monkeypatch)


def fails(table: str) -> bool:
    return noticed(table)


CONSTANTS = [
    ("mipi", "age", 1.01),
    ("mipi", "ecog", 1.01),
    ("mipi", "log_ldh", 1.01),
    ("mipi", "log_wbc", 1.01),
    ("mipi", "ki67", 1.01),
    ("mipi", "ecog_from", 1.5),
    ("mipi", "ecog_from", 0.5),
    ("pc_pi", "before", 13 / 14),
    ("pc_pi", "before", 15 / 14),
    ("pc_pi", "after", 6 / 7),
    ("pc_pi", "after", 8 / 7),
    ("pc_pi", "sites_before", 29 / 30),
    ("pc_pi", "sites_before", 31 / 30),
    ("pc_pi", "sites_after", 13 / 14),
    ("pc_pi", "sites_after", 15 / 14),
    ("pc_pi", "only_before", 29 / 30),
    ("pc_pi", "only_before", 31 / 30),
    ("pc_pi", "month", 1.01),
    ("pc_pi", "month", 0.99),
    ("tumour_volume", "around", 9 / 10),
    ("tumour_volume", "around", 11 / 10),
]


@pytest.mark.parametrize(("table", "field", "times"), CONSTANTS)
def test_a_moved_choice_fails_a_golden_row(
    monkeypatch: pytest.MonkeyPatch, table: str, field: str, times: float
) -> None:
    value = getattr(MODULES[table].CHOICES, field)
    moved = round(value * times) if isinstance(value, int) else value * times
    monkeypatch.setattr(MODULES[table], "CHOICES", MODULES[table].CHOICES._replace(**{field: moved}))
    assert fails(table), f"{field} is held by no row"


def test_every_choice_is_moved() -> None:
    for table in ("mipi", "pc_pi", "tumour_volume"):
        assert {field for name, field, _ in CONSTANTS if name == table} == set(MODULES[table].CHOICES._fields)


@pytest.mark.parametrize("step", [1, -1])
def test_the_search_for_lymphodepletion_is_held(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    monkeypatch.setattr(moments, "LYMPHODEPLETION_FROM", moments.LYMPHODEPLETION_FROM + step)
    assert fails("car_hematotox")


def test_the_unit_of_white_cells_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mipi, "PER_UL", 1.0)
    assert fails("mipi")


@pytest.mark.parametrize("table", ["car_hematotox", "easix"])
def test_the_unit_of_crp_is_held(monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    items = MODULES[table].ITEMS
    plain = tuple(item._replace(number=items[0].number) if item.item == "crp" else item for item in items)
    monkeypatch.setattr(MODULES[table], "ITEMS", plain)
    assert fails(table)


@pytest.mark.parametrize("step", [0.02, -0.02])
def test_the_cut_of_easix_is_held(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    given = read("easix")

    def sentences() -> list[str]:
        return EVERY["easix"].grade(given.course, given.ended).get_column("why").to_list()

    before = sentences()
    monkeypatch.setattr(easix, "CUTS", (easix.CUTS[0]._replace(limit=easix.CUTS[0].limit + step),))
    assert sentences() != before
