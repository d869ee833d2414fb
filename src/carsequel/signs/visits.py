"""Assessments of a disease: tests that lie close together are one visit; values before the infusion stand beside.

Days are counted from the infusion (day 0). A test up to day 0 is of the time before the infusion.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.signs.assessments import list_assessments
from carsequel.signs.bounds import measured_range
from carsequel.terms.series import day_of

KEYS: Final = ["patient", "infusion"]
DAY: Final = [*KEYS, "day"]
VISIT: Final = [*KEYS, "visit"]


def infused(course: Course, disease: str) -> pl.DataFrame:
    """Give patient and infusion of everyone with this disease who was infused."""
    never = course.infusions.filter(pl.col("note") == "not_infused").select(KEYS)
    return course.clock.filter(pl.col("disease") == disease).join(never, on=KEYS, how="anti").select(KEYS)


def rows_of(course: Course, looks: pl.DataFrame, names: Sequence[str], therapy_ends: bool = True) -> pl.DataFrame:
    """Give every dated row of the named quantities, before and after the infusion, with `low`, `high` and `day`.

    `looks` names whom (patient, infusion). With `therapy_ends` rows after the day of a new therapy are left out.
    """
    rows = course.facts_since(*names, before=FAR).join(looks.select(KEYS), on=KEYS, how="semi", maintain_order="left")
    low, high = measured_range()
    rows = rows.with_columns(low, high, day=day_of("since"))
    if therapy_ends:
        ends = therapy_days(course)
        rows = rows.join(ends, on=KEYS, how="left", maintain_order="left")
        rows = rows.filter(pl.col("day") <= pl.col("therapy").fill_null(int(FAR)))
    return rows.select(*DAY, "since", "name", "low", "high", "text", "method", "limit", "uln", "site", "source")


def lesions_of(course: Course, looks: pl.DataFrame) -> pl.DataFrame:
    """Give every dated lesion as seen from each infusion: day, lesion, ldi, sdi (mm), kind, source."""
    clock = course.clock.select(*KEYS, pl.col("day").alias("_from"), "next_day").join(looks, on=KEYS, how="semi")
    rows = course.lesions.drop("day", "infusion", strict=False).join(clock, on="patient", how="inner")
    rows = rows.filter(pl.col("clock") < pl.col("next_day").fill_null(FAR))
    rows = rows.with_columns(since=pl.col("clock") - pl.col("_from")).filter(pl.col("since").is_not_null())
    rows = rows.with_columns(day=day_of("since")).join(therapy_days(course), on=KEYS, how="left")
    rows = rows.filter(pl.col("day") <= pl.col("therapy").fill_null(int(FAR)))
    return rows.select(*DAY, "since", "lesion", "ldi", "sdi", "kind", "source")


def therapy_days(course: Course) -> pl.DataFrame:
    """Give the first day of a new therapy after each infusion: patient, infusion, therapy (whole day)."""
    listed = list_assessments(course).filter((pl.col("what") == "new_therapy") & pl.col("since").is_not_null())
    return listed.group_by(KEYS).agg(therapy=day_of("since").min())


def visits_of(days: pl.DataFrame, gap: int) -> pl.DataFrame:
    """Join test days into visits: tests at most `gap` days apart belong to one visit.

    `days` has patient, infusion, day (after the infusion, doubles allowed). Gives each day with `visit` (number from
    1), `first` and `last` (days of the visit).

    >>> days = pl.DataFrame({"patient": ["a"] * 3, "infusion": [1] * 3, "day": [28, 30, 56]})
    >>> visits_of(days, 5).select("day", "visit", "first", "last").rows()
    [(28, 1, 28, 30), (30, 1, 28, 30), (56, 2, 56, 56)]
    """
    ordered = days.select(DAY).unique().sort(DAY)
    apart = pl.col("day") - pl.col("day").shift(1) > gap
    ordered = ordered.with_columns(visit=apart.fill_null(True).cast(pl.Int64).cum_sum().over(KEYS))
    return ordered.with_columns(first=pl.col("day").min().over(VISIT), last=pl.col("day").max().over(VISIT))


def before_infusion(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Give the last value of a quantity up to day 0 (the highest of that day): low, high, `since_0`, `source_0`."""
    own = rows.filter((pl.col("name") == name) & (pl.col("day") <= 0) & pl.col("low").is_not_null())
    own = own.filter(pl.col("day") == pl.col("day").max().over(KEYS))
    return own.group_by(KEYS).agg(
        low=pl.col("low").max(),
        high=pl.col("high").max(),
        since_0=pl.col("day").max(),
        source_0=pl.col("source").unique().sort(),
    )


