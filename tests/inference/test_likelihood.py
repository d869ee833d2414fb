"""The likelihood against plain versions: a full covariance matrix, integrals on a grid, counting."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from carsequel.inference import Bank, FailureSeen, Observations
from carsequel.inference.antigen import base_rate, log_antigen, lost_beside
from carsequel.inference.categories import category, response_order
from carsequel.inference.likelihood import log_likelihood, log_likelihood_by_noise
from carsequel.inference.numbers import measures, noise_scales, number
from carsequel.inference.observations import as_rows
from carsequel.inference.predict import predicted

UNKNOWN = FailureSeen("unknown", 0.0)


def seen(*rows: dict, failure: FailureSeen = UNKNOWN) -> Observations:
    filled = [{"series": "a", "bound": 0, "text": None, "value": None, "source": "x"} | row for row in rows]
    return Observations(as_rows(filled), failure, max([row["day"] for row in rows], default=0.0))


def measured(measure: str, day: float, value: float, bound: int = 0, series: str = "a") -> dict:
    return {"measure": measure, "day": day, "value": value, "bound": bound, "series": series}


def test_measurements_of_a_series_share_a_shift(bank: Bank) -> None:
    days, values = [7.0, 14.0, 28.0], [10.0, 30.0, 2.0]
    own = seen(*[measured("car_cells", day, value) for day, value in zip(days, values, strict=True)])
    kind, one = measures()["car_cells"], bank.paths.only(np.array([5]))
    expected = np.array([float(predicted(one, "car_cells", day)[0]) for day in days])
    parts = []
    for scale, share in noise_scales():
        cov = (scale * kind.spread) ** 2 * np.eye(3) + kind.shift**2
        parts.append(share * multivariate_normal(expected, cov).pdf(np.log(values)))
    assert log_likelihood(one, own)[0] == pytest.approx(np.log(sum(parts)), rel=1e-6)


@pytest.mark.parametrize("bound", [-1, 1])
def test_limits_are_integrated_over_the_shift(bank: Bank, bound: int) -> None:
    own = seen(
        measured("car_cells", 7, 20.0), measured("car_cells", 60, 0.5, bound), measured("car_cells", 90, 0.5, bound)
    )
    kind, near = measures()["car_cells"], int(np.argmax(log_likelihood(bank.paths, own)))
    one = bank.paths.only(np.array([near]))
    shifts = np.linspace(-8, 8, 20_001) * kind.shift
    density = norm(0, kind.shift).pdf(shifts)
    errors = [
        np.log(value) - float(predicted(one, "car_cells", day)[0]) for day, value in ((7, 20.0), (60, 0.5), (90, 0.5))
    ]
    for at, (scale, share) in enumerate(noise_scales()):
        sd = scale * kind.spread
        under = density * norm.pdf(errors[0], shifts, sd)
        for error in errors[1:]:
            under = under * (norm.cdf((error - shifts) / sd) if bound < 0 else norm.sf((error - shifts) / sd))
        whole = np.log(np.trapezoid(under, shifts) * share)
        assert log_likelihood_by_noise(one, own)[at, 0] == pytest.approx(whole, abs=0.02)


def test_two_series_have_shifts_of_their_own(bank: Bank) -> None:
    one = bank.paths.only(np.arange(50))
    both = seen(measured("mtv", -1, 90.0, series="a"), measured("mtv", 30, 9.0, series="b"))
    apart = [seen(measured("mtv", -1, 90.0)), seen(measured("mtv", 30, 9.0))]
    scale = np.array([share for _, share in noise_scales()])[:, None]
    joint = log_likelihood_by_noise(one, both) - np.log(scale)
    single = sum(log_likelihood_by_noise(one, each) - np.log(scale) for each in apart)
    np.testing.assert_allclose(joint, single, rtol=1e-9)


def test_not_tested_is_no_information_and_a_reading_can_be_wrong(bank: Bank) -> None:
    rows = seen({"measure": "antigen", "day": 90.0, "text": "negative", "value": 0.1}).rows
    assert np.all(log_antigen(bank.paths, rows.clear()) == pytest.approx(0.0))
    base, outside = base_rate("LBCL"), number("antigen_outside")
    kept = float(np.exp(log_antigen(bank.paths, rows)).min())
    assert kept == pytest.approx((1 - outside) * 0.1 + outside * (base * 0.9 + (1 - base) * 0.1))
    inside, beside = lost_beside(bank.paths, rows, 90.0)
    negative = bank.paths.negative_on(90.0) > 0.5
    assert np.all(inside[~negative] == 0) and np.all(inside[negative] > 0.5)
    assert np.all((beside > 0) & (beside + inside <= 1))


def test_two_readings_of_one_patient_are_not_two_patients(bank: Bank) -> None:
    row = {"measure": "antigen", "day": 90.0, "text": "negative", "value": 0.1}
    one, two = (log_antigen(bank.paths, seen(*[row] * n).rows).min() for n in (1, 2))
    assert two > 2 * one  # the second reading is half explained by what the first one says


def test_a_response_is_called_by_the_burden(bank: Bank) -> None:
    places = category(bank.paths, [30.0])
    order = response_order("LBCL")
    burden, first = bank.paths.on("tumour", 30.0), bank.paths.baseline
    for path in range(0, 3000, 97):
        if burden[path] < np.log(1e8):
            assert order[places[path]] == "CR"
        elif burden[path] >= first[path] + np.log(1.2):
            assert order[places[path]] == "PD"
        else:
            assert order[places[path]] in ("PR", "SD")


def test_failure_counts_by_its_day(bank: Bank) -> None:
    own = log_likelihood(bank.paths, seen(failure=FailureSeen("failed", 90.0)))
    never, near = np.isinf(bank.paths.failure_day), np.abs(bank.paths.failure_day - 90.0) < 1
    assert near.any() and own[near].min() > own[never].max() + 2
    free = log_likelihood(bank.paths, seen(failure=FailureSeen("free", 90.0)))
    assert free[bank.paths.failure_day > 90].min() > free[bank.paths.failure_day <= 90].max() + 5
    inside = log_likelihood(bank.paths, seen(failure=FailureSeen("failed", 90.0, True, 60.0, 120.0)))
    within = (bank.paths.failure_day >= 60) & (bank.paths.failure_day <= 120)
    assert inside[within].min() > inside[~within].max()


def test_nothing_seen_is_no_information(bank: Bank) -> None:
    np.testing.assert_allclose(log_likelihood(bank.paths, seen()), 0.0, atol=1e-12)


def test_paths_left_out_as_too_far_are_too_far(bank: Bank) -> None:
    own = seen(
        *[measured("car_cells", day, value) for day, value in ((7.0, 40.0), (14.0, 9.0))],
        *[measured("car_cells", day, 0.01, bound=-1) for day in (90.0, 120.0, 180.0)],
        measured("mtv", 30.0, 0.1, bound=-1, series="b"),
        failure=FailureSeen("failed", 170.0),
    )
    whole, short = log_likelihood(bank.paths, own), log_likelihood(bank.paths, own, far=10.0)
    looked = np.isfinite(short)
    assert np.allclose(short[looked], whole[looked])
    assert looked.sum() < looked.size
    assert (whole[~looked] <= whole.max() - 10).all()


def test_the_published_share_of_lost_antigen_is_believed_before_any_reading(bank: Bank) -> None:
    nothing = as_rows([])
    failing = bank.paths.only(bank.failing)
    for disease, at_least in (("LBCL", 0.2), ("MM", 0.05)):
        paths = failing._replace(disease=disease, negative=failing.negative * (0 if disease == "MM" else 1))
        inside, beside = lost_beside(paths, nothing, 365.0)
        assert at_least < float(np.mean(inside + beside)) < 1.5 * base_rate(disease)
