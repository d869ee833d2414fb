"""The composite model does what the field expects of CAR T cells, and its parts agree with closed forms."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from carsequel.mechanism import composite
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.form import read_model
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import Solution, Status, solve

MODEL = read_model(composite)
DAYS = np.unique(np.concatenate([np.arange(0.0, 41.0), np.arange(50.0, 401.0, 10.0)]))
TUMOUR = ("P", "R", "Q", "D")


def run(
    arm: str | Sequence[Event] = "single",
    parameters: Mapping[str, ArrayLike] | None = None,
    times: ArrayLike = DAYS,
    failure_day: float | None = None,
    **options: Any,
) -> Solution:
    events = events_of(arm, failure_day) if isinstance(arm, str) else list(arm)
    solution = solve(MODEL, parameters or {}, times, plan(MODEL, events), **{"chance": False, **options})
    assert np.all(solution.status == Status.FINISHED)
    return solution


def together(solution: Solution, names: Sequence[str]) -> NDArray[np.float64]:
    return np.sum([solution.state(name) for name in names], axis=0)


def car(solution: Solution) -> NDArray[np.float64]:
    """CAR T cells per uL."""
    return together(solution, "IMEX") / 5e8


def peak(solution: Solution) -> float:
    """The highest level after the infused cells are gone."""
    return float(car(solution)[0, solution.times >= 3].max())


def test_the_course_starts_as_the_calibration_says() -> None:
    solution = run(times=[0.0])
    now = dict(zip(MODEL.state_names, solution.states[0, 0]))
    assert now["P"] == pytest.approx(0.34e11)
    assert (now["N"], now["B"], now["I"]) == (3e9, 1e8, 1.4e8)
    share = 1e11 / (1.55e11 + 1e11)
    assert now["S"] == pytest.approx(0.03 * share / (0.03 * share + 0.03))
    assert (now["M"], now["E"], now["X"], now["R"]) == (0, 0, 0, 0)


def test_the_published_course_of_the_shipped_values() -> None:
    solution = run()
    levels = car(solution)[0]
    assert 10 < peak(solution) < 40
    assert 7 <= DAYS[levels.argmax()] <= 12
    assert levels[DAYS == 90][0] < 0.05 * levels.max()


def test_without_lymphodepletion_nothing_expands() -> None:
    with_it, without = run(), run("no_lymphodepletion")
    assert peak(without) < 0.01 * peak(with_it)
    assert together(without, TUMOUR)[0, -1] > 1e11


def test_without_antigen_only_homeostasis_expands_and_without_that_nothing() -> None:
    nobody = {"P0": 1.0, "B0": 0.0, "CB50": 1e-3, "Bss": 1.0}
    assert peak(run(parameters=nobody)) < 0.3 * peak(run())
    assert peak(run(parameters={**nobody, "f0": 0.0, "fM": 0.0})) < 0.2


def test_a_very_low_burden_still_expands_and_is_cleared() -> None:
    low = run(parameters={"P0": 1e8, "fQ": 0.0})
    assert peak(low) > 0.3 * peak(run())
    assert together(low, TUMOUR)[0, -1] == 0


def test_a_very_high_burden_expands_less_and_comes_back() -> None:
    high = run(parameters={"P0": 1.5e12})
    assert peak(high) < 0.7 * peak(run())
    assert together(high, TUMOUR)[0, -1] > 1e10


def test_b_cells_come_back_when_the_car_t_cells_have_gone() -> None:
    days = np.array([0.0, 30.0, 400.0, 700.0])
    short = run(parameters={"dM": 0.05, "om": 3e-4}, times=days).state("B")[0]
    long = run(parameters={"dM": 0.001, "om": 0.01}, times=days).state("B")[0]
    assert short[1] < 0.01 * 2.5e10 and long[1] < 0.01 * 2.5e10
    assert short[3] > 0.5 * 2.5e10
    assert long[3] < 0.1 * 2.5e10


RESISTANT = {"kk": 0.5, "r": 0.1}


def test_a_second_infusion_without_lymphodepletion_does_little() -> None:
    days = np.unique(np.concatenate([DAYS, np.arange(90.0, 131.0)]))
    second = run("second_infusion", RESISTANT, days, failure_day=90.0)
    little = run("second_infusion_no_lymphodepletion", RESISTANT, days, failure_day=90.0)
    none = run("observation", RESISTANT, days, failure_day=90.0)
    window = (days > 93) & (days < 130)
    first_peak = car(none)[0].max()
    assert car(second)[0, window].max() > 0.2 * first_peak
    assert car(little)[0, window].max() < 0.03 * first_peak
    before = days < 90
    assert np.allclose(second.states[0, before], none.states[0, before], rtol=1e-4, atol=1e-3)


def test_rejection_weakens_a_second_infusion() -> None:
    days = np.arange(0.0, 131.0)
    kept = run("second_infusion", {**RESISTANT, "rej": 0.0}, days, failure_day=90.0)
    rejected = run("second_infusion", {**RESISTANT, "rej": 0.5}, days, failure_day=90.0)
    assert car(rejected)[0, 95:].max() < 0.8 * car(kept)[0, 95:].max()


def test_cells_with_two_targets_leave_no_antigen_negative_relapse() -> None:
    escaping = {"fQ": 1e-6, "f2": 0.0, "kk": 3.0}
    single, dual = run("single", escaping), run("dual_target", escaping)
    assert single.state("Q")[0, -1] > 0.99 * together(single, TUMOUR)[0, -1] > 1e9
    assert together(dual, TUMOUR)[0, -1] < 1


def test_what_lacks_both_antigens_escapes_cells_with_two_targets() -> None:
    dual = run("dual_target", {"fQ": 1e-5, "f2": 1e-3})
    assert dual.state("D")[0, -1] > 0.99 * together(dual, TUMOUR)[0, -1] > 1e9


def test_another_target_reaches_what_the_first_left() -> None:
    days = np.arange(0.0, 301.0, 5.0)
    escaping = {"fQ": 1e-6, "f2": 0.0, "kk": 3.0}
    same = run("second_product", escaping, days, failure_day=150.0)
    other = run("other_target", escaping, days, failure_day=150.0)
    assert same.state("Q")[0, -1] > 1e9
    assert together(other, "PQ")[0, -1] < 1


def test_pd1_blockade_helps_only_where_suppression_or_exhaustion_is_the_cause() -> None:
    blockade = [*events_of("single"), Event(0.0, given=(("pd1", 1.0),))]
    free = {"aS": 0.0, "xi": 0.0, "kk": 0.3}
    assert np.allclose(run(blockade, free).states, run("single", free).states, rtol=1e-6, atol=1e-6)
    for held in ({"aS": 4.0, "xi": 0.05, "P0": 3e11, "kk": 0.5}, {"aS": 0.02, "xi": 0.4, "kk": 0.5}):
        blocked, held_back = run(blockade, held), run("single", held)
        assert peak(blocked) > 1.3 * peak(held_back)
        assert blocked.state("P")[0].min() < 0.3 * held_back.state("P")[0].min()


def test_cells_that_do_not_feel_suppression_expand_where_others_are_held() -> None:
    held = {"aS": 4.0, "P0": 3e11}
    assert peak(run("resistant", held)) > 2 * peak(run("single", held))


@pytest.mark.parametrize(
    ("treatment", "clones"),
    [("bispecific", "PQ"), ("bispecific_same", "P"), ("allo", "PQD"), ("chemo", "PQD")],
)
def test_each_treatment_reaches_its_clones(treatment: str, clones: str) -> None:
    start = {"fQ": 1e-3, "f2": 0.1, "bi_share": 0.5, "r": 0.03}
    treated = run([Event(0.0, given=((treatment, 1.0),))], start, [0.0, 10.0])
    left = run("untreated", start, [0.0, 10.0])
    for clone in "PQD":
        factor = treated.state(clone)[0, 1] / left.state(clone)[0, 1]
        assert (factor < 0.7) == (clone in clones), clone


def test_radiotherapy_spares_what_lies_outside_its_field() -> None:
    half = run([Event(0.0, "radiotherapy", 0.5)], times=[0.0]).state("P")[0, 0]
    assert half == pytest.approx(1e11 * (0.5 + 0.5 * 0.01))


def test_conditioning_ends_the_car_t_cells() -> None:
    solution = run([*events_of("single"), Event(20.0, "conditioning")], times=[19.0, 20.0, 60.0])
    assert car(solution)[0, 0] > 1
    assert car(solution)[0, 1] == car(solution)[0, 2] == 0
    assert solution.state("N")[0, 1] <= 3e8 < 1e11 < solution.state("N")[0, 2]


def test_normal_lymphocytes_recover_as_gompertz_does() -> None:
    days = np.array([0.0, 5.0, 20.0, 60.0])
    found = run([Event(0.0, "lymphodepletion")], times=days, rtol=1e-9).state("N")[0]
    assert found == pytest.approx(2.5e11 * np.exp(np.log(3e9 / 2.5e11) * np.exp(-0.17 * days)), rel=1e-6)


def test_an_untreated_tumour_grows_as_the_logistic_does() -> None:
    days = np.array([0.0, 30.0, 90.0])
    found = together(run("untreated", times=days, rtol=1e-9), TUMOUR)[0]
    assert found == pytest.approx(2e12 / (1 + (2e12 / 1e11 - 1) * np.exp(-0.073 * days)), rel=1e-6)


def test_infused_cells_engraft_or_are_lost() -> None:
    days = np.array([0.0, 1.0, 3.0])
    assert run(times=days, rtol=1e-9).state("I")[0] == pytest.approx(1.4e8 * np.exp(-1.7 * days), rel=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_clones_turn_over_as_their_rates_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, now, given = _random(rng)
    change = composite.rates(0.0, now, p, given)
    for name, law in composite.CLONES.items():
        turnover = law(0.0, now, p, given)
        cells = getattr(now, name)
        assert turnover.death >= 0
        net = (turnover.birth - turnover.death) * cells + turnover.influx
        assert getattr(change, name) == pytest.approx(net, rel=1e-9, abs=1e-6)


def _random(rng: np.random.Generator) -> tuple[Any, composite.State, composite.Given]:
    values = {row.name: row.low + (row.high - row.low) * rng.random() for row in MODEL.parameters}
    p = type("P", (), values)()
    cells = np.exp(rng.uniform(0, 25, 10))
    now = composite.State(*(float(each) for each in cells), S=float(rng.random()))
    return p, now, composite.Given(*(float(each) for each in rng.random(12).round()))


def test_at_nothing_the_rates_are_finite_and_nothing_comes_of_nothing() -> None:
    p = type("P", (), {row.name: row.value for row in MODEL.parameters})()
    change = composite.rates(0.0, composite.State(*[0.0] * 11), p, composite.Given())
    assert np.all(np.isfinite(change))
    assert all(value == 0 for name, value in change._asdict().items() if name != "B")
    everything = composite.Given(*[1.0] * 12)
    assert np.all(np.isfinite(composite.rates(0.0, composite.State(*[0.0] * 11), p, everything)))


def test_no_state_is_ever_negative_and_suppression_stays_a_share() -> None:
    rng = np.random.default_rng(3)
    spread = {name: rng.uniform(row.low, row.high, 24) for row in MODEL.parameters for name in [row.name]}
    spread["P0"] = 10 ** rng.uniform(8, 12.1, 24)
    events = [*events_of("dual_target+pd1+bispecific", 60.0), Event(100.0, "radiotherapy", 0.5)]
    states = run(events, spread, np.arange(0.0, 201.0, 4.0)).states
    assert states.min() >= -1e-3
    assert states[:, :, -1].max() <= 1


def test_antigen_density_is_neutral_at_one_and_helps_the_more_there_is() -> None:
    sharp, flat = (run(parameters={"density_half": half}, times=[20.0]).states for half in (0.05, 0.9))
    assert np.allclose(sharp, flat, rtol=1e-5, atol=1e-6)
    left = [run(parameters={"antigen_density": d, "kk": 0.6}).state("P")[0].min() for d in (0.01, 0.1, 1.0)]
    assert all(more > less for more, less in pairwise(left))


def test_a_dim_clone_is_killed_less_than_a_bright_and_more_than_a_negative_one() -> None:
    clone = {"fQ": 1e-3}
    left = [run(parameters={**clone, "q": q}).state("Q")[0, DAYS == 15][0] for q in (0.0, 0.02, 1.0)]
    assert left[0] > 1.5 * left[1] > 2 * left[2]


def test_rejection_and_host_clearance_and_poor_access_are_off_and_can_be_switched_on() -> None:
    plain = run(parameters={"fQ": 0.0})
    assert peak(run(parameters={"rej_first": 0.5})) < 0.8 * peak(plain)
    poor = {"fS": 0.3, "acc": 0.3, "fQ": 0.0}
    hidden = run(parameters=poor)
    assert hidden.state("R")[0, -1] > 1e9 > 1 > together(plain, TUMOUR)[0, -1]
    assert together(run(parameters={**poor, "ki": 0.3, "KI": 1e8}), TUMOUR)[0, -1] < 1


def test_outputs_read_a_state() -> None:
    solution = run()
    p = type("P", (), {row.name: row.value for row in MODEL.parameters})()
    now = composite.State(*np.moveaxis(solution.states[0], 1, 0))
    found = {name: output(now, p) for name, output in MODEL.outputs.items()}
    assert found["car"] == pytest.approx(car(solution)[0])
    assert found["tumour"] == pytest.approx(together(solution, TUMOUR)[0])
    assert np.all((found["antigen_negative"] >= 0) & (found["antigen_negative"] <= 1))
    assert found["il6"][0] == 1 and found["il6"].max() > 2
    assert 3 <= DAYS[found["il6"].argmax()] <= 12
    assert found["ifn"].max() > 2
