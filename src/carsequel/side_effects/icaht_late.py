"""Late ICAHT by EHA/EBMT consensus (grades 0-4): depth of low neutrophils (ANC in 10^9/L) after day 30, to day 100.

Day 0 is the day of infusion; the lowest of several values of a day counts. Growth factors and transfusions do not
change the grade.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.anc import anc_days, anc_sources, bounded, growth_factor
from carsequel.side_effects.daily import DAY, KEYS, day_windows
from carsequel.terms.findings import as_findings, definition_of, grade_label, join_findings
from carsequel.terms.series import daily_grid

SOURCE: Final = "rejeski2023"
CRITERION: Final = "icaht_late.eha2023"


class Rule(NamedTuple):
    """An ANC of at most `anc` has this grade."""

    grade: int
    anc: float
    paper: str


RULES: tuple[Rule, ...] = (
    Rule(4, 0.1, "at most 100/uL"),
    Rule(3, 0.5, "at most 500/uL"),
    Rule(2, 1.0, "at most 1000/uL"),
    Rule(1, 1.5, "at most 1500/uL"),
)


class Choices(NamedTuple):
    """Readings that differ between groups: the window, and the longest run of missing days that is
    interpolated."""

    first: int = 31
    last: int = 100
    longest_gap: int = 7


CHOICES = Choices()
DEFINITIONS: Final = (
    ("nadir_if_second", "interpolate7", "progression_or_therapy"),
    ("two_at_level", "interpolate7", "progression_or_therapy"),
    ("nadir_if_second", "observed", "progression_or_therapy"),
    ("nadir_if_second", "interpolate7", "none"),
)


def grade_icaht_late(course: Course, censored: pl.DataFrame | None = None) -> pl.DataFrame:
    """Grade late ICAHT: one `maximum` per infusion and definition, from day 31 to the horizon.

    `censored` has one row per censored infusion: patient, infusion, censor_day (progression or next therapy, day from
    that infusion; the day itself still counts). The horizon is the first of day 100, censoring, death, the day before
    the next infusion and the last day of the record; before day 31, or without an ANC, there is no grade. By default
    the nadir decides where the second-lowest value is low too (at most 1.5) or no second one exists; `two_at_level`
    asks for two values at or below a level. Gives a findings frame (source rejeski2023).
    """
    remarks = growth_factor(course, day_windows(course, CHOICES.first, CHOICES.last))
    parts = []
    for number, (values, missing, censor) in enumerate(DEFINITIONS):
        windows = _horizons(course, censored if censor != "none" else None)
        seen = anc_days(course, windows)
        found = _graded(windows, seen, values, missing).join(remarks, on=KEYS, how="left")
        found = found.join(anc_sources(seen, found.select(*KEYS, "start", "end")), on=KEYS, how="left")
        found = found.with_columns(label=grade_label(), why=_why(values))
        definition = definition_of(values=values, missing=missing, censor=censor)
        parts.append(_finish(found, definition, number == 0))
    return join_findings(parts)


def _horizons(course: Course, censored: pl.DataFrame | None) -> pl.DataFrame:
    windows = day_windows(course, CHOICES.first, CHOICES.last)
    if censored is None:
        censored = pl.DataFrame(schema={"patient": pl.String, "infusion": pl.Int64, "censor_day": pl.Float64})
    censored = censored.with_columns(pl.col("infusion").cast(pl.Int64))
    earliest = censored.group_by(KEYS).agg(pl.col("censor_day").min().floor().cast(pl.Int64))
    windows = windows.join(earliest, on=KEYS, how="left", maintain_order="left")
    return windows.with_columns(last=pl.min_horizontal("last", "censor_day", "record_end"))


def _level(value: str) -> pl.Expr:
    cases = [pl.when(pl.col(value) <= rule.anc).then(rule.grade) for rule in RULES]
    return pl.when(pl.col(value).is_not_null()).then(pl.coalesce(*cases, 0))


def _graded(windows: pl.DataFrame, seen: pl.DataFrame, values: str, missing: str) -> pl.DataFrame:
    lowest = {f"{side}_{n}": pl.col(side).sort().get(n, null_on_oob=True) for side in ("best", "worst") for n in (0, 1)}
    per = seen.group_by(KEYS).agg(
        **lowest, n=pl.len(), nadir_day=pl.col("day").sort_by("best", "day").first(), last_seen=pl.col("day").max()
    )
    per = per.with_columns(low=_by_values("best", values), high=_by_values("worst", values))
    if values == "two_at_level":
        per = per.with_columns(high=pl.when(pl.col("n") == 1).then(_level("worst_0")).otherwise("high"))
    per = per.join(_open_days(windows, seen), on=KEYS, how="left").with_columns(pl.col("absent").fill_null(0))
    if missing != "observed":
        per = per.with_columns(high=pl.when(pl.col("absent") > 0).then(RULES[0].grade).otherwise("high"))
    found = windows.select(*KEYS, "first", "last").join(per, on=KEYS, how="left")
    return found.with_columns(start="nadir_day", end="nadir_day")


def _by_values(side: str, values: str) -> pl.Expr:
    nadir, second = f"{side}_0", f"{side}_1"
    if values == "two_at_level":
        return _level(second).fill_null(0)
    confirmed = pl.col(second).is_null() | (pl.col(second) <= RULES[-1].anc)
    return pl.when(confirmed).then(_level(nadir)).otherwise(0)


def _open_days(windows: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Days that stay without a value after interpolation (the values made do not matter): patient, infusion, absent."""
    grid = daily_grid(windows.join(seen.select(KEYS).unique(), on=KEYS, how="semi").select(*KEYS, "first", "last"))
    seen = seen.select(*DAY, "best", worst="best")
    days = bounded(grid, seen, CHOICES.longest_gap, decimals=2)
    return days.group_by(KEYS).agg(absent=(pl.col("best") > pl.col("worst")).sum())


def _why(values: str) -> pl.Expr:
    low = pl.format(
        "lowest ANC {} x 10^9/L on day {}, {} days with a value from day {} to {}",
        "best_0",
        "nadir_day",
        "n",
        "first",
        "last",
    )
    alone = pl.when((pl.col("low") == 0) & (_level("best_0") > 0)).then(
        pl.lit("no second value confirms it" if values == "two_at_level" else "the second-lowest value is not low")
    )
    single = pl.when(pl.col("n") == 1).then(pl.lit("a single value"))
    open_days = pl.when((pl.col("low") < pl.col("high")) & (pl.col("absent") > 0)).then(
        pl.format("{} days without a value are too far from one to be read", "absent")
    )
    told = pl.concat_str(low, single, alone, open_days, "remark", separator="; ", ignore_nulls=True)
    short = pl.format(f"not followed beyond day {CHOICES.first - 1} (horizon day {{}})", "last")
    none = pl.format(f"no ANC on day {CHOICES.first} to {{}}", "last")
    not_graded = pl.when(pl.col("last") < pl.col("first")).then(short).otherwise(none)
    return pl.when(pl.col("low").is_null()).then(not_graded).otherwise(told)


def _finish(found: pl.DataFrame, definition: str, default: bool) -> pl.DataFrame:
    return as_findings(
        found,
        kind="maximum",
        criterion=CRITERION,
        definition=definition,
        default=default,
        source=SOURCE,
        period=f"d{CHOICES.first}-{CHOICES.last}",
    )
