"""`carsequel simulate`: virtual patients to Parquet and a summary page, part by part, all or nothing."""

import shutil
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import polars as pl
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from carsequel import __version__
from carsequel.evidence.rows import evidence_rows
from carsequel.mechanism.arms import ArmError, events_of
from carsequel.mechanism.clinic import ClinicError
from carsequel.mechanism.kernel.run import processors
from carsequel.mechanism.populations import draw_patients, ensemble
from carsequel.mechanism.populations.ensemble import PopulationError
from carsequel.mechanism.populations.runs import run_arm
from carsequel.record.errors import RecordError
from carsequel.report.virtual import render_simulation
from carsequel.research.failure_causes import MOST
from carsequel.research.virtual_patients import Job, Runs, part_of, parts, trajectories_of
from carsequel.research.virtual_trial import compare_arms
from carsequel.services.records import check_place, records_of, write_records
from carsequel.services.screen import console
from carsequel.services.staging import staged
from carsequel.synthetic import Records

SHOWN: Final = 2000
PER_MONTH: Final = 365.25 / 12


def run_simulate(
    jobs: Sequence[Job],
    out: Path,
    trajectories: bool,
    cluster: str | None,
    records: int = 0,
    errors: bool = False,
    causes: bool | None = None,
) -> int:
    """Simulate one or two arms of the same patients and write patients.parquet, summary.html and, on request,
    trajectories.parquet and the records of the first `records` patients of the first arm (with `errors` in them) into
    `out`; give the exit status. Each failure of the disease gets its `cause`, by default where --n is at most 20,000.

    Raises RecordError for a population or an arm that does not exist, before anything is written.
    """
    wanted = jobs[0].n <= MOST if causes is None else causes
    jobs = [job._replace(causes=wanted) for job in jobs]
    _check(jobs)
    _check_records(jobs[0], out, records)
    with staged(out) as stage:
        scratch = Path(tempfile.mkdtemp(dir=stage.parent, prefix=".carsequel-parts-"))
        try:
            for number, job in enumerate(jobs):
                for first, part in _progressing(job, _computed(job, trajectories, cluster)):
                    part.patients.write_parquet(scratch / f"patients-{number}-{first:012d}.parquet")
                    if trajectories:
                        part.trajectories.write_parquet(scratch / f"trajectories-{number}-{first:012d}.parquet")
            pl.scan_parquet(scratch / "patients-*.parquet").sink_parquet(stage / "patients.parquet")
            if trajectories:
                pl.scan_parquet(scratch / "trajectories-*.parquet").sink_parquet(stage / "trajectories.parquet")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        page = _page(jobs, stage / "patients.parquet")
        (stage / "summary.html").write_text(page, encoding="utf-8")
        if records:
            write_records([_records(jobs[0], records, errors)], stage)
    if not wanted:
        console().print(
            "the cause of each failure is not computed: ask for it with --causes (63 runs for each failure)"
        )
    unsolved = _unsolved(out / "patients.parquet")
    console().print(f"{jobs[0].n} SYNTHETIC patients in {len(jobs)} arm(s): {out / 'summary.html'}")
    if unsolved:
        console().print(f"{unsolved} could not be solved; their outcome is empty in patients.parquet")
    return 1 if unsolved else 0


