"""Assessments of a disease: tests that lie close together are one visit; values before the infusion stand beside.

Days are counted from the infusion (day 0). A test up to day 0 is of the time before the infusion.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.signs.assessments import list_assessments
from carsequel.signs.bounds import WIDEST, measured_range
from carsequel.terms.series import day_of

KEYS: Final = ["patient", "infusion"]
DAY: Final = [*KEYS, "day"]
VISIT: Final = [*KEYS, "visit"]
Side = Literal["max", "min"]


def infused(course: Course, disease: str) -> pl.DataFrame:
    """Give patient and infusion of everyone with this disease who was infused."""
    return course.infused.filter(pl.col("disease") == disease).select(KEYS)


def rows_of(course: Course, looks: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Give every dated row of the named quantities until the day of a new therapy, before and after the infusion, with
    `low`, `high` and `day`. `looks` names whom (patient, infusion)."""
    told = (*KEYS, "since", "name", "value", "comparator", "text", "method", "limit", "uln", "site", "source")
    rows = course.facts_since(*names, before=FAR, columns=told, of=looks)
    low, high = measured_range()
    rows = rows.with_columns(low, high, day=day_of("since"))
    rows = _until_therapy(rows, course)
    return rows.select(*DAY, "since", "name", "low", "high", "text", "method", "limit", "uln", "site", "source")


def lesions_of(course: Course, looks: pl.DataFrame) -> pl.DataFrame:
    """Give every dated lesion until a new therapy as seen from each infusion: day, lesion, ldi, sdi (mm), kind,
    source."""
    clock = course.clock.select(*KEYS, pl.col("day").alias("_from"), "next_day").join(looks, on=KEYS, how="semi")
    rows = course.lesions.drop("day", "infusion", strict=False).join(clock, on="patient", how="inner")
    rows = rows.with_columns(since=pl.col("clock") - pl.col("_from"))
    before_next = pl.col("clock") < pl.col("next_day").fill_null(FAR)
    rows = rows.filter(before_next & pl.col("since").is_not_null()).with_columns(day=day_of("since"))
    return _until_therapy(rows, course).select(*DAY, "since", "lesion", "ldi", "sdi", "kind", "source")


def _until_therapy(rows: pl.DataFrame, course: Course) -> pl.DataFrame:
    rows = rows.join(therapy_days(course), on=KEYS, how="left", maintain_order="left")
    return rows.filter(pl.col("therapy").is_null() | (pl.col("day") <= pl.col("therapy")))


def therapy_days(course: Course) -> pl.DataFrame:
    """Give the first day of a new therapy after each infusion: patient, infusion, therapy (whole day)."""
    therapy = (pl.col("what") == "new_therapy") & pl.col("since").is_not_null()
    return course.once(
        "therapy days",
        lambda: list_assessments(course).filter(therapy).group_by(KEYS).agg(therapy=day_of("since").min()),
    )


def visits_of(days: pl.DataFrame, gap: int) -> pl.DataFrame:
    """Join test days into visits: tests at most `gap` days apart belong to one visit.

    `days` has patient, infusion, day (after the infusion, doubles allowed). Gives each day with `visit` (number from
    1), `first` and `last` (days of the visit).

    >>> days = pl.DataFrame({"patient": ["a"] * 3, "infusion": [1] * 3, "day": [28, 30, 56]})
    >>> visits_of(days, 5).select("day", "visit", "first", "last").rows()
    [(28, 1, 28, 30), (30, 1, 28, 30), (56, 2, 56, 56)]
    """
    apart = pl.col("day") - pl.col("day").shift(1) > gap
    number = apart.fill_null(True).cast(pl.Int64).cum_sum().over(KEYS)
    ordered = days.select(DAY).unique().sort(DAY).with_columns(visit=number)
    return ordered.with_columns(first=pl.col("day").min().over(VISIT), last=pl.col("day").max().over(VISIT))


def grid_of(visits: pl.DataFrame) -> pl.DataFrame:
    """Give one row per visit, in order: patient, infusion, visit, first, last."""
    return visits.select(*VISIT, "first", "last").unique().sort(VISIT)


def with_tests(grid: pl.DataFrame, rows: pl.DataFrame, *found: pl.Expr) -> pl.DataFrame:
    """Add to each visit what its rows say (`highest`, `flag`); `grid` has one row per visit, `rows` carry `visit`."""
    own = rows.filter((pl.col("day") > 0) & pl.col("visit").is_not_null())
    return grid.join(own.group_by(VISIT).agg(found), on=VISIT, how="left", maintain_order="left")


