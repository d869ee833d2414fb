"""What the timeline shows: lanes of curves, bars and marks taken from a course, and what has no day to stand on."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.report.strips import Bar, Mark, Strip, strips_of
from carsequel.report.wording import number, words

Row = Mapping[str, Any]


class Point(NamedTuple):
    """One value on its day; `kind` is seen, approximate, below, above, zero or doubted."""

    day: float
    value: float
    kind: str


class Series(NamedTuple):
    name: str
    points: tuple[Point, ...]


class Curve(NamedTuple):
    """One lane with a number axis: every series in it has the same unit; its line stops at the days in `breaks`."""

    title: str
    unit: str
    log: bool
    series: tuple[Series, ...]
    limit: float | None
    breaks: tuple[float, ...] = ()


class Timeline(NamedTuple):
    """Everything the figure draws, on the clock of the first infusion (days)."""

    infusions: tuple[Mark, ...]
    failure: tuple[float, float] | None
    curves: tuple[Curve, ...]
    strips: tuple[Strip, ...]
    undated: tuple[str, ...]
    bare: tuple[str, ...]
    absent: tuple[str, ...]

    def days(self) -> list[float]:
        """Give every day that is drawn."""
        points = [point.day for curve in self.curves for line in curve.series for point in line.points]
        bars = [day for strip in self.strips for bar in strip.bars for day in (bar.start, bar.end) if day is not None]
        marks = [mark.day for strip in self.strips for mark in strip.marks]
        return points + bars + marks + [mark.day for mark in self.infusions] + list(self.failure or ())

    def open_ended(self) -> bool:
        """Say whether any bar is still going or has no end in the record."""
        return any(bar.end is None for strip in self.strips for bar in strip.bars)


class Lane(NamedTuple):
    group: str
    title: str
    names: tuple[str, ...]
    log: bool


LANES: Final = (
    Lane("CAR T cells", "CAR T cells", ("car_t",), True),
    Lane("tumour burden", "Tumour: SPD", ("spd",), False),
    Lane("tumour burden", "Tumour: MTV", ("mtv",), False),
    Lane("tumour burden", "Blasts", ("marrow_blasts", "blood_blasts"), False),
    Lane("tumour burden", "M-protein", ("m_protein_serum", "m_protein_urine"), False),
    Lane("tumour burden", "Light chains", ("flc_kappa", "flc_lambda"), True),
    Lane("tumour burden", "Plasma cells", ("marrow_plasma_cells", "circulating_plasma_cells"), False),
    Lane("tumour burden", "MRD", ("mrd",), True),
    Lane("tumour burden", "ctDNA", ("ctdna",), True),
    Lane("B cells", "B cells", ("b_cells", "b_cells_percent"), True),
    Lane("LDH", "LDH", ("ldh",), False),
    Lane("ferritin", "Ferritin", ("ferritin",), True),
    Lane("CRP", "CRP", ("crp",), False),
    Lane("neutrophils", "Neutrophils", ("anc",), True),
    Lane("platelets", "Platelets", ("platelets",), True),
)
CURVE_NAMES: Final = tuple(name for lane in LANES for name in lane.names)


def timeline_of(course: Course, answer: Row, findings: pl.DataFrame) -> Timeline:
    """Give the lanes of one patient: `course` and `findings` hold this patient only, `answer` is the answer's dict."""
    starts = _infusion_days(course)
    lanes = strips_of(course, findings, starts)
    curves = tuple(_curves(course))
    undated = (*_undated_infusions(course), *_undated_values(course), *lanes.undated)
    shown = {curve.title.split(":")[0] for curve in curves} | {strip.title for strip in lanes.strips}
    return Timeline(
        infusions=tuple(_infusion_marks(course)),
        failure=_failure_days(answer, starts),
        curves=curves,
        strips=lanes.strips,
        undated=undated,
        bare=tuple(lanes.bare),
        absent=tuple(_absent(course, shown)),
    )


def _infusion_days(course: Course) -> dict[int, float]:
    rows = course.infusions.filter(pl.col("infusion").is_not_null() & pl.col("day").is_not_null())
    return dict(rows.select("infusion", "day").iter_rows())


def _infusion_marks(course: Course) -> Iterator[Mark]:
    for row in course.infusions.sort("day", nulls_last=True).iter_rows(named=True):
        if row["day"] is not None:
            product = row["product"] or "product not recorded"
            yield Mark(row["day"], f"infusion {number(row['infusion'])}: {product}", "")


