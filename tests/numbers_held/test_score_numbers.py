"""Every number of the risk scores is held by a golden row: move it a little and a row fails."""

from types import ModuleType
from typing import Any

import pytest
from score_tables import SCORES, load, said

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
TABLES = ("RULES", "GROUPS", "R_GROUPS", "B_GROUPS", "S_GROUPS", "AGE_RULES", "ITEMS")
FLAGS = {"yes_no", "forward"}
# Items that are 0 or 1, or a level, have no smaller step than 1.
YES_NO = {("iss", "cytogenetics"), ("mycare", "extramedullary"), ("mycare", "lenalidomide"), ("mycare", "cytogenetics")}
LEVELS = {("cll_ipi", "tp53"), ("cll_ipi", "ighv"), ("cll_ipi", "stage")}
WHOLE = {"age", "ecog", "stage", "extranodal", "nodal_areas"}


def _step(table: str, where: str, row: Any, field: str, value: float) -> tuple[float, ...]:
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


def _nudges() -> list[tuple[str, str, int, str, float]]:
    found = []
    for table, module in MODULES.items():
        for where in TABLES:
            for number, row in enumerate(getattr(module, where, ())):
                for field, value in row._asdict().items():
                    if not isinstance(value, int | float) or field in FLAGS or abs(value) == float("inf"):
                        continue
                    if field == "floor" and number == len(getattr(module, where)) - 1:
                        continue  # the last group takes everything
                    if field == "back" and table in ("pc_pi",):
                        continue  # replaced by CHOICES
                    steps = _step(table, where, row, field, value)
                    found += [(table, where, number, field, step) for step in steps]
    return found


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    return {table: load(table) for table in SCORES}


def _fails(table: str, loaded: dict[str, Any]) -> bool:
    cases, course, progression = loaded[table]
    try:
        given = said(cases, SCORES[table](course, progression))
    except AssertionError:
        return True
    return any(given[case.name, case.of] != case.expected for case in cases)


@pytest.mark.parametrize(("table", "where", "row", "field", "step"), _nudges())
def test_a_moved_number_fails_a_golden_row(
    loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch, table: str, where: str, row: int, field: str, step: float
) -> None:
    rows = getattr(MODULES[table], where)
    moved = rows[row]._replace(**{field: getattr(rows[row], field) + step})
    monkeypatch.setattr(MODULES[table], where, (*rows[:row], moved, *rows[row + 1 :]))
    assert _fails(table, loaded), f"{field} of row {row} of {where} is held by no row"


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
    loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch, table: str, field: str, times: float
) -> None:
    value = getattr(MODULES[table].CHOICES, field)
    moved = round(value * times) if isinstance(value, int) else value * times
    monkeypatch.setattr(MODULES[table], "CHOICES", MODULES[table].CHOICES._replace(**{field: moved}))
    assert _fails(table, loaded), f"{field} is held by no row"


def test_every_choice_is_moved() -> None:
    for table in ("mipi", "pc_pi", "tumour_volume"):
        assert {field for name, field, _ in CONSTANTS if name == table} == set(MODULES[table].CHOICES._fields)


@pytest.mark.parametrize("step", [1, -1])
def test_the_search_for_lymphodepletion_is_held(
    loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(moments, "LYMPHODEPLETION_FROM", moments.LYMPHODEPLETION_FROM + step)
    assert _fails("car_hematotox", loaded)


def test_the_unit_of_white_cells_is_held(loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mipi, "PER_UL", 1.0)
    assert _fails("mipi", loaded)


@pytest.mark.parametrize("table", ["car_hematotox", "easix"])
def test_the_unit_of_crp_is_held(loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    items = MODULES[table].ITEMS
    plain = tuple(item._replace(number=items[0].number) if item.item == "crp" else item for item in items)
    monkeypatch.setattr(MODULES[table], "ITEMS", plain)
    assert _fails(table, loaded)


@pytest.mark.parametrize("step", [0.02, -0.02])
def test_the_cut_of_easix_is_held(loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    _, course, progression = loaded["easix"]

    def sentences() -> list[str]:
        return SCORES["easix"](course, progression).get_column("why").to_list()

    before = sentences()
    monkeypatch.setattr(easix, "CUTS", (easix.CUTS[0]._replace(limit=easix.CUTS[0].limit + step),))
    assert sentences() != before
