"""What a laboratory or a scanner would show of a state: units, limits, noise. Every number is a row of observe.csv.

Counts come in as whole-body cells (arrays of any one shape), and go out in the unit of the record. Functions with noise
take a NumPy generator and nothing else changes; where a published number is missing the row says `assumed`.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from carsequel.terms.tables import read_table

Floats = NDArray[np.float64]


class Measured(NamedTuple):
    """A measurement: its value (the limit itself where it is below it), and where it is below."""

    value: Floats
    below: NDArray[np.bool_]


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


def mrd(cells: ArrayLike) -> Measured:
    """Give MRD as a fraction of marrow cells, with the limit of the assay."""
    return _limited(marrow_blasts(cells) / 100, number("mrd_limit"))


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


def antigen_negative_share(positive: ArrayLike, negative: ArrayLike) -> Floats:
    """Give the share of tumour cells without the first antigen; not a number where there is less than one cell."""
    less, all_cells = _floats(negative), _floats(positive) + _floats(negative)
    return np.where(all_cells < 1, np.nan, less / np.maximum(all_cells, 1.0))


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


def _limited(values: Floats, limit: float) -> Measured:
    below = values < limit
    return Measured(np.where(below, limit, values), below)


def with_noise(values: ArrayLike, rng: Generator, spread: float, limit: float = 0.0) -> Measured:
    """Give measurements of true values: log-normal noise of so much spread (ln), and a limit in the same unit."""
    true = _floats(values)
    return _limited(true * np.exp(spread * rng.standard_normal(true.shape)), limit)


def measured_count(cells: ArrayLike, rng: Generator) -> Measured:
    """Give a flow count in cells/uL of whole-body lymphocytes, with noise and limit."""
    return with_noise(per_ul(cells), rng, number("count_noise"), number("count_limit"))


def measured_copies(car: ArrayLike, lymphocytes: ArrayLike, rng: Generator) -> Measured:
    """Give a PCR level in copies/ug, with noise (stein2019) and limit."""
    return with_noise(copies_per_ug(car, lymphocytes), rng, number("copies_noise"), number("copies_limit"))


def measured_volume(cells: ArrayLike, rng: Generator) -> Measured:
    """Give a tumour volume in mL with the noise of segmentation."""
    return with_noise(tumour_volume(cells), rng, number("burden_noise"))


def antigen_test(share_negative: ArrayLike, rng: Generator) -> NDArray[np.bool_]:
    """Say whether a biopsy reads antigen-negative: more than half of the cells, with some tests wrong."""
    share = _floats(share_negative)
    wrong = rng.random(share.shape) < number("antigen_error")
    return np.asarray((share > 0.5) != wrong)
