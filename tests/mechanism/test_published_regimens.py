"""What the tumour models claim beside their numbers: dose, rest, second targets, memory, burden, feedback."""

import numpy as np
import pytest

from carsequel.mechanism.published import barros2021, leon_triana2021, owens2021, read_published
from carsequel.mechanism.published.reproduce_regimens import chemotherapy, days_to_clear, raji
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import solve


def test_leukaemia_turns_into_no_more_car_t_cells_than_prey() -> None:
    model = read_published("leon_triana2021")
    found = solve(model, {"i_0": 0.0, "c_0": [1e6, 1e7, 1e8]}, np.arange(0.0, 60.0, 0.5), chance=False)
    p = type("P", (), {"c_0": np.array([1e6, 1e7, 1e8]), "k": 0.25, "l_0": 5e10, "b_0": 2.5e10})
    bound = leon_triana2021.largest_car(p)
    assert bound[1] == pytest.approx(1.876e10, rel=1e-3)
    assert np.all(found.state("car").max(axis=1) < bound)


def test_a_hundredfold_dose_moves_relapse_by_weeks_only() -> None:
    model = read_published("leon_triana2021")
    days = np.arange(100.0, 400.0)
    found = solve(model, {"c_0": [1e6, 1e8]}, days, chance=False).state("leukaemia")
    relapse = days[np.argmax(found > 1e9, axis=1)]
    assert 38 <= relapse[0] - relapse[1] <= 48


def test_b_cells_go_and_come_back() -> None:
    found = solve(read_published("leon_triana2021"), {}, [0.0, 28.0, 250.0], chance=False).state("b")[0]
    assert found[1] < 1e-3 * found[0] < found[2]


def test_a_longer_rest_after_chemotherapy_loses_the_effect() -> None:
    cleared = {}
    for rest in (0, 2, 5, 12, 18):
        day = 5.0 + rest
        events = [*chemotherapy("C5", owens2021.QUOTED_PEAK), Event(day, "infuse", 1e7)]
        cleared[rest] = days_to_clear(events, day, {})[0] > 0
    assert cleared[0] and cleared[2]
    assert not cleared[5] and not cleared[12] and not cleared[18]


def test_drug_level_is_its_closed_form() -> None:
    model = read_published("owens2021")
    found = solve(model, {}, [owens2021.INFUSION, 1.0, 5.0], plan(model, chemotherapy("C5")), rtol=1e-9)
    top = 77 / 0.9 * (1 - np.exp(-0.9 / 48))
    sums = top * np.exp(-0.9 * (np.array([1.0, 5.0]) - 1 / 48))
    sums[1] = sum(top * np.exp(-0.9 * (5.0 - day - 1 / 48)) for day in range(5))
    assert found.state("drug")[0] == pytest.approx([top, *sums], rel=1e-6)


def test_inhibition_by_ido_costs_killing_and_1_mt_gives_it_back() -> None:
    tumour = {name: raji(20.0, name)[2] for name in barros2021.SETS if "Raji" in name}
    assert tumour["Raji"] < tumour["Raji IDO+ with 1-MT"] < tumour["Raji IDO+"]
    assert tumour["Raji"] > 1e9, "the cells collapse and the tumour escapes"


def test_a_small_dose_of_car_t_cells_fails_and_a_large_one_leaves_memory() -> None:
    model = read_published("barros2021")
    schedule = plan(model, [Event(42.0, "infuse", [1e3, 2e6])], 2)
    found = solve(model, {}, [42.0, 60.0, 100.0], schedule, atol=1e-3)
    assert found.state("tumour")[1, 1] == 0.0 and found.state("tumour")[0, 1] > 1e5
    assert found.state("memory")[1, 2] > 1e6


def test_burden_matters_more_than_dose_and_dose_has_a_plateau() -> None:
    model, days = read_published("singh2021"), np.arange(0.5, 28.0, 0.25)
    found = solve(
        model, {"dose": [5e7, 8e8, 5e7], "tumour_0": [1e8, 1e8, 1.6e9]}, days, rtol=1e-6, atol=[1e3] * 6 + [1e-6] * 2
    )
    blood = found.state("effector_blood") + found.state("memory_blood")
    exposure = np.trapezoid(blood, days, axis=1)
    assert exposure[1] / exposure[0] < 2 < 16 < exposure[2] / exposure[0]


def test_less_antigen_binds_less_and_kills_later() -> None:
    model = read_published("singh2021")
    found = solve(model, {"ag_taa": [222.0, 12590.0]}, [10.0, 20.0], rtol=1e-6, atol=[1e3] * 6 + [1e-6] * 2)
    per_cell = found.state("complexes") / found.state("tumour")
    assert per_cell[0, 0] < per_cell[1, 0]
    assert found.state("tumour")[0, 1] > 2 * found.state("tumour")[1, 1]
    assert np.all(found.state("m_protein")[:, 0] <= 1.2)


def test_inflammation_rests_without_tumour_and_rises_with_burden() -> None:
    model, days = read_published("hanson2016"), np.arange(0.0, 20.0, 0.02)
    found = solve(model, {"tumour_0": [0.0, 300.0, 3000.0]}, days, atol=1e-6)
    peaks = found.state("inflammation").max(axis=1)
    assert found.state("inflammation")[0, -1] == pytest.approx(200 / 1.5, rel=1e-4)
    assert found.state("cytotoxic")[0, -1] == pytest.approx(10 * np.exp(-0.004 * 24 * days[-1]), rel=1e-4)
    assert peaks[0] < peaks[1] < peaks[2]
    blunted = solve(model, {"tumour_0": 3000.0}, days, plan(model, [Event(0.0, given=(("anti_inflammatory", 100.0),))]))
    assert blunted.state("inflammation").max() < peaks[2]
    assert blunted.state("tumour")[0, -1] > found.state("tumour")[2, -1], "less inflammation, less killing"


def test_without_car_t_cells_the_tumour_grows_to_its_limit_as_a_logistic() -> None:
    found = solve(read_published("hanson2016"), {"car_0": 0.0}, [5.0, 40.0], atol=1e-6).state("tumour")[0]
    grown = 300 * np.exp(0.003 * 24 * np.array([5.0, 40.0]))
    assert found == pytest.approx(grown / (1 + (grown - 300) / 4800), rel=1e-5)


def test_predator_and_prey_conserve_what_they_must() -> None:
    model = read_published("chaudhury2020_lv")
    found = solve(model, {}, np.arange(0.0, 120.0), rtol=1e-9, atol=1e-12)
    p = type("P", (), {row.name: row.value for row in model.parameters})
    kept = model.outputs["conserved"](model.state(found.state("car")[0], found.state("tumour")[0]), p)
    assert np.ptp(kept) < 1e-6 * abs(kept[0])
    assert np.ptp(np.log(found.state("car")[0])) > 5, "it swings all the same"
