"""The kernel against the plain solver, closed forms and itself in other arrangements."""

import math
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from carsequel.mechanism.arithmetic import exp, log
from carsequel.mechanism.form import Model, ModelError, NothingGiven, Parameter, read_model
from carsequel.mechanism.kernel.graph import Graph, TracingError
from carsequel.mechanism.kernel.inputs import Manner, read_asked
from carsequel.mechanism.kernel.run import run
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import Status, sensitivities, solve

CELLS = read_model(Path(__file__).with_name("kernel_cells.py"))
TIMES = np.arange(0.0, 160.0, 7.0)
N = 24


def _schedule(patients: int = 1):
    events = [
        Event(0.0, "cut", 0.3),
        Event(0.0, "infuse"),
        Event(60.0, given=(("chemo", 0.3),)),
        Event(70.3, given=(("chemo", 0.0),)),
        Event(100.0, "infuse", 3.0),
    ]
    return plan(CELLS, events, patients)


def _people(n: int = N) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(4)
    return {"P0": 10 ** draw.uniform(6, 11, n), "r": draw.uniform(0.03, 0.15, n), "k": draw.uniform(0.4, 3, n)}


def _error(states: np.ndarray, true: np.ndarray) -> np.ndarray:
    return np.max(np.abs(states - true) / (np.abs(true) + 1.0), axis=(1, 2))


@pytest.mark.parametrize("chance", [False, True])
def test_the_kernel_agrees_with_the_plain_solver_patient_by_patient(chance):
    people = {name: column[:10] for name, column in _people().items()}
    fast = solve(CELLS, people, TIMES, _schedule(), chance=chance, seed=3)
    plain = solve(CELLS, people, TIMES, _schedule(), chance=chance, seed=3, rtol=1e-10, method="scipy")
    wrong = _error(fast.states, plain.states)
    assert np.all(fast.status == Status.FINISHED) and np.all(plain.status == Status.FINISHED)
    assert np.median(wrong) < 1e-5 and wrong.max() < 1e-3


@pytest.mark.parametrize("chance", [False, True])
def test_threads_lanes_and_parts_agree_to_the_last_bit(chance):
    people, schedule = _people(), _schedule()
    asked = read_asked(CELLS, people, TIMES, schedule, 1e-6, None)
    usual = Manner(seed=5, chance=chance, threads=1)
    whole = run(CELLS, asked, usual).solution.states
    for other in ({"threads": 2}, {"lanes": 2}, {"lanes": 8}, {"lanes": 16, "threads": 2}):
        assert np.array_equal(run(CELLS, asked, replace(usual, **other)).solution.states, whole)
    for first in range(0, N, 7):
        some = {name: column[first : first + 7] for name, column in people.items()}
        part = solve(CELLS, some, TIMES, schedule, chance=chance, seed=5, first_patient=first)
        assert np.array_equal(part.states, whole[first : first + 7])


