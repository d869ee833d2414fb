"""From a burden over time to the words of the clinic: each rule on both sides of its number."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from carsequel.mechanism import composite
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.clinic import (
    ClinicError,
    clinic_rules,
    clinic_times,
    death_days,
    from_day,
    outcomes,
    salvage_days,
)
from carsequel.mechanism.form import read_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import Solution, Status, solve

MODEL = read_model(composite)
LBCL = clinic_times("LBCL", 730.0)
NOBODY_DIES = 1
Curve = Callable[[np.ndarray], np.ndarray]


def seen(times: np.ndarray, **states: Curve | float) -> Solution:
    """A solution of one patient made of curves over time; what is not named is zero."""
    table = np.zeros((1, times.size, len(MODEL.state_names)))
    for name, curve in states.items():
        table[0, :, MODEL.state_names.index(name)] = curve(times) if callable(curve) else curve
    return Solution(MODEL, times, table, np.zeros(1, dtype=np.int8), np.zeros(1, dtype=np.int64))


def row(solution: Solution, disease: str = "LBCL", **options: Any) -> Mapping[str, Any]:
    """The outcome of one patient with a seed under which they outlive the horizon."""
    return outcomes(solution, {"P0": 1e11}, disease, seed=NOBODY_DIES, **options).row(0, named=True)


def steps(*levels: tuple[float, float]) -> Curve:
    """Straight in the logarithm between (day, cells)."""
    days, cells = zip(*levels)
    return lambda t: np.exp(np.interp(t, days, np.log(cells)))


def test_the_seed_of_these_tests_lets_the_patient_live() -> None:
    rules = {"death_year_1": 0.05, "death_later": 0.015}
    assert death_days(rules, NOBODY_DIES, np.arange(1))[0] > 2000


def test_complete_response_needs_less_than_is_seen_at_a_scan() -> None:
    assert row(seen(LBCL, P=0.9e8))["best_response"] == "CR"
    at_limit = row(seen(LBCL, P=1.0e8))
    assert (at_limit["best_response"], at_limit["orr"], at_limit["cr"]) == ("PR", True, False)


def test_partial_response_is_less_than_half() -> None:
    assert row(seen(LBCL, P=4.9e10))["best_response"] == "PR"
    assert row(seen(LBCL, P=5.0e10))["best_response"] == "SD"


def test_a_dip_between_scans_is_no_response() -> None:
    dip = steps((0, 9e10), (30, 9e10), (60, 1e5), (90, 9e10), (730, 9e10))
    assert row(seen(LBCL, P=dip))["best_response"] == "SD"


@pytest.mark.parametrize(("factor", "kind"), [(1.19, None), (1.2, "progression")])
def test_progression_at_day_30_is_a_fifth_above_the_baseline(factor: float, kind: str | None) -> None:
    jumped = seen(LBCL, P=lambda t: np.where((t >= 30) & (t < 35), factor * 1e11, 6e10))
    assert row(jumped)["failure_kind"] == kind
    if kind:
        assert row(jumped)["failure_day"] == pytest.approx(30, abs=1)
        assert row(jumped)["best_response"] == "PD"


@pytest.mark.parametrize(("factor", "day"), [(1.45, None), (1.55, 90.0)])
def test_later_progression_is_half_above_the_lowest_scan(factor: float, day: float | None) -> None:
    later = row(seen(LBCL, P=lambda t: np.where(t < 60, 1e9, factor * 1e9)))
    assert later["failure_day"] == day


@pytest.mark.parametrize(("cells", "day"), [(1.9e8, None), (2.1e8, 90.0)])
def test_what_is_hardly_seen_is_no_progression(cells: float, day: float | None) -> None:
    relapse = row(seen(LBCL, P=lambda t: np.where(t < 60, 1e6, cells)))
    assert relapse["failure_day"] == day
    assert relapse["failure_kind"] == (day and "relapse")


def test_between_scans_growth_above_the_baseline_shows_itself_on_its_day() -> None:
    found = row(seen(LBCL, P=steps((0, 3e10), (30, 1e10), (130, 1e10 * np.e**5), (730, 1e12))))
    assert found["failure_day"] == pytest.approx(30 + 20 * np.log(12.0), rel=1e-6)
    found = row(seen(LBCL, P=steps((0, 1e10), (90, 1e10), (190, 1e10 * np.e**10), (730, 1e15))))
    assert found["failure_day"] == pytest.approx(90 + 10 * np.log(12.0), rel=1e-6)


def test_early_swelling_is_not_yet_progression() -> None:
    swollen = lambda t: np.where(t < 14, 2e11, np.where(t < 16, 1e11, 1e10))  # noqa: E731
    assert row(seen(LBCL, P=swollen))["failure_kind"] is None
    longer = lambda t: np.where(t < 10, 1e11, np.where(t < 20, 1.5e11 * np.exp(t / 100), 1e10))  # noqa: E731
    assert row(seen(LBCL, P=longer))["failure_day"] == 14


def test_an_event_is_antigen_negative_above_half_of_the_tumour() -> None:
    for share, negative in ((0.49, False), (0.51, True)):
        grown = steps((0, 1e10), (90, 1e10), (120, 1e12), (730, 1e12))
        found = row(seen(LBCL, P=lambda t, s=share, g=grown: (1 - s) * g(t), Q=lambda t, s=share, g=grown: s * g(t)))
        assert found["antigen_negative"] is negative
    assert row(seen(LBCL, P=1e6))["antigen_negative"] is None


def test_remission_of_leukemia_is_looked_for_twice() -> None:
    times = clinic_times("B-ALL", 730.0)
    never = row(seen(times, P=1e9), "B-ALL")
    assert (never["best_response"], never["failure_kind"], never["failure_day"]) == ("NR", "no CR", 30.0)
    late = row(seen(times, P=lambda t: np.where(t < 50, 1e9, 1e7)), "B-ALL")
    assert (late["best_response"], late["failure_kind"]) == ("CR", None)
    too_late = row(seen(times, P=lambda t: np.where(t < 61, 1e9, 1e7)), "B-ALL")
    assert too_late["failure_kind"] == "no CR"


def test_relapse_of_leukemia_is_found_on_its_day() -> None:
    times = clinic_times("B-ALL", 730.0)
    back = row(seen(times, P=steps((0, 1e6), (100, 1e6), (201, 1e6 * np.exp(10.1)), (730, 1e12))), "B-ALL")
    assert back["failure_kind"] == "relapse"
    assert 1e6 * np.exp((back["failure_day"] - 100) / 10) == pytest.approx(1e10, rel=0.6)
    assert back["best_response"] == "CR"


def test_myeloma_is_read_from_its_m_protein() -> None:
    times = clinic_times("MM", 730.0)

    def found(curve: Curve | float) -> Mapping[str, Any]:
        solution = seen(times, P=curve)
        return outcomes(solution, {"P0": 1e12}, "MM", seed=NOBODY_DIES).row(0, named=True)

    assert found(1e8)["best_response"] == "CR"
    assert found(5e10)["best_response"] == "VGPR"
    assert found(3e11)["best_response"] == "PR"
    assert found(7e11)["best_response"] == "SD"
    grows = found(steps((0, 1e10), (300, 1e10), (400, 1e12), (730, 1e12)))
    assert grows["failure_kind"] == "relapse" and 300 < grows["failure_day"] < 480
    small = found(steps((0, 1e10), (300, 1e10), (400, 1e11), (730, 1e11)))
    assert small["failure_kind"] is None


def test_peak_and_area_are_found_between_days() -> None:
    bell = lambda t: 1e10 * np.exp(-((t - 9.4) ** 2) / 20)  # noqa: E731
    found = row(seen(LBCL, E=bell, I=lambda t: 1e11 * np.exp(-4 * t), P=1e6))
    assert found["cmax"] == pytest.approx(20.0, rel=1e-3)
    assert found["tmax"] == pytest.approx(9.4, abs=0.02)
    assert found["car_day_14"] == pytest.approx(bell(np.array([14.0]))[0] / 5e8)
    plain = row(seen(LBCL, E=5e8, P=1e6))
    assert plain["auc28"] == pytest.approx(28.0)
    assert (plain["cmax"], plain["car_day_365"]) == (1.0, 1.0)


def test_counts_after_the_horizon_are_unknown() -> None:
    short = row(seen(clinic_times("LBCL", 100.0), E=5e8, P=1e6))
    assert (short["car_day_90"], short["car_day_180"], short["car_day_365"]) == (1.0, None, None)


def test_b_cells_are_back_when_they_were_gone_and_cross_a_tenth() -> None:
    back = row(seen(LBCL, P=1e6, B=steps((0, 1e8), (100, 1e8), (200, 2.5e10), (730, 2.5e10))))
    assert back["b_cells_back_day"] == pytest.approx(100 + 100 * np.log(25) / np.log(250), abs=0.1)
    assert back["aplasia_day_30"] is True
    assert back["aplasia_at_failure"] is None
    never = row(seen(LBCL, P=1e6, B=2.5e10))
    assert (never["b_cells_back_day"], never["aplasia_day_30"]) == (None, False)
    relapse = row(seen(LBCL, P=lambda t: np.where(t < 60, 1e6, 1e10), B=1e7))
    assert relapse["aplasia_at_failure"] is True


def test_a_patient_who_could_not_be_solved_is_unknown_and_alone() -> None:
    good = seen(LBCL, P=1e6)
    states = np.concatenate([good.states, np.full_like(good.states, np.nan)])
    both = Solution(MODEL, LBCL, states, np.array([0, Status.NOT_FINITE], dtype=np.int8), np.zeros(2, dtype=np.int64))
    frame = outcomes(both, {}, "LBCL", seed=NOBODY_DIES, first_patient=7)
    assert frame["patient"].to_list() == [7, 8]
    assert frame["best_response"].to_list() == ["CR", None]
    assert frame.row(1)[1:] == (None,) * (frame.width - 1)


def test_deaths_follow_their_hazards_and_belong_to_the_patient() -> None:
    rules = {"death_year_1": 0.05, "death_later": 0.015}
    days = death_days(rules, 3, np.arange(200_000))
    assert (days <= 365.25).mean() == pytest.approx(1 - np.exp(-0.05), abs=0.002)
    assert (days <= 5 * 365.25).mean() == pytest.approx(1 - np.exp(-0.05 - 4 * 0.015), abs=0.003)
    assert np.array_equal(death_days(rules, 3, np.arange(1000, 1050)), days[1000:1050])
    assert not np.array_equal(death_days(rules, 4, np.arange(50)), days[:50])
    never = death_days({"death_year_1": 0.0, "death_later": 0.0}, 3, np.arange(50))
    assert never.min() > 1e9
    own = death_days({"death_year_1": np.array([0.0, 9.0]), "death_later": 0.01}, 3, np.arange(2))
    assert own[0] > 365.25 > own[1]
    assert np.corrcoef(days[:-1] < 365, days[1:] < 365)[0, 1] == pytest.approx(0, abs=0.01)


def test_who_dies_first_did_not_progress_and_gets_no_salvage() -> None:
    n = 4000
    grown = seen(LBCL, P=steps((0, 1e10), (400, 1e10), (430, 1e12), (730, 1e12)))
    many = Solution(MODEL, LBCL, np.repeat(grown.states, n, 0), np.zeros(n, np.int8), np.zeros(n, np.int64))
    frame = outcomes(many, {}, "LBCL", seed=5)
    died = frame.filter(failure_kind="death")
    assert 0.03 < died.height / n < 0.07
    assert (died["failure_day"] == died["death_day"]).all()
    assert (died["failure_day"] < 430).all()
    assert died["antigen_negative"].is_null().all()
    days = salvage_days(frame)
    assert np.isnan(days[frame["failure_kind"].to_numpy() == "death"]).all()
    assert np.isfinite(days).sum() == n - died.height


def test_a_salvage_course_is_read_on_its_own_clock() -> None:
    grid = np.arange(0.0, 401.0, 2.0)
    solution = seen(grid, P=steps((0, 1e10), (200, 1e12), (201, 1e6), (400, 1e6)), E=lambda t: t * 1e7)
    shifted = from_day(solution, [150.0], clinic_times("LBCL", 120.0))
    assert shifted.state("E")[0, 5] == pytest.approx(155e7, rel=1e-4)
    assert shifted.state("P")[0, 0] == pytest.approx(1e10 * 100 ** (150 / 200), rel=1e-6)
    found = outcomes(shifted, {}, "LBCL", baseline=3e11, seed=NOBODY_DIES).row(0, named=True)
    assert found["best_response"] in ("CR", "PD")
    nobody = from_day(solution, [np.nan], clinic_times("LBCL", 120.0))
    assert outcomes(nobody, {}, "LBCL")["best_response"].to_list() == [None]


def test_times_hold_the_scans_and_the_horizon() -> None:
    for disease in ("LBCL", "FL", "MCL", "CLL", "B-ALL", "MM"):
        times = clinic_times(disease, 731.0)
        scans = [float(day) for day in clinic_rules(disease)["scans"].split() if float(day) <= 731]
        assert set(scans) <= set(times.tolist())
        assert times[-1] == 731.0
        assert np.all(np.diff(times) > 0)


@pytest.mark.parametrize("disease", ["LBCL", "B-ALL", "MM"])
def test_before_the_first_look_nothing_is_known(disease: str) -> None:
    found = row(seen(clinic_times(disease, 10.0), P=1e11), disease)
    assert (found["best_response"], found["failure_day"], found["cr"]) == ("NE", None, False)


def test_what_has_no_rules_or_no_scan_is_refused() -> None:
    with pytest.raises(ClinicError, match="no clinical rules for 'gout'; there are rules for LBCL"):
        clinic_times("gout")
    with pytest.raises(ValueError, match="solve it on clinic_times"):
        outcomes(seen(np.arange(0.0, 101.0, 7.0), P=1e6), {}, "LBCL")


def test_a_simulated_patient_goes_all_the_way() -> None:
    solution = solve(MODEL, {"fQ": 0.0}, LBCL, plan(MODEL, events_of("single")), seed=1)
    found = outcomes(solution, {"fQ": 0.0}, "LBCL", seed=NOBODY_DIES)
    assert found.height == 1
    assert found["best_response"][0] == "CR"
    assert found["failure_kind"].dtype == pl.String
    assert 10 < found["cmax"][0] < 40
