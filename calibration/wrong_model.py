"""Judges the inference on patients of other models: python calibration/wrong_model.py --data kimmel2021 --out FILE.

Two published models stand for a truth that the composite model does not know. Their patients (log-normal spread) are
seen through a data situation by the law of the likelihood, and fitted on the bank; patients of the model itself are the
comparison. The last fifth of the measurements of each is left out and forecast. Rows are kept in FILE, patient by
patient, and a later call goes on where the last one stopped; `wrong_model_report.py` makes docs/wrong-model.md of them.
"""

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from scipy.special import logsumexp
from scipy.stats import norm

from carsequel.inference.bank import Bank, build_bank
from carsequel.inference.fit import Fit, fit_patient
from carsequel.inference.forecast import expected_course, forecast
from carsequel.inference.likelihood import log_likelihood_by_noise
from carsequel.inference.numbers import measures, noise_scales
from carsequel.inference.observations import Observations
from carsequel.inference.particles import HORIZON
from carsequel.inference.paths import Paths
from carsequel.inference.predict import predicted
from carsequel.inference.situations import followed_days, see, situations
from carsequel.inference.trust import trust_of
from carsequel.inference.weights import normalised, quantiles
from carsequel.mechanism.clinic import clinic_rules, clinic_times
from carsequel.mechanism.clinic_courses import leukemia_course, lymphoma_course
from carsequel.mechanism.observe import number
from carsequel.mechanism.published import read_published
from carsequel.mechanism.solve import solve
from carsequel.services.banks import bank_for

TRUTH_SEED = 88_001
BY = 365.0
LEFT_OUT = 0.2
NODES = 19  # of the normal law
ASSUMED = 0.3  # ln, where the paper prints no range
QUARTILES, NINE_TENTHS = 1.349, 3.290  # width of a normal law in standard deviations


class Source(NamedTuple):
    """A published model as data: the population it is fitted with; what its states are called; how many standard
    deviations its printed range is wide; parameters drawn among printed values or kept inside the printed range; what
    is not read because the model, or the disease, has none of it."""

    disease: str
    product: str
    states: dict[str, str]
    width: float
    among: dict[str, tuple[float, ...]]
    inside: tuple[str, ...]
    unread: tuple[str, ...]


SOURCES = {
    # The progression curves of the paper are drawn for these growths; quartiles of b_0 are 2 and 1300 mL.
    "kimmel2021": Source("LBCL", "axi-cel", {"car": "car", "lymphocytes": "normal", "tumour": "tumour"}, QUARTILES,
                         {"r_b": (0.105, 0.19, 0.265)}, ("b_0",), ("b_cells", "aplasia")),
    "leon_triana2021": Source("B-ALL", "tisa-cel", {"car": "car", "tumour": "leukaemia", "b_cells": "b"}, NINE_TENTHS,
                              {}, (), ("ldh",)),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=[*SOURCES, *(f"own_{name}" for name in SOURCES)], required=True)
    parser.add_argument("--situation", choices=situations(), default="rich")
    parser.add_argument("--n", type=int, default=200, help="patients drawn")
    parser.add_argument("--first", type=int, default=200, help="of them the first so many are fitted")
    parser.add_argument("--bank", type=int, default=20_000)
    parser.add_argument("--enough", type=float, default=200.0, help="effective patients sought by refining; 0: bank")
    parser.add_argument("--minutes", type=float, default=3.5, help="stop after so long; the next call goes on")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    run(asked, time.monotonic() + 60 * asked.minutes)


def run(asked: argparse.Namespace, end: float) -> None:
    """Fit patients until the time is up and keep their rows."""
    source = SOURCES[asked.data.removeprefix("own_")]
    bank = bank_for(source.disease, source.product, asked.bank)
    paths = own_paths(source, asked.n) if asked.data.startswith("own_") else paths_of(asked.data, asked.n)
    seen = see(paths, asked.situation, followed_days(asked.n, TRUTH_SEED), TRUTH_SEED).observations
    rows = pl.read_parquet(asked.out).to_dicts() if asked.out.exists() else []
    while len(rows) < min(asked.first, asked.n) and time.monotonic() < end:
        at = len(rows)
        said = {"data": asked.data, "situation": asked.situation, "patient": at, "bank": asked.bank,
                "enough": asked.enough}  # fmt: skip
        rows.append(said | judged(bank, readable(seen[at], source), paths, at, asked.enough))
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(asked.out)
    print(f"{asked.data} {asked.situation}: {len(rows)} of {asked.n} patients")


def paths_of(name: str, n: int) -> Paths:
    """Simulate n patients of a published model and give them in the form that the likelihood reads."""
    source, model = SOURCES[name], read_published(name)
    p, times = drawn(name, n), clinic_times(source.disease, HORIZON)
    found = solve(model, p, times, seed=TRUTH_SEED)
    scale = {"kimmel2021": number("cells_per_ul")}.get(name, 1.0)  # its T cells are counted per uL, its tumour in cells
    cells = {ours: found.state(theirs) * (1.0 if ours == "tumour" else scale) for ours, theirs in source.states.items()}
    none = np.full_like(cells["tumour"], np.nan)
    logs = {
        each: np.log(np.maximum(cells.get(each, none), 1e-3)).T for each in ("car", "lymphocytes", "tumour", "b_cells")
    }
    baseline = p["b_0"] if name == "kimmel2021" else p["l_0"]
    rules = clinic_rules(source.disease)
    levels = {key: float(value) for key, value in rules.items() if key not in ("rules", "scans")}
    course = lymphoma_course if rules["rules"] == "lymphoma" else leukemia_course
    scans = np.array([float(day) for day in rules["scans"].split()])
    clinic = course(times, cells["tumour"], baseline, np.full(n, np.inf), levels, scans)
    kept = np.zeros_like(logs["car"])  # neither model loses an antigen
    top = cells["car"].max(axis=1) / number("cells_per_ul")
    return Paths(source.disease, times, logs | {"il6": kept}, kept, np.log(baseline), clinic.failure_day,
                 clinic.complete, top)  # fmt: skip


