"""Each published model is whole: sources, recalled DOIs said, sets that fit, rates that stay finite, two solvers agree."""

from collections import namedtuple
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from carsequel.mechanism.published import PUBLISHED, barros2021, read_published
from carsequel.mechanism.published.reproduce_regimens import chemotherapy, raji
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import Status, solve
from carsequel.terms.sources import source_row


def module_of(name: str) -> Any:
    return import_module(f"carsequel.mechanism.published.{name}")


def values_of(name: str, **changed: Any) -> Any:
    values = {row.name: row.value for row in read_published(name).parameters} | changed
    return namedtuple("P", values)(**values)  # type: ignore[misc]


@pytest.mark.parametrize("name", PUBLISHED)
def test_sources_and_recalled_dois_are_said(name: str) -> None:
    model, words = read_published(name), module_of(name).__doc__
    main = source_row(module_of(name).SOURCE)
    assert {source_row(row.source)["mark"] for row in model.parameters} == {"VERIFIED"}
    if main["doi"]:
        assert str(main["doi"]) in words
    else:
        assert "doi 10." in words or "no DOI confirmed" in words
    assert ("recalled" in str(main["note"])) == ("DOI recalled" in words)
    assert all(row.unit and row.meaning for row in model.parameters)


@pytest.mark.parametrize("name", PUBLISHED)
def test_sets_name_parameters_and_stay_in_range(name: str) -> None:
    rows = {row.name: row for row in read_published(name).parameters}
    for changed in getattr(module_of(name), "SETS", {}).values():
        for parameter, value in changed.items():
            assert rows[parameter].low <= value <= rows[parameter].high, parameter


@pytest.mark.parametrize("name", PUBLISHED)
def test_rates_are_finite_where_nothing_is_left_and_alike_for_many(name: str) -> None:
    model, p = read_published(name), values_of(name)
    given = model.given(*(0.0 for _ in model.given_names))
    empty = model.rates(0.5, model.state(*(0.0 for _ in model.state_names)), p, given)
    if name != "chaudhury2020_lv":
        assert np.all(np.isfinite(np.array(empty, dtype=float)))
    now = model.state(*(np.full(3, float(each) + 1.0) for each in model.start(p)))
    one = model.rates(0.5, model.state(*(float(each[0]) for each in now)), p, given)
    many = model.rates(0.5, now, p, given)
    for single, several in zip(one, many):
        assert np.broadcast_to(several, 3) == pytest.approx(np.full(3, single), rel=1e-12)


@pytest.mark.parametrize("name", PUBLISHED)
def test_outputs_read_off_a_state(name: str) -> None:
    model, p = read_published(name), values_of(name)
    now = model.state(*(np.full(2, float(each) + 1.0) for each in model.start(p)))
    for read in model.outputs.values():
        assert np.all(np.isfinite(np.broadcast_to(read(now, p), 2)))


EVENTS: dict[str, list[Event]] = {
    "owens2021": [*chemotherapy("C5"), Event(7.0, "infuse", 1e7)],
    "barros2021": [Event(42.0, "infuse", 2e6), Event(50.0, "challenge", 1e6)],
    "stein2019": [Event(2.0, given=(("tocilizumab", 1.0),)), Event(5.0, given=(("tocilizumab", 0.0),))],
    "hanson2016": [Event(1.0, given=(("anti_inflammatory", 50.0),))],
    "kimmel2021": [Event(0.0, "lymphodeplete", 0.5), Event(40.0, "infuse", 1.0)],
    "kirouac2023": [Event(20.0, "infuse", 1e8)],
    "singh2021": [Event(5.0, "infuse", 1e8)],
    "leon_triana2021": [Event(5.0, "infuse", 1e8)],
    "leon_triana_dual2021": [Event(5.0, "infuse", 1e8)],
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_two_solvers_agree(name: str) -> None:
    model = read_published(name)
    days = [1.0, 5.0, 6.0] if name == "singh2021" else [1.0, 7.0, 15.0, 30.0, 60.0]
    generator = np.random.default_rng(7)
    changed = {row.name: row.value * generator.uniform(0.95, 1.05, 2) for row in model.parameters}
    schedule = plan(model, EVENTS.get(name, []))
    tight: dict[str, Any] = {
        "rtol": 1e-9,
        "chance": False,
        "atol": [1e-9 * _scale(name, each) for each in model.state_names],
    }
    kernel = solve(model, changed, days, schedule, method="kernel", **tight)
    plain = solve(model, changed, days, schedule, method="scipy", **tight)
    assert np.all(plain.status == Status.FINISHED)
    assert np.all(kernel.status == Status.FINISHED)
    size = np.maximum(np.abs(plain.states), [1e-3 * _scale(name, each) for each in model.state_names])
    apart = np.abs(kernel.states - plain.states) / size
    assert np.median(apart) <= 1e-5 and apart.max() <= 1e-3


def _scale(name: str, state: str) -> float:
    """Give what counts as one in a state: a cell, or a thousandth of a typical level."""
    relative = {"ogasawara2021": 1e-6, "chaudhury2020": 1e-3, "chaudhury2020_lv": 1e-3, "stein2019": 1e-1}
    if name == "kimmel2021":
        return 1.0 if state == "tumour" else 1e-4
    if name == "singh2021":
        return 1e-3 if state in ("m_protein", "sbcma") else 1e3
    if state == "drug":
        return 1e-3
    return relative.get(name, 1.0)


def test_a_stiff_model_is_refused_rather_than_answered_wrongly() -> None:
    model = read_published("barros2021")
    day, cells = barros2021.DOSES["Raji"]
    found = solve(model, barros2021.SETS["Raji"], [20.0], plan(model, [Event(day, "infuse", cells)]), max_steps=20_000)
    assert found.status[0] != Status.FINISHED and np.all(np.isnan(found.states))
    assert np.all(np.isfinite(raji(20.0)))
