"""Days shared by the graded reactions: windows, what covers a day, bounds of a domain, deaths.

Days are whole calendar days from the infusion (day 0). A `days` frame has one row per patient, infusion and day with
`low` and `high` (mildest and gravest grade that the data of that day allow), `lead` (what sets `low`), `doubt` (what
is missing where `high` is above `low`) and `known` (anything recorded or covered).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.terms.series import daily_grid, day_of

KEYS: Final = ["patient", "infusion"]
DAY: Final = [*KEYS, "day"]
WITHOUT_END: Final = 10**6


def day_windows(course: Course, first: int, last: int) -> pl.DataFrame:
    """Give per infusion the days that exist: patient, infusion, first, last (cut by the day of death and by the day
    before the next infusion), death, record_end (last day of the record), age_from, age_to, disease.

    Collected but never infused patients have none.
    """
    never = course.infusions.filter(pl.col("note") == "not_infused").select(KEYS)
    death = pl.col("death").floor().cast(pl.Int64)
    next_infusion = pl.col("next_day").floor().cast(pl.Int64) - pl.col("day").floor().cast(pl.Int64)
    return course.clock.join(never, on=KEYS, how="anti").select(
        *KEYS,
        first=pl.lit(first, dtype=pl.Int64),
        last=pl.min_horizontal(pl.lit(last, dtype=pl.Int64), death, next_infusion - 1),
        death=death,
        record_end=pl.col("last").floor().cast(pl.Int64),
        disease="disease",
        age_from=_age("age_from"),
        age_to=_age("age_to"),
    )


def _age(side: str) -> pl.Expr:
    """Lower or upper bound of the age in whole years, from `age` or a band such as 60-69, 80+, >=65 or <18."""
    band = pl.col("age_band").str.strip_chars()
    first = band.str.extract(r"(\d+)", 1).cast(pl.Float64)
    second = band.str.extract(r"\d+\s*[-–]\s*(\d+)", 1).cast(pl.Float64)
    under = band.str.starts_with("<")
    if side == "age_from":
        return pl.coalesce(pl.col("age"), pl.when(under).then(0.0).otherwise(first))
    above = band.str.contains(r"^>|\+$").fill_null(False)
    return pl.coalesce(pl.col("age"), pl.when(under).then(first - 1).when(~above).then(pl.coalesce(second, first)))


def within(rows: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows (with `since`) whose calendar day lies in the window of their infusion; adds `day`."""
    dated = rows.drop("day", strict=False).with_columns(day=day_of("since"))
    inside = dated.join(windows.select(*KEYS, "first", "last"), on=KEYS, how="inner")
    return inside.filter(pl.col("day").is_between(pl.col("first"), pl.col("last"))).drop("first", "last")


