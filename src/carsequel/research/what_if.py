"""What if: the same posterior patients through another arm after the failure, with or without delay. A hypothesis."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.inference.fit import Fit
from carsequel.inference.paths import NO_DEATHS
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.clinic import clinic_times, from_day, outcomes
from carsequel.mechanism.populations.runs import RTOL, TUMOUR, composite_model, of_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solution import Solution
from carsequel.mechanism.solve import solve

Floats = NDArray[np.float64]
DRAWS: Final = 200
FOLLOWED: Final = 400.0
NOTHING: Final = "observation"
OUTCOMES: Final = ("response", "complete_response", "controlled_180", "controlled_365")
CONTROLLED: Final = (180.0, 365.0)
HALF: Final = 0.5
Z90: Final = 1.645


def what_if(fit: Fit, arm: str, delay: float = 0.0, draws: int = DRAWS) -> pl.DataFrame:
    """Give what the model projects for an arm that begins `delay` days after the failure: one row an outcome
    (response and complete_response against the burden at its start; controlled: 180 and 365 days after the failure,
    however long the delay, the burden is below half of that at the failure) with p, low, high (90 %, over
    draws of the posterior), `gain` over observation in the same patients with its own low and high, n (draws),
    `hypothesis` true.

    For a patient who has not failed, the failure is that of each draw that fails. Raises ArmError for an unknown arm,
    ValueError where no draw of the posterior fails.
    """
    return compare_arms_for(fit, [arm], delay, draws)


def compare_arms_for(fit: Fit, arms: Sequence[str], delay: float = 0.0, draws: int = DRAWS) -> pl.DataFrame:
    """Give `what_if` for several arms on the same draws, with the columns arm and delay."""
    places, failure = _failing(fit, draws)
    base = _results(fit, places, failure, NOTHING, delay)
    parts = []
    for arm in arms:
        own = base if arm == NOTHING else _results(fit, places, failure, arm, delay)
        for name in OUTCOMES:
            p, gain = _mean(own[name]), _mean(own[name] - base[name])
            parts.append({"arm": arm, "delay": delay, "outcome": name, "p": p[0], "low": max(p[1], 0.0),
                          "high": min(p[2], 1.0), "gain": gain[0], "gain_low": gain[1], "gain_high": gain[2],
                          "n": places.size, "hypothesis": True})  # fmt: skip
    return pl.DataFrame(parts)


def _failing(fit: Fit, draws: int) -> tuple[NDArray[np.int64], Floats]:
    """Draws of the posterior and the day on which each fails: that of the record where it has one."""
    places = fit.draws(draws)
    if fit.seen.failure.state == "failed":
        return places, np.full(places.size, fit.seen.failure.day)
    own = fit.paths.failure_day[places].astype(np.float64)
    if not np.isfinite(own).any():
        raise ValueError("no virtual patient like this one fails; there is no failure to treat")
    return places[np.isfinite(own)], own[np.isfinite(own)]


def _results(fit: Fit, places: NDArray[np.int64], failure: Floats, arm: str, delay: float) -> dict[str, Floats]:
    """Each outcome [n], 0 or 1, of an arm in these patients."""
    model, own = composite_model(), fit.particles.only(places)
    parameters = of_model(own.drawn(fit.bank.members).parameters, arm)
    start = failure + delay
    times = clinic_times(fit.disease, float(np.ceil(start.max())) + FOLLOWED)
    given = fit.bank.events[len(events_of("single")) :]
    events = plan(model, [*events_of(arm, failure_day=failure, delay=delay), *given], places.size)
    whole = solve(model, parameters, times, events, seed=fit.bank.seed, rtol=RTOL, first_patient=own.numbers)
    after = from_day(whole, start, clinic_times(fit.disease, FOLLOWED))
    rows = outcomes(
        after, parameters, fit.disease, seed=fit.bank.seed, first_patient=own.numbers, baseline=_burden(after)[:, 0],
        hazards=NO_DEATHS,
    )  # fmt: skip
    at_failure = fit.paths.only(places)
    before = np.exp([at_failure.only(np.array([at])).tumour_on(day)[0] for at, day in enumerate(failure)])
    later = _burden(from_day(whole, failure, np.array([0.0, *CONTROLLED])))[:, 1:]
    found: dict[str, Any] = {
        "response": rows["orr"].fill_null(False).to_numpy(),
        "complete_response": rows["cr"].fill_null(False).to_numpy(),
        **{f"controlled_{day:g}": later[:, at] < HALF * before for at, day in enumerate(CONTROLLED)},
    }
    return {name: np.asarray(values, dtype=np.float64) for name, values in found.items()}


def _burden(solution: Solution) -> Floats:
    return np.asarray(np.sum([solution.state(name) for name in TUMOUR], axis=0))


def _mean(values: Floats) -> tuple[float, float, float]:
    error = Z90 * max(float(values.std()), 0.05) / np.sqrt(max(values.size, 1))
    return float(values.mean()), float(values.mean() - error), float(values.mean() + error)
