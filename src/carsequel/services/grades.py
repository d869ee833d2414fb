"""carsequel grade: findings of every criterion, all patients at once."""

from pathlib import Path

import polars as pl

from carsequel.grading import grade
from carsequel.record import RecordError
from carsequel.report import render_heatmap
from carsequel.services.command_line import console
from carsequel.services.reading import open_input, say_refusals
from carsequel.services.staging import check_out, staged
from carsequel.side_effects.stated import compare_stated

FORMATS = ("csv", "parquet", "json")


def run_grade(source: Path, out: Path, format: str, patient: str | None) -> int:
    """Write `findings.FORMAT` and `heatmap.html`, and `compare.csv` where grades are stated; print how many of each criterion."""
    if format not in FORMATS:
        raise RecordError(f"--format {format} is not known", f"use one of: {', '.join(FORMATS)}")
    check_out(out, source)
    opened = open_input(source, patient)
    findings = grade(opened.course)
    compared = compare_stated(findings)
    with staged(out) as folder:
        write_table(findings, folder / f"findings.{format}")
        page = render_heatmap(findings, synthetic=opened.course.synthetic)
        (folder / "heatmap.html").write_text(page, encoding="utf-8")
        if compared.height:
            compared.write_csv(folder / "compare.csv")
    settled = (
        findings.filter(pl.col("default") & (pl.col("kind") != "episode"))
        .group_by("criterion", "kind")
        .agg(n=pl.len(), settled=pl.col("value").is_not_null().sum(), open=(pl.col("low") < pl.col("high")).sum())
        .sort("criterion", "kind")
    )
    screen = console()
    for criterion, kind, n, done, bounds in settled.iter_rows():
        rest = n - done - bounds
        screen.print(f"{criterion} {kind}: {n} graded; {done} settled, {bounds} as bounds, {rest} not gradable")
    screen.print(f"findings: {out / f'findings.{format}'}")
    say_refusals(opened)
    return opened.status


def write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame in the format its suffix names."""
    if path.suffix == ".csv":
        frame.write_csv(path)
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_json(path)
