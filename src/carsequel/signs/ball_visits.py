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
    Side,
    grid_of,
    highest,
    infused,
    rows_of,
    visits_of,
    with_baselines,
    with_nearest,
    with_sources,
    with_tests,
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
    return course.once(
        ("visits of B-ALL", limits, absent_if_unrecorded), lambda: _gathered(course, limits, absent_if_unrecorded)
    )


def _gathered(course: Course, limits: Limits, absent_if_unrecorded: bool) -> pl.DataFrame:
    rows = rows_of(course, infused(course, "B-ALL"), NAMES)
    tested = pl.col("name").is_in(["marrow_blasts", "mrd", *DISEASE])
    circulating = (pl.col("name") == "blood_blasts") & (pl.col("low") > 0)
    visits = visits_of(rows.filter((tested | circulating) & (pl.col("day") > 0)), limits.visit)
    rows = rows.join(visits.select(*DAY, "visit"), on=DAY, how="left", maintain_order="left")
    measured = [*highest("marrow_blasts", "marrow"), *highest("mrd", "mrd")]
    grid = with_tests(grid_of(visits), rows, *measured, *_outside())
    grid = with_baselines(grid, rows, {"marrow": "marrow_blasts"})
    nearest: dict[str, tuple[str, Side]] = {
        "blood_blasts": ("blood", "max"),
        "anc": ("anc", "min"),
        "platelets": ("platelets", "min"),
    }
    grid = with_nearest(grid, rows, limits.near, nearest)
    grid = _with_coverage(_with_events(grid, rows, limits), course, limits.free)
    absent = pl.col("_no").fill_null(False) | pl.col("_no_disease") | pl.lit(absent_if_unrecorded)
    end = pl.col("last") + limits.lasting
    followed = pl.col("last").max().over(KEYS) >= end
    early = (pl.col("_again") <= end).fill_null(False)
    grid = with_sources(
        grid,
        tested=pl.lit(True),
        outside=settled(pl.col("_yes"), absent),
        transfused=settled(pl.col("_given"), pl.col("_no_event")),
        lasting=settled(followed & ~early, early),
    )
    return grid.drop("_yes", "_no", "_given", "_again", "_no_disease", "_no_event")


def _outside() -> list[pl.Expr]:
    """Whether rows of a visit state disease outside the marrow (`_yes`) or its absence (`_no`)."""
    mine = pl.col("name").is_in(DISEASE)
    stated = (pl.col("name") == "extramedullary") & (pl.col("text") == "no")
    return [
        (mine & (pl.col("text") == "yes")).any().alias("_yes"),
        stated.any().alias("_no"),
        pl.col("source").filter(mine).alias("outside_source"),
    ]


def _with_events(grid: pl.DataFrame, rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Add `_given`: a transfusion in the days before the visit; and `_again`: the first day of recurrence after it."""
    event = pl.col("name") == "event"
    blasts = (pl.col("name") == "marrow_blasts") & (pl.col("low") >= limits.blasts)
    blood = (pl.col("name") == "blood_blasts") & (pl.col("low") > 0)
    outside = pl.col("name").is_in(DISEASE) & (pl.col("text") == "yes")
    again = blasts | blood | outside | (event & pl.col("text").is_in(RECURRED))
    given = event & pl.col("text").is_in(TRANSFUSED)
    told = rows.filter(again | given).select(*DAY, _transfusion=given.fill_null(False))
    both = grid.select(*VISIT, "last").join(told, on=KEYS, how="inner")
    recent = pl.col("day").is_between(pl.col("last") - limits.free + 1, pl.col("last"))
    per = both.group_by(VISIT).agg(
        _given=(pl.col("_transfusion") & recent).any(),
        _again=pl.col("day").filter(~pl.col("_transfusion") & (pl.col("day") > pl.col("last"))).min(),
    )
    return grid.join(per, on=VISIT, how="left", maintain_order="left")


def _with_coverage(grid: pl.DataFrame, course: Course, free: int) -> pl.DataFrame:
    """Add whether the days of the visit are covered for disease outside (`_no_disease`), and whether it and the days
    without transfusion before it are covered for events (`_no_event`)."""
    stretches = pl.concat([course.covered("extramedullary"), course.covered("event")])
    if stretches.is_empty():
        return grid.with_columns(_no_disease=False, _no_event=False)
    first = pl.when(name="event").then(pl.col("last") - free + 1).otherwise("first")
    both = grid.select(*VISIT, "first", "last").join(stretches, on=KEYS, how="inner")
    whole = (pl.col("since").floor() <= first) & (pl.col("until") >= pl.col("last"))
    per = (
        both.filter(whole)
        .group_by(VISIT)
        .agg(_no_disease=(pl.col("name") == "extramedullary").any(), _no_event=(pl.col("name") == "event").any())
    )
    grid = grid.join(per, on=VISIT, how="left", maintain_order="left")
    return grid.with_columns(pl.col("_no_disease", "_no_event").fill_null(False))