def stretch_days(stretches: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Give one row per day of each stretch (`since` to `until`) inside the window, the other columns repeated.

    A stretch without an end is still going at the end of the window; one whose end is not known (`end_known` false)
    is certain on its first day only.
    """
    ends = windows.select(*KEYS, _first="first", _last="last")
    if "end_known" in stretches.columns:
        unknown = pl.col("until").is_null() & ~pl.col("end_known").fill_null(True)
        stretches = stretches.with_columns(until=pl.when(unknown).then("since").otherwise("until"))
    clipped = stretches.join(ends, on=KEYS, how="inner").with_columns(
        first=pl.max_horizontal(pl.col("since").floor(), "_first").cast(pl.Int64),
        last=pl.min_horizontal(pl.col("until").floor(), "_last").cast(pl.Int64),
    )
    return daily_grid(clipped.drop("day", "_first", "_last", strict=False))


def covered_days(course: Course, windows: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Give the days on which absence of a row of any of the names means absence: patient, infusion, day."""
    found = course.covered(*names).filter(pl.col("until") >= 0)
    found = found.with_columns(pl.col("since", "until").clip(0, WITHOUT_END))
    return stretch_days(found, windows).select(DAY).unique()


def _unusable_days(course: Course, windows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    rows = course.unusable.filter(pl.col("name").is_in(names))
    looks = course.clock.select(*KEYS, _from="day")
    seen = rows.join(looks, on="patient", how="inner").with_columns(since=pl.col("clock") - pl.col("_from"))
    return within(seen, windows).select(DAY)


def with_coverage(
    grid: pl.DataFrame, course: Course, windows: pl.DataFrame, groups: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Add a truth column `covered_GROUP` to a grid of days: any name of the group is covered that day, and none was
    recorded in a way that cannot be used (implausible, or refused on reading)."""
    for group, names in groups.items():
        whole = _covered_throughout(course, windows, names)
        days = covered_days(course, windows.join(whole, on=KEYS, how="anti"), *names)
        unusable = _unusable_days(course, windows, names).unique()
        grid = grid.join(whole.with_columns(_whole=True), on=KEYS, how="left", maintain_order="left")
        grid = grid.join(days.with_columns(_part=True), on=DAY, how="left", maintain_order="left")
        grid = grid.join(unusable.with_columns(_not=True), on=DAY, how="left", maintain_order="left")
        flag = pl.coalesce("_whole", "_part", False) & pl.col("_not").is_null()
        grid = grid.with_columns(flag.alias(f"covered_{group}")).drop("_whole", "_part", "_not")
    return grid


def _covered_throughout(course: Course, windows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    found = course.covered(*names).join(windows.select(*KEYS, "first", "last"), on=KEYS, how="inner")
    whole = (pl.col("since").floor() <= pl.col("first")) & (pl.col("until").floor() >= pl.col("last"))
    return found.filter(whole).select(KEYS).unique()


def with_domain(
    grid: pl.DataFrame, seen: pl.DataFrame, name: str, covered: pl.Expr, worst: int, missing: str
) -> pl.DataFrame:
    """Add the columns of one domain: NAME_low, NAME_high, NAME_note, NAME_doubt, NAME_seen.

    `seen` has one row per day with rows: low, high, note, doubt. A day without is 0 where covered and 0 to `worst`
    where not: a missing measurement never becomes grade 0.
    """
    columns = seen.select(
        *DAY,
        pl.lit(True).alias("_seen"),
        pl.col("low").cast(pl.Int64).alias("_low"),
        pl.col("high").cast(pl.Int64).alias("_high"),
        pl.col("note").cast(pl.String).alias(f"{name}_note"),
        pl.col("doubt").cast(pl.String).alias("_doubt"),
    )
    grid = grid.join(columns, on=DAY, how="left", maintain_order="left").with_columns(pl.col("_seen").fill_null(False))
    absent = pl.when(covered).then(0).otherwise(worst)
    return grid.with_columns(
        pl.coalesce("_low", 0).alias(f"{name}_low"),
        pl.when("_seen").then("_high").otherwise(absent).alias(f"{name}_high"),
        pl.when("_seen").then("_doubt").when(~covered).then(pl.lit(missing)).alias(f"{name}_doubt"),
        pl.col("_seen").alias(f"{name}_seen"),
    ).drop("_seen", "_low", "_high", "_doubt")


def with_deaths(days: pl.DataFrame, course: Course, windows: pl.DataFrame, site: str, grade: int) -> pl.DataFrame:
    """Add the grade of a death: certain on the day of a death of this `site`; possible where its cause is not known
    and the reaction is not over on that day, or where a death of this site has no day."""
    events = course.facts_since("event", undated=True).filter(pl.col("text") == "death")
    dated = within(events.filter(pl.col("since").is_not_null()), windows)
    unsure = pl.col("site").fill_null("unknown").is_in(["unknown", ""])
    this = dated.group_by(DAY).agg(_of=(pl.col("site") == site).any(), _open=unsure.all())
    undated = events.filter(pl.col("since").is_null() & (pl.col("site") == site)).select(KEYS).unique()
    without_day = windows.join(undated, on=KEYS, how="semi").select(*KEYS, pl.col("last").alias("day"), _undated=True)
    days = days.join(this, on=DAY, how="left").join(without_day, on=DAY, how="left").sort(DAY)
    certain = pl.col("_of").fill_null(False)
    possible = (pl.col("_open").fill_null(False) & (pl.col("high") >= 1)) | pl.col("_undated").fill_null(False)
    doubt = (
        pl.when("_undated")
        .then(pl.lit("a death of this cause has no day"))
        .otherwise(pl.lit("died on that day, cause not stated"))
    )
    return days.with_columns(
        low=pl.when(certain).then(grade).otherwise("low"),
        high=pl.when(certain | possible).then(grade).otherwise("high"),
        lead=pl.when(certain).then(pl.lit("death of this cause")).otherwise("lead"),
        doubt=pl.when(certain).then(None).when(possible).then(doubt).otherwise("doubt"),
        known=pl.col("known") | certain | pl.col("_undated").fill_null(False),
    ).drop("_of", "_open", "_undated")
