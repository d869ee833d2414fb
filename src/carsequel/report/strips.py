"""The lanes without a number axis: events, responses, antigen, grades, drugs, support and next lines."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.report.wording import number, short_name, words

Row = Mapping[str, Any]


class Bar(NamedTuple):
    """Something that lasted; `end` is None where it is still going."""

    start: float
    end: float | None
    text: str
    role: str


class Mark(NamedTuple):
    """Something seen on one day."""

    day: float
    text: str
    role: str


class Strip(NamedTuple):
    title: str
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]


MARKED: Final = {
    "Events": ("event",),
    "Responses": ("response", "deauville"),
    "Antigen": ("antigen_",),
    "B-cell aplasia": ("b_cell_aplasia",),
    "Grades as stated": ("crs_grade", "icans_grade", "iec_hs_grade"),
}
SPANNED: Final = {
    "Drugs": ("drug",),
    "Support": ("oxygen", "vasopressor", "hospital", "toxicity", "infection"),
    "Next lines": ("therapy",),
}
ORDER: Final = (
    "Events",
    "Responses",
    "Antigen",
    "Grades",
    "Grades as stated",
    "Support",
    "B-cell aplasia",
    "Drugs",
    "Next lines",
)
_EVENTS: Final = {"icu_admission": "ICU admission"}
_PLACES: Final = {"crs": "CRS", "icans": "ICANS", "iec_hs": "IEC-HS"}
_PREFIX: Final = {"deauville": "D", "crs_grade": "CRS ", "icans_grade": "ICANS ", "iec_hs_grade": "IEC-HS "}


class Strips(NamedTuple):
    """The strips in the order they are drawn; words for what has no day; grades that have no episode to draw."""

    strips: tuple[Strip, ...]
    undated: list[str]
    bare: list[str]


def strips_of(course: Course, findings: pl.DataFrame, starts: Mapping[int, float]) -> Strips:
    """Give the strips of a course of one patient.

    `findings` brings the graded episodes, whose days count from their infusion; `starts` is the day of each infusion.
    """
    loose: list[str] = []
    bars: dict[str, list[Bar]] = {title: [] for title in ORDER}
    marks: dict[str, list[Mark]] = {title: [] for title in ORDER}
    for title, row in _marked_rows(course):
        text = _mark_text(row)
        if row["clock"] is None:
            loose.append(text + (f" ({row['when']})" if row["when"] else ""))
        else:
            marks[title].append(Mark(row["clock"], text, row["text"] or ""))
    for title, row in _spanned_rows(course):
        text = _span_text(row)
        if row["clock"] is None:
            loose.append(text + (f" ({row['when']})" if row["when"] else ""))
        else:
            bars[title].append(_bar(row, text))
    bars["Grades"] = list(_episodes(findings, starts, loose))
    marks["Grades"], bare = _grades_alone(findings, starts)
    strips = (Strip(title, tuple(bars[title]), tuple(marks[title])) for title in ORDER)
    return Strips(tuple(strip for strip in strips if strip.bars or strip.marks), loose, bare)


def _bar(row: Row, text: str) -> Bar:
    """Draw a span; one whose end is not given stands on its first day and says so."""
    unknown = row["clock_end"] is None and row.get("end_known") is False
    end = row["clock"] if unknown else row["clock_end"]
    return Bar(row["clock"], end, f"{text}, end not given" if unknown else text, row["role"] or row["name"])


def _marked_rows(course: Course) -> Iterator[tuple[str, Row]]:
    facts = course.facts.sort("clock", nulls_last=True)
    for title, names in MARKED.items():
        wanted = pl.any_horizontal(pl.col("name").str.starts_with(name) for name in names)
        for row in facts.filter(wanted).iter_rows(named=True):
            yield title, row


def _spanned_rows(course: Course) -> Iterator[tuple[str, Row]]:
    spans = course.spans.sort("clock", "clock_end", nulls_last=True)
    for title, names in SPANNED.items():
        for row in spans.filter(pl.col("name").is_in(names)).iter_rows(named=True):
            yield ("Next lines" if row["role"] == "next_line" else title), row


def _mark_text(row: Row) -> str:
    name = row["name"]
    said = words(row["text"]) if row["text"] else ""
    value = "" if row["value"] is None else number(row["value"])
    about = "~" if row["approximate"] else ""
    if name in _PREFIX:
        scale = f" ({row['method']})" if row["method"] and name != "deauville" else ""
        return f"{about}{_PREFIX[name]}{value or said}{scale}"
    if name.startswith("antigen_"):
        unit = f" {row['unit']}" if value and row["unit"] else ""
        return f"{about}{name.removeprefix('antigen_').upper()} {said} {value}{unit}".rstrip()
    if name == "event":
        place = f": {_PLACES.get(row['site']) or words(row['site'])}" if row["site"] else ""
        return f"{about}{_EVENTS.get(row['text']) or (row['text'] or 'event').replace('_', ' ')}{place}"
    if name == "b_cell_aplasia":
        return f"{about}aplasia {said or value}"
    return f"{about}{said or value}"


def _span_text(row: Row) -> str:
    text = words(row["text"]) if row["text"] else words(row["name"])
    if row["name"] in ("oxygen", "vasopressor", "infection", "toxicity") and row["text"]:
        text = f"{words(row['name'])} {text}"
    if row["value"] is not None:
        text += f" {number(row['value'])}{' ' + row['unit'] if row['unit'] else ''}"
    return f"~{text}" if row["approximate"] else text


def _graded(findings: pl.DataFrame, kind: str) -> Iterator[tuple[str, Row]]:
    """Give the default findings of one kind that have a lane, with the lane's name."""
    rows = findings.filter(pl.col("default") & (pl.col("kind") == kind))
    for row in rows.sort("criterion", "infusion", "start", nulls_last=True).iter_rows(named=True):
        name = short_name(row["criterion"])
        if name:
            yield name, row


def _episodes(findings: pl.DataFrame, starts: Mapping[int, float], loose: list[str]) -> Iterator[Bar]:
    """Give graded episodes as bars; the words of those without a day go to `loose`."""
    for name, row in _graded(findings, "episode"):
        start = starts.get(row["infusion"])
        label = f"{name} {(row['label'] or '').removeprefix('grade ')}".strip()
        if start is None or row["start"] is None:
            loose.append(label)
        else:
            end = None if row["end"] is None else start + row["end"] + 1
            yield Bar(start + row["start"], end, label, _weight(row))


def _grades_alone(findings: pl.DataFrame, starts: Mapping[int, float]) -> tuple[list[Mark], list[str]]:
    """Give the maxima of syndromes without an episode: as marks where they have a day, else as words."""
    drawn = {(row["criterion"], row["infusion"]) for _, row in _graded(findings, "episode")}
    marks, bare = [], []
    for name, row in _graded(findings, "maximum"):
        start = starts.get(row["infusion"])
        if (row["criterion"], row["infusion"]) in drawn:
            continue
        if start is None or row["start"] is None:
            bare.append(f"{name} after infusion {row['infusion']} {row['label'] or 'not gradable'}")
        else:
            marks.append(Mark(start + row["start"], f"{name} {(row['label'] or '').removeprefix('grade ')}", ""))
    return marks, bare


def _weight(row: Row) -> str:
    """Give how grave an episode is drawn: by its gravest possible grade."""
    if row["high"] is None:
        return "grade ?"
    return f"grade {min(5, max(0, int(row['high'])))}"
