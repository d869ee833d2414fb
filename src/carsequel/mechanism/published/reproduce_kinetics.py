"""The kinetics of CAR T cells again: Kirouac 2023, Stein 2019, Ogasawara 2021, Chaudhury 2020."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from carsequel.mechanism.published import kirouac2023 as kirouac_file
from carsequel.mechanism.published import read_published
from carsequel.mechanism.published import stein2019 as stein_file
from carsequel.mechanism.solve import solve

Floats = NDArray[np.float64]
LN2: Final = float(np.log(2.0))


def kirouac2023() -> dict[str, float]:
    """Give the numbers of test R1: medians and limits over the 12 vectors of each group."""
    model = read_published("kirouac2023")
    days = np.append(np.arange(0.0, 90.0625, 0.0625), 365.0)
    month, quarter = int(28 / 0.0625), int(90 / 0.0625)
    numbers: dict[str, float] = {}
    for group in ("CR", "PR", "NR"):
        found = solve(model, kirouac_file.read_vectors(group), days, rtol=1e-8, atol=1.0)
        car = found.state("memory") + found.state("early") + found.state("effector") + found.state("exhausted")
        left = found.state("tumour") / found.state("tumour")[:, :1]
        each = {
            "peak": car.max(axis=1),
            "peak_day": days[car.argmax(axis=1)],
            "auc_28": np.trapezoid(car[:, : month + 1], days[: month + 1], axis=1),
            "b_28": left[:, month],
            "b_90": left[:, quarter],
            "b_365": left[:, -1],
            "car_90": car[:, quarter],
            "car_365": car[:, -1],
        }
        for name, values in each.items():
            numbers[f"{group.lower()}_{name}"] = float(np.median(values))
            numbers[f"{group.lower()}_{name}_least"] = float(values.min())
            numbers[f"{group.lower()}_{name}_most"] = float(values.max())
    return numbers


def stein2019() -> dict[str, float]:
    """Give the numbers of test S1 for tisagenlecleucel."""
    model = read_published("stein2019")
    top = next(row.value for row in model.parameters if row.name == "tmax")
    days = np.unique(np.concatenate([np.arange(0.0, 28.01, 0.05), [top, 60.0, 90.0, 180.0, 365.0]]))
    found = solve(model, {}, days, rtol=1e-9, atol=1e-9)
    effector, memory = found.state("effector")[0], found.state("memory")[0]
    level = effector + memory
    at = {day: int(np.searchsorted(days, day - 1e-9)) for day in (2, 6, 12, 14, 20, 28, 60, 90, 180, 365)}
    numbers = {f"level_{day}": level[at[day]] for day in (14, 28, 60, 90, 180, 365)}
    month = slice(0, at[28] + 1)
    numbers |= {
        "doubling": _doubling(effector, days, at[2], at[6]),
        "half_fast": -_doubling(effector, days, at[12], at[20]),
        "half_slow": -_doubling(memory, days, at[180], at[365]),
        "auc_28": float(np.trapezoid(level[month], days[month])),
    }
    generator = np.random.default_rng(2019)
    for reading in ("variance", "sd"):
        drawn = stein_file.draw_patients(200_000, generator, read_as=reading)["cmax"]
        numbers[f"cmax_5_{reading}"], numbers[f"cmax_95_{reading}"] = (float(x) for x in np.percentile(drawn, (5, 95)))
    return numbers


def _doubling(level: Floats, days: Floats, first: int, last: int) -> float:
    return float(LN2 * (days[last] - days[first]) / np.log(level[last] / level[first]))


def ogasawara2021() -> dict[str, float]:
    """Give the numbers of test S1 for lisocabtagene maraleucel, read off the solved curve."""
    days = np.arange(0.0, 721.0, 0.01)
    found = solve(read_published("ogasawara2021"), {}, days, rtol=1e-9, atol=1e-15)
    effector, memory = found.state("effector")[0], found.state("memory")[0]
    at = {day: round(day / 0.01) for day in (4, 8, 12, 20, 300, 700)}
    return {
        "lag": float(days[np.flatnonzero(effector > effector[0] * 1.005)[0]]),
        "doubling": _doubling(effector, days, at[4], at[8]),
        "tmax": float(days[np.argmax(effector + memory)]),
        "half_fast": -_doubling(effector, days, at[12], at[20]),
        "half_slow": -_doubling(memory, days, at[300], at[700]),
    }


def chaudhury2020() -> dict[str, float]:
    """Give the levels that the curated model gives."""
    found = solve(read_published("chaudhury2020"), {}, [28.0, 360.0], rtol=1e-9, atol=1e-12)
    expanding, persisting = found.state("expanding")[0], found.state("persisting")[0]
    return {"expanding_28": expanding[0], "persisting_28": persisting[0], "persisting_360": persisting[1]}
