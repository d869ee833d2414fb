"""All criteria over a registry: time and memory of reading and grading mixed facts in parts, and whether it is linear.

    python bench/all_criteria.py [--patients 100000] [--part 5000] [--linear] [--criteria]

Makes a SYNTHETIC record of 400 mixed facts a patient (`mixed_record.py`, Parquet) and reads and grades it in parts of
`--part` patients, each size in a process of its own, so that its peak memory is its own. `--linear` does a quarter and
a half of the patients first. `--criteria` prints what each criterion took on one part. Beside it a plain per-patient
pandas loop for early ICAHT alone runs on 300 patients and is scaled up. Needs `pip install '.[bench]'`.
"""

import argparse
import platform
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

import pandas as pd
import polars as pl

from carsequel import __version__, grading
from carsequel.grading import grade_record
from carsequel.record.course import Course
from carsequel.record.parts import read_parts
from mixed_record import FACTS_A_PATIENT, make_record

LOOPED: Final = 300
LIMIT: Final = 0.5
LAST: Final = 30


def graded(folder: Path, part: int) -> None:
    """Read and grade a record in parts; print seconds, findings and peak memory (GB) of this process."""
    started, found = time.perf_counter(), 0
    for course in read_parts(folder, part):
        found += grade_record(course).findings.height
    seconds = time.perf_counter() - started
    print(seconds, found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)


def loop(folder: Path, patients: int) -> float:
    """Early ICAHT by the usual pandas loop over patients, on some, scaled to all: seconds."""
    wanted = pl.read_parquet(folder / "patients.parquet")["patient"].head(LOOPED)
    rows = pl.scan_parquet(folder / "facts.parquet").filter(
        (pl.col("name") == "anc") & pl.col("patient").is_in(wanted.implode())
    )
    facts = pd.DataFrame(rows.select("patient", "day", "value").collect().to_dict(as_series=False))
    started = time.perf_counter()
    for _, own in facts.groupby("patient"):
        inside = own[(own["day"] >= 0) & (own["day"] < LAST + 1)]
        daily = inside.groupby(inside["day"].astype(int))["value"].min()
        daily = daily.reindex(range(LAST + 1)).interpolate(limit=7)
        low = daily <= LIMIT
        runs = (low != low.shift()).cumsum()
        low.groupby(runs).sum().max()
    return (time.perf_counter() - started) * patients / len(wanted)


def by_criterion(course: Course) -> list[tuple[float, int, str]]:
    """Seconds, findings and name of every criterion on one course, the slowest first."""
    taken = []
    for room in (grading.SIGNS, grading.SIDE_EFFECTS, grading.RISKS, grading.SIGNS_UNTIL, grading.SIDE_EFFECTS_UNTIL):
        for criterion in room:
            timed = room in (grading.SIGNS_UNTIL, grading.SIDE_EFFECTS_UNTIL)
            nobody = course.clock.select("patient", "infusion", censor_day="day").clear()
            run = partial(criterion, course, nobody) if timed else partial(criterion, course)
            started = time.perf_counter()
            height = run().height
            taken.append((time.perf_counter() - started, height, criterion.__name__))
    return sorted(taken, reverse=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--part", type=int, default=5_000)
    parser.add_argument("--linear", action="store_true")
    parser.add_argument("--criteria", action="store_true")
    parser.add_argument("--grade", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.grade:
        graded(asked.grade, asked.part)
        return
    versions = f"polars {pl.__version__}, pandas {pd.__version__}, Python {platform.python_version()}"
    print(f"carsequel {__version__}, {versions}; parts of {asked.part} patients; SYNTHETIC record")
    print(f"{'patients':>9s} {'facts':>11s} {'seconds':>8s} {'ms/patient':>10s} {'findings':>10s} {'peak GB':>8s}")
    for share in (4, 2, 1) if asked.linear else (1,):
        patients = asked.patients // share
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_record(folder, patients)
            command = [sys.executable, __file__, "--grade", name, "--part", str(asked.part)]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            seconds, found, peak = float(told[0]), int(told[1]), float(told[2])
            facts = patients * FACTS_A_PATIENT
            each = 1000 * seconds / patients
            print(f"{patients:9d} {facts:11d} {seconds:8.1f} {each:10.2f} {found:10d} {peak:8.2f}", flush=True)
            if share == 1:
                print(f"per-patient pandas loop, early ICAHT alone, scaled: {loop(folder, patients):.0f} s")
                if asked.criteria:
                    for taken, height, criterion in by_criterion(next(read_parts(folder, asked.part))):
                        print(f"{criterion:32s} {1000 * taken / asked.part:8.3f} ms/patient {height:9d} findings")


if __name__ == "__main__":
    main()
