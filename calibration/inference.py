"""Judges the inference by known truth: python calibration/inference.py --situation rich --n 2000 --out FILE.

Virtual patients on a seed that the bank does not use are seen through a data situation and fitted like records. One row
a patient: rank of the truth in the posterior for parameters and forecasts, probability of failure against what
happened, shares of the failure against the exact Shapley shares at the true parameters. `inference_report.py` makes
the table of docs/inference.md from the rows.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from carsequel.causes.modelled import dominant, presence_rows, present_by_model, present_in, shares_of, threshold
from carsequel.inference.bank import Bank, build_bank
from carsequel.inference.fit import Fit, fit_patient
from carsequel.inference.forecast import forecast
from carsequel.inference.rescue import failure_shares
from carsequel.inference.situations import Seen, followed_days, see, situations
from carsequel.inference.trust import trust_of
from carsequel.mechanism.counterfactual import SIX

TRUTH_SEED = 77_001
PARAMETERS = ("kk", "rhoE", "P0", "r", "dE", "om", "xi", "aS", "fQ", "N0")
AHEAD = 30.0
DRAWS = 48  # of the posterior for shares; a report takes 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--disease", default="LBCL")
    parser.add_argument("--product", default="axi-cel")
    parser.add_argument("--situation", required=True, help=f"{', '.join(situations())}, or one of them with measures "
                        "of rich added: scans+car_cells")  # fmt: skip
    parser.add_argument("--failures", action="store_true", help="fit the failures only")
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--bank", type=int, default=100_000)
    parser.add_argument("--enough", type=float, default=200.0)
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long and write what there is")
    parser.add_argument("--every", type=int, default=1, help="fit every so many-th patient only, from --from on")
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    bank = build_bank(asked.disease, asked.product, asked.bank)
    truth = build_bank(asked.disease, asked.product, asked.n, seed=TRUTH_SEED)
    seen = see(truth.paths, asked.situation, followed_days(truth.paths.n, TRUTH_SEED), TRUTH_SEED)
    exact = _exact_shares(bank, truth)
    rows, began = [], time.monotonic()
    for at in range(asked.first, len(seen.observations), asked.every):
        observations = seen.observations[at]
        if asked.failures and observations.failure.state != "failed":
            continue
        fit = fit_patient(bank, observations, at, asked.enough)
        rows.append({"situation": asked.situation, "patient": at, **_row(fit, truth, seen, at, exact)})
        if time.monotonic() - began > 60 * asked.minutes:
            break
        if len(rows) % 50 == 0:
            pl.DataFrame(rows, infer_schema_length=None).write_parquet(asked.out)
            print(f"{len(rows)} patients, {(time.monotonic() - began) / len(rows):.2f} s each", flush=True)
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(asked.out)


def _exact_shares(bank: Bank, truth: Bank) -> np.ndarray:
    """Shapley shares of every true patient, all 64 subsets run; those of the bank's durable responder and seed."""
    same_seed = replace(bank, particles=truth.particles, seed=truth.seed)
    shares = failure_shares(same_seed, truth.particles, exact=True)
    return np.stack([shares[name] for name in SIX], axis=1)


def _row(fit: Fit, truth: Bank, seen: Seen, at: int, exact: np.ndarray) -> dict[str, object]:
    observations, random = seen.observations[at], np.random.default_rng([TRUTH_SEED, at])
    mark = trust_of(fit)
    row: dict[str, object] = {"effective": fit.effective, "k_hat": fit.k_hat, "rounds": fit.rounds, "trust": mark.mark,
                              "as_of": observations.as_of, "state": observations.failure.state}  # fmt: skip
    posterior, true = fit.parameters(), truth.particles.only(np.array([at])).drawn(truth.members).parameters
    for name in PARAMETERS:
        row[f"rank_{name}"] = _rank(posterior[name], fit.weights, float(true[name][0]), random)
    own = truth.paths.only(np.array([at]))
    for name in ("car", "b_cells", "tumour"):
        day = observations.as_of + AHEAD
        row[f"rank_ahead_{name}"] = _rank(fit.paths.on(name, day), fit.weights, float(own.on(name, day)[0]), random)
    if observations.failure.state == "free":
        for forecast_row in forecast(fit, (180.0, 365.0, 730.0)).iter_rows(named=True):
            if forecast_row["day"] > observations.as_of:
                row[f"p_fail_{forecast_row['day']:g}"] = forecast_row["p"]
                row[f"failed_{forecast_row['day']:g}"] = bool(own.failure_day[0] <= forecast_row["day"])
        return row
    return row | _causes(fit, truth, seen, at, exact)


def _causes(fit: Fit, truth: Bank, seen: Seen, at: int, exact: np.ndarray) -> dict[str, object]:
    shares, row = shares_of(fit, DRAWS), {}
    chances = dominant(shares)
    for place, name in enumerate(SIX):
        row[f"p_first_{name}"] = chances[name]
        row[f"share_{name}"] = float(np.mean(shares.values[name])) if shares.places.size else None
        row[f"true_{name}"] = float(exact[at, place])
    present = present_by_model(fit)
    one = np.array([at])
    for rule in presence_rows().iter_rows(named=True):
        if rule["reads"] == "negative":
            there = bool(seen.lost[at])
        else:
            day = fit.seen.failure.day
            values, paths = truth.particles.only(one).drawn(truth.members).parameters, truth.paths.only(one)
            there = bool(present_in(values, paths, rule, day, threshold(fit.bank, rule, day))[0])
        row[f"p_present_{rule['cause']}"] = present[rule["cause"]]["p"]
        row[f"present_{rule['cause']}"] = there
    return row


def _rank(values: np.ndarray, weights: np.ndarray, true: float, random: np.random.Generator) -> float:
    """Share of the posterior below the truth; of what equals it (an empty clone) a share drawn at random."""
    near = np.isclose(values, true, rtol=1e-6, atol=0.0)
    return float(weights[(values < true) & ~near].sum() + random.random() * weights[near].sum())


if __name__ == "__main__":
    main()