def test_another_seed_draws_something_else():
    one, other = (solve(CELLS, _people(), TIMES, _schedule(), seed=seed).states for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_a_bad_patient_does_not_disturb_the_others():
    people = _people()
    good = solve(CELLS, people, TIMES, _schedule(), seed=5)
    for value in (math.nan, math.inf):
        worse = {**people, "k": people["k"].copy()}
        worse["k"][[3, 4, 11]] = value
        mixed = solve(CELLS, worse, TIMES, _schedule(), seed=5)
        others = np.setdiff1d(np.arange(N), [3, 4, 11])
        assert np.array_equal(mixed.states[others], good.states[others])
        assert np.all(mixed.status[[3, 4, 11]] == Status.NOT_FINITE)
        assert np.all(np.isnan(mixed.states[[3, 4, 11], -1]))


def test_too_many_steps_are_a_status_and_the_rest_is_not_a_number():
    limited = solve(CELLS, _people(), TIMES, _schedule(), max_steps=40)
    assert np.all(limited.status == Status.STEP_LIMIT) and np.all(limited.steps == 40)
    assert np.all(np.isfinite(limited.states[:, 0])) and np.all(np.isnan(limited.states[:, -1]))


def test_an_output_at_an_event_is_the_value_after_it():
    people = {"P0": [1e5], "r": [0.0]}
    states = solve(CELLS, people, [0.0, 99.999999, 100.0], _schedule(), chance=False)
    assert states.state("P")[0, 0] == pytest.approx(0.3e5)
    assert states.state("E")[0, 0] == pytest.approx(1e7)
    assert states.state("E")[0, 2] - states.state("E")[0, 1] == pytest.approx(3e7, rel=1e-4)


def test_each_patient_has_days_and_amounts_of_its_own():
    schedule = plan(CELLS, [Event(np.array([5.0, np.nan, 9.3]), "infuse", np.array([1.0, 1.0, 2.0]))], 3)
    states = solve(CELLS, {"P0": [0.0] * 3, "d": [0.0] * 3}, [0.0, 5.0, 9.3, 20.0], schedule)
    assert states.state("E").tolist() == [[0, 1e7, 1e7, 1e7], [0, 0, 0, 0], [0, 0, 2e7, 2e7]]


def test_a_tumour_that_falls_below_one_cell_is_none_and_stays_so():
    people = {"P0": [1e4], "r": [-0.0], "mu": [0.0], "k": [0.0]}
    schedule = plan(CELLS, [Event(0.0, given=(("chemo", 0.5),)), Event(60.0, given=(("chemo", 0.0),))])
    states = solve(CELLS, people, [18.0, 19.0, 60.0, 159.0], schedule, chance=False)
    day = math.log(1e4) / 0.5  # 18.42
    assert states.state("P")[0, 0] == pytest.approx(math.exp(0.5 * (day - 18.0)), rel=1e-5)
    assert states.state("P")[0, 1:].tolist() == [0, 0, 0]


def _forced() -> Model:
    """dx/dt = t^3 - x / 2: a rate that depends on time."""
    row = Parameter("a", 0.5, 0, 1, "1/d", "test", "assumed", "assumed")
    state = namedtuple("State", ["x"])
    return Model("forced", (row,), state, lambda t, now, p, given: state(t**3 - p.a * now.x), lambda p: state(1.0))


def test_rates_that_depend_on_time_follow_the_closed_form():
    times = np.linspace(0, 20, 9)
    found = solve(_forced(), {}, times, rtol=1e-9).state("x")[0]
    a = 0.5
    part = times**3 / a - 3 * times**2 / a**2 + 6 * times / a**3 - 6 / a**4
    assert found == pytest.approx(part + (1 + 6 / a**4) * np.exp(-a * times), rel=1e-7)


def _unary(function) -> Model:
    """A state that moves by function(a) for a day; the steps themselves add a rounding or two."""
    row = Parameter("a", 1.0, -1e300, 1e300, "1", "test", "assumed", "assumed")
    state = namedtuple("State", ["x"])
    return Model("unary", (row,), state, lambda t, now, p, given: state(function(p.a)), lambda p: state(0.0))


def test_the_compiled_logarithm_and_exponential_are_those_of_the_processor_to_the_last_bits():
    wide = np.concatenate([np.logspace(-300, 300, 1201), np.linspace(0.4, 2.5, 1001), 1 + np.logspace(-15, -1, 57)])
    found = solve(_unary(log), {"a": wide}, [1.0], rtol=1e-3).state("x")[:, 0]
    true = np.log(wide)
    assert np.all(np.abs(found - true) <= 6 * np.spacing(np.abs(true)))
    small = np.concatenate([np.linspace(-700, 700, 1401), np.linspace(-1, 1, 501)])
    found = solve(_unary(exp), {"a": small}, [1.0], rtol=1e-3).state("x")[:, 0]
    assert np.all(np.abs(found - np.exp(small)) <= 6 * np.spacing(np.exp(small)))
    assert solve(_unary(log), {"a": 0.0}, [1.0]).status.tolist() == [Status.NOT_FINITE]


def test_the_logarithm_of_a_quotient_needs_no_division_where_the_divisor_is_positive():
    graph = Graph()
    x, y = (graph.input("state", at, fixed=False) for at in range(2))
    split, kept = graph.make("log", x / graph.make("maximum", y, 1.0)), graph.make("log", x / y)
    assert split.op == "sub" and [arg.op for arg in split.args] == ["log", "log"]
    assert kept.op == "log" and kept.args[0].op == "mul"  # of two negative numbers the quotient has a logarithm


def test_a_model_that_branches_on_a_value_is_refused_with_the_way_out():
    row = Parameter("a", 0.5, 0, 1, "1/d", "test", "assumed", "assumed")
    state = namedtuple("State", ["x"])

    def rates(t, now, p, given):
        return state(now.x if now.x > 1 else 0.0)

    model = Model("branching", (row,), state, rates, lambda p: state(1.0), NothingGiven)
    with pytest.raises(TracingError, match=r"model branching: rates: .* where_positive, maximum or minimum"):
        solve(model, {}, [1.0])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"parameters": {"nonsense": 1.0}}, "has no nonsense"),
        ({"parameters": {"r": [0.1, 0.2], "k": [1.0, 1.0, 1.0]}}, "one for each of 3 patients"),
        ({"times": [3.0, 2.0]}, "each later than the one before"),
        ({"times": []}, "days from 0 on"),
        ({"parameters": {"r": []}}, "r is empty; at least one patient"),
        ({"rtol": 0.0}, "rtol"),
        ({"atol": 0.0}, "atol: one number above 0"),
        ({"atol": [1.0, 1.0]}, "one for each of 3 states"),
        ({"method": "magic"}, "method"),
        ({"seed": -1}, "seed"),
    ],
)
def test_wrong_input_is_refused_by_its_name(changed, words):
    asked = {"parameters": {}, "times": [1.0], **changed}
    with pytest.raises(ModelError, match=words):
        solve(CELLS, **asked)


