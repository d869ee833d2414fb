"""Taking a cause away changes its parameters and no others; shares add up and follow the rules of Shapley."""

from itertools import permutations

import numpy as np
import pytest

from carsequel.mechanism import composite
from carsequel.mechanism.counterfactual import (
    SIX,
    CauseError,
    as_durable,
    cause_rows,
    durable_reference,
    expressible_causes,
    shapley_shares,
    without,
)
from carsequel.mechanism.form import read_model
from carsequel.terms.lists import CAUSES

MODEL = read_model(composite)
OWN = {row.name: row.value for row in MODEL.parameters}
REFERENCE = {**OWN, "kk": 3.0, "rhoE": 2.8}


def test_causes_and_parameters_are_known() -> None:
    assert set(expressible_causes()) <= set(CAUSES)
    assert set(cause_rows()["parameter"]) <= set(MODEL.parameter_names)
    assert {part for cause in SIX for part in cause.split("+")} <= set(expressible_causes())


def test_no_change_is_counted_under_two_causes() -> None:
    assert cause_rows()["parameter"].is_unique().all()


@pytest.mark.parametrize("cause", expressible_causes())
def test_a_cause_taken_away_moves_its_parameters_only_and_twice_is_once(cause: str) -> None:
    rng = np.random.default_rng(1)
    patients = {name: value * np.exp(rng.standard_normal(50)) for name, value in OWN.items()}
    once = as_durable(MODEL, patients, cause, REFERENCE)
    named = set(cause_rows().filter(cause=cause)["parameter"])
    assert all(np.array_equal(once[name], patients[name]) for name in OWN if name not in named)
    twice = as_durable(MODEL, once, cause, REFERENCE)
    assert all(np.array_equal(once[name], twice[name]) for name in OWN)


def test_what_is_good_already_stays() -> None:
    changed = as_durable(MODEL, {"kk": np.array([1.0, 5.0])}, "tumor_intrinsic_resistance", REFERENCE)
    assert changed["kk"].tolist() == [3.0, 5.0]
    lower = as_durable(MODEL, {"P0": np.array([1e9, 1e12])}, "high_burden", REFERENCE)
    assert lower["P0"].tolist() == [1e9, 1e10]
    assert as_durable(MODEL, {}, "antigen_loss", REFERENCE)["fQ"] == 0


def test_several_causes_at_once() -> None:
    both = without(MODEL, {}, ["antigen_loss", "suppressive_microenvironment"], REFERENCE)
    assert (both["fQ"], both["aS"]) == (0, 0)
    joined = as_durable(MODEL, {"xi": [0.4], "dE": [9.0]}, SIX[3], REFERENCE | {"xi": 0.1, "dE": 0.2})
    assert (joined["xi"].tolist(), joined["dE"].tolist()) == ([0.1], [0.2])


def test_what_cannot_be_taken_away_is_refused() -> None:
    with pytest.raises(CauseError, match="no parameter for 'lineage_switch'"):
        as_durable(MODEL, {}, "lineage_switch", REFERENCE)
    with pytest.raises(CauseError, match="make it with durable_reference"):
        as_durable(MODEL, {}, "product", {})


def test_the_reference_is_the_median_of_those_who_lasted() -> None:
    lasted = np.array([True, True, True, False])
    reference = durable_reference(MODEL, {"kk": [1.0, 2.0, 9.0, 50.0]}, lasted)
    assert reference["kk"] == 2.0
    assert reference["rhoE"] == OWN["rhoE"]
    assert set(reference) == set(cause_rows().filter(reference="durable")["parameter"])
    with pytest.raises(CauseError, match="nobody lasted"):
        durable_reference(MODEL, {}, np.zeros(4, dtype=bool))


def slow_shapley(worth: dict[frozenset[str], float], names: tuple[str, ...]) -> dict[str, float]:
    """The textbook form: the mean of what a name adds over all orders."""
    shares = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        for at, name in enumerate(order):
            shares[name] += (worth[frozenset(order[: at + 1])] - worth[frozenset(order[:at])]) / len(orders)
    return shares


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_those_of_all_orders_and_add_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = ("a", "b", "c", "d")
    subsets = [frozenset(part) for size in range(16) for part in [[n for i, n in enumerate(names) if size >> i & 1]]]
    worth = {part: float(rng.random()) for part in subsets}
    found = shapley_shares(lambda away: worth[frozenset(away)], names)
    expected = slow_shapley(worth, names)
    assert {name: float(value) for name, value in found.items()} == pytest.approx(expected)
    assert sum(found.values()) == pytest.approx(worth[frozenset(names)] - worth[frozenset()])


def test_every_subset_of_six_is_asked_once_and_patients_are_kept_apart() -> None:
    asked: list[tuple[str, ...]] = []

    def outcome(away: tuple[str, ...]) -> np.ndarray:
        asked.append(away)
        return np.array([float("antigen_loss" in away), float(len(away) >= 1)])

    shares = shapley_shares(outcome)
    assert len(asked) == len(set(asked)) == 64
    assert shares["antigen_loss"] == pytest.approx([1.0, 1 / 6])
    assert shares["high_burden"] == pytest.approx([0.0, 1 / 6])


def test_too_many_causes_or_one_twice_are_refused() -> None:
    for causes in (tuple("abcdefghijk"), ("a", "a")):
        with pytest.raises(CauseError, match="at most 10 different causes"):
            shapley_shares(lambda away: 0.0, causes)
