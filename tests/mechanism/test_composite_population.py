"""The composite with the printed spreads gives the population that the calibration report printed for it.

Medians and spreads (SD of the natural log) are those of its section 3: the full form for large B-cell lymphoma, fit D
for B-ALL; the expected numbers are its model columns, the tolerances those it states. The report searched its own
random numbers, so this is a reproduction within sampling error and not an equality.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from carsequel.mechanism import composite
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.clinic import clinic_times, outcomes
from carsequel.mechanism.counterfactual import SIX, durable_reference, without
from carsequel.mechanism.form import read_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import Solution, Status, solve

MODEL = read_model(composite)
N = 3000
Drawn = dict[str, NDArray[np.float64]]
Law = Mapping[str, tuple[float, float]]  # parameter: median, spread

EVERYWHERE: Law = {"fM": (0.06, 0.5), "loss": (0.8, 0.3), "dose": (1.4e8, 0.25), "B0": (1e8, 1.0)}
LBCL: Law = {
    **EVERYWHERE,
    **{"rhoE": (2.61, 0.126), "kk": (3.0, 1.57), "dE": (0.167, 0.09), "dM": (0.003, 0.28), "om": (5.8e-4, 1.83)},
    **{"xi": (0.27, 0.5), "N0": (3e9, 0.39), "fQ": (3.5e-9, 4.9), "fS": (0.30, 4.1), "acc": (0.68, 0.70)},
    **{"ki": (0.062, 0.67), "CB50": (3.1e4, 0.7), "r": (0.091, 0.48), "aS": (0.60, 0.34)},
}
B_ALL: Law = {
    **EVERYWHERE,
    **{"rhoE": (3.43, 0.14), "kk": (1.91, 1.08), "dE": (0.296, 0.30), "dM": (0.00155, 0.48), "om": (8.4e-4, 0.38)},
    **{"xi": (0.133, 0.65), "N0": (3e9, 0.59), "fQ": (1.3e-12, 5.9), "CB50": (2e4, 0.7)},
    **{"r": (0.076, 0.52), "aS": (0.19, 0.05)},
}


def drawn(law: Law, burden: tuple[float, float], with_r: float, with_as: float, fixed: Mapping[str, float]) -> Drawn:
    rng = np.random.default_rng(11)
    z = rng.standard_normal(N)
    tied = {"r": with_r, "aS": with_as}
    patients = {"P0": np.clip(burden[0] * np.exp(burden[1] * z), 1e8, 1.5e12)}
    for name, (median, spread) in law.items():
        rho = tied.get(name, 0.0)
        patients[name] = median * np.exp(spread * (rho * z + np.sqrt(1 - rho**2) * rng.standard_normal(N)))
    capped = {"fQ": 0.5, "fS": 0.95, "acc": 1.0}
    patients["f2"] = np.zeros(N)  # no second target in these courses
    patients |= {name: np.minimum(patients[name], cap) for name, cap in capped.items() if name in patients}
    return patients | {name: np.full(N, value) for name, value in fixed.items()}


def course(patients: Drawn, disease: str, horizon: float) -> tuple[Solution, pl.DataFrame]:
    times = clinic_times(disease, horizon)
    solution = solve(MODEL, patients, times, plan(MODEL, events_of("single")), seed=2, rtol=1e-4)
    assert np.mean(solution.status == Status.FINISHED) > 0.999
    return solution, outcomes(solution, patients, disease, seed=2)


def free(frame: pl.DataFrame, day: float) -> float:
    return float((frame["failure_day"].fill_null(1e9) > day).mean())


def mean(rows: pl.Series) -> float:
    return float(rows.cast(pl.Float64).mean())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def lymphoma() -> tuple[Drawn, pl.DataFrame]:
    patients = drawn(LBCL, (1e11, 1.13), 0.24, 0.34, {})
    _, frame = course(patients, "LBCL", 1095.0)
    return patients, frame


@pytest.fixture(scope="module")
def leukemia() -> pl.DataFrame:
    patients = drawn(B_ALL, (4.8e11, 1.96), 0.17, 0.14, {"KST": 4e11, "KA": 1e8, "ld": 0.5})
    return course(patients, "B-ALL", 1095.0)[1]


@pytest.mark.parametrize(
    ("column", "expected", "tolerance"),
    [("cmax", 16.8, 0.2), ("car_day_7", 13.8, 0.4), ("car_day_14", 12.8, 0.25), ("car_day_28", 1.77, 0.25)],
)
def test_lymphoma_car_t_levels(
    lymphoma: tuple[Drawn, pl.DataFrame], column: str, expected: float, tolerance: float
) -> None:
    assert np.log(lymphoma[1][column].median() / expected) == pytest.approx(0, abs=tolerance)


def test_lymphoma_peaks_are_as_wide_and_as_early(lymphoma: tuple[Drawn, pl.DataFrame]) -> None:
    frame = lymphoma[1]
    assert frame["tmax"].median() == pytest.approx(9.8, abs=1)
    assert np.log(frame["cmax"].quantile(0.25) / 6.4) == pytest.approx(0, abs=0.4)
    assert np.log(frame["cmax"].quantile(0.75) / 42.8) == pytest.approx(0, abs=0.3)


def test_lymphoma_responses_and_survival(lymphoma: tuple[Drawn, pl.DataFrame]) -> None:
    frame = lymphoma[1]
    assert mean(frame["cr"]) == pytest.approx(0.65, abs=0.025)
    assert mean(frame["orr"]) == pytest.approx(0.80, abs=0.04)
    assert free(frame, 365) == pytest.approx(0.41, abs=0.025)
    assert free(frame, 730) == pytest.approx(0.38, abs=0.03)


def test_lymphoma_failures_come_when_and_as_printed(lymphoma: tuple[Drawn, pl.DataFrame]) -> None:
    failed = lymphoma[1].filter(pl.col("failure_kind").is_in(["progression", "relapse"]))
    day = failed["failure_day"]
    assert mean(day <= 30) == pytest.approx(0.24, abs=0.03)
    assert mean((day > 30) & (day <= 90)) == pytest.approx(0.43, abs=0.04)
    assert mean(day > 90) == pytest.approx(0.33, abs=0.04)
    assert mean(failed["antigen_negative"]) == pytest.approx(0.28, abs=0.03)
    assert mean(failed.filter("cr")["antigen_negative"]) == pytest.approx(0.65, abs=0.06)


def test_lymphoma_b_cells_and_burden(lymphoma: tuple[Drawn, pl.DataFrame]) -> None:
    patients, frame = lymphoma
    lasting = frame.filter(pl.col("failure_day").fill_null(1e9) > 365)
    assert mean(lasting["b_cells_back_day"].fill_null(1e9) <= 365) == pytest.approx(0.50, abs=0.06)
    assert mean(frame["aplasia_day_30"]) == pytest.approx(1.0, abs=0.01)
    low = frame.filter(pl.Series(patients["P0"] < 1.47e11))
    high = frame.filter(pl.Series(patients["P0"] >= 1.47e11))
    assert np.log(free(low, 365)) / np.log(free(high, 365)) == pytest.approx(0.57, abs=0.1)


def test_lymphoma_peak_and_response_are_related_as_printed(lymphoma: tuple[Drawn, pl.DataFrame]) -> None:
    frame = lymphoma[1]
    ratio = frame.filter("orr")["cmax"].median() / frame.filter(~pl.col("orr"))["cmax"].median()
    assert np.log(ratio / 3.8) == pytest.approx(0, abs=0.35)


def test_leukemia_expansion(leukemia: pl.DataFrame) -> None:
    assert np.log(leukemia["cmax"].median() / 125) == pytest.approx(0, abs=0.1)
    peaks = leukemia["cmax"].log()
    assert (peaks.quantile(0.75) - peaks.quantile(0.25)) / 1.349 == pytest.approx(0.81, abs=0.1)
    assert leukemia["tmax"].median() == pytest.approx(8.5, abs=0.5)
    in_cr = leukemia.filter("cr")
    for day, expected in ((28, 0.070), (90, 0.007), (365, 0.003)):
        still = in_cr.filter(pl.col("failure_day").fill_null(1e9) > day)
        ratio = (still[f"car_day_{day}"] / still["cmax"]).median()
        assert np.log(ratio / expected) == pytest.approx(0, abs=0.5), day
    ratio = np.exp(in_cr["cmax"].log().mean() - leukemia.filter(~pl.col("cr"))["cmax"].log().mean())
    assert np.log(ratio / 1.68) == pytest.approx(0, abs=0.25)


def test_leukemia_outcomes(leukemia: pl.DataFrame) -> None:
    assert mean(leukemia["cr"]) == pytest.approx(0.85, abs=0.025)
    assert free(leukemia, 365) == pytest.approx(0.53, abs=0.03)
    assert free(leukemia, 1095) == pytest.approx(0.45, abs=0.03)
    relapsed = leukemia.filter(failure_kind="relapse")
    negative = relapsed["antigen_negative"]
    assert mean(negative) == pytest.approx(0.48, abs=0.05)
    back = relapsed["b_cells_back_day"].fill_null(1e9) < relapsed["failure_day"]
    assert mean(back.filter(~negative)) == pytest.approx(0.87, abs=0.05)
    assert mean(negative.filter(~back)) == pytest.approx(0.86, abs=0.06)
    lasting = leukemia.filter(pl.col("cr") & (pl.col("failure_day").fill_null(1e9) > 365))
    assert mean(lasting["b_cells_back_day"].fill_null(1e9) <= 365) == pytest.approx(0.23, abs=0.06)


RESCUED = dict(zip(SIX, (0.23, 0.12, 0.17, 0.10, 0.26, 0.46)))


@pytest.fixture(scope="module")
def rescued(lymphoma: tuple[Drawn, pl.DataFrame]) -> dict[str, float]:
    """Share of the failures by day 730 that last once a cause is taken away; same patients, same random numbers."""
    patients = {name: values[:1000] for name, values in lymphoma[0].items()}
    times, arm = clinic_times("LBCL", 730.0), plan(MODEL, events_of("single"))
    nobody_dies = {"death_year_1": 0.0, "death_later": 0.0}

    def lasts(these: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
        solution = solve(MODEL, these, times, arm, seed=2, rtol=1e-4)
        frame = outcomes(solution, these, "LBCL", seed=2, hazards=nobody_dies)
        return frame["failure_day"].is_null().to_numpy()

    durable = lasts(patients)
    reference = durable_reference(MODEL, patients, durable)
    away = {cause: lasts(without(MODEL, patients, [cause], reference)) for cause in SIX}
    away["all"] = lasts(without(MODEL, patients, SIX, reference))
    return {cause: float(saved[~durable].mean()) for cause, saved in away.items()}


@pytest.mark.parametrize("cause", SIX)
def test_taking_one_cause_away_rescues_as_many_as_printed(rescued: dict[str, float], cause: str) -> None:
    assert rescued[cause] == pytest.approx(RESCUED[cause], abs=0.05)


def test_taking_all_causes_away_rescues_all(rescued: dict[str, float]) -> None:
    assert rescued["all"] > 0.99