def _check(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.n < 1 or job.horizon < 60:
            raise RecordError("--n and --horizon are too small", "give at least 1 patient and 60 days")
        try:
            ensemble(job.disease, job.product)
            events_of(job.arm, failure_day=100.0)
        except (PopulationError, ArmError, ClinicError) as error:
            raise RecordError(str(error), "see docs/simulate.md for what there is") from None


def _check_records(job: Job, out: Path, records: int) -> None:
    if not 0 <= records <= job.n:
        raise RecordError("--records is below 0 or above --n", "records are made of the first patients of --n")
    if records:
        check_place(out)


def _records(job: Job, n: int, errors: bool) -> Records:
    return records_of(job.disease, job.product, n, job.seed, job.arm, job.horizon, errors)


def _computed(job: Job, trajectories: bool, cluster: str | None) -> Iterator[tuple[int, Runs]]:
    if cluster is None:
        yield from _computed_here(job, trajectories)
        return
    from carsequel.services.cluster import computed_on

    yield from computed_on(cluster, job, trajectories)


def _computed_here(job: Job, trajectories: bool) -> Iterator[tuple[int, Runs]]:
    """Give (first patient, part) in order, as many parts at a time as there are processors, each on one of them."""
    firsts = list(parts(job))
    if len(firsts) == 1:
        yield 0, part_of(job, 0, trajectories=trajectories)
        return
    waiting: deque[tuple[int, Future[Runs]]] = deque()
    with ThreadPoolExecutor(processors()) as pool:
        for first in firsts:
            waiting.append((first, pool.submit(part_of, job, first, trajectories=trajectories, threads=1)))
            if len(waiting) > processors():
                done, part = waiting.popleft()
                yield done, part.result()
        for done, part in waiting:
            yield done, part.result()


def _progressing(job: Job, found: Iterable[tuple[int, Runs]]) -> Iterator[tuple[int, Runs]]:
    words = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}")
    with Progress(*words, TimeRemainingColumn(), console=console(), transient=True) as progress:
        task = progress.add_task(f"{job.arm}: patients", total=job.n, rate="")
        for first, part in found:
            yield first, part
            progress.advance(task, part.patients.height)
            speed = progress.tasks[task].speed
            progress.update(task, rate=f"{speed:,.0f}/s" if speed else "")


def _page(jobs: Sequence[Job], patients: Path) -> str:
    first = jobs[0]
    rows = pl.scan_parquet(patients)
    needed = ["patient", "cr", "orr", "cmax", "tmax", "failure_day", "failure_kind", "antigen_negative"]
    there = rows.collect_schema().names()
    needed += [name for name in ("salvage_cr", "cause") if name in there]
    arms = [rows.filter(pl.col("arm") == job.arm).select(needed).collect() for job in jobs]
    trial = compare_arms(arms[0], arms[1], first.horizon) if len(arms) == 2 else None
    facts: dict[str, Any] = {
        "disease": first.disease, "product": first.product, "arms": [job.arm for job in jobs], "n": first.n,
        "causes": first.causes, "seed": first.seed, "horizon": first.horizon, "version": __version__,
        "sets": ", ".join(f"{member.name} ({member.weight:.2f})" for member in ensemble(first.disease, first.product)),
    }  # fmt: skip
    return render_simulation(arms, _sample(first), facts, published_points(first.disease, first.product), trial)


def _sample(job: Job) -> pl.DataFrame:
    n = min(job.n, SHOWN)
    drawn = draw_patients(job.disease, job.product, n, job.seed)
    run = run_arm(job.disease, drawn, job.arm, seed=job.seed, horizon=job.horizon, delay=job.delay, rtol=job.rtol)
    return trajectories_of(run).filter(pl.col("day") <= job.horizon)


def published_points(disease: str, product: str) -> pl.DataFrame:
    """Give the published shares free of progression or event of a disease and product: cohort, outcome, month, value,
    low, high (0-1), n, role, source."""
    rows = evidence_rows("targets").filter(pl.col("therapy").str.contains(product.split("-")[0], literal=True))
    chosen = rows.filter(
        pl.col("outcome").is_in(["PFS", "EFS", "PFS (alive, prog-free)"]), pl.col("time_months").is_not_null(),
        pl.col("disease").str.starts_with(disease),
    )  # fmt: skip
    return chosen.select(
        "cohort", "outcome", "n", "role", "source", month="time_months",
        value=pl.col("value") / 100, low=pl.col("low") / 100, high=pl.col("high") / 100,
    )  # fmt: skip


def _unsolved(patients: Path) -> int:
    return int(pl.scan_parquet(patients).select(pl.col("cmax").is_null().sum()).collect().item())
