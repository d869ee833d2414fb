"""The law of small clones against closed forms, and its random numbers against published answers."""

import math
from collections import namedtuple

import numpy as np
import pytest
from scipy import stats

from carsequel.mechanism.form import Model, Parameter, Turnover
from carsequel.mechanism.kernel import births, draws
from carsequel.mechanism.kernel.tsit5 import BETWEEN, ERROR, NODES, STAGES
from carsequel.mechanism.solve import solve

Cells = namedtuple("Cells", ["n"])
N = 20_000


def _row(name: str, value: float) -> Parameter:
    return Parameter(name, value, 0, 1e9, "1", "test", "assumed", "assumed")


def _clone() -> Model:
    return Model(
        "clone",
        (_row("birth", 0.3), _row("death", 0.2), _row("influx", 0.0), _row("first", 3.0)),
        Cells,
        lambda t, now, p, given: Cells((p.birth - p.death) * now.n + p.influx),
        lambda p: Cells(p.first),
        clones={"n": lambda t, now, p, given: Turnover(p.birth, p.death, p.influx)},
    )


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers(counter, key, answer):
    words = [np.uint64(word) for word in (*counter, *key)]
    assert tuple(int(word) for word in draws.philox(*words)) == answer


def test_the_number_that_ever_live_on_follows_the_closed_form():
    """Poisson(3) founders, each extinct with probability death / birth (started late enough)."""
    end = solve(_clone(), {"first": np.full(N, 3.0)}, [150.0], seed=1).state("n")[:, 0]
    extinct = math.exp(-3.0 * (1 - 0.2 / 0.3))
    assert np.mean(end == 0) == pytest.approx(extinct, abs=4 * math.sqrt(extinct / N))


def test_mean_and_variance_grow_as_they_must():
    founders, birth, death, days = 20.0, 0.3, 0.2, 6.0
    end = solve(_clone(), {"first": np.full(N, founders)}, [days], seed=2).state("n")[:, 0]
    grown = math.exp((birth - death) * days)
    variance = founders * grown**2 + founders * (birth + death) / (birth - death) * grown * (grown - 1)
    assert end.mean() == pytest.approx(founders * grown, abs=4 * math.sqrt(variance / N))
    assert end.var() == pytest.approx(variance, rel=0.05)


def test_arrivals_are_a_poisson_process():
    people = {"first": np.zeros(N), "birth": np.zeros(N), "death": np.zeros(N), "influx": np.full(N, 0.05)}
    found = solve(_clone(), people, [10.0, 40.0], seed=3).state("n")
    for column, mean in zip(found.T, (0.5, 2.0)):
        assert column.mean() == pytest.approx(mean, abs=4 * math.sqrt(mean / N))
        assert column.var() == pytest.approx(mean, rel=0.06)
        assert np.mean(column == 0) == pytest.approx(math.exp(-mean), abs=0.015)


def test_draws_of_one_day_grow_like_draws_of_a_quarter():
    """After 60 days without an event the grid is a day wide: the law over it is exact, so nothing changes."""
    people = {"first": np.full(N, 30.0), "birth": np.full(N, 0.05), "death": np.full(N, 0.05)}
    end = solve(_clone(), people, [100.0], seed=4).state("n")[:, 0]
    extinct = math.exp(-30.0 * (1 - 0.05 * 100 / (1 + 0.05 * 100)))
    assert end.mean() == pytest.approx(30.0, abs=4 * math.sqrt(30 * (1 + 0.1 * 100) / N))
    assert np.mean(end == 0) == pytest.approx(extinct, abs=0.01)


@pytest.mark.parametrize("method", ["kernel", "scipy"])
def test_without_chance_a_clone_begins_when_one_cell_is_expected(method):
    """Less than a cell is none; influx of a twentieth a day brings one on day 20; what dies out comes again."""
    days = np.array([0.0, 19.9, 20.1, 30.0, 79.0])
    people = {"first": [0.9, 0.9], "birth": [0.3, 0.1], "death": [0.2, 0.4], "influx": [0.05, 0.05]}
    found = solve(_clone(), people, days, chance=False, rtol=1e-9, method=method).state("n")
    net, since = 0.1, days[2:] - 20.0
    grown = (1.0 + 0.05 / net) * np.exp(net * since) - 0.05 / net
    assert found[0].tolist()[:2] == [0.0, 0.0] and found[0, 2:] == pytest.approx(grown, rel=1e-7)
    assert found[1].tolist() == [0.0] * 5  # below one cell again at once, each time


