"""How early failure can be called in a population: python calibration/monitoring.py --out FILE, then --report FILE.

Virtual patients on a seed that the bank does not use are watched under nested monitoring schedules (monitoring.csv).
At each landmark, among those alive and free of failure, the bank weighed by what was seen until then gives the
probability of failure by day 365: that of `inference.knowing.known_on` (`--check` compares), with the series that the
schedules share computed once. Rows are kept patient by patient; a later call goes on where the last one stopped.
`monitoring_report.py` makes docs/monitoring.md from them.
"""

import argparse
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import logsumexp

from carsequel.inference.bank import Bank, build_bank
from carsequel.inference.knowing import known_on
from carsequel.inference.likelihood import log_likelihood_by_noise
from carsequel.inference.numbers import measures, noise_scales
from carsequel.inference.observations import FailureSeen, Observations, as_rows
from carsequel.inference.paths import Paths
from carsequel.inference.predict import predicted
from carsequel.inference.weights import effective_size, normalised
from carsequel.mechanism.clinic import clinic_rules, death_days
from carsequel.mechanism.populations.runs import hazards_of
from carsequel.services.banks import bank_for

TRUTH_SEED = 99_001
BY = 365.0
LANDMARKS = (7.0, 14.0, 28.0, 60.0, 90.0, 120.0)
SCHEDULES = ("labs", "+ CAR T", "+ scans", "+ ctDNA")
PRUNED = ("+ scans", "+ ctDNA")
FAR = 20.0  # ln: who weighs so much less under the schedule before is not looked at under these
Floats = NDArray[np.float64]


