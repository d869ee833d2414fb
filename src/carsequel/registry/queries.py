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
from carsequel.registry.gaps import KEYS, Blocks, any_inside, blocks_of, gaps_between, recorded, rows_inside
from carsequel.side_effects.crs import CHOICES as CRS
from carsequel.terms.tables import read_table

QUERY: Final = (
    *("patient", "infusion", "criterion", "period", "low", "high", "missing", "day", "days", "ask", "could_settle"),
    *("why", "facts"),
)
OTHER: Final = ("", "see the sentence")
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
    """What the record holds under some names: the rows of it, the stretches in which it is complete, and the blocks
    that both or the rows alone make (asked with how many days between two rows are no gap)."""

    rows: Callable[[tuple[str, ...]], pl.DataFrame]
    covered: Callable[[tuple[str, ...]], pl.DataFrame]
    blocks: Callable[[tuple[str, ...], str, int], Blocks]


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
    rows = rows.sort("could_settle", *QUERY[:4], "low", descending=[True, *[False] * 5], nulls_last=False)
    rows = rows.with_row_index("_open")
    record = _record(course)
    looks = _asked_of(_windows(rows, course)).partition_by("_alike", as_dict=True, include_key=False)
    gaps = [_gap(needs()[int(first)], windows, record) for (first,), windows in looks.items()]
    said = pl.concat([pl.DataFrame(schema=SAID), *(gap.select(_as(SAID)) for gap in gaps)]).sort("_open", "_need")
    said = said.join(_asks(), on="_need", how="left", maintain_order="left")
    said = said.filter((pl.col("_open").cast(pl.Int64) * len(needs()) + pl.col("_same")).is_first_distinct())
    told = rows.join(said, on="_open", how="left", maintain_order="left_right")
    told = told.with_columns(pl.col("missing").fill_null(OTHER[0]), pl.col("ask").fill_null(OTHER[1]))
    return told.select(pl.col(name).cast(pl.Float64) if name in ("day", "days") else name for name in QUERY)


