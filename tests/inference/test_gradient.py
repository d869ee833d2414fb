"""The smooth likelihood: cure against Kendall's formula and against chance, gradients against differences, one law."""

import numpy as np
import polars as pl
import pytest

from carsequel.inference.bank import Bank
from carsequel.inference.cure import Clones, fates, founders, lineages
from carsequel.inference.dual import Dual, log_of_sum
from carsequel.inference.gradient import (
    Problem,
    Series,
    left_out,
    log_likelihood_and_gradient,
    log_series,
    problem_of,
)
from carsequel.inference.laplace import information, laplace, mode_from
from carsequel.inference.likelihood import SeriesErrors, log_likelihood
from carsequel.inference.numbers import measures, noise_scales
from carsequel.inference.observations import FailureSeen, Observations, as_rows
from carsequel.inference.smooth import movable, smooth_course
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.kernel import births
from carsequel.mechanism.populations.draw import draw_normals, parameters_of
from carsequel.mechanism.populations.ensemble import ensemble
from carsequel.mechanism.populations.runs import composite_model, of_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import solve

MOVED = ("rhoE", "kk", "dE", "dM", "om", "xi", "aS", "r", "P0", "fQ", "N0", "dose")
FAILURES = (
    FailureSeen("failed", 95.0),
    FailureSeen("failed", 60.0, True, 40.0, 90.0),
    FailureSeen("free", 95.0),
    FailureSeen("unknown", 95.0),
)


def record(failure: FailureSeen = FAILURES[0], burden: str = "mtv") -> Observations:
    seen = [("car_cells", "a", day, value, 0) for day, value in ((3, 5.0), (7, 60.0), (14, 40.0), (28, 6.0))]
    seen += [("car_copies", "c", 10, 9e3, 0), ("b_cells", "b", 30, 1.0, -1), ("ferritin", "f", 7, 1500.0, 0)]
    if burden == "mtv":
        seen += [("mtv", "m", day, value, 0) for day, value in ((-3, 90.0), (30, 20.0), (90, 30.0))]
        seen += [("ldh", "l", 0, 400.0, 0), ("ldh", "l", 30, 250.0, 0), ("mtv", "n", 60, 0.5, -1)]
    elif burden == "mrd":
        seen += [("marrow_blasts", "m", -3, 60.0, 0), ("mrd", "d", 28, 1e-4, -1)]
    else:
        seen += [("m_protein", "m", day, value, 0) for day, value in ((0, 3.0), (30, 1.0), (90, 1.2))]
    names = ("measure", "series", "day", "value", "bound")
    rows = [dict(zip(names, row)) | {"text": None, "source": "x"} for row in seen]
    return Observations(as_rows([row | {"day": float(row["day"])} for row in rows]), failure, 95.0)


def patients(disease: str, product: str, n: int, seed: int = 5) -> tuple[tuple[str, ...], np.ndarray]:
    _, normals = draw_normals(ensemble(disease, product), n, seed)
    return tuple(normals), np.stack(list(normals.values()), axis=1)


def differences(problem: Problem, normals: np.ndarray, step: float = 1e-4) -> np.ndarray:
    found = np.zeros((normals.shape[0], len(problem.moved)))
    for column, name in enumerate(problem.moved):
        sides = []
        for sign in (1, -1):
            there = normals.copy()
            there[:, problem.names.index(name)] += sign * step
            sides.append(log_likelihood_and_gradient(problem._replace(rtol=1e-10), there)[0])
        found[:, column] = (sides[0] - sides[1]) / (2 * step)
    return found


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: f"{failure.state}-{failure.earliest}")
def test_gradient_is_that_of_central_differences(failure: FailureSeen) -> None:
    names, normals = patients("LBCL", "axi-cel", 6)
    problem = problem_of("LBCL", ensemble("LBCL", "axi-cel")[0], names, record(failure), MOVED)
    value, slope = log_likelihood_and_gradient(problem, normals)
    true = differences(problem, normals)
    assert np.isfinite(value).all()
    assert (np.abs(slope - true).max(axis=1) <= 1e-4 * np.abs(true).max(axis=1)).all()