def _undated_infusions(course: Course) -> Iterator[str]:
    for row in course.infusions.filter(pl.col("day").is_null()).iter_rows(named=True):
        told = row["when"] or row["note"]
        when = f" ({words(told)})" if told else ""
        yield f"infusion {number(row['infusion'])} {row['product'] or ''}".strip() + when


def _failure_days(answer: Row, starts: dict[int, float]) -> tuple[float, float] | None:
    """Give the first and last possible day of failure where the answer carries one and its infusion is dated."""
    failure = answer.get("failure") or {}
    low = failure.get("day_low") if failure.get("day_low") is not None else failure.get("day")
    high = failure.get("day_high") if failure.get("day_high") is not None else failure.get("day")
    start = starts.get(failure.get("infusion") or 1)
    if start is None or high is None or failure.get("state") not in ("failed", "suspected"):
        return None
    return (start + (high if low is None else low), start + high)


def _curves(course: Course) -> Iterator[Curve]:
    facts = course.facts.filter(pl.col("clock").is_not_null() & pl.col("value").is_finite()).sort("clock")
    for lane in LANES:
        rows = facts.filter(pl.col("name").is_in(lane.names))
        for (unit,), part in rows.group_by(["unit"], maintain_order=True):
            lines = [part.filter(pl.col("name") == name) for name in lane.names]
            series = tuple(_series(words(line["name"][0]), line) for line in lines if line.height)
            limits = part["uln"].drop_nulls().unique().to_list() if lane.names == ("ldh",) else []
            limit = limits[0] if len(limits) == 1 else None
            breaks = tuple(_infusion_days(course).values()) if lane.names == ("car_t",) else ()
            yield Curve(lane.title, str(unit or "unit not given"), lane.log, series, limit, breaks)
        if lane.names == ("mtv",):
            yield from _lesion_curve(course)


def _series(name: str, rows: pl.DataFrame) -> Series:
    points = (Point(row["clock"], row["value"], _kind(row)) for row in rows.iter_rows(named=True))
    return Series(name, tuple(points))


def _kind(row: Row) -> str:
    if row["doubt"] == "implausible":
        return "doubted"
    if row["comparator"] in ("<", "<="):
        return "below"
    if row["comparator"] in (">", ">="):
        return "above"
    if row["value"] <= 0:
        return "zero"
    return "approximate" if row["approximate"] else "seen"


def _lesion_curve(course: Course) -> Iterator[Curve]:
    rows = course.lesions.filter(pl.col("clock").is_not_null() & pl.col("ldi").is_finite()).sort("lesion", "clock")
    series = []
    for (lesion,), part in rows.group_by(["lesion"], maintain_order=True):
        points = tuple(Point(day, size, "seen") for day, size in part.select("clock", "ldi").iter_rows())
        series.append(Series(str(lesion), points))
    if series:
        yield Curve("Tumour: lesions, longest diameter", "mm", False, tuple(series), None)


def _undated_values(course: Course) -> Iterator[str]:
    rows = course.facts.filter(pl.col("clock").is_null() & pl.col("name").is_in(CURVE_NAMES))
    for row in rows.iter_rows(named=True):
        value = "" if row["value"] is None else f" {row['comparator'] or ''}{number(row['value'])} {row['unit'] or ''}"
        text = f" {row['text']}" if row["text"] else ""
        when = f" ({row['when']})" if row["when"] else ""
        yield f"{words(row['name'])}{value.rstrip()}{text}{when}"


def _absent(course: Course, shown: set[str]) -> Iterator[str]:
    """Name the lanes that have nothing to draw."""
    groups: dict[str, bool] = {}
    for lane in LANES:
        groups[lane.group] = groups.get(lane.group, False) or lane.title.split(":")[0] in shown
    groups["tumour burden"] = groups["tumour burden"] or course.lesions.height > 0
    for title in ("Responses", "Antigen", "Grades", "Drugs", "Next lines"):
        groups[title.lower()] = any(name.startswith(title) for name in shown)
    yield from (name for name, there in groups.items() if not there)


__all__ = ["Bar", "Curve", "Mark", "Point", "Series", "Strip", "Timeline", "timeline_of"]