class Watched(NamedTuple):
    """The patients: their paths, day of death from other causes [n], scale of the noise [n], days of visits for
    symptoms (patient -> days), and what an assay shows: (measure, day) -> (ln value [n], below the limit [n])."""

    paths: Paths
    death: Floats
    visits: dict[int, list[float]]
    shown: dict[tuple[str, float], tuple[Floats, NDArray[np.bool_]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--bank", type=int, default=30_000)
    parser.add_argument("--minutes", type=float, default=3.5, help="stop after so long; the next call goes on")
    parser.add_argument("--check", type=int, default=0, help="compare so many patients with known_on and stop")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    end = time.monotonic() + 60 * asked.minutes
    bank, people = bank_for("LBCL", "axi-cel", asked.bank), watched(asked.n)
    risk = {day: early(bank.paths.only(np.flatnonzero(bank.paths.failure_day > day))) for day in LANDMARKS}
    if asked.check:
        print(f"largest difference from known_on: {max(differences(bank, risk, people, asked.check)):.2e}")
        return
    rows = pl.read_parquet(asked.out).to_dicts() if asked.out.exists() else []
    first, kept = (max(row["patient"] for row in rows) + 1 if rows else 0), dict[Any, Floats]()
    for patient in range(first, people.paths.n):
        if time.monotonic() > end:
            break
        rows += [row for day in LANDMARKS for row in called(risk[day], people, patient, day, kept)]
    pl.DataFrame(rows).write_parquet(asked.out)
    print(f"{rows[-1]['patient'] + 1} of {people.paths.n} patients")


@cache
def numbers() -> dict[str, list[float]]:
    """Give the rows of monitoring.csv: name -> values."""
    rows = pl.read_csv(Path(__file__).with_suffix(".csv"), infer_schema=False)
    return {name: [float(part) for part in value.split()] for name, value in rows.select("name", "value").iter_rows()}


@cache
def days_of(schedule: str) -> dict[str, list[float]]:
    """Give when a schedule plans which measure, up to the last landmark."""
    own, at = numbers(), SCHEDULES.index(schedule)
    every = {name: np.arange(own[name][0], LANDMARKS[-1] + 1, own[name][0]).tolist() for name in own if "every" in name}
    found = {"ldh": own["baseline"] + every["lab_every"], "b_cells": every["lab_every"], "mtv": own["baseline"]}
    if at >= 1:
        found["car_cells"] = own["car_days"]
    if at >= 2:
        found["mtv"] = own["baseline"] + own["scan_days"]
    if at >= 3:
        found["ctdna"] = own["baseline"] + every["ctdna_every"]
    return found


def watched(n: int) -> Watched:
    """Simulate n patients and all that any schedule could show of them."""
    truth = build_bank("LBCL", "axi-cel", n, seed=TRUTH_SEED)
    paths, random = truth.paths, np.random.default_rng([TRUTH_SEED, 1])
    rules = {name: float(clinic_rules("LBCL")[name]) for name in ("death_year_1", "death_later")}
    hazards = hazards_of(truth.particles.drawn(truth.members).parameters)
    death = death_days({**rules, **hazards}, TRUTH_SEED, truth.particles.numbers)
    visits = dict(visits_of(paths, random))
    scales, shares = (np.array(part) for part in zip(*noise_scales(), strict=True))
    noise, shown = random.choice(scales, paths.n, p=shares), dict[Any, Any]()
    planned = days_of(SCHEDULES[-1])
    extra = sorted({day for days in visits.values() for day in days})
    for measure, days in planned.items():
        kind = measures()[measure]
        shift = (0.0 if measure == "ctdna" else kind.shift) * random.standard_normal(paths.n)  # its level tells nothing
        limit = np.log(numbers()["ctdna_limit"][0] if measure == "ctdna" else kind.limit or 1e-300)
        for day in sorted({*days, *(extra if measure in ("ldh", "mtv") else [])}):
            logs = predicted(paths, measure, day) + shift + noise * kind.spread * random.standard_normal(paths.n)
            shown[measure, day] = np.maximum(logs, limit), logs < limit
    return Watched(paths, death, visits, shown)


def visits_of(paths: Paths, random: np.random.Generator) -> Iterator[tuple[int, list[float]]]:
    """Give for each patient the days of visits for symptoms before the failure: in the middle of a week, by chance."""
    own = numbers()
    growth, most = own["visit_growth"][0], own["visit_most"][0]
    days = np.arange(3.5, LANDMARKS[-1], 7.0)
    chances = [most * np.clip(1 - growth * np.exp(paths.baseline - paths.tumour_on(day)), 0.0, 1.0) for day in days]
    come = (random.random((days.size, paths.n)) < np.array(chances)) & (days[:, None] < paths.failure_day)
    for patient in range(paths.n):
        yield patient, days[come[:, patient]].tolist()


def seen_of(people: Watched, patient: int, schedule: str, day: float) -> Observations:
    """Give what a schedule has shown of a patient by a day; visits for symptoms add LDH and a scan."""
    rows = []
    for measure, days in days_of(schedule).items():
        extra = people.visits[patient] if measure in ("ldh", "mtv") else []
        for each in sorted({*days, *extra}):
            if each <= day:
                logs, below = (part[patient] for part in people.shown[measure, each])
                rows.append({"measure": measure, "series": measure, "day": each, "value": float(np.exp(logs)),
                             "bound": -int(below), "text": None, "source": "simulated"})  # fmt: skip
    return Observations(as_rows(rows), FailureSeen("free", day), day)


def called(risk: Paths, people: Watched, patient: int, day: float, kept: dict[Any, Floats]) -> list[dict[str, Any]]:
    """Give a row a schedule at one landmark, for a patient alive and free of failure there: probability of failure by
    day 365, effective patients of the bank at risk, and what happened."""
    failure = float(people.paths.failure_day[patient])
    if failure <= day or people.death[patient] <= day:
        return []
    said = {"patient": patient, "landmark": day, "failure_day": failure, "failed": failure <= BY}
    said["visits"] = sum(each <= day for each in people.visits[patient])
    found, here, logs = [], np.arange(risk.n), np.zeros(risk.n)
    for schedule in SCHEDULES:
        if schedule in PRUNED:
            here = np.flatnonzero(logs > logs.max() - FAR)
        by_noise = np.log([share for _, share in noise_scales()])[:, None] + np.zeros(risk.n)
        for rows in seen_of(people, patient, schedule, day).rows.partition_by("measure", maintain_order=True):
            key = (day, patient if rows["bound"].eq(0).any() else -1, rows["measure"][0], rows.height)
            if key not in kept:
                kept[key] = series_of(risk, here, rows)
            by_noise = by_noise + kept[key]
        logs = np.asarray(logsumexp(by_noise, axis=0))
        weights = normalised(logs)
        p = float(weights[risk.failure_day <= BY].sum())
        found.append(said | {"schedule": schedule, "p": p, "effective": effective_size(weights)})
    for key in [key for key in kept if key[1] == patient]:
        del kept[key]
    return found


def series_of(risk: Paths, here: NDArray[np.int64], rows: pl.DataFrame) -> Floats:
    """Give the log-likelihood [scales, paths] of one series; minus infinity where a path is no longer looked at."""
    paths = risk if here.size == risk.n else risk.only(here)
    alone = log_likelihood_by_noise(paths, Observations(rows, FailureSeen("unknown", 0.0), 0.0))
    found = np.full((alone.shape[0], risk.n), -np.inf)
    found[:, here] = alone - np.log([share for _, share in noise_scales()])[:, None]
    return found


def early(paths: Paths) -> Paths:
    """Give paths up to the first time after the last landmark: all that is read of them here."""
    last = int(np.searchsorted(paths.times, LANDMARKS[-1])) + 2
    logs = {name: np.array(paths.logs[name][:last]) for name in ("car", "lymphocytes", "tumour", "b_cells")}
    return paths._replace(times=paths.times[:last], logs=logs, negative=np.array(paths.negative[:last]))


def differences(bank: Bank, risk: dict[float, Paths], people: Watched, n: int) -> Iterator[float]:
    """Give how far the probabilities of the first n patients are from those of `known_on`."""
    for patient in range(n):
        for day in LANDMARKS:
            for row in called(risk[day], people, patient, day, {}):
                seen = seen_of(people, patient, row["schedule"], day)
                yield abs(known_on(bank.paths, seen, day, (BY,))[0]["p"] - row["p"])


if __name__ == "__main__":
    main()
