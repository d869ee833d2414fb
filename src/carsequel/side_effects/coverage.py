"""Where absence of a row means absence: the days on which a name is recorded completely, for several groups at once.

A day is covered for a group where any name of the group is, unless a row of the group on that day cannot be used
(implausible, or refused on reading). `id` stands for patient and infusion (see `windows.py`).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.windows import ID_DAY, in_window

Groups = Mapping[str, Sequence[str]]
NO_STRETCHES: Final = pl.DataFrame(
    schema={"id": pl.Int64, "group": pl.String, "from": pl.Int64, "to": pl.Int64, "whole": pl.Boolean}
)
NO_DAYS: Final = pl.DataFrame(schema={"id": pl.Int64, "group": pl.String, "day": pl.Int64})


def stretches(course: Course, windows: pl.DataFrame, groups: Groups) -> pl.DataFrame:
    """Give the covered stretches of the windows: id, group, from, to (first and last day), whole (all the window)."""
    named = {"*", *course.coverage["name"].unique()} if course.coverage.height else set()
    parts = [
        course.once(("side_effects.covered", *names), partial(course.covered, *names)).with_columns(group=pl.lit(group))
        for group, names in groups.items()
        if named & {"*", *names}
    ]
    if not parts:
        return NO_STRETCHES
    first, last = pl.col("first"), pl.col("last")
    since, until = (pl.col(end).floor().cast(pl.Int64) for end in ("since", "until"))
    clipped = pl.concat(parts).lazy().join(windows.lazy().select(*KEYS, "id", "first", "last"), on=KEYS)
    ends = {"from": pl.max_horizontal(since, first), "to": pl.min_horizontal(until, last)}
    return clipped.select("id", "group", **ends, whole=(since <= first) & (until >= last)).collect(engine="in-memory")


def unusable_days(course: Course, windows: pl.DataFrame, groups: Groups) -> pl.DataFrame:
    """Give the days of the windows with a row that cannot be used: id, group, day."""
    lost = course.unusable
    parts = [lost.filter(pl.col("name").is_in(n)).with_columns(group=pl.lit(g)) for g, n in groups.items()]
    if lost.is_empty() or not any(part.height for part in parts):
        return NO_DAYS
    rows = pl.concat(parts).join(course.clock.select(*KEYS, _from="day"), on="patient")
    rows = rows.with_columns(since=pl.col("clock") - pl.col("_from"))
    return in_window(rows, windows).select("id", "group", "day").unique()


def covered_days(found: pl.DataFrame, lost: pl.DataFrame = NO_DAYS) -> pl.DataFrame:
    """Give the days inside `stretches` that are no `unusable_days`: id, group, day."""
    inside = found.filter(pl.col("from") <= pl.col("to")).select("id", "group", "from", "to")
    days = inside.select("id", "group", day=pl.int_ranges("from", pl.col("to") + 1)).explode("day").unique()
    return days.join(lost, on=["id", "group", "day"], how="anti") if lost.height else days


def _in_part(found: pl.DataFrame) -> pl.DataFrame:
    """The stretches of windows that are not covered throughout."""
    return found.filter(~pl.col("whole").any().over("id", "group"))


def open_days(course: Course, windows: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Count the days of each window on which a row of any of the names may be missing: id, open_days (no row for a
    window without days)."""
    found = stretches(course, windows, {"": names})
    length = pl.col("last") - pl.col("first") + 1
    plan = windows.lazy().filter(length > 0)
    if found.is_empty():
        return plan.select("id", open_days=length).collect(engine="in-memory")
    lost = unusable_days(course, windows, {"": names})
    whole = found.lazy().filter("whole").select("id", _whole=True).unique()
    closed = covered_days(_in_part(found), lost).lazy().group_by("id").agg(_closed=pl.len())
    for counted in (whole, closed, lost.lazy().group_by("id").agg(_lost=pl.len())):
        plan = plan.join(counted, on="id", how="left", maintain_order="left")
    number = pl.when("_whole").then(pl.col("_lost").fill_null(0)).otherwise(length - pl.col("_closed").fill_null(0))
    return plan.select("id", open_days=number.cast(pl.Int64)).collect(engine="in-memory")


def with_coverage(grid: pl.DataFrame, course: Course, windows: pl.DataFrame, groups: Groups) -> pl.DataFrame:
    """Add a truth column `covered_GROUP` to a grid of days (id, day)."""
    found = stretches(course, windows, groups)
    if found.is_empty():
        return grid.with_columns(pl.lit(False).alias(f"covered_{group}") for group in groups)
    lost = unusable_days(course, windows, groups)
    of = {group: pl.col("group") == group for group in groups}
    whole = [(is_it & pl.col("whole")).any().alias(f"_whole_{group}") for group, is_it in of.items()]
    part = [is_it.any().alias(f"_part_{group}") for group, is_it in of.items()]
    plan = grid.lazy().join(found.lazy().group_by("id").agg(whole), on="id", how="left", maintain_order="left")
    days = covered_days(_in_part(found), lost).lazy().group_by(ID_DAY).agg(part)
    plan = plan.join(days, on=ID_DAY, how="left", maintain_order="left")
    flags = {f"covered_{g}": pl.any_horizontal(f"_whole_{g}", f"_part_{g}").fill_null(False) for g in groups}
    if lost.height:
        gone = [is_it.any().alias(f"_lost_{group}") for group, is_it in of.items()]
        plan = plan.join(lost.lazy().group_by(ID_DAY).agg(gone), on=ID_DAY, how="left", maintain_order="left")
        flags = {f"covered_{g}": flags[f"covered_{g}"] & ~pl.col(f"_lost_{g}").fill_null(False) for g in groups}
    return plan.select(*grid.columns, **flags).collect(engine="in-memory")
