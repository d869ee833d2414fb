"""carsequel check: what happened to every row of an input."""

from pathlib import Path

import polars as pl
from rich.table import Table

from carsequel.record import Course, read
from carsequel.services.screen import console
from carsequel.services.staging import check_out, staged

MOST_LINES = 40


def run_check(source: Path, out: Path) -> int:
    """Write `check.csv` and print a summary per file and problem; 1 where anything was refused."""
    check_out(out, source)
    course = read(source)
    with staged(out) as folder:
        course.report.write_csv(folder / "check.csv")
    _print_summary(course, out)
    return 1 if course.refused else 0


def _print_summary(course: Course, out: Path) -> None:
    screen = console()
    people, infused = course.patients.height, course.infusions["patient"].n_unique()
    screen.print(
        f"{people} patients, {infused} with a CAR-T infusion; {course.facts.height} facts, "
        f"{course.spans.height} spans, {course.lesions.height} lesions, {course.coverage.height} coverage lines read"
    )
    counts = dict(course.report.group_by("status").len().rows())
    for status in ("converted", "refused", "doubt"):
        screen.print(f"  {status}: {counts.get(status, 0)}")
    summary = course.report.group_by("status", "file", "problem", "name", "what_to_do").agg(
        rows=pl.len(), first=pl.col("row").first()
    )
    order = pl.col("status").replace_strict({"refused": 0, "doubt": 1, "converted": 2}, return_dtype=pl.Int64)
    summary = summary.sort(order, "file", "problem", "name", nulls_last=True)
    table = Table("status", "file", "name", "problem", "n", "first row", "what to do", box=None, pad_edge=False)
    for row in summary.head(MOST_LINES).iter_rows(named=True):
        cells = (row["status"], row["file"], row["name"], row["problem"], row["rows"], row["first"], row["what_to_do"])
        table.add_row(*("" if cell is None else str(cell) for cell in cells))
    if summary.height:
        screen.print(table)
    if summary.height > MOST_LINES:
        screen.print(f"… and {summary.height - MOST_LINES} more kinds of note")
    screen.print(f"every row: {out / 'check.csv'}")