def with_value(grid: pl.DataFrame, rows: pl.DataFrame, name: str, short: str) -> pl.DataFrame:
    """Add to each visit the highest value of a quantity measured in it: SHORT_low, SHORT_high, SHORT_source.

    `grid` has one row per visit, `rows` carry `visit`.
    """
    own = rows.filter((pl.col("name") == name) & (pl.col("day") > 0) & pl.col("low").is_not_null())
    per = own.group_by(VISIT).agg(
        pl.col("low").max().alias(f"{short}_low"),
        pl.col("high").max().alias(f"{short}_high"),
        pl.col("source").unique().sort().alias(f"{short}_source"),
    )
    return grid.join(per, on=VISIT, how="left", maintain_order="left").sort(VISIT)


def with_baseline(grid: pl.DataFrame, found: pl.DataFrame, short: str) -> pl.DataFrame:
    """Add the value before the infusion: SHORT0_low, SHORT0_high, SHORT0_source."""
    named = found.select(
        *KEYS,
        pl.col("low").alias(f"{short}0_low"),
        pl.col("high").alias(f"{short}0_high"),
        pl.col("source_0").alias(f"{short}0_source"),
    )
    return grid.join(named, on=KEYS, how="left", maintain_order="left")


def with_nearest(grid: pl.DataFrame, rows: pl.DataFrame, name: str, short: str, near: int, worst: str) -> pl.DataFrame:
    """Add the value closest to the visit, at most `near` days away; of equally close ones the worst."""
    own = rows.filter((pl.col("name") == name) & (pl.col("day") > 0) & pl.col("low").is_not_null()).drop("visit")
    both = grid.select(*VISIT, "first", "last").join(own, on=KEYS, how="inner")
    far = pl.max_horizontal(pl.col("first") - pl.col("day"), pl.col("day") - pl.col("last"), pl.lit(0))
    both = both.with_columns(_far=far).filter(pl.col("_far") <= near)
    both = both.filter(pl.col("_far") == pl.col("_far").min().over(VISIT))
    sides = [
        (pl.col(side).max() if worst == "max" else pl.col(side).min()).alias(f"{short}_{side}")
        for side in ("low", "high")
    ]
    per = both.group_by(VISIT).agg(*sides, pl.col("source").unique().sort().alias(f"{short}_source"))
    return grid.join(per, on=VISIT, how="left", maintain_order="left")


def with_nadir(grid: pl.DataFrame, short: str, confirmed: bool) -> pl.DataFrame:
    """Add the lowest value before each visit: SHORTn_low, SHORTn_high.

    The value before the infusion counts as it stands. With `confirmed` a later value counts only as far as the next
    test of the same quantity confirms it, that is with the higher of two consecutive tests.
    """
    seen = grid.filter(pl.col(f"{short}_low").is_not_null()).sort(VISIT)
    parts = []
    for side in ("low", "high"):
        value = pl.col(f"{short}_{side}")
        reached = pl.max_horizontal(value, value.shift(1)) if confirmed else value
        if confirmed:
            reached = pl.when(value.shift(1).is_not_null()).then(reached)
        lowest = reached.fill_null(float("inf")).cum_min().shift(1).over(KEYS)
        lowest = pl.when(lowest < float("inf")).then(lowest)
        parts.append(pl.min_horizontal(lowest, f"{short}0_{side}").alias(f"{short}n_{side}"))
    lows = seen.with_columns(parts).select(*VISIT, f"{short}n_low", f"{short}n_high")
    return grid.join(lows, on=VISIT, how="left", maintain_order="left")
