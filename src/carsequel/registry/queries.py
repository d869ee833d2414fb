"""Questions to send back to the ward: which missing record would settle each grade that is only bounded.

What a criterion needs stands in `needs.csv`, one record a row; whether it is missing is read from the record itself
(rows and coverage), never from the sentence of a finding. `kind` of a need: `days` (each day has a row or is covered),
`values` (a value at all, and no run of more than `longest` days without one), `complete` (covered throughout), `any`
(at least one row), `rows` (rows that leave `field` empty or say `only` are the question), `followed` (the record
reaches the end of the window). `first` and `last` move the window, `onset` begins it on the first day of the grade,
`who` restricts it.
"""

from functools import cache
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.registry.gaps import KEYS, open_stretches, recorded, rows_inside
from carsequel.side_effects.crs import CHOICES as CRS
from carsequel.terms.tables import read_table

QUERY: Final = (
    *("patient", "infusion", "criterion", "period", "low", "high", "missing", "day", "days", "ask", "could_settle"),
    *("why", "facts"),
)
OPEN: Final = [*KEYS, "period"]
OTHER: Final = ("", "see the sentence")
GAP: Final = {"patient": pl.String, "infusion": pl.Int64, "period": pl.String, "day": pl.Int64, "days": pl.Int64}


class Need(NamedTuple):
    """A record that a criterion needs, how its absence shows, and what to ask the ward for."""

    criterion: str
    missing: str
    kind: str
    names: tuple[str, ...]
    only: str | None
    who: str | None
    field: str | None
    longest: int
    first: int | None
    last: int | None
    since: str | None
    ask: str


@cache
def needs() -> tuple[Need, ...]:
    """Give the rows of `needs.csv`."""
    rows = read_table("carsequel.registry", "needs.csv").iter_rows(named=True)
    return tuple(Need(**(row | _typed(row))) for row in rows)


def _typed(row: dict[str, str | None]) -> dict[str, object]:
    days = {name: int(text) if (text := row[name]) else None for name in ("first", "last")}
    return days | {"names": tuple((row["names"] or "").split(";")), "longest": int(row["longest"] or 0)}


def open_questions(findings: pl.DataFrame, course: Course) -> pl.DataFrame:
    """Give the rows to send back to the ward: one per open default maximum and missing record.

    Open is a finding whose low and high differ or that is not gradable; `course` is the record that was graded.
    Columns: patient, infusion, criterion, period, low, high, missing (name of the record; empty where the needs name
    none), day (the first day without it), days (how many), ask, could_settle (codes between low and high; empty where
    not gradable), why, facts. Widest first.
    """
    top = findings.filter((pl.col("kind") == "maximum") & pl.col("default"))
    settled = (pl.col("low") == pl.col("high")).fill_null(False)
    rows = top.filter(~settled).with_columns(could_settle=pl.col("high") - pl.col("low"))
    windows = _windows(rows, course)
    asked = [_asked(need, number, windows, course) for number, need in enumerate(needs())]
    said = pl.concat(asked).unique([*OPEN, "criterion", "missing", "ask"], keep="first", maintain_order=True)
    told = rows.join(said, on=[*OPEN, "criterion"], how="left", nulls_equal=True)
    told = told.with_columns(pl.col("missing").fill_null(OTHER[0]), pl.col("ask").fill_null(OTHER[1]))
    ordered = told.sort("could_settle", *QUERY[:4], "_need", descending=[True, *[False] * 5], nulls_last=False)
    return ordered.select(pl.col(name).cast(pl.Float64) if name in ("day", "days") else name for name in QUERY)


def _asked(need: Need, number: int, windows: pl.DataFrame, course: Course) -> pl.DataFrame:
    own = windows.filter(pl.col("criterion") == need.criterion)
    gap = _gap(need, _narrowed(need, own), course) if own.height else pl.DataFrame(schema=GAP)
    fixed = {"criterion": need.criterion, "missing": need.missing, "ask": need.ask}
    return gap.select(pl.col(name).cast(kind) for name, kind in GAP.items()).with_columns(
        *(pl.lit(value).alias(name) for name, value in fixed.items()), _need=pl.lit(number)
    )


