"""Virtual patients: parts fit together, arms share their patients, and the model's plain truths hold in populations."""

import numpy as np
import polars as pl
import pytest

from carsequel.mechanism.populations.runs import first_course
from carsequel.research import simulate
from carsequel.research.virtual_patients import Job, part_of
from carsequel.research.virtual_trial import compare_arms, survival

N = 300


@pytest.fixture(scope="module")
def single() -> pl.DataFrame:
    return simulate("LBCL", "axi-cel", N, seed=4, trajectories=False).patients


def test_parts_give_the_rows_of_the_whole(single: pl.DataFrame) -> None:
    job = Job("LBCL", "axi-cel", n=200, seed=4)
    part = part_of(job, 100, trajectories=False).patients
    assert part.equals(single[100:200])


def test_two_arms_have_the_same_patients_and_a_dual_target_ends_antigen_negative_failure(single: pl.DataFrame) -> None:
    dual = simulate("LBCL", "axi-cel", N, seed=4, arm="dual_target", trajectories=False).patients
    shared = [name for name in single.columns if name.startswith("p_")]
    assert single.select(shared).equals(dual.select(shared))
    assert single["antigen_negative"].fill_null(False).sum() > 10
    assert dual["antigen_negative"].fill_null(False).sum() <= 1
    trial = compare_arms(single, dual, 730)
    assert trial["harmed"].max() <= 3
    assert trial["low"][-1] > 0


def test_without_lymphodepletion_nothing_expands(single: pl.DataFrame) -> None:
    none = simulate("LBCL", "axi-cel", N, seed=4, arm="no_lymphodepletion", trajectories=False).patients
    assert none["cmax"].median() < single["cmax"].median() / 20
    assert survival(none, [365])[0] < survival(single, [365])[0] / 2


def test_salvage_speaks_of_those_who_failed(single: pl.DataFrame) -> None:
    again = simulate("LBCL", "axi-cel", N, seed=4, arm="second_infusion", trajectories=False).patients
    failed = single["failure_kind"].is_in(["progression", "relapse"]).fill_null(False)
    assert again["failure_day"].equals(single["failure_day"])
    assert again["salvage_cr"].is_not_null().to_list() == failed.to_list()
    bare = simulate("LBCL", "axi-cel", N, seed=4, arm="second_infusion_no_lymphodepletion", trajectories=False).patients
    assert bare["salvage_cr"].mean() < again["salvage_cr"].mean()


def test_trajectories_have_one_row_a_patient_and_day() -> None:
    runs = simulate("B-ALL", "tisa-cel", 20, seed=1, horizon=200)
    assert runs.trajectories.height == 20 * runs.trajectories["day"].n_unique()
    assert runs.trajectories["car_t"].min() >= 0
    assert runs.patients["synthetic"].all()


def test_the_first_course_of_an_arm() -> None:
    assert first_course("single") == "single"
    assert first_course("dual_target+pd1") == "dual_target"
    assert first_course("pd1") == "single"


def test_arms_of_other_patients_are_not_compared() -> None:
    one, two = (pl.DataFrame({"patient": [n], "failure_day": [1.0]}) for n in (0, 1))
    with pytest.raises(ValueError, match="same patients"):
        compare_arms(one, two, 100)


def test_survival_counts_events_by_brute_force(single: pl.DataFrame) -> None:
    days = [0, 45, 200, 700]
    ends = [np.inf if day is None else day for day in single["failure_day"].to_list()]
    assert survival(single, days).tolist() == [sum(end > day for end in ends) / N for day in days]
