"""Cells of the follow-up forms about events: death, further infusions, relapse, new malignancy, infection."""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.registry.cells import as_cells, happened
from carsequel.registry.gaps import KEYS

Cells = dict[str, pl.DataFrame]
FAILURES: Final = ("failure.descart2022", "failure.blasts5", "failure.stated")
FAILED: Final = 2
TRANSPLANTS: Final = ("auto_hct", "allo_hct")
TREATED: Final = "; the form asks for infections that needed treatment"


def event_cells(course: Course, findings: pl.DataFrame, grid: pl.DataFrame) -> Cells:
    """Give the cells about events for each row of the grid, by meaning."""
    return {
        **_death(course, grid),
        **_pair("subsequent_infusion", happened(grid, *_infusions(course), "further infusion", before=False)),
        **_pair("relapse_or_progression", happened(grid, *_failures(findings), "relapse or progression")),
        **_pair("new_malignancy", happened(grid, *_events(course, "second_malignancy"), "new malignancy")),
        **_infection(course, grid),
    }


def _pair(name: str, cells: tuple[pl.DataFrame, pl.DataFrame]) -> Cells:
    return {name: cells[0], f"{name}_day": cells[1]}


def _events(course: Course, kind: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = course.facts_since("event", undated=True).filter(pl.col("text") == kind)
    told = pl.concat_str("site", "note", separator=" ", ignore_nulls=True) if "note" in rows.columns else pl.col("site")
    return rows.with_columns(text=told.replace("", None)), course.covered("event")


def _death(course: Course, grid: pl.DataFrame) -> Cells:
    deaths = _events(course, "death")[0].sort("since", nulls_last=True).unique(KEYS, keep="first", maintain_order=True)
    cells = grid.join(deaths.select(*KEYS, "since", "site", facts="source", _known=pl.lit(True)), on=KEYS, how="left")
    here = pl.col("since").floor().is_between("first", "last").fill_null(False)
    undated = pl.col("_known").fill_null(False) & pl.col("since").is_null()
    seen = pl.col("followed") >= pl.col("last")
    why = (
        pl.when(here)
        .then(pl.format("died on day {}", pl.col("since").floor()))
        .when(undated)
        .then(pl.lit("died, the day is not given"))
        .when(seen)
        .then(pl.lit("in the record beyond this period"))
        .otherwise(pl.format("alive on the last recorded day {}", pl.col("followed").floor()))
    )
    low = here.cast(pl.Int64)
    cells = cells.with_columns(why=why, facts=pl.when(here).then("facts"), site=pl.when(here).then("site"))
    state = cells.with_columns(
        low=low, high=pl.when(undated).then(1).otherwise(low), needs_person=~here & (undated | ~seen)
    )
    day = pl.when(here).then(pl.col("since").floor())
    cause = pl.col("site").replace("unknown", None)
    return {
        "dead": as_cells(state),
        "death_day": as_cells(cells.with_columns(low=day, high=day, needs_person=undated)),
        "cause_of_death": as_cells(cells.with_columns(text=cause, needs_person=undated | (here & cause.is_null()))),
    }


def _infusions(course: Course) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Later infusions and transplantations; without coverage of `therapy` a transplantation may be missing."""
    clock = course.clock.select(*KEYS, since=pl.col("next_day") - pl.col("day")).drop_nulls("since")
    cells = clock.with_columns(text=pl.lit("CAR T cells"), source=pl.lit(None, dtype=pl.String))
    given = course.spans_since("therapy", undated=True).filter(pl.col("text").is_in(TRANSPLANTS))
    names = (*KEYS, "since", "text", "source")
    return pl.concat([cells.select(names), given.select(names)], how="vertical_relaxed"), course.covered("therapy")


def _failures(findings: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Failure by the first of the named definitions that says anything, and up to which day it speaks."""
    own = findings.filter(pl.col("criterion").is_in(FAILURES) & pl.col("default") & pl.col("value").is_not_null())
    order = pl.col("criterion").replace_strict({name: n for n, name in enumerate(FAILURES)}, return_dtype=pl.Int64)
    first = own.with_columns(_order=order).sort("_order").unique(KEYS, keep="first", maintain_order=True)
    known = first.drop_nulls("start").select(*KEYS, since=pl.lit(0.0), until="start")
    failed = first.filter(pl.col("value") == FAILED)
    return failed.select(*KEYS, since="start", text="label", source="facts"), known


def _infection(course: Course, grid: pl.DataFrame) -> Cells:
    events = _events(course, "infection")[0].with_columns(text="site")
    spans = course.spans_since("infection", undated=True)
    names = (*KEYS, "since", "text", "source")
    rows = pl.concat([events.select(names), spans.select(names)], how="vertical_relaxed")
    occurred, day = happened(grid, rows, course.covered("infection", "event"), "infection", before=False)
    treated = pl.when(pl.col("low") == 1).then(pl.concat_str("why", pl.lit(TREATED))).otherwise("why")
    seen = (pl.col("low") == 1).fill_null(False)
    return {
        "infection": occurred.with_columns(why=treated, needs_person=pl.col("needs_person") | seen),
        "infection_day": day,
    }
