"""One patient's fit, timed: python bench/inference.py [--bank 100000] [--many 200].

Prints the seconds of a bank of simulated patients (aim 15 s for 100,000), of one patient's fit, causes, forecast and
next test with it (aim 2 s), and of many patients (aim 300 s for 1,000) on the processors that there are.
"""

import argparse
import os
import platform
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from carsequel.causes.information import weigh_tests
from carsequel.causes.modelled import present_by_model, shares_by_model, shares_of
from carsequel.inference.bank import build_bank
from carsequel.inference.fit import fit_patient
from carsequel.inference.forecast import forecast
from carsequel.inference.situations import followed_days, see, situations
from carsequel.services.banks import load_bank, save_bank

SEED = 4_711


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bank", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=200, help="patients of the last row")
    asked = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {len(os.sched_getaffinity(0))} processors, load "
          f"{os.getloadavg()[0]:.1f}; Python {platform.python_version()}, numpy {np.__version__}, "
          f"polars {version('polars')}, numba {version('numba')}")  # fmt: skip
    build_bank("LBCL", "axi-cel", 64, seed=1)  # compiles
    began = time.perf_counter()
    bank = build_bank("LBCL", "axi-cel", asked.bank)
    print(f"bank of {asked.bank:,}: {time.perf_counter() - began:.1f} s")
    truth = build_bank("LBCL", "axi-cel", asked.many, seed=SEED)
    with tempfile.TemporaryDirectory() as kept:
        save_bank(bank, asked.bank, Path(kept) / "bank")
        for situation in situations():
            seen = see(truth.paths, situation, followed_days(truth.paths.n, SEED), SEED).observations
            fresh = replace(bank, shares={})
            one = [_timed(fresh, observations, at) for at, observations in enumerate(seen[:20])]
            many = _many(Path(kept) / "bank", seen)
            print(f"{situation}: one patient median {np.median(one):.2f} s, worst of 20 {max(one):.2f} s; "
                  f"{len(seen)} patients {many:.0f} s, that is {1000 * many / len(seen):.0f} s for 1,000")  # fmt: skip


def _timed(bank, observations, at) -> float:
    began = time.perf_counter()
    _one(bank, observations, at)
    return time.perf_counter() - began


def _many(folder: Path, seen) -> float:
    """Seconds for all patients in a process a core, each with the kept bank; their start is not counted."""
    cores = len(os.sched_getaffinity(0))
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", POLARS_MAX_THREADS="1", NUMBA_NUM_THREADS="1")
    with ProcessPoolExecutor(cores, get_context("spawn"), initializer=_open, initargs=(folder,)) as pool:
        list(pool.map(_ready, range(4 * cores)))
        began = time.perf_counter()
        list(pool.map(_placed, enumerate(seen)))
        return time.perf_counter() - began


def _open(folder: Path) -> None:
    global _bank
    _bank = load_bank(folder)
    build_bank("LBCL", "axi-cel", 64, seed=1)


def _ready(_: int) -> None:
    time.sleep(0.05)


def _placed(numbered) -> None:
    _one(_bank, numbered[1], numbered[0])


def _one(bank, observations, at) -> None:
    fit = fit_patient(bank, observations, at)
    forecast(fit)
    failed = observations.failure.state == "failed"
    shares = shares_of(fit) if failed else None
    if shares is not None:
        shares_by_model(shares)
        present_by_model(fit)
    weigh_tests(fit, shares)


if __name__ == "__main__":
    main()