def highest(name: str, short: str, suffix: str = "", worst: Side = "max") -> list[pl.Expr]:
    """Give, of a group of rows, the highest (or with `worst` the lowest) value of a quantity: SHORT_low, SHORT_high,
    SHORT_source (a list)."""
    mine = (pl.col("name") == name) & pl.col("low").is_not_null()
    sides = [pl.col(side).filter(mine) for side in ("low", "high")]
    values = [each.max() if worst == "max" else each.min() for each in sides]
    columns = {"low": values[0], "high": values[1], "source": pl.col("source").filter(mine)}
    return [column.alias(f"{short}{suffix}_{side}") for side, column in columns.items()]


def flag(name: str, short: str, positive: pl.Expr) -> list[pl.Expr]:
    """Give, of a group of rows, whether any row of a quantity is `positive` where that can be said (null where none
    says it): SHORT, SHORT_source."""
    mine = (pl.col("name") == name) & positive.is_not_null()
    source = pl.col("source").filter(mine).alias(f"{short}_source")
    return [pl.when(mine.any()).then(positive.filter(mine).any()).alias(short), source]


def with_baselines(grid: pl.DataFrame, rows: pl.DataFrame, measures: Mapping[str, str]) -> pl.DataFrame:
    """Add the last value before the infusion, up to day 0, of each quantity (the highest of its day): SHORT0_low,
    SHORT0_high, SHORT0_source. `measures` maps short names to quantities."""
    wanted = pl.col("name").is_in(list(measures.values())) & (pl.col("day") <= 0) & pl.col("low").is_not_null()
    own = rows.filter(wanted).filter(pl.col("day") == pl.col("day").max().over(*KEYS, "name"))
    found = own.group_by(KEYS).agg(each for short, name in measures.items() for each in highest(name, short, "0"))
    return grid.join(found, on=KEYS, how="left", maintain_order="left")


def with_nearest(
    grid: pl.DataFrame, rows: pl.DataFrame, near: int, measures: Mapping[str, tuple[str, Side]]
) -> pl.DataFrame:
    """Add the value closest to the visit, at most `near` days away, of each quantity; of equally close ones the worst.

    `measures` maps quantities to their short name and to which of their values is the worst.
    """
    wanted = pl.col("name").is_in(list(measures)) & (pl.col("day") > 0) & pl.col("low").is_not_null()
    both = grid.select(*VISIT, "first", "last").join(rows.filter(wanted).drop("visit"), on=KEYS, how="inner")
    far = pl.max_horizontal(pl.col("first") - pl.col("day"), pl.col("day") - pl.col("last"), pl.lit(0))
    both = both.with_columns(_far=far).filter(pl.col("_far") <= near)
    both = both.filter(pl.col("_far") == pl.col("_far").min().over(*VISIT, "name"))
    found = [each for name, (short, worst) in measures.items() for each in highest(name, short, worst=worst)]
    return grid.join(both.group_by(VISIT).agg(found), on=VISIT, how="left", maintain_order="left")


def with_nadirs(grid: pl.DataFrame, shorts: Mapping[str, bool]) -> pl.DataFrame:
    """Add the lowest value before each visit that measured it, in order of `grid`: SHORTn_low, SHORTn_high.

    The value before the infusion counts as it stands. Where `shorts` asks for confirmation a later value counts only
    as far as the next test of the same quantity confirms it, that is with the higher of two consecutive tests.
    """
    found = []
    for short, confirmed in shorts.items():
        tested = pl.col(f"{short}_low").is_not_null()
        for side in ("low", "high"):
            value = pl.when(tested).then(pl.col(f"{short}_{side}"))
            earlier = value.forward_fill().shift(1)
            reached = pl.when(earlier.is_not_null()).then(pl.max_horizontal(value, earlier)) if confirmed else value
            reached = pl.when(tested).then(reached)
            lowest = reached.fill_null(WIDEST).cum_min().shift(1).over(KEYS)
            lowest = pl.min_horizontal(pl.when(lowest < WIDEST).then(lowest), f"{short}0_{side}")
            found.append(pl.when(tested).then(lowest).alias(f"{short}n_{side}"))
    return grid.with_columns(found)


def with_sources(grid: pl.DataFrame, **more: pl.Expr) -> pl.DataFrame:
    """Replace every column NAME_source by `facts`, all sources a visit rests on, and add `more`."""
    columns = [name for name in grid.columns if name.endswith("_source")]
    held = grid.select(pl.col(columns).list.len().sum()).row(0)
    lists = [pl.col(name).fill_null([]) for name, number in zip(columns, held, strict=True) if number]
    joined = pl.concat_list(lists) if lists else pl.lit([], dtype=pl.List(pl.String))
    sources = joined.list.drop_nulls().list.unique().list.sort().list.join("; ")
    return grid.with_columns(facts=pl.when(sources != "").then(sources), **more).drop(columns)