def _gap(need: Need, windows: pl.DataFrame, course: Course) -> pl.DataFrame:
    if need.kind == "followed":
        short = windows.filter((pl.col("ended") < pl.col("until")) & ~pl.col("died"))
        return short.select(*OPEN, day=pl.col("ended") + 1, days=pl.col("until") - pl.col("ended"))
    looks = windows.select(*OPEN, "first", "last")
    if need.kind == "complete":
        return open_stretches(looks, course.covered(*need.names))
    rows = recorded(course, need.names)
    if need.kind == "rows":
        said = rows.filter(pl.col("text") == need.only) if need.only else rows
        if need.field is None:
            return rows_inside(looks, said)
        return rows_inside(looks, said.filter(pl.col(need.field).is_null()), undated=need.field == "since")
    stretches = rows.select(*KEYS, "since", "until")
    if need.kind == "days":
        covered = course.covered(*need.names).select(*KEYS, "since", "until")
        return open_stretches(looks, pl.concat([stretches, covered]))
    gap = open_stretches(looks, stretches).join(looks, on=OPEN, how="left", nulls_equal=True)
    nothing = gap.filter((pl.col("last") - pl.col("first") + 1) == pl.col("days"))
    if need.kind == "any":
        dated = pl.col("first") >= 0
        return nothing.with_columns(pl.when(dated).then(side).alias(side) for side in ("day", "days"))
    long = open_stretches(looks, stretches, need.longest)
    return pl.concat([long, nothing.select(long.columns).join(long, on=OPEN, how="anti", nulls_equal=True)])


def _narrowed(need: Need, windows: pl.DataFrame) -> pl.DataFrame:
    """The windows of the people that a need speaks of, moved as it says."""
    if need.who == "child":
        windows = windows.filter(pl.col("age").is_null() | (pl.col("age") < CRS.adult_from))
    elif need.who is not None:
        windows = windows.filter(pl.col("disease") == need.who)
    if need.since == "onset":
        begun = pl.when(pl.col("low") > 0).then(pl.col("start").floor().cast(pl.Int64))
        windows = windows.with_columns(first=pl.max_horizontal("first", begun))
    moved = {side: day for side, day in (("first", need.first), ("last", need.last)) if day is not None}
    windows = windows.with_columns(pl.lit(day, dtype=pl.Int64).alias(side) for side, day in moved.items())
    # Where a period has no end, its first day can still be asked for after the record has ended.
    beyond = pl.col("end").is_null() & ~pl.col("died")
    return windows.with_columns(last=pl.when(beyond).then(pl.max_horizontal("last", "first")).otherwise("last"))


def _windows(rows: pl.DataFrame, course: Course) -> pl.DataFrame:
    """The days of each open finding by its period, cut by death and the next infusion; a period without an end is cut
    by the record too. `until` is the end that the period asks for, `ended` the last day of the record."""
    day = [pl.col(name).floor().cast(pl.Int64) for name in ("day", "next_day", "last", "death")]
    looks = course.clock.select(*KEYS, "disease", "age", _next=day[1] - day[0], ended=day[2], died=day[3].is_not_null())
    period = pl.col("period").str
    begun = pl.coalesce(period.extract(r"^(?:d|from d)(\d+)", 1), period.extract(r"^after d(\d+)", 1))
    windows = rows.select(*OPEN, "criterion", "low", "start", begun=begun, end=period.extract(r"^d\d+-(\d+)$", 1))
    windows = windows.join(looks, on=KEYS, how="left").with_columns(pl.col("begun", "end").cast(pl.Int64))
    until = pl.min_horizontal(pl.coalesce("end", "ended"), pl.col("_next") - 1)
    last = pl.when("died").then(pl.min_horizontal(until, "ended")).otherwise(until)
    return windows.with_columns(first=pl.col("begun").fill_null(0), last=last, until=until)
