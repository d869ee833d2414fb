"""Checks of a whole record: implausible values, duplicates, conflicts, rows after the end. They flag, never rescale."""

from dataclasses import replace

import polars as pl

from carsequel.record.course import UNUSABLE, Course
from carsequel.record.report import Report
from carsequel.terms.quantities import quantities

SAME_FACT = [
    *("patient", "name", "clock", "_undated", "value", "unit", "text", "comparator", "limit", "lln", "uln"),
    *("specimen", "method", "site", "when"),
]
SAME_MOMENT = ["patient", "name", "clock", "unit", "specimen", "method", "site"]
ONE_A_MOMENT = "number"


def check_record(course: Course, report: Report) -> Course:
    """Give the course with duplicates removed and doubtful rows marked, its report complete."""
    unplaced = pl.when(pl.col("clock").is_null()).then(pl.struct("infusion", "day"))
    facts = _drop_duplicates(course.facts.with_columns(_undated=unplaced), SAME_FACT, report).drop("_undated")
    facts = _mark_implausible(facts, report)
    _note_conflicts(facts, report)
    spans = _drop_duplicates(course.spans, [c for c in course.spans.columns if c not in ("row", "source")], report)
    lesions = _drop_duplicates(
        course.lesions, [c for c in course.lesions.columns if c not in ("row", "source")], report
    )
    coverage = _drop_duplicates(course.coverage, ["patient", "name", "start", "end"], report)
    course = replace(course, facts=facts, spans=spans, lesions=lesions, coverage=coverage)
    _note_after_the_end(course, report)
    _note_without_infusion(course, report)
    frame = report.frame()
    return replace(course, report=frame, refused=frame.filter(pl.col("status") == "refused").height)


def _drop_duplicates(rows: pl.DataFrame, same: list[str], report: Report) -> pl.DataFrame:
    """Count an exact repetition once: for facts the same value of the same name at the same time."""
    if rows.is_empty():
        return rows
    alike = rows.select(same).hash_rows().is_duplicated()
    if not alike.any():
        return rows
    numbered = rows.with_row_index("_at")
    again = numbered.filter(alike).filter(~pl.struct(same).is_first_distinct())
    report.add(again, "converted", "duplicate row counted once", "remove the copy")
    return numbered.join(again.select("_at"), on="_at", how="anti", maintain_order="left").drop("_at")


def _mark_implausible(facts: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Mark numbers outside what can occur at all; they stay in the record and no criterion uses them."""
    limits = pl.DataFrame(
        [(name, *known.plausible) for name, known in quantities().items() if known.plausible != (None, None)],
        schema={"name": pl.String, "_least": pl.Float64, "_most": pl.Float64},
        orient="row",
    )
    facts = facts.join(limits, on="name", how="left", maintain_order="left")
    outside = (pl.col("value") < pl.col("_least")) | (pl.col("value") > pl.col("_most"))
    wrong = outside.fill_null(False)
    report.add(
        facts.filter(wrong),
        "doubt",
        "implausible value: kept, not used by any criterion, not rescaled",
        "check value and unit against the laboratory",
        was=pl.format("{} {}", "value", pl.col("unit").fill_null("")),
    )
    doubt = pl.when(wrong).then(pl.lit(UNUSABLE)).otherwise("doubt")
    return facts.with_columns(doubt=doubt).drop("_least", "_most")


def _note_conflicts(facts: pl.DataFrame, report: Report) -> None:
    """Note different numbers of one quantity at one and the same moment (clock time included)."""
    numbers = [name for name, known in quantities().items() if known.kind == ONE_A_MOMENT]
    timed = facts.filter(pl.col("clock") % 1 != 0).filter(pl.col("name").is_in(numbers) & pl.col("value").is_not_null())
    several = timed.filter(pl.col("value").n_unique().over(SAME_MOMENT) > 1)
    report.add(
        several, "doubt", "two different values at the same moment", "keep the right one; both are used", was="value"
    )


def _note_after_the_end(course: Course, report: Report) -> None:
    events = course.facts.filter(pl.col("name") == "event")
    facts = course.facts.with_columns(
        _ends=(pl.col("name") == "event") & pl.col("text").is_in(["death", "last_contact"])
    )
    for text, words in (("death", "after death"), ("last_contact", "after last contact")):
        last = pl.col("clock").min() if text == "death" else pl.col("clock").max()
        ends = events.filter(pl.col("text") == text).group_by("patient").agg(_end=last)
        for rows in (facts.filter(~pl.col("_ends")), course.spans, course.lesions):
            late = rows.join(ends, on="patient", how="inner", maintain_order="left")
            late = late.filter(pl.col("clock").floor() > pl.col("_end").floor())
            report.add(late, "doubt", f"recorded {words}", "check the day and the date of the end", was="clock")
    deaths = events.filter(pl.col("text") == "death").filter(pl.col("clock").n_unique().over("patient") > 1)
    report.add(deaths, "doubt", "more than one day of death", "keep the right one; the first is used", was="clock")


def _note_without_infusion(course: Course, report: Report) -> None:
    infused = course.infusions.get_column("patient").unique()
    without = course.patients.filter(~pl.col("patient").is_in(infused.implode()) & ~pl.col("not_infused"))
    report.add(
        without,
        "refused",
        "no CAR-T infusion found for this patient",
        "add a row to the infusions table, or note = not_infused",
    )
