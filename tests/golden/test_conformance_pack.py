"""The conformance pack is fresh, and our own answers through the command line agree with it."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import carsequel as cs

ROOT = Path(__file__).parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_pack_is_fresh() -> None:
    done = run("conformance/make_pack.py", "--check")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("table", ["icans", "ctcae"])
def test_our_own_answers_agree(table: str, tmp_path: Path) -> None:
    cs.grade(cs.read(ROOT / "conformance" / "pack" / table / "input")).write_csv(tmp_path / "answers.csv")
    done = run("conformance/compare.py", table, str(tmp_path / "answers.csv"))
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_wrong_answer_is_named(tmp_path: Path) -> None:
    table = ROOT / "conformance" / "pack" / "icans" / "expected.csv"
    answers = pl.read_csv(table).with_columns(pl.when(pl.col("low") == 3).then(2.0).otherwise("low").alias("low"))
    answers.write_csv(tmp_path / "answers.csv")
    done = run("conformance/compare.py", "icans", str(tmp_path / "answers.csv"))
    assert done.returncode == 1 and "expected grade 3" in done.stdout
