"""Early ICAHT over a registry: our reader and grader beside a DuckDB query of the run lengths and a per-patient loop.

    python bench/icaht_early.py [--patients 100000] [--part 10000] [--repeat 3]

Makes SYNTHETIC daily neutrophil counts (200 a patient, Parquet), then times in one run, `--repeat` times in turn: the
DuckDB query of the longest run at or below 0.5, our run lengths alone, and reading and grading with bounds and reasons
in parts (in a process of its own, whose peak memory is told); once, a plain per-patient Python loop on 300 patients,
scaled up. Medians are printed. Needs `pip install '.[bench]'`.
"""

import argparse
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import polars as pl

from carsequel import __version__
from carsequel.record.parts import read_parts
from carsequel.side_effects.day_grid import on_every_day, spread
from carsequel.side_effects.icaht_early import CHOICES, grade_icaht_early
from carsequel.side_effects.low_runs import low_runs
from carsequel.side_effects.windows import STRIDE, time_line

DAYS = 200
LOOPED = 300
LIMIT = 0.5
QUERY = """
with daily as (
  select patient, cast(floor(day) as integer) as day, min(value) as anc from read_parquet('{path}')
  where name = 'anc' and day >= 0 and day < 31 group by 1, 2),
low as (
  select patient, day - row_number() over (partition by patient order by day) as run from daily where anc <= 0.5),
runs as (select patient, run, count(*) as length from low group by 1, 2)
select patient, max(length) from runs group by 1
"""


def make(folder: Path, patients: int) -> None:
    """Write a course folder with `patients` x 200 daily neutrophil counts."""
    rng = np.random.default_rng(7)
    ids = pl.Series("patient", [f"S{n:07d}" for n in range(patients)])
    pl.DataFrame({"patient": ids, "disease": "LBCL"}).write_parquet(folder / "patients.parquet")
    infusions = pl.DataFrame({"patient": ids, "infusion": 1, "day": 0.0, "product": "axi-cel"})
    infusions.write_parquet(folder / "infusions.parquet")
    days = np.tile(np.arange(DAYS) - 5, patients)
    low = (days >= 2) & (days < np.repeat(rng.integers(2, 25, patients), DAYS))
    anc = np.round(np.where(low, 0.2, 2.5) * rng.lognormal(0, 0.5, patients * DAYS), 2)
    pl.DataFrame({"patient": ids}).select(pl.col("patient").repeat_by(DAYS).explode()).with_columns(
        pl.lit("anc").alias("name"),
        pl.Series("day", days.astype(float)),
        pl.Series("value", anc),
        unit=pl.lit("10^9/L"),
    ).write_parquet(folder / "facts.parquet")


def graded(folder: Path, part: int) -> None:
    """Read and grade in parts; print seconds, number of findings and peak memory (GB) of this process."""
    started, found = time.perf_counter(), 0
    for course in read_parts(folder, part):
        found += grade_icaht_early(course).height
    seconds = time.perf_counter() - started
    print(seconds, found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)


def run_lengths(folder: Path) -> float:
    """The run-length part alone, from the file: the lowest value of each day, then the longest bridged spell."""
    started = time.perf_counter()
    facts = pl.scan_parquet(folder / "facts.parquet").filter(pl.col("day").is_between(0, 31, closed="left"))
    rows = facts.select("value", day=pl.col("day").floor().cast(pl.Int64), id=pl.col("patient").rle_id().cast(pl.Int64))
    lowest = rows.group_by(at=time_line()).agg(pl.col("value").min()).sort("at").collect()
    patients = pl.DataFrame({"id": range(lowest["at"][-1] // STRIDE + 1)}).with_columns(
        first=CHOICES.first, last=CHOICES.last
    )
    days = on_every_day(lowest, patients)
    low_runs(days, {"low": spread(days, lowest["value"]) <= LIMIT}, "longest", CHOICES.bridge)
    return time.perf_counter() - started


def query(folder: Path) -> float:
    """The bare DuckDB query."""
    started = time.perf_counter()
    duckdb.sql(QUERY.format(path=folder / "facts.parquet")).fetchall()
    return time.perf_counter() - started


def loop(folder: Path, patients: int) -> float:
    """The usual per-patient loop on some patients, scaled to all."""
    wanted = pl.read_parquet(folder / "patients.parquet")["patient"][:LOOPED]
    facts = pl.scan_parquet(folder / "facts.parquet").filter(pl.col("patient").is_in(wanted.implode())).collect()
    started = time.perf_counter()
    for _, own in facts.group_by("patient"):
        lowest: dict[int, float] = {}
        for day, value in own.select("day", "value").iter_rows():
            if 0 <= day < 31:
                lowest[int(day)] = min(value, lowest.get(int(day), value))
        longest = run = 0
        for day in range(31):
            run = run + 1 if lowest.get(day, 9.9) <= 0.5 else 0
            longest = max(longest, run)
    return (time.perf_counter() - started) * patients / LOOPED


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--part", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--grade", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.grade:
        graded(asked.grade, asked.part)
        return
    python = platform.python_version()
    print(f"carsequel {__version__}, polars {pl.__version__}, duckdb {duckdb.__version__}, Python {python}")
    bare, runs, told = [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, asked.patients)
        command = [sys.executable, __file__, "--grade", name, "--part", str(asked.part)]
        for _ in range(asked.repeat):
            bare.append(query(folder))
            runs.append(run_lengths(folder))
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            told.append([float(cell) for cell in said])
        looped = loop(folder, asked.patients)
    rows = asked.patients * DAYS / 1e6
    print(f"{asked.patients} patients x {DAYS} values = {rows:g} million rows, parts of {asked.part}; SYNTHETIC")
    one = median(bare)
    ours, found, peak = (median(each) for each in zip(*told, strict=True))
    print(f"{'DuckDB run lengths':34s} {one:8.2f} s   1")
    print(f"{'our run lengths (bridged)':34s} {median(runs):8.2f} s   {median(runs) / one:.1f}")
    print(f"{'our reader and grader, 6 definitions':34s} {ours:8.2f} s   {ours / one:.1f}   ({found:.0f} findings)")
    print(f"{'per-patient loop (scaled)':34s} {looped:8.1f} s   {looped / one:.0f}")
    print(f"peak memory of reading and grading {peak:.2f} GB")


if __name__ == "__main__":
    main()
