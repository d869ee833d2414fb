"""Fits: against the bank alone, against known truth, and when a record contradicts itself."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from carsequel.causes.information import best_test, weigh_tests
from carsequel.causes.modelled import dominant, present_by_model, shares_by_model, shares_of
from carsequel.inference import (
    Bank,
    FailureSeen,
    Fit,
    Observations,
    build_bank,
    fit_patient,
    forecast,
    time_to_know,
    trust_of,
)
from carsequel.inference.forecast import expected_course
from carsequel.inference.likelihood import log_likelihood
from carsequel.inference.noise import misfit
from carsequel.inference.observations import as_rows
from carsequel.inference.rescue import failure_shares
from carsequel.inference.situations import followed_days, see
from carsequel.inference.weights import normalised
from carsequel.mechanism.counterfactual import SIX
from carsequel.research import what_if
from carsequel.services.banks import load_bank, save_bank


def observed(failure: FailureSeen, *rows: tuple) -> Observations:
    names = ("measure", "day", "value", "bound", "text")
    filled = [dict(zip(names, row, strict=True)) | {"series": "a", "source": "x"} for row in rows]
    return Observations(as_rows(filled), failure, max([failure.day, *(row[1] for row in rows)]))


RICH = observed(
    FailureSeen("failed", 92.0),
    ("car_cells", 7.0, 15.0, 0, None), ("car_cells", 14.0, 12.0, 0, None), ("car_cells", 28.0, 1.5, 0, None),
    ("car_cells", 60.0, 0.2, 0, None), ("mtv", -1.0, 120.0, 0, None), ("mtv", 30.0, 25.0, 0, None),
    ("response", 30.0, None, 0, "PR"), ("antigen", 92.0, 0.03, 0, "positive"),
)  # fmt: skip


@pytest.fixture(scope="module")
def rich(bank: Bank) -> Fit:
    return fit_patient(bank, RICH)


def test_refined_and_plain_posterior_agree(bank: Bank) -> None:
    own = observed(FailureSeen("failed", 92.0), ("car_cells", 7.0, 15.0, 0, None), ("mtv", -1.0, 120.0, 0, None))
    large = build_bank("LBCL", "axi-cel", 20_000, seed=5)
    weights = normalised(log_likelihood(large.paths, own))
    truth = {
        name: float(weights @ np.log(large.particles.drawn(large.members).parameters[name]))
        for name in ("P0", "kk", "rhoE")
    }
    fit = fit_patient(
        replace(bank, particles=bank.particles.only(np.arange(400)), paths=bank.paths.only(np.arange(400))), own
    )
    assert fit.rounds >= 1 and fit.effective > 100
    for name, value in truth.items():
        logs = np.log(fit.parameters()[name])
        mean = float(fit.weights @ logs)
        spread = float(np.sqrt(fit.weights @ (logs - mean) ** 2))
        assert abs(mean - value) < 4 * spread * np.sqrt(1 / fit.effective + 1 / 300), name


def test_intervals_cover_known_truth(bank: Bank) -> None:
    """40 patients, four quantities: 160 draws from a binomial with 0.9 fall below 0.8 less than once in ten thousand."""
    truth = build_bank("LBCL", "axi-cel", 40, seed=99)
    seen = see(truth.paths, "routine", followed_days(40, 99), 99)
    hits = []
    for at, observations in enumerate(seen.observations):
        fit = fit_patient(bank, observations, at, enough=60)
        for name in ("kk", "P0", "r", "rhoE"):
            true = truth.particles.drawn(truth.members).parameters[name][at]
            rank = float(fit.weights[fit.parameters()[name] < true].sum())
            hits.append(0.05 < rank < 0.95)
    assert 0.8 < np.mean(hits) < 0.97


def test_the_same_record_gives_the_same_fit(bank: Bank, rich: Fit) -> None:
    again = fit_patient(bank, RICH)
    assert rich.method == again.method
    np.testing.assert_array_equal(rich.weights, again.weights)


def test_shares_sum_to_one_and_every_chance_to_one(rich: Fit) -> None:
    fit = rich
    shares = shares_of(fit, 24)
    table = shares_by_model(shares)
    assert sum(prob["p"] for prob in table.values()) == pytest.approx(1.0)
    assert all(prob["low"] <= prob["p"] <= prob["high"] for prob in table.values())
    assert sum(dominant(shares).values()) == pytest.approx(1.0)
    assert all(0 <= prob["p"] <= 1 for prob in present_by_model(fit).values())


def test_shares_skip_what_is_known_without_changing_the_answer(bank: Bank) -> None:
    failing = bank.particles.only(np.flatnonzero(np.isfinite(bank.paths.failure_day))[:40])
    quick, exact = failure_shares(bank, failing), failure_shares(bank, failing, exact=True)
    first = [np.argmax(np.stack([each[name] for name in SIX]), axis=0) for each in (quick, exact)]
    assert np.mean(first[0] == first[1]) >= 0.95
    lasting = bank.particles.only(np.flatnonzero(np.isinf(bank.paths.failure_day))[:5])
    assert np.isnan(failure_shares(bank, lasting)["undetermined"]).all()


def test_a_lost_antigen_is_believed_by_the_reading_and_enters_once(bank: Bank) -> None:
    def p(*texts: str) -> float:
        rows = [("antigen", 200.0, 0.03, 0, text) for text in texts]
        return float(
            present_by_model(fit_patient(bank, observed(FailureSeen("failed", 200.0), *rows)))["antigen_loss"]["p"]
        )

    silent, lost, kept = p(), p("negative"), p("positive")
    assert kept < silent < lost
    assert kept < 0.1 and lost > 0.7


def test_lost_aplasia_speaks_for_short_persistence_in_leukemia(leukemia: Bank) -> None:
    def p(text: str) -> float:
        own = observed(
            FailureSeen("failed", 250.0), ("aplasia", 120.0, None, 0, text), ("aplasia", 240.0, None, 0, text)
        )
        return float(present_by_model(fit_patient(leukemia, own))["short_persistence"]["p"])

    assert p("no") > p("yes") + 0.2


def test_contradictions_lower_the_trust_and_are_named(bank: Bank, rich: Fit) -> None:
    good = trust_of(rich)
    odd = observed(
        FailureSeen("failed", 92.0), ("aplasia", 60.0, None, 0, "yes"), ("b_cells", 61.0, 80.0, 0, None),
        ("antigen", 40.0, 0.03, 0, "negative"), ("response", 60.0, None, 0, "CR"),
    )  # fmt: skip
    mark = trust_of(fit_patient(bank, odd))
    assert mark.mark == "poor" and len([each for each in mark.reasons if "day" in each]) >= 2
    assert good.mark in ("good", "fair")


def test_one_fact_and_none_both_work(bank: Bank) -> None:
    nothing = fit_patient(bank, observed(FailureSeen("unknown", 0.0)))
    assert nothing.effective == pytest.approx(nothing.weights.size, rel=0.01) or nothing.effective > 2000
    one = fit_patient(bank, observed(FailureSeen("free", 30.0), ("ldh", 20.0, 900.0, 0, None)))
    table = forecast(one)
    base = forecast(fit_patient(bank, observed(FailureSeen("free", 30.0))))
    assert table.filter(day=365.0)["p"][0] > base.filter(day=365.0)["p"][0]
    assert (table["p_before_death"] <= table["p"] + 1e-12).all()


def test_forecasts_rise_with_time_and_know_what_happened(bank: Bank, rich: Fit) -> None:
    free = forecast(fit_patient(bank, observed(FailureSeen("free", 100.0))), (90.0, 180.0, 365.0, 730.0))
    assert free["p"][0] == 0.0 and free["p"].is_sorted()
    failed = forecast(rich, (90.0, 180.0))
    assert failed["p"].to_list() == [0.0, 1.0]


def test_no_landmark_sees_the_failure(bank: Bank) -> None:
    known = time_to_know(bank, RICH)
    assert known["landmark"].max() < 92.0
    blind = time_to_know(bank, RICH._replace(failure=FailureSeen("free", 92.0)))
    shared = known.join(blind, on=["landmark", "horizon"], suffix="_blind")
    assert (shared["p"] - shared["p_blind"]).abs().max() < 1e-12


def test_a_useless_test_tells_nothing(rich: Fit) -> None:
    fit = rich
    shares = shares_of(fit, 48)
    tests = weigh_tests(fit, shares)
    assert (tests["about_cause"] >= 0).all() and (tests["about_cause"] <= tests["of"] + 0.2).all()
    same = shares._replace(
        values={name: np.full_like(values, name == SIX[0]) for name, values in shares.values.items()}
    )
    assert weigh_tests(fit, same)["about_cause"].max() == pytest.approx(0.0, abs=1e-9)
    assert best_test(weigh_tests(fit, same))["test"] is None


def test_what_if_is_paired_and_a_hypothesis(bank: Bank, rich: Fit) -> None:
    nothing = what_if(rich, "observation", draws=40)
    assert (nothing["gain"] == 0).all() and nothing["hypothesis"].all()
    other = what_if(rich, "other_target", draws=40).filter(outcome="controlled_180")
    assert other["gain"][0] > 0
    healthy = fit_patient(bank, observed(FailureSeen("free", 1000.0)))
    kept = np.isinf(healthy.paths.failure_day)
    with pytest.raises(ValueError, match="no failure to treat"):
        what_if(healthy._replace(particles=healthy.particles.only(kept), paths=healthy.paths.only(kept),
                                 weights=healthy.weights[kept]), "pd1")  # fmt: skip


def test_a_kept_bank_is_the_same_bank(bank: Bank, rich: Fit, tmp_path) -> None:
    save_bank(bank, 3000, tmp_path / "one")
    again = load_bank(tmp_path / "one")
    assert again.hash == bank.hash and again.durable == bank.durable
    np.testing.assert_array_equal(rich.weights, fit_patient(again, RICH).weights)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_another_size_or_seed_is_another_bank() -> None:
    from carsequel.inference.bank import bank_hash

    assert len({bank_hash("LBCL", "axi-cel", n, seed) for n in (10, 20) for seed in (1, 2)}) == 4


def test_a_record_that_hardly_fits_is_answered_by_the_population(bank: Bank) -> None:
    """CAR T levels that leap up and down by a factor of ten thousand fit no course."""
    levels = [("car_cells", float(day), 1000.0 if day % 2 else 0.1, 0, None) for day in range(10, 40)]
    fit = fit_patient(bank, observed(FailureSeen("free", 40.0), *levels))
    assert misfit(fit) > 0.9 and trust_of(fit).mark == "poor"
    everyone = bank.paths.failure_day[bank.paths.failure_day > 40]
    assert forecast(fit).filter(day=365.0)["p"][0] == pytest.approx(np.mean(everyone <= 365), abs=0.05)


def test_the_band_holds_what_it_says(bank: Bank) -> None:
    truth = build_bank("LBCL", "axi-cel", 30, seed=98)
    seen = see(truth.paths, "rich", np.full(30, 90.0), 98).observations
    inside = []
    for at, observations in enumerate(seen[:12]):
        early = observations.until(min(28.0, observations.as_of))
        later = observations.rows.filter((pl.col("day") > 28) & (pl.col("measure") == "ldh"))
        fit = fit_patient(bank, early, at, enough=60)
        for row in later.iter_rows(named=True):
            band = expected_course(fit, "ldh", [row["day"]]).row(0, named=True)
            inside.append(band["q05"] <= row["value"] <= band["q95"])
    assert len(inside) > 8 and np.mean(inside) > 0.6


def test_the_room_is_called_like_a_function(rich: Fit) -> None:
    import carsequel as cs

    found = cs.causes(rich)
    assert sum(prob["p"] for prob in found["shares"].values()) == pytest.approx(1.0)
    assert found["first"][0]["cause"]
    with pytest.raises(ValueError, match="has not failed"):
        cs.causes(rich._replace(seen=rich.seen._replace(failure=FailureSeen("free", 92.0))))


def test_a_later_infusion_is_never_trusted_as_a_first(bank: Bank) -> None:
    first, second = (trust_of(fit_patient(bank, RICH._replace(infusion=number), enough=10.0)) for number in (1, 2))
    assert any("infusion 2 is fitted as a first course" in reason for reason in second.reasons)
    assert not any("first course" in reason for reason in first.reasons)
    assert second.mark != "good"