@pytest.mark.parametrize("which", [("B-ALL", "tisa-cel", "mrd"), ("MM", "cilta-cel", "protein")])
@pytest.mark.parametrize("failure", FAILURES[::2], ids=lambda failure: failure.state)
def test_gradient_in_other_diseases(which: tuple[str, str, str], failure: FailureSeen) -> None:
    disease, product, burden = which
    names, normals = patients(disease, product, 4)
    problem = problem_of(disease, ensemble(disease, product)[0], names, record(failure, burden), MOVED)
    _, slope = log_likelihood_and_gradient(problem, normals)
    true = differences(problem, normals)
    assert (np.abs(slope - true).max(axis=1) <= 1e-4 * np.abs(true).max(axis=1)).all()


def test_moving_one_normal_moves_what_follows_it() -> None:
    names, normals = patients("LBCL", "axi-cel", 3)
    member = ensemble("LBCL", "axi-cel")[0]
    assert any(spread.follows == "P0" for spread in member.spreads)
    problem = problem_of("LBCL", member, names, record(), ("P0",))
    _, slope = log_likelihood_and_gradient(problem, normals)
    assert slope == pytest.approx(differences(problem, normals), rel=1e-4)


def test_series_have_the_law_of_the_likelihood() -> None:
    random, n = np.random.default_rng(1), 3
    error = random.normal(0.0, 0.4, (n, 1, 6))
    bounds = np.array([0, 0, 0, 0, -1, 1])
    for m in (4, 5, 6):
        measure = measures()["mtv"]
        series = Series(measure, np.zeros(m), bounds[:m], np.zeros(m, dtype=np.int64), np.zeros(m, dtype=bool))
        ours = log_series(series, Dual(error[..., :m], np.zeros((n, 1, m, 1)))).value[:, 0]
        exact, limits = error[:, 0, :4], [(-int(bounds[at]), error[:, 0, at]) for at in range(4, m)]
        for at, (scale, _) in enumerate(noise_scales()):
            errors = SeriesErrors(measure, 4, exact.sum(axis=1), (exact**2).sum(axis=1), limits)
            theirs = errors.of_values(scale) + (errors.of_limits(scale, np.arange(n)) if limits else 0.0)
            assert ours[:, at] == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(("birth", "death", "days"), [(1.0, 1.5, 3.0), (0.5, 0.4, 20.0), (2.0, 2.1, 0.5)])
def test_lineages_of_constant_rates_are_kendalls(birth: float, death: float, days: float) -> None:
    net, start = birth - death, 7.0
    growth = np.array([[[0.0, net * days]]])
    spent = np.array([[[0.0, birth * (1 - np.exp(-net * days)) / net]]])
    clone = Clones(np.full((1, 1, 2), start), growth, spent)
    alpha, _ = births.family(birth, death, days)
    assert lineages(clone)[0, 0] == pytest.approx(start * (1 - alpha), rel=1e-12)
    fate = fates(clone)
    gone = np.exp(-fate.lineages)
    mean = start * np.exp(net * days)
    assert fate.dead[0, 0, 1] == pytest.approx(0.0, abs=1e-12)
    both = (1 - gone[..., None]) * fate.alive + gone[..., None] * fate.dead
    assert both[0] == pytest.approx(np.array([[start, mean]]))


def test_cells_that_arrive_found_families_of_their_own() -> None:
    birth, death, rate, last = 1.0, 1.3, 4.0, 5.0
    times = np.linspace(0.0, last, 2001)
    growth = ((birth - death) * times)[None, None, :]
    spent = birth * (1 - np.exp(-growth)) / (birth - death)
    came = founders(times, np.zeros((1, 1)), np.full((1, 1, times.size), rate), growth)
    found = lineages(Clones(came, growth, spent))[0, 0]
    chance = np.array([1 - births.family(birth, death, last - day)[0] for day in times])
    assert found == pytest.approx(rate * np.trapezoid(chance, times), rel=1e-5)


