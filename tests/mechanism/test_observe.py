"""What would be measured of a state: exact where it is geometry, rising where it is assumed."""

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
    assert observe.marrow_blasts(1e9) == pytest.approx(100 * 1e9 / 1.91e11)


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


def test_an_unknown_number_is_named() -> None:
    with pytest.raises(KeyError, match=r"observe\.csv has no weather"):
        observe.number("weather")
