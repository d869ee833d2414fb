"""Tumours against CAR T cells again: Leon-Triana 2021 (two papers), Owens 2021, Barros 2021."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from carsequel.mechanism.published import barros2021 as barros_file
from carsequel.mechanism.published import leon_triana_dual2021 as dual_file
from carsequel.mechanism.published import owens2021 as owens_file
from carsequel.mechanism.published import read_published
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import solve

Floats = NDArray[np.float64]
Given = tuple[tuple[str, float], ...]


def leon_triana2021() -> dict[str, float]:
    """Give the numbers of test L1."""
    days = np.arange(0.0, 360.1, 0.1)
    doses = (1e6, 1e7, 1e8)
    found = solve(read_published("leon_triana2021"), {"c_0": list(doses)}, days, chance=False, rtol=1e-9, atol=1.0)
    numbers: dict[str, float] = {}
    for row, power in enumerate((6, 7, 8)):
        leukaemia = found.state("leukaemia")[row]
        least = int(np.argmin(leukaemia))
        back = least + int(np.argmax(leukaemia[least:] > 1e9))
        numbers |= {
            f"relapse_1e{power}": days[back],
            f"nadir_1e{power}": leukaemia[least],
            f"nadir_day_1e{power}": days[least],
        }
    bound = 1e7 + 0.25 * (5e10 + 2.5e10)
    return numbers | {
        "day_28": found.state("leukaemia")[1, 280],
        "peak_over_bound": found.state("car")[1].max() / bound,
    }


def leon_triana_dual2021() -> dict[str, float]:
    """Give the numbers of test D1."""
    model, days = read_published("leon_triana_dual2021"), np.arange(0.0, 301.0, 0.5)
    runs = {name: solve(model, values, days, rtol=1e-9, atol=1e-3) for name, values in dual_file.SETS.items()}
    single, dual = runs["single"].state("tumour")[0], runs["dual"]
    numbers = {f"single_{day}": single[2 * day] for day in (30, 100, 300)}
    numbers |= {f"dual_{day}": dual.state("tumour")[0, 2 * day] for day in (14, 30, 100)}
    return numbers | {"dual_car": dual.state("car").max(), "dual_off": dual.state("off").max()}


def chemotherapy(regimen: str, factor: float = 1.0) -> list[Event]:
    """Give the events of Owens' regimen (C5 or C3): half an hour a day from day 0, doses times `factor`."""
    strength, days = owens_file.REGIMENS[regimen]
    on: Given = (("chemotherapy", strength * factor),)
    off: Given = (("chemotherapy", 0.0),)
    starts = [Event(float(day), given=on) for day in range(days)]
    return starts + [Event(day + owens_file.INFUSION, given=off) for day in range(days)]


def days_to_clear(events: list[Event], infused: float, changed: dict[str, float]) -> tuple[float, float]:
    """Give the days from `infused` until no tumour is left (nan: never, within 150 d) and the highest drug level."""
    model = read_published("owens2021")
    times = np.unique(np.concatenate([np.arange(0.0, 150.05, 0.05), np.arange(5) + owens_file.INFUSION]))
    found = solve(model, changed, times, plan(model, events), rtol=1e-8, atol=1e-6)
    gone = np.flatnonzero((found.state("tumour")[0] < 1.0) & (times > infused))
    return (times[gone[0]] - infused if gone.size else np.nan), float(found.state("drug").max())


