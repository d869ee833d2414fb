"""A million virtual patients to Parquet, part by part: `python bench/million.py [--n 1000000] [--out DIR]`.

LBCL, axi-cel, one infusion, chance on, 730 days, 25 outputs; a row a patient and output (CAR T and B cells per uL,
tumour cells, those without the antigen) in single precision. Each of two threads draws, solves and writes parts of
8,192 patients, so memory does not grow with their number. Also prints the seconds from the end of the
imports to the first result.
"""

import argparse
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl

from carsequel.mechanism.arms import events_of
from carsequel.mechanism.populations.draw import draw_patients
from carsequel.mechanism.populations.runs import RTOL, composite_model, of_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import Solution, solve

BEGIN = time.perf_counter()
TIMES, SEED, PART, CELLS_PER_UL = np.linspace(0.0, 730.0, 25), 7, 8192, 5e8


def solved(first: int, n: int) -> Solution:
    """Draw and solve patients first .. first + n - 1 on one thread."""
    model, drawn = composite_model(), draw_patients("LBCL", "axi-cel", n, SEED, first)
    schedule = plan(model, events_of("single"))
    parameters = of_model(drawn.parameters)
    return solve(model, parameters, TIMES, schedule, seed=SEED, rtol=RTOL, first_patient=first, threads=1)


def table(found: Solution, first: int) -> pl.DataFrame:
    """Give the rows of a solution."""
    n, at = found.states.shape[0], {name: found.state(name) for name in found.model.state_names}
    columns = {
        "car_t": (at["I"] + at["M"] + at["E"] + at["X"]) / CELLS_PER_UL,
        "b_cells": at["B"] / CELLS_PER_UL,
        "tumour": at["P"] + at["R"] + at["Q"] + at["D"],
        "antigen_negative": at["Q"] + at["D"],
    }
    who = np.repeat(np.arange(first, first + n, dtype=np.int32), TIMES.size)
    rows = {name: values.astype(np.float32).ravel() for name, values in columns.items()}
    return pl.DataFrame({"patient": who, "day": np.tile(TIMES.astype(np.float32), n), **rows})


def main() -> None:
    """Solve, write, and print seconds, patients a second, memory and bytes."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=1_000_000)
    asked.add_argument("--out", type=Path, default=None)
    args = asked.parse_args()
    solved(0, 16)
    print(f"first result {time.perf_counter() - BEGIN:.1f} s after import")
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)

        def part(first: int) -> int:
            found = solved(first, min(PART, args.n - first))
            table(found, first).write_parquet(folder / f"part-{first:09d}.parquet", compression="lz4", statistics=False)
            return int(np.count_nonzero(found.status))

        begin, used = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(2) as pool:
            unsolved = sum(pool.map(part, range(0, args.n, PART)))
        seconds, used = time.perf_counter() - begin, time.process_time() - used
        size = sum(each.stat().st_size for each in folder.glob("*.parquet"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{args.n:,} patients in {seconds:.1f} s, {args.n / seconds:,.0f}/s; {unsolved} unsolved")
    print(f"{used:.1f} s of processor time, {used / 2:.1f} s on each of two cores")
    print(f"peak memory {peak:.2f} GB, {size / 2**30:.2f} GB of Parquet")


if __name__ == "__main__":
    main()
