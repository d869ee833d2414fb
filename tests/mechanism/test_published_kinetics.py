"""Stein 2019 and Ogasawara 2021 against their closed forms; what is read into the printed spread is named."""

from typing import Any

import numpy as np
import pytest

from carsequel.mechanism.form import ModelError
from carsequel.mechanism.published import read_published, stein2019
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import solve

STEIN, OGASAWARA = read_published("stein2019"), read_published("ogasawara2021")
DAYS = np.array([0.0, 2.0, 5.0, 9.0, 15.0, 28.0, 120.0, 360.0])


def closed_form(p: dict[str, Any], days: np.ndarray) -> np.ndarray:
    grown = p["cmax"] / p["foldx"] * np.exp(np.log(p["foldx"]) / p["tmax"] * days)
    late = np.maximum(days - p["tmax"], 0.0)
    fast, slow = np.exp(-p["alpha"] * late), np.exp(-p["beta"] * late)
    return np.where(days < p["tmax"], grown, p["cmax"] * ((1 - p["fb"]) * fast + p["fb"] * slow))


def test_tisagenlecleucel_follows_its_closed_form_in_every_patient() -> None:
    drawn = stein2019.draw_patients(30, np.random.default_rng(1), read_as="sd")
    found = solve(STEIN, drawn, DAYS, rtol=1e-8, atol=1e-6)
    level = found.state("effector") + found.state("memory")
    for row in range(30):
        own = {name: values[row] for name, values in drawn.items()}
        assert level[row] == pytest.approx(closed_form(own, DAYS), rel=1e-4)


def test_the_printed_spread_is_read_as_the_caller_says() -> None:
    generator = np.random.default_rng(4)
    as_variance = stein2019.draw_patients(100_000, generator, read_as="variance")
    as_sd = stein2019.draw_patients(100_000, generator, read_as="sd")
    for name, effect in stein2019.RANDOM_EFFECTS.items():
        assert np.log(as_variance[name]).std() == pytest.approx(np.sqrt(effect), rel=0.02)
        assert np.log(as_sd[name]).std() == pytest.approx(effect, rel=0.02)
    wrong: Any = "omega"
    with pytest.raises(ModelError, match="variance or sd"):
        stein2019.draw_patients(1, generator, read_as=wrong)


def test_tocilizumab_acts_only_while_given() -> None:
    schedule = plan(STEIN, [Event(2.0, given=(("tocilizumab", 1.0),)), Event(4.0, given=(("tocilizumab", 0.0),))])
    given = solve(STEIN, {}, [2.0, 4.0, 6.0], schedule).state("effector")[0]
    plain = solve(STEIN, {}, [2.0, 4.0, 6.0]).state("effector")[0]
    rate = np.log(3900.0) / 9.3
    assert given[0] == pytest.approx(plain[0], rel=1e-5)
    assert given[1] / plain[1] == pytest.approx(np.exp(0.2 * rate * 2), rel=1e-4)
    assert given[2] / given[1] == pytest.approx(plain[2] / plain[1], rel=1e-4)


def test_lisocabtagene_waits_doubles_and_declines() -> None:
    found = solve(OGASAWARA, {}, [0.0, 3.27, 3.27 + 0.755, 9.29, 14.29], rtol=1e-9, atol=1e-12).state("effector")[0]
    assert found[1] == pytest.approx(found[0], rel=1e-6)
    assert found[2] == pytest.approx(2 * found[1], rel=1e-5)
    assert found[3] == pytest.approx(1.0, rel=1e-4)
    assert found[4] == pytest.approx(0.5, rel=1e-4)
