"""Kirouac 2023: the fitted vectors are the printed ones, and kinetics and burden tell the groups apart."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from carsequel.mechanism.form import ModelError
from carsequel.mechanism.published import kirouac2023, read_published
from carsequel.mechanism.published.reproduce import reproduce
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import solve

MODEL = read_published("kirouac2023")
# medians as printed for complete, partial and no responders
PRINTED = {
    "b50": (2.0e9, 3.7e9, 3.1e9),
    "u_b": (0.050, 0.051, 0.050),
    "k_kill": (0.94, 0.92, 0.14),
    "f_loss": (494, 734, 1000),
    "tk50": (1.1e6, 6.5e8, 6.1e8),
    "k_t": (0.55, 0.95, 1.8),
    "k_b1": (0.99, 0.81, 0.53),
    "k_b2": (0.60, 0.58, 0.16),
    "u_m": (0.90, 0.30, 0.0010),
    "f_max": (0.59, 0.60, 0.55),
    "u_e": (0.96, 0.54, 0.087),
    "n": (5.0, 5.7, 6.0),
    "k_ex": (0.36, 0.30, 0.11),
    "d_m": (0.35, 0.46, 0.0010),
    "d_e1": (0.029, 0.13, 0.0012),
    "d_e2": (0.44, 0.67, 0.0013),
    "d_x": (0.0059, 0.091, 0.060),
    "r_m": (0.99, 0.82, 0.67),
    "k_m": (0.76, 1.4, 0.73),
    "k_e": (2.5, 2.6, 1.2),
    "k_x": (0.69, 1.3, 0.99),
    "k_r": (2.7, 2.5, 2.4),
    "b_max": (2.3e11, 2.0e8, 1.6e10),
}
LIMITS = {
    "b50": ((3.4e8, 7.9e9), (1.2e9, 9.8e9), (1.0e6, 1e10)),
    "k_kill": ((0.44, 1), (0.08, 1), (0.001, 0.94)),
    "f_loss": ((285, 967), (414, 890), (804, 1000)),
    "tk50": ((1e5, 1e9), (1.4e7, 1e9), (1.6e8, 9.6e8)),
}


def test_the_vectors_have_the_printed_medians_and_limits() -> None:
    for at, group in enumerate(("CR", "PR", "NR")):
        vectors = kirouac2023.read_vectors(group)
        assert set(vectors) == {row.name for row in MODEL.parameters} - {"dose", "b_0"}
        for name, printed in PRINTED.items():
            assert np.median(vectors[name]) == pytest.approx(printed[at], rel=0.06), (group, name)
        for name, printed_limits in LIMITS.items():
            least, most = printed_limits[at]
            assert (vectors[name].min(), vectors[name].max()) == pytest.approx((least, most), rel=0.06), (group, name)


def test_every_vector_lies_in_the_ranges_of_the_model() -> None:
    rows = {row.name: row for row in MODEL.parameters}
    for group in ("CR", "PR", "NR"):
        for name, values in kirouac2023.read_vectors(group).items():
            assert rows[name].low <= values.min() and values.max() <= rows[name].high, name
    medians = kirouac2023.read_vectors("CR")
    for name, values in medians.items():
        assert rows[name].value == pytest.approx(np.median(values), rel=0.05), name


def test_burden_at_one_and_three_months_tells_the_groups_apart() -> None:
    days = [28.0, 90.0]
    left = {}
    for group in ("CR", "PR", "NR"):
        found = solve(MODEL, kirouac2023.read_vectors(group), days, rtol=1e-8, atol=1.0)
        left[group] = found.state("tumour") / 1e10
    for at in range(2):
        assert left["CR"][:, at].max() < left["PR"][:, at].min()
        assert left["PR"][:, at].max() < left["NR"][:, at].min()
    assert min(group.min() for group in left.values()) * 1e10 > 1e5, "no vector reaches zero tumour: cure needs chance"


def test_expansion_tells_no_responders_from_the_rest_but_complete_from_partial_only_nearly() -> None:
    ours = {row["id"]: row["ours"] for row in reproduce("kirouac2023").iter_rows(named=True)}
    assert ours["cr_auc_28_least"] < ours["pr_auc_28_most"]
    assert ours["nr_auc_28"] < 0.1 * ours["pr_auc_28"] < ours["cr_auc_28"]


@pytest.mark.parametrize(("group", "vector"), [("CR", 0), ("PR", 6), ("NR", 10)])
def test_the_closed_form_of_the_dose_is_its_two_compartments(group: str, vector: int) -> None:
    values = {row.name: row.value for row in MODEL.parameters}
    values |= {name: float(each[vector]) for name, each in kirouac2023.read_vectors(group).items()}
    p: Any = SimpleNamespace(**values)
    shares = (p.f_tm, p.f_te1, p.f_te2, p.f_tx)

    def change(t: float, y: Any) -> Any:
        plain = SimpleNamespace(**{**values, "dose": 0.0})
        rest = np.array(MODEL.rates(t, MODEL.state(*y[:6]), plain, MODEL.given()))
        rest[:4] += np.array(shares) * y[7]
        return [*rest, -(p.f_loss + 1) * y[6], y[6] - sum(shares) * y[7]]

    begin = [*MODEL.start(p), p.dose, 0.0]
    theirs = solve_ivp(change, (0, 60), begin, method="LSODA", rtol=1e-9, atol=1e-3, t_eval=[1, 10, 28, 60])
    ours = solve(MODEL, {name: value for name, value in values.items()}, [1, 10, 28, 60], rtol=1e-9, atol=1e-3)
    assert ours.states[0] == pytest.approx(theirs.y[:6].T, rel=1e-5, abs=0.01)


def test_a_dose_given_as_an_event_engrafts_at_once_and_so_within_the_hour() -> None:
    schedule = plan(MODEL, [Event(0.0, "infuse", [0.0, 1e8])], 2)
    both = solve(MODEL, {"dose": [1e8, 0.0]}, [5.0, 20.0, 90.0], schedule, atol=1.0)
    assert both.states[1] == pytest.approx(both.states[0], rel=0.03)


def test_an_unknown_group_is_said() -> None:
    with pytest.raises(ModelError, match="CR, PR or NR"):
        kirouac2023.read_vectors("VGPR")
