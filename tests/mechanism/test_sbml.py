"""SBML in our form: closed forms, every refusal by name, a published model written as SBML, the curated files if given."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carsequel.mechanism.form import Model, ModelError
from carsequel.mechanism.published import read_published
from carsequel.mechanism.sbml import read_sbml, read_sbml_events
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import solve
from mechanism.sbml_texts import (
    HOUR,
    document,
    event,
    initial,
    math,
    parameter,
    reaction,
    rule,
    species,
)

DECAY = reaction("loss", "k * S * c", out_of=("S",))


def run(model: Model, times: Any, parameters: Any = None, **options: Any) -> Any:
    settings = {"method": "scipy", "rtol": 1e-9, "atol": 1e-12, **options}
    return solve(model, parameters or {}, times, **settings)


def small(**parts: Any) -> Model:
    return read_sbml(document(**parts))


def decay(**parts: Any) -> str:
    return document(species=(species("S", 8.0),), parameters=(parameter("k", 0.5),), reactions=(DECAY,), **parts)


def test_decay_is_the_exponential_and_its_constants_are_parameters() -> None:
    model = read_sbml(decay(size=2.0))
    assert model.name == "small" and model.state_names == ("S",)
    assert {row.name: row.value for row in model.parameters} == {"c": 2.0, "k": 0.5, "S_0": 8.0}
    found = run(model, [0, 1, 4], {"k": [0.5, 0.25], "S_0": [8.0, 2.0]}).state("S")
    assert found == pytest.approx(np.array([8 * np.exp([0, -0.5, -2]), 2 * np.exp([0, -0.25, -1])]), rel=1e-8)


def test_an_amount_flows_whole_and_a_concentration_through_its_volume() -> None:
    both = dict(size=4.0, parameters=(parameter("k", 3.0),), reactions=(reaction("made", "k", into=("S",)),))
    assert run(small(species=(species("S", 0.0),), **both), [2.0]).state("S")[0, 0] == pytest.approx(2 * 3 / 4)
    assert run(small(species=(species("S", 0.0, amount=True),), **both), [2.0]).state("S")[0, 0] == pytest.approx(2 * 3)


def test_stoichiometry_and_boundary_species() -> None:
    model = small(
        species=(species("A", 1.0, boundary=True), species("B", 0.0), species("K", 5.0, constant=True)),
        parameters=(parameter("k", 0.5),),
        reactions=(reaction("r", "k * A * K", into=("B",), out_of=("A",), number=3),),
    )
    assert model.state_names == ("B",)
    assert run(model, [2.0]).state("B")[0, 0] == pytest.approx(3 * 0.5 * 5 * 2)


def test_rate_rule_assignment_rule_and_output() -> None:
    model = small(
        parameters=(
            parameter("x", 1.0, False),
            parameter("y", None, False),
            parameter("z", None, False),
            parameter("a", 0.3),
        ),
        rules=(rule("assignment", "y", "2 * x"), rule("assignment", "z", "y + time"), rule("rate", "x", "a * y")),
    )
    found = run(model, [5.0])
    assert found.state("x")[0, 0] == pytest.approx(np.exp(0.6 * 5))
    assert set(model.outputs) == {"y"}, "what reads the time is no function of the state alone"
    assert model.outputs["y"](model.state(4.0), _own(model)) == 8.0


def _own(model: Model, **changed: float) -> Any:
    from collections import namedtuple

    values = {row.name: row.value for row in model.parameters} | changed
    return namedtuple("P", values)(**values)  # type: ignore[misc]


def test_initial_assignments_follow_the_parameters_and_each_other() -> None:
    model = small(
        species=(species("S"),),
        parameters=(parameter("k", 2.0), parameter("half")),
        initials=(initial("S", "10 * half"), initial("half", "k / 2")),
        reactions=(reaction("loss", "half * S", out_of=("S",)),),
    )
    assert model.start(_own(model)) == (10.0,)
    assert model.start(_own(model, k=4.0)) == (20.0,)
    assert run(model, [1.0], {"k": 4.0}).state("S")[0, 0] == pytest.approx(20 * np.exp(-2))


def test_local_parameters_of_two_reactions_do_not_meet() -> None:
    local = '<localParameter id="k" value="{}"/>'
    model = small(
        species=(species("S", 1.0),),
        reactions=(
            reaction("up", "k * S", into=("S",), local=local.format(0.7)),
            reaction("down", "k * S", out_of=("S",), local=local.format(0.2)),
        ),
    )
    assert {"up__k", "down__k"} <= set(model.parameter_names)
    assert run(model, [2.0]).state("S")[0, 0] == pytest.approx(np.exp(0.5 * 2))


def test_a_function_is_called_with_its_own_names() -> None:
    lambda_ = math("lambda(x, k, x * k)")
    model = read_sbml(
        decay(functions=(f'<functionDefinition id="f">{lambda_}</functionDefinition>',)).replace(
            math("k * S * c"), math("f(k, S)")
        )
    )
    assert run(model, [2.0]).state("S")[0, 0] == pytest.approx(8 * np.exp(-1))


@pytest.mark.parametrize(
    ("formula", "x", "expected"),
    [
        ("piecewise(1, x > 2, 5)", (1.0, 2.0, 3.0), (5, 5, 1)),
        ("piecewise(1, x >= 2, 5)", (1.0, 2.0, 3.0), (5, 1, 1)),
        ("piecewise(1, x < 2, 5)", (1.0, 2.0, 3.0), (1, 5, 5)),
        ("piecewise(1, x <= 2, 5)", (1.0, 2.0, 3.0), (1, 1, 5)),
        ("piecewise(1, x == 2, 5)", (1.0, 2.0, 3.0), (5, 1, 5)),
        ("piecewise(1, x != 2, 5)", (1.0, 2.0, 3.0), (1, 5, 1)),
        ("piecewise(1, x > 1 && x < 3, 5)", (1.0, 2.0, 3.0), (5, 1, 5)),
        ("piecewise(1, x < 2 || x > 2, 5)", (1.0, 2.0, 3.0), (1, 5, 1)),
        ("piecewise(1, !(x > 2), 5)", (1.0, 2.0, 3.0), (1, 1, 5)),
        ("piecewise(1, x < 2, 2, x < 3, 5)", (1.0, 2.0, 3.0), (1, 2, 5)),
        ("piecewise(1, true, 5)", (1.0,), (1,)),
        ("piecewise(0, x <= 0, ln(x))", (0.0, 1.0), (0, 0)),
        ("max(x, 2) - min(x, 2, 1)", (0.0, 3.0), (2, 2)),
        ("abs(-x)", (-3.0, 3.0), (3, 3)),
        ("sqrt(x) + root(3, 8)", (4.0,), (4,)),
        ("log10(x) + ln(exp(x)) + log(2, 8)", (100.0,), (105,)),
        ("x^2 - -x + 1/4", (-3.0,), (6.25,)),
        ("pi + 0*exponentiale", (0.0,), (np.pi,)),
        ("2.5e-1 * x", (4.0,), (1,)),
    ],
)
def test_a_formula_means_the_same_on_numbers_and_on_arrays(formula: str, x: Any, expected: Any) -> None:
    model = small(
        version=2,
        parameters=(parameter("x", 0.0, False), parameter("y", None, False)),
        rules=(rule("assignment", "y", formula), rule("rate", "x", "1")),
    )
    value = model.outputs["y"]
    p = _own(model)
    assert [value(model.state(each), p) for each in x] == pytest.approx(list(expected))
    with np.errstate(divide="ignore", invalid="ignore"):
        together = value(model.state(np.array(x)), p)
    assert np.broadcast_to(together, len(x)) == pytest.approx(list(expected))


def test_time_dependent_piecewise_input() -> None:
    model = small(
        species=(species("S", 0.0),), reactions=(reaction("given", "piecewise(2, time < 3, 0)", into=("S",)),)
    )
    assert run(model, [1.0, 2.9, 6.0], rtol=1e-6).state("S")[0] == pytest.approx([2.0, 5.8, 6.0], rel=1e-4)


def test_an_event_at_a_fixed_time() -> None:
    text = decay(events=(event("dose", "time >= 2", {"S": "S + 5"}), event("second", "3 < time", {"S": "2 * S"})))
    model, events = read_sbml(text), read_sbml_events(text)
    assert [(each.day, each.jump) for each in events] == [(2.0, "dose"), (3.0, "second")]
    found = run(model, [1.0, 2.0, 3.0], schedule=plan(model, events)).state("S")[0]
    after = 8 * np.exp(-1) + 5
    assert found == pytest.approx([8 * np.exp(-0.5), after, 2 * after * np.exp(-0.5)], rel=1e-8)


def test_an_event_sets_a_parameter_and_one_true_before_the_start_does_not_happen() -> None:
    parts = (event("off", "time >= t_off", {"k": "0"}), event("never", "time >= 0", {"S": "0"}))
    parts += (event("first", "time >= 0", {"S": "S + 1"}, before=False),)
    text = document(
        species=(species("S", 8.0),),
        parameters=(parameter("k", 0.5, False), parameter("t_off", 2.0)),
        reactions=(DECAY,),
        events=parts,
    )
    model, events = read_sbml(text), read_sbml_events(text)
    assert [(each.day, each.jump) for each in events] == [(2.0, "off"), (0.0, "first")]
    found = run(model, [0.0, 9.0], schedule=plan(model, events)).state("S")[0]
    assert found == pytest.approx([9.0, 9 * np.exp(-1)], rel=1e-8)


def test_hours_become_days() -> None:
    hours = decay(units=HOUR, time=' timeUnits="hour"', events=(event("dose", "time >= 48", {"S": "S + 1"}),))
    model = read_sbml(hours)
    assert run(model, [1 / 24]).state("S")[0, 0] == pytest.approx(8 * np.exp(-0.5))
    assert read_sbml_events(hours)[0].day == pytest.approx(2.0)
    assert run(read_sbml(decay(), days_per_time_unit=7.0), [7.0]).state("S")[0, 0] == pytest.approx(8 * np.exp(-0.5))


def test_seconds_and_an_undeclared_unit_of_time() -> None:
    model = read_sbml(decay(time=' timeUnits="second"'))
    assert run(model, [1 / 86400]).state("S")[0, 0] == pytest.approx(8 * np.exp(-0.5))
    with pytest.raises(ModelError, match="declares no unit of time; pass days_per_time_unit"):
        read_sbml(decay(time=""))


LEVEL_2 = """<?xml version="1.0" encoding="UTF-8"?><sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="two">
<listOfUnitDefinitions><unitDefinition id="time"><listOfUnits><unit kind="second" multiplier="86400"/></listOfUnits></unitDefinition>
</listOfUnitDefinitions><listOfCompartments><compartment id="c" size="1"/></listOfCompartments>
<listOfSpecies><species id="S" compartment="c" initialConcentration="8"/></listOfSpecies>
<listOfReactions><reaction id="loss" reversible="false"><listOfReactants><speciesReference species="S"/></listOfReactants>
<kineticLaw>MATH<listOfParameters><parameter id="k" value="0.5"/></listOfParameters></kineticLaw></reaction></listOfReactions>
</model></sbml>""".replace("MATH", math("c * k * S"))


def test_level_2_reads_alike_and_counts_seconds_where_nothing_is_said() -> None:
    model = read_sbml(LEVEL_2)
    assert model.parameter_names == ("loss__k", "c", "S_0")
    assert run(model, [1.0]).state("S")[0, 0] == pytest.approx(8 * np.exp(-0.5))
    plain = LEVEL_2.replace('<unitDefinition id="time">', '<unitDefinition id="other">')
    assert run(read_sbml(plain), [1 / 86400]).state("S")[0, 0] == pytest.approx(8 * np.exp(-0.5))


def test_names_that_python_keeps_for_itself() -> None:
    model = small(
        species=(species("lambda", 1.0), species("_S", 1.0)),
        parameters=(parameter("in", 0.5), parameter("lambda_0", 7.0)),
        rules=(rule("rate", "lambda", "in * 1"), rule("rate", "_S", "0")),
    )
    assert model.state_names == ("xlambda", "x_S")
    assert model.parameter_names == ("xin", "lambda_0", "c", "xlambda_0", "x_S_0")
    assert run(model, [4.0]).state("xlambda")[0, 0] == pytest.approx(3.0)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "algebraic rule": ({"rules": (rule("algebraic", "", "k - 1"),)}, "algebraic rule"),
    "rule for a compartment": ({"rules": (rule("rate", "c", "1"),)}, r"rule for a compartment \(c\)"),
    "delay": ({"rules": (rule("rate", "k", "delay(k, 1)"),)}, "delay in the rule of k"),
    "sine": ({"rules": (rule("rate", "k", "sin(k)"),)}, "sin in the rule of k"),
    "no otherwise": (
        {"rules": (rule("rate", "k", "piecewise(1, k > 0)"),)},
        "piecewise without otherwise in the rule of k",
    ),
    "xor": ({"rules": (rule("rate", "k", "piecewise(1, xor(k > 0, k > 1), 0)"),)}, "condition xor"),
    "event on a state": ({"events": (event("e", "S >= 1", {"S": "1"}),)}, "trigger other than time .*event e"),
    "event on a rate": (
        {"rules": (rule("rate", "k", "1"),), "events": (event("e", "time >= k", {"S": "1"}),)},
        "trigger that changes with the state",
    ),
    "delay of an event": (
        {"events": (event("e", "time >= 1", {"S": "1"}, extra=f"<delay>{math('1')}</delay>"),)},
        r"delay or priority of an event \(e\)",
    ),
    "event on a rule": (
        {"rules": (rule("assignment", "k", "1"),), "events": (event("e", "time >= 1", {"k": "1"}),)},
        "assignment to what a rule sets",
    ),
    "constraint": ({"constraints": (f"<constraint>{math('k > 0')}</constraint>",)}, "constraint"),
    "circle": (
        {"rules": (rule("assignment", "k", "m"), rule("assignment", "m", "k"))},
        "is defined by itself",
    ),
    "function": ({"rules": (rule("rate", "k", "f(k)"),)}, "function f, which is not defined"),
    "unknown name": ({"rules": (rule("rate", "k", "nothing"),)}, "nothing is used but has no value"),
    "no value": ({"parameters": (parameter("k", 1.0, False), parameter("m"))}, "m has no value"),
}


@pytest.mark.parametrize("feature", REFUSED)
def test_what_is_not_taken_over_is_named(feature: str) -> None:
    parts, words = REFUSED[feature]
    base = dict(species=(species("S", 1.0),), parameters=(parameter("k", 1.0, False), parameter("m", 1.0, False)))
    with pytest.raises(ModelError, match=words):
        small(**{**base, **parts})


def test_unreadable_and_missing_documents() -> None:
    with pytest.raises(ModelError, match="not readable at line"):
        read_sbml("<sbml>")
    with pytest.raises(ModelError, match=r"no SBML file at nowhere\.xml"):
        read_sbml(Path("/tmp") / "nowhere.xml")


def test_the_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *_: Any) -> Any:
        if name == "libsbml":
            raise ImportError(name)
        raise AssertionError(name)

    monkeypatch.setattr("carsequel.mechanism.sbml.import_module", refuse)
    with pytest.raises(ModelError, match=r"install carsequel\[sbml\]"):
        read_sbml(decay())


KIMMEL = document(
    species=(species("N", 6.0), species("C", 0.36), species("B", 94.86), species("T")),
    parameters=(
        parameter("K_N", 500.0),
        parameter("K_C", 139.0),
        parameter("r_N", 0.17),
        parameter("rho_C", 0.0251),
        parameter("a", 0.423),
        parameter("b", 0.525),
        parameter("r_B", 0.105),
        parameter("g_B", 1.15),
        parameter("k_B", 4.05),
        parameter("r_C", None, False),
    ),
    rules=(
        rule("assignment", "T", "N + C"),
        rule("assignment", "r_C", "rho_C + b * (T - K_N)^2 / (a * T^2 + (T - K_N)^2)"),
    ),
    reactions=(
        reaction("normal", "c * (-r_N * N * ln(T / K_N))", into=("N",)),
        reaction("car", "c * (-r_C * C * ln(T / K_C))", into=("C",)),
        reaction("growth", "c * r_B * B", into=("B",)),
        reaction("killing", "c * g_B * B * C / (k_B + C)", out_of=("B",)),
    ),
)


@pytest.mark.parametrize("method", ["scipy", "kernel"])
def test_a_published_model_written_as_sbml_runs_as_our_own(method: str) -> None:
    times = [1, 7, 14, 28, 84, 180]
    options: dict[str, Any] = {"method": method, "rtol": 1e-9, "chance": False}
    theirs = solve(read_sbml(KIMMEL), {}, times, atol=1e-16, **options)
    ours = solve(read_published("kimmel2021"), {"r_b": 0.105}, times, **options)
    assert theirs.state("N") == pytest.approx(ours.state("normal"), rel=1e-5)
    assert theirs.state("C") == pytest.approx(ours.state("car"), rel=1e-5)
    assert 1e9 * theirs.state("B") == pytest.approx(ours.state("tumour"), rel=1e-3)


FOLDER = os.environ.get("CARSEQUEL_BIOMODELS", "")
CURATED = {
    "BIOMD0000001041": (28.0, 2.49, 0.02),
    "BIOMD0000001011": (28.0, 4.0e6, 0.02),
    "BIOMD0000001013": (30.0, 5.2e8, 0.02),
    "BIOMD0000001025": (28.0, 1.12e3, 0.02),
}


@pytest.mark.skipif(not FOLDER, reason="CARSEQUEL_BIOMODELS names no folder with the curated files")
@pytest.mark.parametrize("name", CURATED)
def test_the_curated_file_reads_and_one_state_has_the_published_value(name: str) -> None:
    paths = sorted(Path(FOLDER).rglob(f"{name}*.xml"))
    if not paths:
        pytest.skip(f"{name} is not in the folder")
    day, value, tolerance = CURATED[name]
    model = read_sbml(paths[0], days_per_time_unit=1.0)
    found = run(model, [day], chance=False)
    assert np.min(np.abs(found.states[0, 0] / value - 1)) < tolerance
