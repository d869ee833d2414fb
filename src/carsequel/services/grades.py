"""carsequel grade: findings of every criterion for all patients, whole or in parts, and what registries ask of them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import polars as pl

from carsequel.answering import answerable_patients
from carsequel.record import Course, RecordError
from carsequel.record.parts import is_large
from carsequel.registry.choices import count_choices, tally_choices
from carsequel.registry.queries import open_questions
from carsequel.report import render_heatmap
from carsequel.services.comparing import (
    check_registry,
    draft_registry,
    read_manual_grades,
    say_choices,
    write_comparison,
    write_queries,
)
from carsequel.services.definitions import grade_chosen, read_definitions, say_definitions, write_definitions
from carsequel.services.many import Work, each_part
from carsequel.services.reading import DONE, DONE_WITH_REFUSALS, open_input, say_refusals
from carsequel.services.screen import console
from carsequel.services.staging import check_out, staged
from carsequel.side_effects.stated import compare_stated
from carsequel.terms.choices import Choices

FORMATS = ("csv", "parquet", "json")
PATIENTS_A_PART = 2000
MOST_IN_A_HEATMAP = 2000
PARTS = "parts"


def run_grade(
    source: Path,
    out: Path,
    format: str,
    patient: str | None = None,
    compare: Path | None = None,
    registry: str | None = None,
    part: int | None = None,
    definitions: Path | None = None,
) -> int:
    """Write `findings.FORMAT`, `queries.csv`, `choices.csv`, `heatmap.html` and, as asked or where grades are stated,
    `compare.csv`, `kappa.csv`, `registry.csv` and `definitions.csv`; print the counts. A folder over 300 MB, or with
    `part`, is read in parts."""
    if format not in FORMATS:
        raise RecordError(f"--format {format} is not known", f"use one of: {', '.join(FORMATS)}")
    if part is not None and part < 1:
        raise RecordError("--part must be at least 1", "give the number of patients to hold in memory at once")
    check_out(out, source)
    manual = read_manual_grades(compare) if compare else None
    chosen = read_definitions(definitions)
    check_registry(registry)
    status = DONE
    synthetic = False
    with staged(out) as folder:
        drafts: list[pl.DataFrame] = []
        queries: list[pl.DataFrame] = []
        tallies: list[pl.DataFrame] = []
        (folder / PARTS).mkdir()
        work = partial(grade_part, folder=folder / PARTS, chosen=chosen, registry=registry)
        for done in _parts(source, patient, part, work):
            status = max(status, done.status)
            synthetic = synthetic or done.synthetic
            tallies.append(done.tally)
            queries.append(done.queries)
            drafts += done.draft
        found = pl.scan_ipc(folder / PARTS / "*.arrow")
        _write(found, folder / f"findings.{format}")
        top = found.filter(pl.col("kind") == "maximum").collect()
        write_comparison(compare_stated(top), top, manual, folder)
        write_queries(queries, folder)
        differing = count_choices(pl.concat(tallies))
        differing.write_csv(folder / "choices.csv")
        followed = write_definitions(found, chosen, folder)
        if drafts:
            pl.concat(drafts).write_csv(folder / "registry.csv")
        _write_heatmap(found, folder, synthetic)
        counts = _counts(found)
        for made in (folder / PARTS).iterdir():
            made.unlink()
        (folder / PARTS).rmdir()
    _print(counts)
    say_definitions(followed)
    say_choices(differing)
    console().print(f"findings: {out / f'findings.{format}'}")
    return status


class PartDone(NamedTuple):
    """What is kept of a graded part beside its findings: its exit status, whether anyone was to be infused, whether it
    is SYNTHETIC, the tally of choices, the queries, and the registry's draft where one is asked for."""

    status: int
    infused: bool
    synthetic: bool
    tally: pl.DataFrame
    queries: pl.DataFrame
    draft: list[pl.DataFrame]


def grade_part(course: Course, number: int, folder: Path, chosen: Choices, registry: str | None = None) -> PartDone:
    """Grade one part of a record, write its findings to `folder` as NUMBER.arrow and name what was refused."""
    graded = grade_chosen(course, chosen).findings
    graded.write_ipc(folder / f"{number:06d}.arrow", compression="lz4")
    return PartDone(
        status=_note(course),
        infused=not course.infusions.is_empty() or bool(course.patients["not_infused"].any()),
        synthetic=course.synthetic,
        tally=tally_choices(graded),
        queries=open_questions(graded, course),
        draft=[draft_registry(course, graded, registry, chosen)] if registry else [],
    )


def _parts(source: Path, patient: str | None, part: int | None, work: Work[PartDone]) -> Iterator[PartDone]:
    """Give the record in one piece or in parts; RecordError where nobody has a CAR-T infusion."""
    if patient is not None or not (source.is_dir() and (part is not None or is_large(source))):
        yield work(open_input(source, patient).course, 0)
        return
    infused = False
    for done in each_part(source, part or PATIENTS_A_PART, work):
        infused = infused or done.infused
        yield done
    if not infused:
        raise RecordError(
            "no CAR-T found: no patient has a CAR-T infusion", "give the infusions table a row per infusion"
        )


def _note(course: Course) -> int:
    _, unable = answerable_patients(course)
    say_refusals(course, unable)
    return DONE_WITH_REFUSALS if unable or course.refused else DONE


def _write(found: pl.LazyFrame, path: Path) -> None:
    """Write the findings of all parts in the format the suffix names."""
    if path.suffix == ".csv":
        found.sink_csv(path)
    elif path.suffix == ".parquet":
        found.sink_parquet(path)
    else:
        found.collect().write_json(path)


def _write_heatmap(found: pl.LazyFrame, folder: Path, synthetic: bool) -> None:
    people = found.select(pl.col("patient").n_unique()).collect().item()
    if people <= MOST_IN_A_HEATMAP:
        page = render_heatmap(found.filter("default").collect(), synthetic=synthetic)
        (folder / "heatmap.html").write_text(page, encoding="utf-8")
    else:
        console().print(f"heat map left out: more than {MOST_IN_A_HEATMAP} patients")


def _counts(found: pl.LazyFrame) -> pl.DataFrame:
    settled = pl.col("value").is_not_null().sum()
    bounded = (pl.col("low") < pl.col("high")).sum()
    shown = found.filter(pl.col("default") & (pl.col("kind") != "episode"))
    return (
        shown.group_by("criterion", "kind")
        .agg(n=pl.len(), settled=settled, bounded=bounded)
        .sort("criterion")
        .collect()
    )


def _print(counts: pl.DataFrame) -> None:
    screen = console()
    for criterion, kind, n, settled, bounded in counts.iter_rows():
        rest = n - settled - bounded
        screen.print(f"{criterion} {kind}: {n} graded; {settled} settled, {bounded} as bounds, {rest} not gradable")
