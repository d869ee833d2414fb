"""Kimmel 2021 again: the course of one patient, and cure by chance in virtual populations."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from carsequel.mechanism.published import kimmel2021 as model_file
from carsequel.mechanism.published import read_published
from carsequel.mechanism.solution import Solution
from carsequel.mechanism.solve import solve

Floats = NDArray[np.float64]
MODEL: Final = read_published("kimmel2021")
MEDIAN: Final = {row.name: row.value for row in MODEL.parameters}
PATIENTS: Final = 400
RARE: Final = 2000  # patients where hardly any is cured, so that the day of cure has a median
SPREAD: Final = 0.05
DAYS: Final = np.arange(0.0, 401.0, 0.5)


def kimmel2021() -> dict[str, float]:
    """Give the numbers of tests K1 to K3, by id."""
    return _course() | _without_chance() | _with_chance()


def _course() -> dict[str, float]:
    days = np.arange(0.0, 181.0, 0.125)
    found = solve(MODEL, {}, days, chance=False, rtol=1e-9)
    car, normal = found.state("car")[0], found.state("normal")[0]
    at = {day: int(day / 0.125) for day in (5, 7, 10, 14, 28, 60, 90, 180)}
    numbers: dict[str, float] = {f"car_{day}": car[row] for day, row in at.items()}
    numbers |= {f"normal_{day}": normal[at[day]] for day in (14, 28)}
    numbers |= {f"trial_{day}": car[at[day]] for day in (7, 14, 28, 90)}
    killing = MEDIAN["g_b"] * car / (MEDIAN["k_b"] + car)
    return numbers | {"log_kill_28": np.trapezoid(killing[: at[28] + 1], days[: at[28] + 1])}


def _without_chance() -> dict[str, float]:
    """Least tumour and day of progression where fractions of a cell go on living: by the sum of growth less killing."""
    days = np.arange(0.0, 801.0, 0.125)
    car = solve(MODEL, {}, days, chance=False, rtol=1e-9).state("car")[0]
    killed = _summed(MEDIAN["g_b"] * car / (MEDIAN["k_b"] + car), days)
    numbers: dict[str, float] = {}
    for growth in (0.01, 0.05, 0.105, 0.19, 0.265):
        log_tumour = np.log(MEDIAN["b_0"]) + growth * days - killed
        least = int(np.argmin(log_tumour))
        numbers |= {f"nadir_{growth:g}": np.exp(log_tumour[least]), f"nadir_day_{growth:g}": days[least]}
        back = np.flatnonzero(log_tumour > np.log(model_file.PROGRESSION * MEDIAN["b_0"]))
        if growth > 0.01:
            numbers[f"progression_{growth:g}"] = days[back[0]]
    return numbers


def _summed(values: Floats, days: Floats) -> Floats:
    steps = (values[1:] + values[:-1]) / 2 * np.diff(days)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _run(spread: float, changed: dict[str, float], patients: int = PATIENTS) -> Solution:
    """Run a population whose parameters are spread by a normal factor; one that is changed is spread around that."""
    generator = np.random.default_rng(2021)
    middle = MEDIAN | changed
    drawn = {name: value * (1.0 + spread * generator.standard_normal(patients)) for name, value in middle.items()}
    return solve(MODEL, drawn, DAYS, seed=2021)


def _cured(found: Solution) -> NDArray[np.bool_]:
    gone: NDArray[np.bool_] = np.any(found.state("tumour") == 0.0, axis=1)
    return gone


def _with_chance() -> dict[str, float]:
    numbers: dict[str, float] = {}
    for growth in (0.01, 0.105, 0.19, 0.265):
        numbers[f"cure_same_{growth:g}"] = _cured(_run(0.0, {"r_b": growth})).mean()
        found = _run(SPREAD, {"r_b": growth}, RARE if growth > 0.2 else PATIENTS)
        cured, tumour = _cured(found), found.state("tumour")
        numbers[f"cure_{growth:g}"] = cured.mean()
        numbers[f"cure_day_{growth:g}"] = float(np.median(DAYS[np.argmax(tumour[cured] == 0.0, axis=1)]))
        if growth > 0.01:
            back = (tumour > model_file.PROGRESSION * tumour[:, :1]) & (DAYS > 0)
            fails = back.any(axis=1)
            numbers[f"fail_day_{growth:g}"] = float(np.median(DAYS[np.argmax(back[fails], axis=1)]))
    for normal in (2, 4, 6, 8, 10, 12):
        numbers[f"cure_n_{normal}"] = _cured(_run(SPREAD, {"r_b": 0.19, "n_0": float(normal)})).mean()
    for room in (100, 120, 139, 160, 200):
        numbers[f"cure_k_{room}"] = _cured(_run(SPREAD, {"r_b": 0.19, "k_c": float(room)})).mean()
    return numbers
