"""Checks of a whole record: implausible values, duplicates, conflicts, rows after the end. They flag, never rescale."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import polars as pl

from carsequel.record.course import UNUSABLE, Course
from carsequel.record.report import Report
from carsequel.terms.quantities import quantities

UNPLACED = pl.when(pl.col("clock").is_null()).then(pl.struct("infusion", "day"))
SAME_FACT: list[str | pl.Expr] = [
    *("patient", "name", "clock", UNPLACED, "value", "unit", "text", "comparator", "limit", "lln", "uln"),
    *("specimen", "method", "site", "when"),
]
SAME_MOMENT = ["patient", "name", "clock", "unit", "specimen", "method", "site"]
SOME_CONTENT = ("patient", "name", "lesion", "clock", "start", "value")
ONE_A_MOMENT = "number"
FEW = 1_000


def check_record(course: Course, report: Report) -> Course:
    """Give the course with duplicates removed and doubtful rows marked, its report complete."""
    facts, crowded = _facts_counted_once(course.facts, report)
    facts = _mark_implausible(facts, report)
    _note_conflicts(crowded, report)
    spans = _drop_duplicates(course.spans, _content(course.spans), report)
    lesions = _drop_duplicates(course.lesions, _content(course.lesions), report)
    coverage = _drop_duplicates(course.coverage, ["patient", "name", "start", "end"], report)
    course = replace(course, facts=facts, spans=spans, lesions=lesions, coverage=coverage)
    _note_after_the_end(course, report)
    _note_without_infusion(course, report)
    if facts.is_empty():
        words = "no fact could be read: what needs one is not gradable"
        report.say("doubt", "facts", words, "give the facts table a row per thing seen; see carsequel new DIR")
    frame = report.frame()
    return replace(course, report=frame, refused=frame.filter(pl.col("status") == "refused").height)


def _repeated(rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Give the rows that may share the content of these columns with another row.

    Equal content has equal hashes; that rows with equal hashes differ is possible, and the callers look again.
    """
    if rows.height < FEW:
        return rows
    hashes = rows.select(columns).hash_rows()
    ordered = hashes.sort()
    twice = ordered.filter(ordered == ordered.shift(1))
    return rows.filter(hashes.is_in(twice.unique().implode())) if twice.len() else rows.clear()


def _content(rows: pl.DataFrame) -> list[str]:
    return [name for name in rows.columns if name not in ("row", "source")]


def _facts_counted_once(facts: pl.DataFrame, report: Report) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the facts without the same value of the same name at the same time again, and those that share patient,
    name and time with another one."""
    crowded = _repeated(facts.with_row_index("_at"), ["patient", "name", "clock"])
    again = _again(crowded, SAME_FACT, report)
    return _without(facts, again), crowded.filter(~pl.col("_at").is_in(again.implode()))


def _drop_duplicates(rows: pl.DataFrame, same: Sequence[str], report: Report) -> pl.DataFrame:
    """Count an exact repetition once."""
    return _without(rows, _again(rows.with_row_index("_at"), same, report))


def _again(numbered: pl.DataFrame, same: Sequence[str | pl.Expr], report: Report) -> pl.Series:
    """Note the rows that repeat an earlier one, and give their numbers `_at`."""
    again = _repeated(numbered, [name for name in SOME_CONTENT if name in numbered.columns])
    again = again.filter(~pl.struct(same).is_first_distinct())
    report.add(again, "converted", "duplicate row counted once", "remove the copy")
    return again["_at"]


def _without(rows: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    if places.is_empty():
        return rows
    return rows.filter(pl.repeat(True, rows.height, eager=True).scatter(places, False))


def _mark_implausible(facts: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Mark numbers outside what can occur at all; they stay in the record and no criterion uses them."""
    known = quantities()
    seen = facts.group_by("name").agg(least=pl.col("value").min(), most=pl.col("value").max())
    limits = {name: _limits(known[name].plausible) for name in seen["name"] if name in known}
    odd = [
        (name, *limits[name])
        for name, least, most in seen.iter_rows()
        if name in limits and least is not None and not limits[name][0] <= least <= most <= limits[name][1]
    ]
    if not odd:
        return facts
    schema = {"name": pl.String, "_least": pl.Float64, "_most": pl.Float64}
    values = facts.select("name", "value").with_row_index("_at").filter(pl.col("name").is_in([row[0] for row in odd]))
    values = values.join(pl.DataFrame(odd, schema=schema, orient="row"), on="name", maintain_order="left")
    outside = values.filter(~pl.col("value").is_between("_least", "_most"))["_at"]
    problem = "implausible value: kept, not used by any criterion, not rescaled"
    was = pl.format("{} {}", "value", pl.col("unit").fill_null(""))
    report.add(facts[outside], "doubt", problem, "check value and unit against the laboratory", was=was)
    return facts.with_columns(facts["doubt"].scatter(outside, UNUSABLE))


def _limits(plausible: tuple[float | None, float | None]) -> tuple[float, float]:
    least, most = plausible
    return -inf if least is None else least, inf if most is None else most


def _note_conflicts(crowded: pl.DataFrame, report: Report) -> None:
    """Note different numbers of one quantity at one and the same moment (clock time included)."""
    numbers = [name for name, known in quantities().items() if known.kind == ONE_A_MOMENT]
    timed = crowded.filter((pl.col("clock") % 1 != 0) & pl.col("value").is_not_null() & pl.col("name").is_in(numbers))
    several = pl.col("value").n_unique().over(SAME_MOMENT) > 1
    words = "two different values at the same moment"
    report.note(timed, several, "doubt", words, "keep the right one; both are used", was="value")


def _note_after_the_end(course: Course, report: Report) -> None:
    events = course.facts.filter(pl.col("name") == "event")
    end = (pl.col("name") == "event") & pl.col("text").is_in(["death", "last_contact"])
    for text, words in (("death", "after death"), ("last_contact", "after last contact")):
        last = pl.col("clock").min() if text == "death" else pl.col("clock").max()
        ends = events.filter(pl.col("text") == text).group_by("patient").agg(_end=last.floor()).drop_nulls()
        if ends.is_empty():
            continue
        for rows in (course.facts, course.spans, course.lesions):
            late = rows.filter(pl.col("clock").floor() > ends["_end"].min())
            late = late.join(ends, on="patient", how="inner", maintain_order="left")
            late = late.filter(pl.col("clock").floor() > pl.col("_end"))
            late = late.filter(~end) if rows is course.facts else late
            report.add(late, "doubt", f"recorded {words}", "check the day and the date of the end", was="clock")
    several = pl.col("clock").n_unique().over("patient") > 1
    deaths = events.filter(pl.col("text") == "death")
    words = "more than one day of death"
    report.note(deaths, several, "doubt", words, "keep the right one; the first is used", was="clock")


def _note_without_infusion(course: Course, report: Report) -> None:
    infused = course.infusions.get_column("patient").unique()
    without = ~pl.col("patient").is_in(infused.implode()) & ~pl.col("not_infused")
    words = "no CAR-T infusion found for this patient"
    report.note(course.patients, without, "refused", words, "add a row to the infusions table, or note = not_infused")