def test_cure_is_as_often_as_chance_has_it() -> None:
    members = ensemble("LBCL", "axi-cel")
    sets, normals = draw_normals(members, 60, 11)
    names, table = tuple(normals), np.stack(list(normals.values()), axis=1)
    own = np.flatnonzero(sets == 0)
    times = np.array([0.0, *np.arange(1.0, 31.0), *np.arange(35.0, 181.0, 5.0)])
    course = smooth_course("LBCL", members[0], names, table[own], ("r",), times)
    gone = np.exp(course.log_fates.value[:, 1]) + np.exp(course.log_fates.value[:, 3])
    unsure = np.flatnonzero((gone > 0.1) & (gone < 0.9))[:3]
    assert unsure.size == 3
    columns = {name: table[own[unsure], at] for at, name in enumerate(names)}
    drawn = of_model(parameters_of(members[:1], np.zeros(3, dtype=np.int64), columns).parameters)
    many = {name: np.repeat(np.broadcast_to(value, 3), 2000) for name, value in drawn.items()}
    model = composite_model()
    solution = solve(model, many, [0.0, 180.0], plan(model, events_of("single")), seed=3, rtol=1e-4)
    counted = (solution.state("Q")[:, -1].reshape(3, -1) == 0).mean(axis=1)
    assert counted == pytest.approx(gone[unsure], abs=0.04)


def test_probabilities_of_the_fates_sum_to_one() -> None:
    names, normals = patients("LBCL", "axi-cel", 20)
    member = ensemble("LBCL", "axi-cel")[1]
    course = smooth_course("LBCL", member, names, normals, movable(member), np.arange(0.0, 61.0))
    assert log_of_sum(course.log_fates.value) == pytest.approx(np.zeros(20), abs=1e-9)


def test_what_is_not_read_is_told() -> None:
    seen = record()
    stated = seen.rows.head(1).with_columns(measure=pl.lit("response"), text=pl.lit("CR"))
    more = seen._replace(rows=pl.concat([seen.rows, stated]))
    assert left_out(more)["measure"].to_list() == ["response"]
    names, normals = patients("LBCL", "axi-cel", 2)
    member = ensemble("LBCL", "axi-cel")[0]
    both = [
        log_likelihood_and_gradient(problem_of("LBCL", member, names, each, MOVED), normals) for each in (seen, more)
    ]
    assert np.array_equal(both[0][0], both[1][0])


FEW = ("rhoE", "kk", "xi", "r", "P0")


def test_the_mode_is_a_peak_and_its_covariance_that_of_the_curvature() -> None:
    names, normals = patients("LBCL", "axi-cel", 40)
    problem = problem_of("LBCL", ensemble("LBCL", "axi-cel")[0], names, record(FAILURES[3]), FEW)
    best = np.argmax(log_likelihood_and_gradient(problem, normals)[0])
    mode = mode_from(problem, 0, normals[[best]])
    columns = [names.index(name) for name in FEW]
    fine = problem._replace(rtol=1e-9)
    value, slope = log_likelihood_and_gradient(fine, mode.mean[None])
    assert mode.log_posterior == pytest.approx(value[0] - 0.5 * (mode.mean**2).sum(), abs=1e-3)
    assert slope[0] - mode.mean[columns] == pytest.approx(np.zeros(len(FEW)), abs=0.1)
    sides = [mode.mean + sign * 1e-3 * np.eye(len(names))[columns] for sign in (1, -1)]
    curved = -np.subtract(*(log_likelihood_and_gradient(fine, side)[1] for side in sides)) / 2e-3
    found = information(fine, mode.mean)
    assert np.diag(found) == pytest.approx(np.diag(curved), rel=0.3, abs=0.1)
    own = mode.covariance[np.ix_(columns, columns)]
    assert own == pytest.approx(np.linalg.inv(np.eye(len(FEW)) + found), rel=1e-2, abs=1e-3)
    assert np.linalg.eigvalsh(own).max() <= 1 + 1e-9
    rest = np.delete(np.arange(len(names)), columns)
    assert np.array_equal(mode.covariance[np.ix_(rest, rest)], np.eye(rest.size))


def test_the_peaks_beat_the_patients_they_were_reached_from(bank: Bank) -> None:
    seen = record(FAILURES[3])
    fits = log_likelihood(bank.paths, seen)
    modes = laplace(bank, seen, FEW, starts=1)
    assert {mode.set for mode in modes} == set(range(len(bank.members)))
    assert [mode.log_posterior for mode in modes] == sorted((mode.log_posterior for mode in modes), reverse=True)
    for mode in modes:
        own = np.flatnonzero(bank.particles.sets == mode.set)
        likeliest = bank.particles.normals[own[np.argsort(-fits[own], kind="stable")[:8]]]
        problem = problem_of("LBCL", bank.members[mode.set], bank.particles.names, seen, FEW)
        there = log_likelihood_and_gradient(problem, likeliest)[0] - 0.5 * (likeliest**2).sum(axis=1)
        assert mode.log_posterior > there.max()