def test_nothing_counted_in_cells_is_ever_negative():
    states = solve(CELLS, _people(), np.linspace(0, 159, 400), _schedule(), rtol=1e-4).states
    assert states.min() >= 0


def test_sensitivities_agree_with_differences():
    people = {name: column[:6] for name, column in _people().items()}
    wrt = ("r", "k", "d", "dose", "P0", "KE")
    full = {row.name: np.full(6, row.value) for row in CELLS.parameters} | people
    found = sensitivities(CELLS, full, TIMES, _schedule(), wrt=wrt, rtol=1e-9)
    states = found.solution.states
    for at, name in enumerate(wrt):

        def moved(by, name=name):
            return solve(
                CELLS, {**full, name: full[name] * (1 + by)}, TIMES, _schedule(), chance=False, rtol=1e-11
            ).states

        h = 1e-4
        difference = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
        ours = found.tangents[..., at] * full[name][:, None, None]
        wrong = np.abs(ours - difference) / (np.abs(difference) + np.abs(states) + 1)
        assert np.median(wrong.max(axis=(1, 2))) < 1e-5, name
    assert found.wrt == wrt and found.tangents.shape == (6, TIMES.size, 3, 6)


def test_tangents_agree_to_the_last_bit_whatever_goes_side_by_side():
    people, schedule, wrt = _people(), _schedule(), ("r", "k", "dose")
    asked = read_asked(CELLS, people, TIMES, schedule, 1e-7, None)
    whole = run(CELLS, asked, Manner(chance=False, rtol=1e-7, threads=1), wrt)
    assert np.isfinite(whole.tangents).all()
    for lanes in (2, 8):
        other = run(CELLS, asked, Manner(chance=False, rtol=1e-7, threads=2, lanes=lanes), wrt)
        assert np.array_equal(other.tangents, whole.tangents)


def test_sensitivities_of_an_unknown_parameter_are_refused():
    with pytest.raises(ModelError, match="names of parameters of model kernel_cells"):
        sensitivities(CELLS, {}, [1.0], wrt=("nonsense",))
