"""What a record of B-ALL holds at each assessment: blasts (%), extramedullary disease, counts, transfusions, MRD.

Counts in 10^9/L, MRD as a fraction of cells, days from the infusion (day 0).
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.bounds import settled
from carsequel.signs.visits import (
    DAY,
    KEYS,
    VISIT,
    before_infusion,
    infused,
    rows_of,
    visits_of,
    with_baseline,
    with_nearest,
    with_value,
)

DISEASE: Final = ("extramedullary", "cns_disease")
NAMES: Final = ("marrow_blasts", "blood_blasts", "mrd", "anc", "platelets", "event", *DISEASE)
RECURRED: Final = ("relapse", "progression")
TRANSFUSED: Final = ("transfusion_platelets", "transfusion_red_cells")


class Limits(NamedTuple):
    """Days that make tests one visit, days within which counts belong to it, days without transfusion, days that a
    remission must last, and the marrow blasts (%) below which it is one."""

    visit: int
    near: int
    free: int
    lasting: int
    blasts: float


def gather_ball(course: Course, limits: Limits, absent_if_unrecorded: bool) -> pl.DataFrame:
    """Give one row per B-ALL patient, infusion and visit: marrow, blood, mrd, anc, platelets with bounds, marrow0 (the
    value before), and as true, false or null: `outside` (extramedullary), `transfused`, `lasting`, `facts`."""
    rows = rows_of(course, infused(course, "B-ALL"), NAMES)
    tested = pl.col("name").is_in(["marrow_blasts", "mrd", *DISEASE])
    circulating = (pl.col("name") == "blood_blasts") & (pl.col("low") > 0)
    days = rows.filter((tested | circulating) & (pl.col("day") > 0))
    visits = visits_of(days, limits.visit)
    rows = rows.join(visits.select(*DAY, "visit"), on=DAY, how="left", maintain_order="left")
    grid = visits.select(*VISIT, "first", "last").unique().sort(VISIT)
    grid = with_value(grid, rows, "marrow_blasts", "marrow")
    grid = with_value(grid, rows, "mrd", "mrd")
    grid = with_baseline(grid, before_infusion(rows, "marrow_blasts"), "marrow")
    for name, short, worst in (
        ("blood_blasts", "blood", "max"),
        ("anc", "anc", "min"),
        ("platelets", "platelets", "min"),
    ):
        grid = with_nearest(grid, rows, name, short, limits.near, worst)
    grid = _with_outside(grid, rows, course, absent_if_unrecorded)
    grid = _with_transfusions(grid, rows, course, limits.free)
    grid = _with_duration(grid, rows, limits)
    columns = [name for name in grid.columns if name.endswith("_source")]
    joined = pl.concat_list(pl.col(name).fill_null([]) for name in columns)
    sources = joined.list.drop_nulls().list.unique().list.sort().list.join("; ")
    return grid.with_columns(facts=pl.when(sources != "").then(sources), tested=pl.lit(True)).drop(columns)


def _with_outside(grid: pl.DataFrame, rows: pl.DataFrame, course: Course, absent: bool) -> pl.DataFrame:
    """Add `outside`: disease outside the marrow, absent only where stated, covered, or where absence is chosen."""
    own = rows.filter(pl.col("name").is_in(DISEASE) & pl.col("visit").is_not_null() & (pl.col("day") > 0))
    stated = (pl.col("name") == "extramedullary") & (pl.col("text") == "no")
    per = own.group_by(VISIT).agg(
        _yes=(pl.col("text") == "yes").any(),
        _no=stated.any(),
        outside_source=pl.col("source").unique().sort(),
    )
    covered = _covered(grid, course, "extramedullary", pl.col("first"))
    grid = grid.join(per, on=VISIT, how="left", maintain_order="left")
    grid = grid.join(covered.with_columns(_covered=True), on=VISIT, how="left", maintain_order="left")
    none = pl.col("_no").fill_null(False) | pl.col("_covered").fill_null(False) | pl.lit(absent)
    found = settled(pl.col("_yes"), none)
    return grid.with_columns(outside=found).drop("_yes", "_no", "_covered")


def _covered(grid: pl.DataFrame, course: Course, name: str, first: pl.Expr) -> pl.DataFrame:
    stretches = course.covered(name).drop("name")
    both = grid.select(*VISIT, "last", _first=first).join(stretches, on=KEYS, how="inner")
    whole = (pl.col("since").floor() <= pl.col("_first")) & (pl.col("until") >= pl.col("last"))
    return both.filter(whole).select(VISIT).unique()


def _with_transfusions(grid: pl.DataFrame, rows: pl.DataFrame, course: Course, free: int) -> pl.DataFrame:
    """Add `transfused`: a transfusion in the days before the visit; false only where events are covered."""
    given = rows.filter((pl.col("name") == "event") & pl.col("text").is_in(TRANSFUSED)).select(DAY)
    both = grid.select(*VISIT, "last").join(given, on=KEYS, how="inner")
    recent = both.filter(pl.col("day").is_between(pl.col("last") - free + 1, pl.col("last"))).select(VISIT).unique()
    covered = _covered(grid, course, "event", pl.col("last") - free + 1)
    grid = grid.join(recent.with_columns(_given=True), on=VISIT, how="left", maintain_order="left")
    grid = grid.join(covered.with_columns(_covered=True), on=VISIT, how="left", maintain_order="left")
    found = settled(pl.col("_given"), pl.col("_covered"))
    return grid.with_columns(transfused=found).drop("_given", "_covered")


def _with_duration(grid: pl.DataFrame, rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Add `lasting`: no recurrence for so many days after the visit, shown by a later test; null without one."""
    blasts = (pl.col("name") == "marrow_blasts") & (pl.col("low") >= limits.blasts)
    blood = (pl.col("name") == "blood_blasts") & (pl.col("low") > 0)
    outside = pl.col("name").is_in(DISEASE) & (pl.col("text") == "yes")
    event = (pl.col("name") == "event") & pl.col("text").is_in(RECURRED)
    again = rows.filter(blasts | blood | outside | event).select(*KEYS, _again="day")
    both = grid.select(*VISIT, "last").join(again, on=KEYS, how="inner").filter(pl.col("_again") > pl.col("last"))
    first = both.group_by(VISIT).agg(pl.col("_again").min())
    grid = grid.join(first, on=VISIT, how="left", maintain_order="left").sort(VISIT)
    end = pl.col("last") + limits.lasting
    seen = pl.col("last").max().over(KEYS) >= end
    early = (pl.col("_again") <= end).fill_null(False)
    found = settled(seen & ~early, early)
    return grid.with_columns(lasting=found).drop("_again")
