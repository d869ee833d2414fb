"""What the posterior expects: the course of every observable, and the probability of failure by a day."""

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from carsequel.inference.fit import Fit
from carsequel.inference.noise import misfit, noise_posterior, pooled
from carsequel.inference.numbers import measures, noise_scales
from carsequel.inference.observations import Observations
from carsequel.inference.predict import predicted
from carsequel.inference.weights import effective_size, quantiles
from carsequel.mechanism.clinic import YEAR, clinic_rules
from carsequel.mechanism.populations.runs import hazards_of

Floats = NDArray[np.float64]
DAYS: Final = (90.0, 180.0, 365.0)
BANDS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
STEPS: Final = 9
LITTLE: Final = 0.05
NAMES: Final = ("q05", "q25", "q50", "q75", "q95")


def forecast(fit: Fit, days: tuple[float, ...] = DAYS) -> pl.DataFrame:
    """Give the probability that the disease fails by each day, given the record: day, p (if nobody dies of something
    else), p_before_death (with death from other causes competing), low, high (5 and 95 % of what sampling the
    posterior leaves open; one patient's outcome is 0 or 1), effective (patients behind it). Where the record hardly
    fits the model, p is mixed with that of the whole population.

    For a patient who had failed, every p is 1 from the day of failure on.
    """
    failure = fit.seen.failure
    if failure.state == "failed":
        rows = [{"day": day, "p": float(day >= failure.day), "low": None, "high": None} for day in days]
        schema = {"day": pl.Float64, "p": pl.Float64, "low": pl.Float64, "high": pl.Float64}
        frame = pl.DataFrame(rows, schema=schema)
        return frame.with_columns(p_before_death=pl.col("p"), effective=pl.lit(fit.effective))
    now = failure.day if failure.state == "free" else 0.0
    at_risk = fit.weights * (fit.paths.failure_day > now)
    effective = effective_size(at_risk) if at_risk.sum() > 0 else 0.0
    survival, hardly = other_death_free(fit, now), misfit(fit)
    everyone = (fit.bank.paths.failure_day > now).astype(np.float64)
    rows = []
    for day in days:
        p, before = (share_failing(fit.paths.failure_day, at_risk * each, at_risk, day) for each in (1.0, survival))
        bank = share_failing(fit.bank.paths.failure_day, everyone, everyone, day)
        lost = p - before
        p = pooled(p, bank, hardly)
        error = 1.645 * np.sqrt(max(p * (1 - p), 1e-4) / max(effective, 1.0))
        ends = [p - error, p + error, *([bank] if hardly > LITTLE else [])]
        rows.append({"day": day, "p": p, "low": max(min(ends), 0.0), "high": min(max(ends), 1.0),
                     "p_before_death": max(p - lost, 0.0), "effective": effective})  # fmt: skip
    return pl.DataFrame(rows)


def share_failing(failure_day: NDArray[Any], weights: Floats, all_weights: Floats, day: float) -> float:
    """Give the weighted share of those at risk who fail by a day."""
    total = float(all_weights.sum())
    return float(weights[failure_day <= day].sum() / total) if total > 0 else float("nan")


def other_death_free(fit: Fit, since: float) -> Floats:
    """Give the probability [n] of not dying of something else between a day and the patient's day of failure."""
    rules = clinic_rules(fit.disease)
    own = hazards_of(fit.parameters())
    early, late = (np.asarray(own.get(name, float(rules[name]))) for name in ("death_year_1", "death_later"))
    until = np.where(np.isfinite(fit.paths.failure_day), fit.paths.failure_day, fit.paths.times[-1])
    return np.exp(-(_hazard(until, early, late) - _hazard(np.full(until.shape, since), early, late)))


def _hazard(day: Floats, early: Floats, late: Floats) -> Floats:
    return early * np.minimum(day, YEAR) / YEAR + late * np.maximum(day - YEAR, 0.0) / YEAR


def expected_course(fit: Fit, measure: str, days: list[float]) -> pl.DataFrame:
    """Give the predictive band of an observable over days: day and quantiles q05 to q95 of the true value in the
    measure's unit, spread of single measurements included. Raises KeyError for a measure without a row."""
    kind = measures()[measure]
    shift = kind.shift if not _has_series(fit.seen, measure) else kind.shift / 2
    places = norm.ppf((np.arange(STEPS) + 0.5) / STEPS)
    steps = np.concatenate([np.hypot(scale * kind.spread, shift) * places for scale, _ in noise_scales()])
    shares = np.repeat(noise_posterior(fit) / STEPS, STEPS)
    weights = (fit.weights[:, None] * shares[None, :]).ravel()
    rows = []
    for day in days:
        logs = (np.asarray(predicted(fit.paths, measure, day), dtype=np.float64)[:, None] + steps).ravel()
        found = np.exp(quantiles(logs, weights, BANDS, fit.effective))
        rows.append({"day": day, **dict(zip(NAMES, found.tolist(), strict=True))})
    return pl.DataFrame(rows)


def _has_series(seen: Observations, measure: str) -> bool:
    return bool((seen.rows["measure"] == measure).any())