def _as(schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> list[pl.Expr]:
    return [pl.col(name).cast(kind) for name, kind in schema.items()]


def _asks() -> pl.DataFrame:
    """What each need (`_need`, its place) asks the ward for; `_same` is the first need that asks the same."""
    asked = [(need.missing, need.ask) for need in needs()]
    rows = [(number, asked.index(words), *words) for number, words in enumerate(asked)]
    schema = {"_need": pl.Int64, "_same": pl.Int64, "missing": pl.String, "ask": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


@cache
def _table() -> pl.DataFrame:
    """What decides of which windows a need (`_need`, its place) speaks, and the first need that looks for the same in
    the same way (`_alike`)."""
    alike = [need._replace(**ANYWHERE) for need in needs()]
    rows = [
        (need.criterion, number, alike.index(alike[number]), need.who, need.first, need.last, need.since == "onset")
        for number, need in enumerate(needs())
    ]
    schema = {"criterion": pl.String, "_need": pl.Int64, "_alike": pl.Int64, "_who": pl.String}
    days = {"_first": pl.Int64, "_last": pl.Int64, "_onset": pl.Boolean}
    return pl.DataFrame(rows, schema=schema | days, orient="row")


def _asked_of(windows: pl.DataFrame) -> pl.DataFrame:
    """The windows of each need, of the people that it speaks of, moved as it says."""
    both = windows.join(_table(), on="criterion", how="inner", maintain_order="right_left")
    child = pl.col("age").is_null() | (pl.col("age") < CRS.adult_from)
    own = pl.when(_who="child").then(child).otherwise(pl.col("disease") == pl.col("_who"))
    begun = pl.when(pl.col("_onset") & (pl.col("low") > 0)).then(pl.col("start").floor().cast(pl.Int64))
    first = pl.coalesce("_first", pl.max_horizontal("first", begun))
    last = pl.coalesce("_last", "last")
    # Where a period has no end, its first day can still be asked for after the record has ended.
    beyond = pl.col("end").is_null() & ~pl.col("died")
    last = pl.when(beyond).then(pl.max_horizontal(last, first)).otherwise(last)
    kept = ("_alike", "_need", "_look", "_open", "until", "ended", "died")
    return both.filter(pl.col("_who").is_null() | own).select(*kept, first=first, last=last)


def _record(course: Course) -> Record:
    """The rows, the coverage and the blocks that needs ask for, each made once."""
    looks = course.clock.select(KEYS).with_row_index("_look")
    stretch = ("_look", "since", "until")

    @cache
    def rows(names: tuple[str, ...]) -> pl.DataFrame:
        return recorded(course, names)

    @cache
    def covered(names: tuple[str, ...]) -> pl.DataFrame:
        return course.covered(*names).join(looks, on=KEYS, how="inner").select(stretch)

    @cache
    def blocks(names: tuple[str, ...], of: str, longest: int) -> Blocks:
        parts = {"covered": [covered(names)], "rows": [rows(names).select(stretch)]}
        told = parts.get(of, [*parts["rows"], *parts["covered"]])
        return blocks_of(pl.concat(told), longest)

    return Record(rows, covered, blocks)


def _gap(need: Need, windows: pl.DataFrame, record: Record) -> pl.DataFrame:
    if need.kind == "followed":
        short = windows.filter((pl.col("ended") < pl.col("until")) & ~pl.col("died"))
        return short.with_columns(day=pl.col("ended") + 1, days=pl.col("until") - pl.col("ended"))
    if need.kind == "complete":
        return gaps_between(windows, record.blocks(need.names, "covered", 0))
    if need.kind == "rows":
        rows = record.rows(need.names)
        said = rows.filter(pl.col("text") == need.only) if need.only else rows
        if need.field is None:
            return rows_inside(windows, said)
        return rows_inside(windows, said.filter(pl.col(need.field).is_null()), undated=need.field == "since")
    if need.kind == "days":
        return gaps_between(windows, record.blocks(need.names, "both", 0))
    some = any_inside(windows, record.blocks(need.names, "rows", 0))
    nothing = windows.filter(~some & (windows["last"] >= windows["first"]))
    nothing = nothing.with_columns(day="first", days=pl.col("last") - pl.col("first") + 1)
    if need.kind == "any":
        dated = pl.col("day") >= 0
        return nothing.with_columns(pl.when(dated).then(side).alias(side) for side in ("day", "days"))
    return pl.concat([gaps_between(windows.filter(some), record.blocks(need.names, "rows", need.longest)), nothing])


def _windows(rows: pl.DataFrame, course: Course) -> pl.DataFrame:
    """The days of each open finding by its period, cut by death and the next infusion; a period without an end is cut
    by the record too. `until` is the end that the period asks for, `ended` the last day of the record."""
    day = [pl.col(name).floor().cast(pl.Int64) for name in ("day", "next_day", "last", "death")]
    looks = course.clock.with_row_index("_look").select(
        *("_look", *KEYS, "disease", "age"),
        _next=day[1] - day[0],
        ended=day[2],
        died=day[3].is_not_null(),
    )
    period = pl.col("period").str
    begun = pl.coalesce(period.extract(r"^(?:d|from d)(\d+)", 1), period.extract(r"^after d(\d+)", 1))
    spelled = rows.select(pl.col("period").unique()).with_columns(begun=begun, end=period.extract(r"^d\d+-(\d+)$", 1))
    spelled = spelled.with_columns(pl.col("begun", "end").cast(pl.Int64))
    windows = rows.select(*KEYS, "_open", "criterion", "period", "low", "start").join(looks, on=KEYS, how="left")
    windows = windows.join(spelled, on="period", how="left", nulls_equal=True)
    until = pl.min_horizontal(pl.coalesce("end", "ended"), pl.col("_next") - 1)
    last = pl.when("died").then(pl.min_horizontal(until, "ended")).otherwise(until)
    return windows.with_columns(first=pl.col("begun").fill_null(0), last=last, until=until)
