"""What would be measured of a state: exact where it is geometry, limits and noise where it is an assay."""

import numpy as np
import pytest

from carsequel.mechanism import observe


def test_blood_counts_and_copies_agree_on_the_cells() -> None:
    assert observe.per_ul([5e8, 0.0]).tolist() == [1.0, 0.0]
    copies = observe.copies_per_ug([0.0, 5e8, 5e9], 1e11)
    assert copies[0] == 0 and np.all(np.diff(copies) > 0)
    everything = observe.copies_per_ug(1e18, 0.0)
    assert everything == pytest.approx(observe.number("dna_cells_per_ug") * observe.number("copies_per_cell"), rel=1e-5)


def test_a_volume_becomes_products_of_diameters() -> None:
    lesions = observe.number("target_lesions")
    diameter = 3.0
    cells = lesions * np.pi / 6 * diameter**3 * observe.number("cells_per_ml")
    assert observe.sum_of_products(cells) == pytest.approx(lesions * diameter**2)
    assert observe.sum_of_products(0.0) == 0


def test_the_relapse_of_the_clinic_is_five_per_cent_blasts() -> None:
    assert observe.marrow_blasts(1e10) == pytest.approx(5.0)
    assert observe.marrow_blasts([0.0, 1e15]) == pytest.approx([0.0, 100.0], rel=1e-3)
    low, high = observe.mrd([1e6, 1e9])
    assert low[0] == 1e-4 and high.tolist() == [True, False]
    assert low[1] == pytest.approx(1e9 / 1.91e11)


def test_m_protein_follows_its_burden_with_its_turnover() -> None:
    days = np.arange(0.0, 61.0)
    gone = np.where(days == 0, 1e12, 0.0)[None, :]
    gone[:, 1:] = 0.0
    fast = observe.m_protein(np.where(days[None, :] < 1e-9, 1e12, 0.0), days)[0]
    assert fast[0] == pytest.approx(4.0)
    assert fast[11] / fast[1] == pytest.approx(np.exp(-0.117 * 10))
    steady = observe.m_protein(np.full((2, 61), 5e11), days)
    assert steady == pytest.approx(np.full((2, 61), 2.0))


def test_m_protein_of_a_straight_burden_is_exact_on_any_grid() -> None:
    def level(days: np.ndarray) -> float:
        return float(observe.m_protein((1e12 - 1e10 * days)[None, :], days)[0, -1])

    assert level(np.array([0.0, 50.0])) == pytest.approx(level(np.linspace(0.0, 50.0, 501)))
    k = 0.117
    assert level(np.array([0.0, 50.0])) == pytest.approx(4 - 0.04 * (50 - (1 - np.exp(-k * 50)) / k))


def test_laboratory_values_rise_with_burden_and_inflammation() -> None:
    burden = np.array([0.0, 1e10, 1e11, 1e12])
    assert observe.ldh(burden)[0] == observe.number("ldh_normal")
    assert np.all(np.diff(observe.ldh(burden)) > 0)
    assert np.all(np.diff(observe.ferritin(burden, 1.0)) > 0)
    assert observe.ferritin(1e11, 20.0) > 3 * observe.ferritin(1e11, 1.0)


def test_antigen_share_is_unknown_without_tumour() -> None:
    share = observe.antigen_negative_share([75.0, 0.0, 0.0], [25.0, 10.0, 0.0])
    assert share[:2].tolist() == [0.25, 1.0]
    assert np.isnan(share[2])


def test_deauville_never_falls_with_the_burden() -> None:
    burden = np.logspace(6, 12, 60)
    bands = observe.deauville(burden, 1e11, 1e8)
    assert np.all(np.diff(bands.astype(int)) >= 0)
    assert set(bands.tolist()) == {2, 3, 4, 5}
    assert observe.deauville([1.1e8], 1e8, 1e8).tolist() == [3]


def test_tocilizumab_and_steroids_lower_what_is_felt() -> None:
    assert observe.il6_effect(11.0) == 11.0
    assert observe.il6_effect(11.0, tocilizumab=1.0) == pytest.approx(2.0)
    assert observe.il6_effect(11.0, steroids=1.0) == pytest.approx(6.0)
    assert observe.crs_band([2.9, 3.0, 6.0, 12.0, 23.0]).tolist() == [0, 1, 2, 3, 4]


def test_noise_has_the_spread_it_says_and_keeps_the_median() -> None:
    rng = np.random.default_rng(5)
    value, below = observe.with_noise(np.full(20_000, 10.0), rng, 0.3)
    assert np.median(value) == pytest.approx(10.0, rel=0.02)
    assert np.log(value).std() == pytest.approx(0.3, rel=0.03)
    assert not below.any()


def test_below_the_limit_the_limit_is_given_and_said() -> None:
    rng = np.random.default_rng(5)
    value, below = observe.measured_count([0.0, 5e10], rng)
    assert (value[0], below.tolist()) == (observe.number("count_limit"), [True, False])
    copies = observe.measured_copies([0.0, 5e10], [1e11, 1e11], rng)
    assert copies.value[0] == observe.number("copies_limit") and copies.below.tolist() == [True, False]


def test_the_same_generator_state_gives_the_same_noise() -> None:
    first, again = (observe.measured_volume([1e11, 2e11], np.random.default_rng(9)).value for _ in range(2))
    assert np.array_equal(first, again)


def test_some_antigen_tests_are_wrong() -> None:
    rng = np.random.default_rng(2)
    read = observe.antigen_test(np.full(20_000, 0.9), rng)
    assert 1 - read.mean() == pytest.approx(0.1, abs=0.01)
    assert not observe.antigen_test(np.array([0.2] * 2000), rng).all()


def test_an_unknown_number_is_named() -> None:
    with pytest.raises(KeyError, match=r"observe\.csv has no weather"):
        observe.number("weather")
