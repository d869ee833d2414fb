"""Intervals from few draws cover what they say."""

import numpy as np
import pytest

from carsequel.inference.weights import quantiles


@pytest.mark.parametrize("n", [19, 60])
def test_an_interval_of_few_draws_holds_the_next_one(n: int) -> None:
    random, held, times = np.random.default_rng(8), 0, 4000
    for _ in range(times):
        low, high = quantiles(random.standard_normal(n), np.ones(n), (0.05, 0.95))
        held += low <= random.standard_normal() <= high
    assert held / times == pytest.approx(0.90, abs=0.015)


def test_many_draws_give_the_plain_quantile() -> None:
    values = np.random.default_rng(2).standard_normal(200_001)
    assert quantiles(values, np.ones(values.size), (0.1, 0.9)) == pytest.approx(
        np.quantile(values, (0.1, 0.9)), abs=1e-3
    )
