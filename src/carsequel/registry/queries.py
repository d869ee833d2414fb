"""Questions to send back to the ward: which missing record would settle each grade that is only bounded.

What a criterion needs stands in `needs.csv`, one record a row; whether it is missing is read from the record itself
(rows and coverage), never from the sentence of a finding. `kind` of a need: `days` (each day has a row or is covered),
`values` (a value at all, and no run of more than `longest` days without one), `complete` (covered throughout), `any`
(at least one row), `rows` (rows that leave `field` empty or say `only` are the question), `followed` (the record
reaches the end of the window). `first` and `last` move the window, `onset` begins it on the first day of the grade,
`who` restricts it.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.registry.gaps import KEYS, open_stretches, recorded, rows_inside
from carsequel.side_effects.crs import CHOICES as CRS
from carsequel.terms.tables import read_table

QUERY: Final = (
    *("patient", "infusion", "criterion", "period", "low", "high", "missing", "day", "days", "ask", "could_settle"),
    *("why", "facts"),
)
OTHER: Final = ("", "see the sentence")
FOR: Final = ["_open", "_need"]
SAID: Final = {"_open": pl.UInt32, "_need": pl.Int64, "day": pl.Int64, "days": pl.Int64}
ANYWHERE: Final[dict[str, Any]] = {
    **{"criterion": "", "missing": "", "ask": ""},
    **dict.fromkeys(("who", "first", "last", "since")),
}


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


class Record(NamedTuple):
    """What the record holds under some names: the rows of it, and the stretches in which it is complete."""

    rows: Callable[[tuple[str, ...]], pl.DataFrame]
    covered: Callable[[tuple[str, ...]], pl.DataFrame]


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
    rows = top.filter(~settled).with_columns(could_settle=pl.col("high") - pl.col("low")).with_row_index("_open")
    people = rows.select("patient").unique().with_row_index("_who")
    record = _record(course, people)
    windows = _windows(rows, course).join(people, on="patient", how="left").with_columns(patient="_who")
    of = windows.partition_by("criterion", as_dict=True)
    gaps = [_gap(need, windows, record) for need, windows in _looks(of)]
    said = pl.concat([pl.DataFrame(schema=SAID), *(gap.select(_as(SAID)) for gap in gaps)])
    said = said.sort("_need").join(_asks(), on="_need", how="left", maintain_order="left")
    said = said.unique(["_open", "missing", "ask"], keep="first", maintain_order=True)
    told = rows.join(said, on="_open", how="left")
    told = told.with_columns(pl.col("missing").fill_null(OTHER[0]), pl.col("ask").fill_null(OTHER[1]))
    ordered = told.sort("could_settle", *QUERY[:4], "_need", descending=[True, *[False] * 5], nulls_last=False)
    return ordered.select(pl.col(name).cast(pl.Float64) if name in ("day", "days") else name for name in QUERY)


def _as(schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> list[pl.Expr]:
    return [pl.col(name).cast(kind) for name, kind in schema.items()]


def _asks() -> pl.DataFrame:
    """What each need (`_need`, its place) asks the ward for."""
    rows = [(number, need.missing, need.ask) for number, need in enumerate(needs())]
    return pl.DataFrame(rows, schema={"_need": pl.Int64, "missing": pl.String, "ask": pl.String}, orient="row")


def _looks(of: Mapping[tuple[object, ...], pl.DataFrame]) -> list[tuple[Need, pl.DataFrame]]:
    """The windows of all needs that look for the same in the same way, together, each with its need (`_need`)."""
    alike: dict[Need, list[pl.DataFrame]] = {}
    for number, need in enumerate(needs()):
        if (need.criterion,) in of:
            windows = _narrowed(need, of[need.criterion,]).with_columns(_need=pl.lit(number, dtype=pl.Int64))
            alike.setdefault(need._replace(**ANYWHERE), []).append(windows)
    return [(need, pl.concat(windows)) for need, windows in alike.items()]


def _record(course: Course, people: pl.DataFrame) -> Record:
    """The rows and the coverage that needs ask for, each read once, a number standing for the patient."""

    def numbered(rows: pl.DataFrame) -> pl.DataFrame:
        both = rows.join(people, on="patient", how="inner", maintain_order="left")
        return both.with_columns(patient="_who").drop("_who")

    return Record(
        cache(lambda names: numbered(recorded(course, names))),
        cache(lambda names: numbered(course.covered(*names).select(*KEYS, "since", "until"))),
    )


def _gap(need: Need, windows: pl.DataFrame, record: Record) -> pl.DataFrame:
    if need.kind == "followed":
        short = windows.filter((pl.col("ended") < pl.col("until")) & ~pl.col("died"))
        return short.select(*FOR, day=pl.col("ended") + 1, days=pl.col("until") - pl.col("ended"))
    looks = windows.select(*KEYS, *FOR, "first", "last")
    if need.kind == "complete":
        return open_stretches(looks, record.covered(need.names))
    rows = record.rows(need.names)
    if need.kind == "rows":
        said = rows.filter(pl.col("text") == need.only) if need.only else rows
        if need.field is None:
            return rows_inside(looks, said)
        return rows_inside(looks, said.filter(pl.col(need.field).is_null()), undated=need.field == "since")
    stretches = rows.select(*KEYS, "since", "until")
    if need.kind == "days":
        return open_stretches(looks, pl.concat([stretches, record.covered(need.names)]))
    within = (pl.col("until").floor() >= pl.col("first")) & (pl.col("since").floor() <= pl.col("last"))
    some = looks.join(stretches, on=KEYS).filter(within).select(FOR).unique()
    nothing = looks.filter(pl.col("last") >= pl.col("first")).join(some, on=FOR, how="anti")
    nothing = nothing.select(*FOR, day="first", days=pl.col("last") - pl.col("first") + 1)
    if need.kind == "any":
        dated = pl.col("day") >= 0
        return nothing.select(*FOR, *(pl.when(dated).then(side).alias(side) for side in ("day", "days")))
    long = open_stretches(looks.join(some, on=FOR, how="semi"), stretches, need.longest)
    return pl.concat([long.select(*FOR, "day", "days"), nothing])


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
    windows = rows.select(
        *KEYS, "_open", "criterion", "low", "start", begun=begun, end=period.extract(r"^d\d+-(\d+)$", 1)
    )
    windows = windows.join(looks, on=KEYS, how="left").with_columns(pl.col("begun", "end").cast(pl.Int64))
    until = pl.min_horizontal(pl.coalesce("end", "ended"), pl.col("_next") - 1)
    last = pl.when("died").then(pl.min_horizontal(until, "ended")).otherwise(until)
    return windows.with_columns(first=pl.col("begun").fill_null(0), last=last, until=until)