def drawn(name: str, n: int) -> dict[str, Any]:
    """Draw the parameters [n] of patients: log-normal about the printed value with the printed range or ASSUMED."""
    source, random, found = SOURCES[name], np.random.default_rng([TRUTH_SEED, 3]), {}
    for row in read_published(name).parameters:
        spread = spread_of(source, row.low, row.high)
        middle: Any = row.value
        if row.name in source.among:
            middle, spread = random.choice(source.among[row.name], n), ASSUMED
        values = middle * np.exp(spread * random.standard_normal(n))
        while row.name in source.inside and np.any(out := (values < row.low) | (values > row.high)):
            values[out] = row.value * np.exp(spread * random.standard_normal(int(out.sum())))
        found[row.name] = values
    return found


def spread_of(source: Source, low: float, high: float) -> float:
    """Give the spread (ln) that a printed range stands for, or the assumed one where none is printed."""
    return float(np.log(high / low) / source.width) if 0 < low < high else ASSUMED


def own_paths(source: Source, n: int) -> Paths:
    """Give n patients of the model itself, on a seed that the bank does not use."""
    return build_bank(source.disease, source.product, n, seed=TRUTH_SEED).paths


def readable(seen: Observations, source: Source) -> Observations:
    """Leave out what is not read; in both sorts of data alike."""
    return seen._replace(rows=seen.rows.filter(~pl.col("measure").is_in(source.unread)))


def judged(bank: Bank, seen: Observations, paths: Paths, at: int, enough: float) -> dict[str, Any]:
    """Fit one patient on what was seen before the last fifth of the measurements, and hold it against what came."""
    measured = seen.rows.filter(pl.col("measure").is_in(list(measures())))
    days = measured["day"].sort()
    cut = float(days[int(np.ceil((1 - LEFT_OUT) * len(days))) - 1])
    before = seen.until(max(cut, 0.0))
    row: dict[str, Any] = {"cut": cut, "crash": None}
    began = time.monotonic()
    try:
        fit = fit_patient(bank, before, at, enough)
        mark = trust_of(fit)
    except Exception as error:
        return row | {"crash": type(error).__name__}
    row |= {"effective": fit.effective, "k_hat": fit.k_hat, "rounds": fit.rounds, "trust": mark.mark,
            "odd": len(mark.reasons), "seconds": time.monotonic() - began}  # fmt: skip
    noise = noise_scales_of(fit)
    row |= {"noisier": float(noise[1] + noise[2]), "noisiest": float(noise[2])}
    row |= covered(fit, noise, measured.filter(pl.col("day") > cut))
    if before.failure.state == "free" and cut < BY:
        row["p"] = float(forecast(fit, (BY,))["p"][0])
        row["failed"] = float(paths.failure_day[at] <= BY)
    return row


def noise_scales_of(fit: Fit) -> np.ndarray:
    """Give the posterior probability [3] of each scale of the noise."""
    by_scale = log_likelihood_by_noise(fit.paths, fit.seen)
    return normalised(logsumexp(by_scale + np.log(fit.weights) - logsumexp(by_scale, axis=0), axis=1))


def covered(fit: Fit, noise: np.ndarray, later: pl.DataFrame) -> dict[str, int]:
    """Count the later measurements, how many of them lie in the 90 % band as it is shown, and how many in one that
    takes the noise at its posterior scales; below a limit counts where the band reaches below it."""
    hits = [0, 0]
    for row in later.iter_rows(named=True):
        shown = expected_course(fit, row["measure"], [row["day"]]).row(0, named=True)
        for at, (low, high) in enumerate([(shown["q05"], shown["q95"]), band(fit, noise, row["measure"], row["day"])]):
            hits[at] += bool(low <= row["value"] and (row["bound"] or row["value"] <= high))
    return {"ahead": later.height, "inside": hits[0], "inside_noisy": hits[1]}


def band(fit: Fit, noise: np.ndarray, measure: str, day: float) -> tuple[float, float]:
    """Give the 5 and 95 % points of a measurement whose noise has the posterior's scales [3]."""
    kind, steps = measures()[measure], norm.ppf((np.arange(NODES) + 0.5) / NODES)
    known = (fit.seen.rows["measure"] == measure).any()
    spreads = [np.hypot(scale * kind.spread, kind.shift / 2 if known else kind.shift) for scale, _ in noise_scales()]
    logs = np.asarray(predicted(fit.paths, measure, day), dtype=np.float64)[:, None] + np.outer(spreads, steps).ravel()
    weights = fit.weights[:, None] * np.repeat(noise, NODES) / NODES
    low, high = np.exp(quantiles(logs.ravel(), weights.ravel(), (0.05, 0.95)))
    return float(low), float(high)


if __name__ == "__main__":
    main()
