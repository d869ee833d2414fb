"""Weights against laws whose answer is known."""

import numpy as np
import pytest

from carsequel.inference.weights import effective_size, normalised, quantiles, smoothed, systematic


@pytest.mark.parametrize("shape", [0.1, 0.4, 0.8])
def test_the_tail_of_pareto_weights_has_its_shape(shape: float) -> None:
    uniform = (np.arange(40_000) + 0.5) / 40_000
    weights = (1 - uniform) ** -shape  # generalised Pareto beyond any cut with this shape
    _, k_hat = smoothed(np.log(weights))
    assert k_hat == pytest.approx(shape, abs=0.06)


def test_smoothing_keeps_the_order_and_the_bulk() -> None:
    logs = np.random.default_rng(1).normal(0, 1.5, 5000)
    found, k_hat = smoothed(logs)
    assert np.array_equal(np.argsort(found), np.argsort(logs))
    bulk = np.argsort(logs)[:4000]
    assert np.array_equal(found[bulk], logs[bulk])
    assert k_hat < 0.7


def test_equal_weights_are_left_alone() -> None:
    logs = np.zeros(1000)
    found, k_hat = smoothed(logs)
    assert np.array_equal(found, logs) and k_hat <= 0.0


def test_weights_without_any_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="no simulated patient"):
        normalised(np.full(3, -np.inf))


def test_effective_size_is_between_one_and_all() -> None:
    assert effective_size(np.ones(7)) == pytest.approx(7)
    assert effective_size(np.array([1.0, 0.0])) == pytest.approx(1)


def test_systematic_draws_are_in_proportion() -> None:
    weights = np.array([0.1, 0.6, 0.3])
    assert np.bincount(systematic(weights, 1000), minlength=3).tolist() == [100, 600, 300]


def test_weighted_quantiles_match_repeated_values() -> None:
    values, counts = np.array([3.0, 1.0, 2.0]), np.array([200, 500, 300])
    many = np.repeat(values, counts)
    found = quantiles(values, counts / counts.sum(), (0.5,))[0]
    assert abs(found - np.quantile(many, 0.5)) < 1.0
    assert np.isnan(quantiles(np.array([np.nan]), np.ones(1), (0.5,))[0])
