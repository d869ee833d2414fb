"""The cause of a virtual failure: the largest Shapley share, checked against every order of taking causes away."""

from itertools import permutations

import numpy as np
import polars as pl
import pytest

from carsequel.mechanism.counterfactual import SIX, without
from carsequel.mechanism.populations.draw import Drawn, draw_patients
from carsequel.mechanism.populations.runs import composite_model, hazards_of, of_model, run_arm
from carsequel.research.failure_causes import OF_DISEASE, UNDETERMINED, durable_values, explain_failures
from carsequel.research.virtual_patients import simulate

N, SEED, HORIZON = 40, 3, 365.0


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return draw_patients("LBCL", "axi-cel", N, SEED)


@pytest.fixture(scope="module")
def failed(drawn: Drawn) -> np.ndarray:
    rows = run_arm("LBCL", drawn, seed=SEED, horizon=HORIZON).rows
    return rows["failure_kind"].is_in(OF_DISEASE).fill_null(False).to_numpy()


@pytest.fixture(scope="module")
def found(drawn: Drawn, failed: np.ndarray) -> list[str | None]:
    return explain_failures("LBCL", "axi-cel", drawn, failed, np.arange(N), "single", SEED, HORIZON)


def test_every_failure_of_the_disease_and_nothing_else_has_a_cause(found: list[str | None], failed: np.ndarray) -> None:
    assert [cause is not None for cause in found] == failed.tolist()
    assert {each for cause in found if cause for each in cause.split(";")} <= {*SIX, UNDETERMINED}
    assert 5 < failed.sum() < N


@pytest.mark.parametrize("which", [0, 2, 5])
def test_the_label_is_the_mean_over_all_orders(
    drawn: Drawn, failed: np.ndarray, found: list[str | None], which: int
) -> None:
    patient = int(np.flatnonzero(failed)[which])
    reference, model = durable_values("LBCL", "axi-cel", HORIZON), composite_model()
    one = {name: values[[patient]] for name, values in drawn.parameters.items()}
    known: dict[frozenset[str], float] = {}

    def lasts(away: frozenset[str]) -> float:
        if away not in known:
            ordered = [name for name in SIX if name in away]
            changed = without(model, of_model(one), ordered, reference) | hazards_of(one)
            other = Drawn({n: np.atleast_1d(v) for n, v in changed.items()}, drawn.sets[[patient]], drawn.names)
            rows = run_arm("LBCL", other, seed=SEED, first=np.array([patient]), horizon=HORIZON).rows
            known[away] = float(rows["failure_kind"][0] not in OF_DISEASE)
        return known[away]

    share = dict.fromkeys(SIX, 0.0)
    for order in permutations(SIX):
        for at, name in enumerate(order):
            share[name] += lasts(frozenset(order[: at + 1])) - lasts(frozenset(order[:at]))
    assert found[patient] == ";".join(name for name in SIX if share[name] > max(share.values()) - 0.5)


def test_simulate_has_the_column_on_request_and_the_same_whatever_the_number() -> None:
    few, many = (simulate("LBCL", "axi-cel", n, SEED, trajectories=False, causes=True).patients for n in (12, 30))
    assert few["cause"].to_list() == many["cause"].to_list()[:12]
    assert "cause" not in simulate("LBCL", "axi-cel", 12, SEED, trajectories=False).patients.columns
    assert (
        few.filter(pl.col("failure_kind") == "death")["cause"].null_count() == few.filter(failure_kind="death").height
    )
