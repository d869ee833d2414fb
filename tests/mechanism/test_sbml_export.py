"""A model of ours written as SBML: it reads back to the same course, and another program runs it to the same course."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carsequel.mechanism import composite
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.form import Model, ModelError, read_model
from carsequel.mechanism.published import read_published
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import solve

pytest.importorskip("libsbml")

from carsequel.mechanism.sbml import read_sbml, read_sbml_events
from carsequel.mechanism.sbml_export import write_sbml

MODEL = replace(read_model(composite), clones={}, floors={})  # what SBML can say of it
EVENTS = [*events_of("single+pd1_early"), Event(40.0, "radiotherapy"), Event(60.5, "infusion", 0.5, (("chemo", 0.3),))]
TIMES = np.array([0.0, 1.0, 7.0, 14.0, 28.0, 40.0, 60.0, 61.0, 90.0, 120.0])
ATOL = 1e-6
OWN = {"r": 0.09, "fS": 0.2, "kk": 1.3}


def course(model: Model, events: list[Event], parameters: Any, rtol: float = 1e-9) -> np.ndarray:
    atol = np.full(len(model.state_names), ATOL)
    solution = solve(model, parameters, TIMES, plan(model, events), rtol=rtol, atol=atol, chance=False)
    assert solution.status.tolist() == [0]
    return np.stack([solution.state(name)[0] for name in MODEL.state_names], axis=1)


@pytest.fixture(scope="module")
def text() -> str:
    return write_sbml(MODEL, OWN, EVENTS)


def test_it_reads_back_to_the_same_course(text: str) -> None:
    ours, back = course(MODEL, EVENTS, OWN), course(read_sbml(text), read_sbml_events(text), {})
    assert back == pytest.approx(ours, rel=1e-6, abs=1e-3)
    assert ours[-1, 0] == pytest.approx(0.0, abs=1e-3) and ours[5].max() > 1e9


def test_what_it_says_is_what_the_model_has(text: str) -> None:
    model = read_sbml(text)
    values = {row.name: row.value for row in model.parameters}
    own = {row.name: row.value for row in MODEL.parameters}
    assert {name: values[name] for name in own} == pytest.approx({**own, **OWN})
    assert [event.day for event in read_sbml_events(text)] == [0.0, 7.0, 40.0, 60.5, 97.0]
    assert set(MODEL.outputs) <= set(model.outputs)


def test_events_of_one_day_keep_their_order() -> None:
    """Radiotherapy before an infusion and after it differ in nothing here, lymphodepletion and infusion do."""
    first, then = Event(3.0, "infusion"), Event(3.0, "lymphodepletion")
    ends = []
    for events in ([first, then], [then, first]):
        text = write_sbml(MODEL, {}, events)
        ends.append(course(read_sbml(text), read_sbml_events(text), {}))
        assert ends[-1] == pytest.approx(course(MODEL, events, {}), rel=1e-6, abs=1e-3)
    assert ends[0][2, 0] < 0.1 * ends[1][2, 0]


def test_models_with_powers_and_branches_read_back() -> None:
    for name in ("ogasawara2021", "kirouac2023", "kimmel2021"):
        model = replace(read_published(name), clones={}, floors={})
        times = [0.0, 2.0, 10.0, 30.0]
        back = read_sbml(write_sbml(model))
        ours, theirs = (solve(each, {}, times, rtol=1e-9, chance=False) for each in (model, back))
        assert np.isfinite(ours.states).all()
        for state in model.state_names:
            assert theirs.state(state) == pytest.approx(ours.state(state), rel=1e-5, abs=1e-6), (name, state)


def test_a_document_is_consistent_by_the_librarys_own_check(text: str, tmp_path: Path) -> None:
    import libsbml

    write_sbml(MODEL, OWN, EVENTS, tmp_path / "composite.xml")
    document = libsbml.readSBMLFromFile(str(tmp_path / "composite.xml"))
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, False)
    document.checkConsistency()
    errors = [document.getError(at) for at in range(document.getNumErrors())]
    assert [each.getMessage() for each in errors if each.getSeverity() >= libsbml.LIBSBML_SEV_ERROR] == []


@pytest.mark.skipif(importlib.util.find_spec("roadrunner") is None, reason="libroadrunner is not installed")
@pytest.mark.filterwarnings("ignore")
def test_libroadrunner_runs_it_to_the_same_course(text: str) -> None:
    import roadrunner

    runner = roadrunner.RoadRunner(text)
    runner.integrator.setValue("relative_tolerance", 1e-10)
    runner.integrator.setValue("absolute_tolerance", 1e-6)
    runner.timeCourseSelections = ["time", *MODEL.state_names]
    found = np.array(runner.simulate(times=TIMES.tolist()))
    ours = course(MODEL, EVENTS, OWN)
    away = np.isin(TIMES, [0.0, 7.0, 40.0])  # at an event one gives the value before it, the other after
    assert found[~away, 1:] == pytest.approx(ours[~away], rel=1e-3, abs=1.0)


@pytest.mark.parametrize(
    ("parameters", "events", "words"),
    [
        ({"nonsense": 1.0}, [], "has no nonsense"),
        ({}, [Event(1.0, "prayer")], "knows no jump or treatment prayer"),
        ({}, [Event(np.array([1.0, 2.0]), "infusion")], "holds one patient"),
    ],
)
def test_what_cannot_be_written_is_refused(parameters: dict[str, float], events: list[Event], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        write_sbml(MODEL, parameters, events)