def owens2021() -> dict[str, float]:
    """Give the numbers of test O1: the infusion comes two days after the last day of chemotherapy."""
    factor = owens_file.QUOTED_PEAK
    dose = {"C5": 7.0, "C3": 5.0}
    infuse = {name: Event(day, "infuse", 1e7) for name, day in dose.items()}
    plain = {name: days_to_clear([*chemotherapy(name), infuse[name]], day, {}) for name, day in dose.items()}
    more = {name: days_to_clear([*chemotherapy(name, factor), infuse[name]], day, {}) for name, day in dose.items()}
    second = owens_file.SETS["P2 CLL"]
    p2, _ = days_to_clear([*chemotherapy("C3"), Event(7.0, "infuse", 2.5e8)], 7.0, second)
    return {
        "peak_as_printed": plain["C5"][1],
        "peak_rescaled": more["C5"][1],
        **{f"as_printed_{name}": float(plain[name][0] > 0) for name in dose},
        **{f"rescaled_{name}": float(more[name][0] > 0) for name in dose},
        "rescaled_C5_days": more["C5"][0],
        "p2_days": p2,
        "chemotherapy_alone": float(days_to_clear(chemotherapy("C5", factor), 0.0, {})[0] > 0),
        "car_alone": float(days_to_clear([Event(0.0, "infuse", 2.5e8)], 0.0, {})[0] > 0),
        **_longer_rest(),
    }


def _longer_rest() -> dict[str, float]:
    """Give the share of combinations that work after a rest of at most 2 days and fail after a longer one.

    A combination is a patient (P1, P2), a regimen as printed, a burden and a dose; rests are whole days up to 20.
    """
    model, rests = read_published("owens2021"), np.arange(0.0, 21.0)
    burden, dose, rest = (
        each.ravel() for each in np.meshgrid((1e9, 5e9, 1e10), (1e7, 1e8, 2.5e8), rests, indexing="ij")
    )
    works = []
    for changed in (owens_file.SETS["P1 DLBCL"], owens_file.SETS["P2 CLL"]):
        for regimen, (_, days) in owens_file.REGIMENS.items():
            events = [*chemotherapy(regimen), Event(days + rest, "infuse", dose)]
            found = solve(model, {**changed, "t_0": burden}, [120.0], plan(model, events, rest.size), atol=1e-6)
            works.append(found.state("tumour").reshape(-1, rests.size) < 1.0)
    grid = np.concatenate(works)
    fails = 1.0 - grid[grid[:, :3].any(axis=1)].mean(axis=0)
    limits = {"fail_from_5": rests >= 5, "fail_over_12": rests > 12, "fail_over_17": rests > 17}
    return {name: float(fails[longer].mean()) for name, longer in limits.items()}


def barros2021() -> dict[str, float]:
    """Give the numbers of test B1; Raji by an implicit solver, because waking of memory is far too fast for others."""
    model = read_published("barros2021")
    day, cells = barros_file.DOSES["HDLM-2"]
    events = [Event(day, "infuse", cells), Event(250.0, "challenge", 1e6)]
    times = np.sort(np.concatenate([np.arange(0.0, 300.0, 0.05), [day - 1e-6]]))
    found = solve(model, {}, times, plan(model, events), rtol=1e-8, atol=1e-3)
    tumour, memory = found.state("tumour")[0], found.state("memory")[0]
    gone = np.flatnonzero((tumour < 1.0) & (times > day))
    again = np.flatnonzero((tumour < 1.0) & (times > 250.0))
    return {
        "before_infusion": tumour[np.searchsorted(times, day - 1e-6)],
        "cleared": times[gone[0]] - day,
        "memory_100": memory[np.searchsorted(times, 100.0 - 1e-9)],
        "challenge": times[again[0]] - 250.0,
        "raji_20": raji(20.0)[2],
    }


def raji(until: float, cells: str = "Raji") -> Floats:
    """Give effector cells, memory cells and tumour of a Raji experiment on a day after the infusion on day 7.

    `cells` is a set of `barros2021.SETS` with Raji in its name.
    """
    model = read_published("barros2021")
    values = {row.name: row.value for row in model.parameters} | barros_file.SETS[cells]
    p: Any = SimpleNamespace(**values)
    day, infused = barros_file.DOSES["Raji"]
    begin = [infused, 0.0, values["t_0"] * np.exp(values["r"] * day)]

    def change(t: float, y: Floats) -> Floats:
        return np.array(model.rates(t, model.state(*y), p, model.given()))

    done = solve_ivp(change, (day, until), begin, method="BDF", rtol=1e-8, atol=1e-6)
    found: Floats = done.y[:, -1]
    return found
