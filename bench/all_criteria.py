"""All criteria over a registry: time and memory of reading and grading mixed facts in parts, and whether it is linear.

    python bench/all_criteria.py [--patients 100000] [--part 2000] [--processes N] [--linear] [--criteria]

Makes a SYNTHETIC record of 400 mixed facts a patient (`mixed_record.py`, Parquet), then reads and grades it in parts of
`--part` patients with a process a core, as `carsequel grade` does, the findings written as Arrow files; what that verb
adds (queries for the ward, counted choices) is not in it. Each size runs on its own, so that its peak memory is its own
(the largest process times their number, an upper bound). Wall and processor seconds are told: on a busy machine the
first is longer. `--linear` does a quarter and a half of the patients first; `--criteria` prints what each criterion
takes on one part with one thread. Beside it a per-patient pandas loop of the usual kind does early ICAHT, the worst
CTCAE grade of five values and the day of the first fever on 300 patients, scaled up: a small share of what is graded.
Needs `pip install '.[bench]'`.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Final

LOOPED: Final = 300
LIMIT: Final = 0.5
LAST: Final = 30
BORDERS: Final = {
    "anc": (1.5, 1.0, 0.5),
    "platelets": (75, 50, 25),
    "hemoglobin": (10, 8),
    "wbc": (3, 2, 1),
    "lymphocytes": (0.8, 0.5, 0.2),
}


def written(course: Any, number: int, out: Path) -> int:
    """Grade one part and write its findings; give how many there are."""
    from carsequel.grading import grade

    findings = grade(course)
    findings.write_ipc(out / f"{number}.arrow", compression="lz4")
    return findings.height


def graded(folder: Path, part: int, processes: int) -> None:
    """Read and grade a record; print wall and processor seconds, findings and peak memory (GB) of all processes."""
    from carsequel.services.many import each_part

    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        heights = list(each_part(folder, part, partial(written, out=Path(out)), processes))
    seconds = time.perf_counter() - started
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own, child = (each.ru_maxrss / 1e6 for each in used)
    peak = own + child * min(processes, len(heights)) if processes > 1 else own
    print(seconds, sum(each.ru_utime + each.ru_stime for each in used), sum(heights), peak)


def loop(folder: Path, patients: int) -> float:
    """The usual pandas loop over patients, on some, scaled to all: seconds."""
    import pandas as pd
    import polars as pl

    wanted = pl.read_parquet(folder / "patients.parquet")["patient"].head(LOOPED)
    rows = pl.scan_parquet(folder / "facts.parquet").filter(pl.col("patient").is_in(wanted.implode()))
    facts = pd.DataFrame(rows.select("patient", "name", "day", "value").collect().to_dict(as_series=False))
    started = time.perf_counter()
    for _, own in facts.groupby("patient"):
        inside = own[(own["day"] >= 0) & (own["day"] < LAST + 1)]
        counts = inside[inside["name"] == "anc"]
        daily = counts.groupby(counts["day"].astype(int))["value"].min()
        low = daily.reindex(range(LAST + 1)).interpolate(limit=7) <= LIMIT
        low.groupby((low != low.shift()).cumsum()).sum().max()
        for name, borders in BORDERS.items():
            worst = inside.loc[inside["name"] == name, "value"].min()
            sum(worst < border for border in borders)
        inside.loc[(inside["name"] == "temperature") & (inside["value"] >= 38), "day"].min()
    return (time.perf_counter() - started) * patients / len(wanted)


def by_criterion(folder: Path, part: int) -> None:
    """Print milliseconds a patient, findings and name of the reading and of every criterion on one part."""
    from carsequel import grading
    from carsequel.record.parts import open_parts

    opened = open_parts(folder, part)
    started = time.perf_counter()
    course = opened.course(0)
    taken = [(time.perf_counter() - started, course.facts.height, "reading (rows)")]
    nobody = course.clock.select("patient", "infusion", censor_day="day").clear()
    for room in (grading.SIGNS, grading.SIDE_EFFECTS, grading.RISKS, grading.SIGNS_UNTIL, grading.SIDE_EFFECTS_UNTIL):
        for criterion in room:
            timed = room in (grading.SIGNS_UNTIL, grading.SIDE_EFFECTS_UNTIL)
            run = partial(criterion, course, nobody) if timed else partial(criterion, course)
            started = time.perf_counter()
            height = run().height
            taken.append((time.perf_counter() - started, height, criterion.__name__))
    for seconds, height, name in sorted(taken, reverse=True):
        print(f"{name:32s} {1000 * seconds / course.patients.height:8.3f} ms/patient {height:9d}")


def separately(*words: object, threads: int | None = None) -> str:
    """Run this file in a process of its own and give what it prints."""
    settings = {"POLARS_MAX_THREADS": str(threads)} if threads else {}
    command = [sys.executable, __file__, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | settings).stdout


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--part", type=int, default=2_000)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--linear", action="store_true")
    parser.add_argument("--criteria", action="store_true")
    parser.add_argument("--grade", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--each", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.grade:
        graded(asked.grade, asked.part, asked.processes)
    elif asked.each:
        by_criterion(asked.each, asked.part)
    else:
        compared(asked)


def compared(asked: argparse.Namespace) -> None:
    """Print the table: one line a size, the pandas loop, and with `--criteria` every criterion."""
    import pandas as pd
    import polars as pl

    from carsequel import __version__
    from mixed_record import FACTS_A_PATIENT, make_record

    versions = f"polars {pl.__version__}, pandas {pd.__version__}, Python {platform.python_version()}"
    print(f"carsequel {__version__}, {versions}; parts of {asked.part}, {asked.processes} processes; SYNTHETIC record")
    head = f"{'patients':>9s} {'facts':>11s} {'seconds':>8s} {'processor':>9s} {'ms/patient':>10s}"
    print(f"{head} {'findings':>10s} {'peak GB':>8s}")
    for share in (4, 2, 1) if asked.linear else (1,):
        patients = asked.patients // share
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            make_record(folder, patients)
            told = separately("--grade", name, "--part", asked.part, "--processes", asked.processes).split()
            seconds, used, found, peak = float(told[0]), float(told[1]), int(told[2]), float(told[3])
            facts, each = patients * FACTS_A_PATIENT, 1000 * seconds / patients
            print(
                f"{patients:9d} {facts:11d} {seconds:8.1f} {used:9.1f} {each:10.2f} {found:10d} {peak:8.2f}", flush=True
            )
            if share == 1:
                print(f"per-patient pandas loop, seven answers a patient, scaled: {loop(folder, patients):.0f} s")
                if asked.criteria:
                    print(separately("--each", name, "--part", asked.part, threads=1), end="")


if __name__ == "__main__":
    main()
