"""One patient: seconds to start and to grade, the first one in a fresh process and each of the published patients.

    python bench/one_patient.py [--rounds 5]

Start-up is measured on processes of their own. The first patient is graded in a fresh process, because what is made
once a process (tables read, expressions built) is paid there. Reading the folder is not counted. The best of all
rounds stands: other work on the machine only adds.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl

import carsequel as cs

PUBLISHED = Path(__file__).parents[1] / "examples" / "published"
STARTS = {
    "python alone": ("-c", "pass"),
    "import of all criteria": ("-c", "import carsequel.grading"),
    "carsequel --help": ("-c", "from carsequel.services.command_line import main; main()", "--help"),
}
FIRST = """
import sys, time, carsequel as cs, carsequel.grading
course = cs.read(sys.argv[1])
one = course.only(course.patients["patient"][0])
started = time.perf_counter()
cs.grade(one)
print(time.perf_counter() - started)
"""


def python(*words: str) -> str:
    """Run a Python command to its end and give what it prints."""
    return subprocess.run([sys.executable, *words], check=True, capture_output=True, text=True).stdout


def fastest(work: Callable[[], object], rounds: int) -> float:
    """Wall seconds of the fastest of some rounds of `work`."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def graded(course: cs.Course, patient: str) -> pl.DataFrame:
    """The findings of one patient, from a record that nobody has looked at yet."""
    return cs.grade(course.only(patient))


def say(what: str, seconds: float) -> None:
    print(f"{what:45s} {seconds:7.3f} s")


def main() -> None:
    """Print the machine, the start-up times and the times of the patients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    versions = f"carsequel {cs.__version__}, polars {pl.__version__}, Python {platform.python_version()}"
    print(f"{versions}, {os.cpu_count()} CPU, load {os.getloadavg()[0]:.1f}")
    for what, words in STARTS.items():
        say(what, fastest(partial(python, *words), rounds))
    say("first patient of a process", min(float(python("-c", FIRST, str(PUBLISHED))) for _ in range(rounds)))
    course = cs.read(PUBLISHED)
    people = course.patients["patient"].to_list()
    graded(course, people[0])
    times = {one: fastest(partial(graded, course, one), rounds) for one in people}
    for one, seconds in times.items():
        say(one, seconds)
    say("median of the patients", statistics.median(times.values()))


if __name__ == "__main__":
    main()
