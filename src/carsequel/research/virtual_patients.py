"""Virtual patients by disease, product and arm, in parts that anyone may compute in any order: the same rows result."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from carsequel.mechanism.observe import per_ul
from carsequel.mechanism.populations.draw import Drawn, draw_patients
from carsequel.mechanism.populations.runs import RTOL, TUMOUR, Simulated, run_arm
from carsequel.research.failure_causes import OF_DISEASE, explain_failures

PART: Final = 16_384
CAR: Final = ("I", "M", "E", "X")


class Job(NamedTuple):
    """What is simulated: a population, one arm, how many patients, the seed, days followed, days between failure and
    what is given for it, the relative tolerance of the solver, and whether each failure gets its cause."""

    disease: str
    product: str
    arm: str = "single"
    n: int = 1000
    seed: int = 0
    horizon: float = 730.0
    delay: float = 0.0
    rtol: float = RTOL
    causes: bool = False


class Runs(NamedTuple):
    """Virtual patients: `patients` has a row each (outcome, parameter set, parameters), `trajectories` a row a patient
    and day (CAR T cells and B cells per uL, tumour cells, share without antigen). Both are SYNTHETIC."""

    patients: pl.DataFrame
    trajectories: pl.DataFrame


def simulate(
    disease: str,
    product: str,
    n: int = 1000,
    seed: int = 0,
    arm: str = "single",
    horizon: float = 730.0,
    delay: float = 0.0,
    trajectories: bool = True,
    threads: int = 0,
    causes: bool = False,
) -> Runs:
    """Simulate n virtual patients of a disease and product through an arm; the same seed gives the same patients.

    With `causes` each failure of the disease has its cause (column `cause`; 63 further runs for each failure).
    Raises PopulationError for a disease and product without a population, ArmError for an unknown arm.
    """
    job = Job(disease, product, arm, n, seed, horizon, delay, causes=causes)
    found = [part_of(job, first, trajectories=trajectories, threads=threads) for first in parts(job)]
    return Runs(pl.concat([part.patients for part in found]), pl.concat([part.trajectories for part in found]))


def parts(job: Job) -> Iterator[int]:
    """Give the number of the first patient of each part."""
    return iter(range(0, max(job.n, 1), PART))


def part_of(job: Job, first: int, *, trajectories: bool, threads: int = 0) -> Runs:
    """Simulate one part of a job: a pure function of the job and the number of its first patient."""
    n = min(PART, job.n - first)
    drawn = draw_patients(job.disease, job.product, n, job.seed, first)
    run = run_arm(
        job.disease, drawn, job.arm, seed=job.seed, first=first, horizon=job.horizon, delay=job.delay, rtol=job.rtol,
        threads=threads,
    )  # fmt: skip
    rows = _rows(job, drawn, run)
    if job.causes:
        failed = rows["failure_kind"].is_in(OF_DISEASE).fill_null(False).to_numpy()
        numbers = np.arange(first, first + n, dtype=np.int64)
        found = explain_failures(job.disease, job.product, drawn, failed, numbers, job.arm, job.seed, job.horizon)
        rows = rows.with_columns(cause=pl.Series(found, dtype=pl.String))
    return Runs(rows, trajectories_of(run, first) if trajectories else EMPTY)


def _rows(job: Job, drawn: Drawn, run: Simulated) -> pl.DataFrame:
    names = pl.Series("set", np.array(drawn.names)[drawn.sets])
    fixed = pl.DataFrame({f"p_{name}": values for name, values in drawn.parameters.items()})
    return run.rows.with_columns(
        names, synthetic=pl.lit(True), disease=pl.lit(job.disease), product=pl.lit(job.product), arm=pl.lit(job.arm)
    ).hstack(fixed)


def trajectories_of(run: Simulated, first: int = 0, patients: int | None = None) -> pl.DataFrame:
    """Give the course of the first `patients` (default all) as rows: patient, day, car_t and b_cells (cells/uL), tumour
    (cells), antigen_negative (share of the tumour)."""
    solution, k = run.solution, run.solution.times.size
    n = solution.states.shape[0] if patients is None else min(patients, solution.states.shape[0])
    at = {name: solution.state(name)[:n] for name in solution.model.state_names}
    tumour = np.sum([at[name] for name in TUMOUR], axis=0)
    poor = at["Q"] + at["D"]
    share = np.divide(poor, tumour, out=np.full_like(poor, np.nan), where=tumour > 0)
    return pl.DataFrame(
        {
            "patient": np.repeat(np.arange(first, first + n), k),
            "day": np.tile(solution.times, n),
            "car_t": per_ul(np.sum([at[name] for name in CAR], axis=0)).ravel(),
            "b_cells": per_ul(at["B"]).ravel(),
            "tumour": tumour.ravel(),
            "antigen_negative": share.ravel(),
        }
    ).with_columns(pl.col("antigen_negative").fill_nan(None))


EMPTY: Final = pl.DataFrame(
    schema={
        "patient": pl.Int64,
        "day": pl.Float64,
        "car_t": pl.Float64,
        "b_cells": pl.Float64,
        "tumour": pl.Float64,
        "antigen_negative": pl.Float64,
    }
)