@pytest.mark.parametrize("method", ["kernel", "scipy"])
def test_without_chance_a_clone_that_fell_begins_anew_and_one_without_influx_never(method):
    """From 4 cells a net loss of 0.5 a day with influx of 0.05: below one cell after 2 ln(3.9 / 0.9) = 2.93 days."""
    people = {"first": [4.0, 4.0], "birth": [0.5, 0.0], "death": [1.0, 0.5], "influx": [0.05, 0.0]}
    found = solve(_clone(), people, [2.9, 2.95, 22.9, 40.0], chance=False, rtol=1e-9, method=method).state("n")
    assert found[0, 0] == pytest.approx(0.1 + 3.9 * math.exp(-0.5 * 2.9), rel=1e-7)
    assert found[0, 1:].tolist() == [0.0] * 3
    assert found[1].tolist() == [0.0] * 4  # gone since day 2.77


def test_next_draw_is_a_quarter_day_on_and_a_day_on_in_calm():
    assert births.next_draw(3.1, 0.0) == 3.25
    assert births.next_draw(59.75, 0.0) == 60.0
    assert births.next_draw(60.0, 0.0) == 61.0
    assert births.next_draw(60.0, 10.0) == 60.25


def _even(n: int) -> np.ndarray:
    return (np.arange(n) + 0.5) / n


@pytest.mark.parametrize(("n", "share"), [(7.0, 0.2), (150.0, 0.7), (199.0, 0.01), (1e8, 3e-7)])
def test_binomial_counts_are_the_quantiles(n, share):
    found = [births.binomial(n, share, u) for u in _even(500)]
    assert found == pytest.approx(
        stats.binom.ppf(_even(500) if share <= 0.5 else 1 - _even(500), n, min(share, 1))
        if share <= 0.5
        else n - stats.binom.ppf(1 - _even(500), n, 1 - share)
    )


def test_poisson_counts_are_the_quantiles_and_large_ones_have_its_moments():
    assert [births.poisson(12.5, u, 0.5) for u in _even(400)] == pytest.approx(stats.poisson.ppf(_even(400), 12.5))
    pairs = np.random.default_rng(1).uniform(size=(40_000, 2))
    large = np.array([births.poisson(5000.0, u, v) for u, v in pairs])
    assert large.mean() == pytest.approx(5000, abs=4 * math.sqrt(5000 / 40_000))
    assert large.var() == pytest.approx(5000, rel=0.04)


def test_an_event_thins_whole_clones_and_leaves_large_ones_alone():
    assert births.after_jump(1e9, 3e8, False, 0.3, 0.3) == 3e8
    assert births.after_jump(5.0, 5.0, True, 0.3, 0.3) == 5.0
    counts = [births.after_jump(10.0, 3.0, True, u, 0.5) for u in _even(2000)]
    assert np.mean(counts) == pytest.approx(3.0, abs=0.01) and max(counts) <= 10


def test_the_method_satisfies_the_conditions_of_its_order():
    a = np.array([[*row, *[0.0] * (7 - len(row))] for row in STAGES])
    c, b, between = np.array(NODES), a[6], np.array(BETWEEN)
    assert a.sum(axis=1) == pytest.approx(c, abs=1e-14)
    conditions = [(b @ c**k, 1 / (k + 1)) for k in range(5)] + [(b @ a @ c**3, 1 / 20), (b @ a @ a @ a @ c, 1 / 120)]
    for value, wanted in conditions:
        assert value == pytest.approx(wanted, abs=1e-14)
    assert (np.array(ERROR) @ c**3, np.array(ERROR).sum()) == pytest.approx((0, 0), abs=1e-14)
    assert between.sum(axis=1) == pytest.approx(b, abs=1e-14)
    x = 0.37
    weights = between @ x ** np.arange(1, 5)
    for k in range(4):
        assert weights @ c**k == pytest.approx(x ** (k + 1) / (k + 1), abs=1e-14)
