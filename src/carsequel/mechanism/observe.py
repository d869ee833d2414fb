"""What a laboratory or a scanner would show of a state, without noise. Every number is a row of observe.csv, also the
limits and noises of assays that synthetic records put on.

Counts come in as whole-body cells (arrays of any one shape), and go out in the unit of the record; where a published
number is missing the row says `assumed`.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carsequel.terms.tables import read_table

Floats = NDArray[np.float64]


@cache
def _numbers() -> dict[str, float]:
    rows = read_table("carsequel.mechanism", "observe.csv")
    return {name: float(value) for name, value in rows.select("name", "value").iter_rows()}


def number(name: str) -> float:
    """Give a number of observe.csv by its name; raises KeyError for another name.

    >>> number("cells_per_ul")
    500000000.0
    """
    if name not in _numbers():
        raise KeyError(f"observe.csv has no {name}; it has {', '.join(_numbers())}")
    return _numbers()[name]


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def per_ul(cells: ArrayLike) -> Floats:
    """Give whole-body lymphocytes (CAR T, normal or B cells) as cells per uL of blood (kimmel2021).

    >>> float(per_ul(1e9))
    2.0
    """
    return _floats(cells) / number("cells_per_ul")


def copies_per_ug(car: ArrayLike, lymphocytes: ArrayLike) -> Floats:
    """Give vector copies per ug of blood DNA from CAR T cells and normal lymphocytes, both whole-body cells.

    The share of CAR T cells among all white cells, times the genomes of one ug; other white cells are assumed.
    """
    car_t = per_ul(car)
    white = car_t + per_ul(lymphocytes) + number("other_white_per_ul")
    return number("copies_per_cell") * number("dna_cells_per_ug") * car_t / white


def tumour_volume(cells: ArrayLike) -> Floats:
    """Give the metabolic tumour volume in mL (kimmel2021: 1e9 cells a mL).

    >>> float(tumour_volume(1.47e11))
    147.0
    """
    return _floats(cells) / number("cells_per_ml")


def sum_of_products(cells: ArrayLike) -> Floats:
    """Give the SPD in cm2: the volume cut into equal spheres, as many as target lesions are measured (cheson2014)."""
    lesions = number("target_lesions")
    return lesions * (6 * tumour_volume(cells) / (np.pi * lesions)) ** (2 / 3)


def marrow_blasts(cells: ArrayLike) -> Floats:
    """Give marrow blasts in % of marrow cells."""
    blasts = _floats(cells)
    return 100 * blasts / (blasts + number("marrow_cells"))


def m_protein(cells: ArrayLike, times: ArrayLike) -> Floats:
    """Give serum M-protein in g/dL along a course: cells [n, k] at times [k] in days, settled at the first.

    First-order turnover (singh2021) behind a burden that runs straight from one time to the next.
    """
    burden, days = _floats(cells), _floats(times)
    rate = number("m_protein_turnover")
    made = number("m_protein_per_cell") * burden
    level = made.copy()
    for at in range(1, days.size):
        step = days[at] - days[at - 1]
        kept = np.exp(-rate * step)
        lag = (1 - kept) / (rate * step)
        level[..., at] = level[..., at - 1] * kept + made[..., at - 1] * (lag - kept) + made[..., at] * (1 - lag)
    return level


def ldh(cells: ArrayLike) -> Floats:
    """Give LDH in U/L from the burden (assumed)."""
    share = _floats(cells) / number("burden_unit")
    return number("ldh_normal") + number("ldh_per_burden") * share ** number("ldh_power")


def ferritin(cells: ArrayLike, il6: ArrayLike) -> Floats:
    """Give ferritin in ug/L from the burden and the IL-6 fold (assumed)."""
    burden = (1 + _floats(cells) / number("burden_unit")) ** number("ferritin_burden_power")
    return number("ferritin_normal") * burden * _floats(il6) ** number("ferritin_il6_power")


def deauville(cells: ArrayLike, baseline: ArrayLike, detected: ArrayLike) -> NDArray[np.int8]:
    """Give a Deauville-like band, 2 to 5, from the burden, the baseline and the smallest burden that is seen (assumed).

    >>> deauville([1e7, 5e8, 1e10, 9e10], 1e11, 1e8).tolist()
    [2, 3, 4, 5]
    """
    burden, seen = _floats(cells), _floats(detected)
    above = (burden >= seen) * 1 + (burden >= number("deauville_4") * seen)
    marked = (burden >= number("deauville_5") * _floats(baseline)) & (burden >= number("deauville_4") * seen)
    return (2 + above + marked).astype(np.int8)


def il6_effect(il6: ArrayLike, tocilizumab: ArrayLike = 0.0, steroids: ArrayLike = 0.0) -> Floats:
    """Give the IL-6 fold as the body feels it under tocilizumab and steroids (0 to 1 each; assumed)."""
    felt = (1 - number("tocilizumab_block") * _floats(tocilizumab)) * (1 - number("steroid_block") * _floats(steroids))
    return 1 + (_floats(il6) - 1) * felt


def crs_band(il6_peak: ArrayLike) -> NDArray[np.int8]:
    """Give a CRS-like band, 0 to 4, from the peak of the felt IL-6 fold (assumed: no clinical grade).

    >>> crs_band([1.0, 1e6]).tolist()
    [0, 4]
    """
    edges = [number(f"crs_{band}") for band in (1, 2, 3, 4)]
    return np.searchsorted(edges, _floats(il6_peak), side="right").astype(np.int8)
