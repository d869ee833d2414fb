"""Causes by the model: the probability that each is present, and the share of the failure that it accounts for."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.inference.antigen import base_rate, lost_beside
from carsequel.inference.bank import Bank
from carsequel.inference.fit import Fit
from carsequel.inference.noise import misfit, pooled
from carsequel.inference.paths import Paths
from carsequel.inference.rescue import failure_shares
from carsequel.mechanism.counterfactual import SIX
from carsequel.terms.tables import read_table

Floats = NDArray[np.float64]
DRAWS: Final = 64
LEVEL: Final = 0.9
Z90: Final = 1.645
FEW: Final = 5.0  # effective patients of a parameter set below which it does not widen a range
UNDETERMINED: Final = "undetermined"
JOINT: Final = "short_persistence+t_cell_dysfunction"
CLOSE: Final = 0.1
HARDLY: Final = 0.05


class Shares(NamedTuple):
    """Shares of a failure by draws of the posterior: cause -> [m] (the six and `undetermined`), the places of the draws
    among the fit's patients [m] and their parameter sets [m]. Draws whose model course does not fail are left out.
    `beside` is the probability that the antigen was lost in a way that the model does not know: that much of the
    failure stays undetermined, and so does what the record hardly fits (`hardly`)."""

    values: dict[str, Floats]
    places: NDArray[np.int64]
    sets: NDArray[np.int64]
    beside: float = 0.0
    hardly: float = 0.0


@cache
def presence_rows() -> pl.DataFrame:
    """Give when a cause counts as present: cause, reads, side, share, meaning, status, source, note."""
    return read_table("carsequel.causes", "presence.csv").with_columns(pl.col("share").cast(pl.Float64))


def present_by_model(fit: Fit) -> dict[str, dict[str, Any]]:
    """Give for each cause that the model speaks of the probability that it is present in this patient, as PROB of the
    answer: p, low and high (range over the parameter sets of the population), level, basis, n (effective patients)."""
    day, hardly, own = fit.seen.failure.day, misfit(fit), fit.parameters()
    found = {}
    for row in presence_rows().iter_rows(named=True):
        if row["reads"] == "negative":
            inside, beside = lost_beside(fit.paths, antigen_rows(fit), day)
            values, everyone = inside + beside, base_rate(fit.disease)
        else:
            cut = threshold(fit.bank, row, day)
            usual = present_in(fit.bank.parameters, fit.bank.paths, row, day, cut)
            values = present_in(own, fit.paths, row, day, cut).astype(np.float64)
            everyone = float(usual[fit.bank.failing].mean()) if fit.bank.failing.any() else float("nan")
        prob = _probability(values, fit.weights, fit.particles.sets, row["meaning"])
        found[row["cause"]] = _widened(prob, everyone, hardly)
    return found


def _widened(prob: dict[str, Any], everyone: float, hardly: float) -> dict[str, Any]:
    """A probability mixed with that of the population by how hardly the record fits."""
    if prob["p"] is None:
        return prob
    p = pooled(prob["p"], everyone, hardly)
    ends = (prob["low"], prob["high"], p, *((everyone,) if hardly > HARDLY else ()))
    return prob | {"p": p, "low": min(ends), "high": max(ends)}


def antigen_rows(fit: Fit) -> pl.DataFrame:
    """Give the antigen readings that the fit rests on."""
    return fit.seen.rows.filter(pl.col("measure") == "antigen")


def threshold(bank: Bank, row: dict[str, Any], day: float) -> float:
    """Give the level beyond which a cause counts as present: a quantile of the durable responders, or a share."""
    if row["reads"] == "negative":
        return float(row["share"])
    values = reading(bank.parameters, bank.paths, row["reads"], day)[bank.lasting]
    return float(np.nanquantile(values, row["share"] if row["side"] == "below" else 1 - row["share"]))


def present_in(
    parameters: Mapping[str, Floats], paths: Paths, row: dict[str, Any], day: float, cut: float
) -> NDArray[np.bool_]:
    """Say in which simulated patients [n] a cause is present: beyond the threshold on the side that the row names."""
    values = reading(parameters, paths, row["reads"], day)
    return values < cut if row["side"] == "below" else values > cut


def reading(parameters: Mapping[str, Floats], paths: Paths, name: str, day: float) -> Floats:
    """Give [n] what a row of presence.csv reads of simulated patients, on the day of failure where it needs one."""
    if name == "negative":
        return np.asarray(paths.negative_on(day), dtype=np.float64)
    if name == "cmax":
        return paths.cmax.astype(np.float64)
    if name == "car_at_failure":
        return np.asarray(paths.on("car", day), dtype=np.float64)
    if name != "suppression":
        return np.asarray(parameters[name])
    rise = parameters["P0"] / (parameters["P0"] + parameters["KST"])
    return np.asarray(
        parameters["aS"] * rise / (rise + 1.0)
    )  # settled at the burden before lymphodepletion, where rise and decay are equal


def shares_of(fit: Fit, draws: int = DRAWS, exact: bool = False) -> Shares:
    """Give the shares of the failure for draws of the posterior; those of patients of the bank are computed once."""
    places = np.unique(fit.draws(draws), return_counts=True)
    who, counts = places
    own = fit.particles.only(who)
    known = fit.bank.shares
    missing = np.array([at for at, number in enumerate(own.numbers.tolist()) if number not in known], dtype=np.int64)
    if missing.size:
        fresh = failure_shares(fit.bank, own.only(missing), exact)
        table = np.stack([fresh[name] for name in (*SIX, UNDETERMINED)], axis=1)
        known.update(zip(own.numbers[missing].tolist(), map(tuple, table.tolist()), strict=True))
    rows = np.repeat(np.array([known[number] for number in own.numbers.tolist()]), counts, axis=0)
    failing = ~np.isnan(rows[:, 0])
    values = {name: rows[failing, at] for at, name in enumerate((*SIX, UNDETERMINED))}
    beside = lost_beside(fit.paths, antigen_rows(fit), fit.seen.failure.day)[1]
    return Shares(
        values,
        np.repeat(who, counts)[failing],
        np.repeat(own.sets, counts)[failing],
        float(fit.weights @ beside),
        misfit(fit),
    )


def shares_by_model(shares: Shares) -> dict[str, dict[str, Any]]:
    """Give the shares as PROB of the answer, summing to one: means over the posterior, with the range that the
    parameter sets of the population and the number of draws leave open."""
    equal = np.full(shares.places.size, 1.0)
    open_share = 1 - (1 - shares.beside) * (1 - shares.hardly)
    values_of = {
        name: (1 - open_share) * values + (open_share if name == UNDETERMINED else 0.0)
        for name, values in shares.values.items()
    }
    return {
        name: _probability(
            values, equal, shares.sets, "share of the failure, had this part been as in a durable responder"
        )
        for name, values in values_of.items()
    }


def dominant(shares: Shares) -> dict[str, float]:
    """Give the probability that each of the six accounts for the largest share."""
    if not shares.places.size:
        return dict.fromkeys(SIX, float("nan"))
    table = np.stack([shares.values[name] for name in SIX])
    best = (table >= table.max(axis=0) - 1e-9) & (table.max(axis=0) > 0)
    return dict(zip(SIX, np.mean(best / np.maximum(best.sum(axis=0), 1), axis=1).tolist(), strict=True))


def named_first(shares: dict[str, dict[str, Any]]) -> list[str]:
    """Give the causes to name: the one with the largest share, and the next where it is close to it."""
    ranked = sorted((name for name in SIX if shares[name]["p"] is not None), key=lambda name: -shares[name]["p"])
    if len(ranked) > 1 and shares[ranked[0]]["p"] - shares[ranked[1]]["p"] < CLOSE:
        return ranked[:2]
    return ranked[:1]


def _probability(values: Floats, weights: Floats, sets: NDArray[np.int64], meaning: str) -> dict[str, Any]:
    """PROB of weighted values: the mean, and the widest range of the sets' own means with their sampling error."""
    if not values.size or weights.sum() <= 0:
        return {"p": None, "low": None, "high": None, "level": LEVEL, "basis": "modelled", "n": 0, "why": meaning}
    ends = [_mean(values[sets == each], weights[sets == each]) for each in np.unique(sets)]
    whole = _mean(values, weights)
    ends = [end for end in ends if end[2] >= FEW] or [whole]
    low = min(whole[0], *(mean - Z90 * error for mean, error, _ in [whole, *ends]))
    high = max(whole[0], *(mean + Z90 * error for mean, error, _ in [whole, *ends]))
    return {"p": whole[0], "low": max(low, 0.0), "high": min(high, 1.0), "level": LEVEL, "basis": "modelled",
            "n": round(whole[2]), "why": meaning}  # fmt: skip


def _mean(values: Floats, weights: Floats) -> tuple[float, float, float]:
    """Weighted mean, its sampling error, effective size."""
    effective = float(weights.sum() ** 2 / np.sum(weights**2))
    mean = float(np.average(values, weights=weights))
    variance = float(np.average((values - mean) ** 2, weights=weights))
    return mean, float(np.sqrt(max(variance, 0.0) / effective)), effective
