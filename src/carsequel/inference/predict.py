"""What an assay would show of a path: the logarithm of its value in the unit of measures.csv."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from carsequel.inference.paths import Paths
from carsequel.mechanism.observe import number

Days = Callable[[Paths, float], Any]


def predicted(paths: Paths, measure: str, day: float) -> Any:
    """Give the ln of the true value [n] of a measure on a day (before day 1: as before lymphodepletion, for burden).

    Raises KeyError for a measure that no path speaks of.
    """
    return PREDICTS[measure](paths, day)


def _per_ul(name: str) -> Days:
    return lambda paths, day: paths.on(name, max(day, 0.0)) - np.log(number("cells_per_ul"))


def _copies(paths: Paths, day: float) -> Any:
    car, lymphocytes = (np.exp(_per_ul(name)(paths, day)) for name in ("car", "lymphocytes"))
    white = car + lymphocytes + number("other_white_per_ul")
    genomes = number("copies_per_cell") * number("dna_cells_per_ug")
    return np.log(genomes) + _per_ul("car")(paths, day) - np.log(white)


def _percent(paths: Paths, day: float) -> Any:
    car, lymphocytes = paths.on("car", max(day, 0.0)), paths.on("lymphocytes", max(day, 0.0))
    return np.log(100.0) + car - np.logaddexp(car, lymphocytes)


def _volume(paths: Paths, day: float) -> Any:
    return paths.tumour_on(day) - np.log(number("cells_per_ml"))


def _products(paths: Paths, day: float) -> Any:
    lesions = number("target_lesions")
    return np.log(lesions) + (np.log(6 / (np.pi * lesions)) + _volume(paths, day)) * (2 / 3)


def _blasts(paths: Paths, day: float) -> Any:
    burden = paths.tumour_on(day)
    return burden - np.logaddexp(burden, np.float32(np.log(number("marrow_cells"))))


def _protein(paths: Paths, day: float) -> Any:
    return paths.on("protein", max(day, 0.0))


def _ldh(paths: Paths, day: float) -> Any:
    share = np.exp((paths.tumour_on(day) - np.log(number("burden_unit"))) * number("ldh_power"))
    return np.log(number("ldh_normal") + number("ldh_per_burden") * share)


def _ferritin(paths: Paths, day: float) -> Any:
    share = np.exp(paths.tumour_on(day) - np.log(number("burden_unit")))
    burden = number("ferritin_burden_power") * np.log1p(share)
    inflamed = number("ferritin_il6_power") * paths.on("il6", max(day, 0.0))
    return np.log(number("ferritin_normal")) + burden + inflamed


PREDICTS: Final[dict[str, Days]] = {
    "car_cells": _per_ul("car"),
    "car_copies": _copies,
    "car_percent": _percent,
    "mtv": _volume,
    "spd": _products,
    "marrow_blasts": lambda paths, day: np.log(100.0) + _blasts(paths, day),
    "mrd": _blasts,
    "m_protein": _protein,
    "b_cells": _per_ul("b_cells"),
    "ldh": _ldh,
    "ferritin": _ferritin,
    "ctdna": lambda paths, day: paths.tumour_on(day),
    "il6": lambda paths, day: paths.on("il6", max(day, 0.0)),
}
