"""Late ICAHT by EHA/EBMT consensus (grades 0-4): depth of low neutrophils (ANC in 10^9/L) after day 30, to day 100.

Day 0 is the day of infusion; the lowest of several values of a day counts. Growth factors and transfusions do not
change the grade.
"""

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.day_grid import SIDES, fill_short_gaps, on_every_day, spread
from carsequel.side_effects.day_values import lowest_of_days, readings, with_sources
from carsequel.side_effects.growth_factor import growth_factor
from carsequel.side_effects.windows import windows_of
from carsequel.terms.findings import as_findings, definition_of, grade_label

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
CENSORING: Final = tuple(dict.fromkeys(censor for _, _, censor in DEFINITIONS))


def grade_icaht_late(course: Course, censored: pl.DataFrame | None = None) -> pl.DataFrame:
    """Grade late ICAHT: one `maximum` per infusion and definition, from day 31 to the horizon.

    `censored` has one row per censored infusion: patient, infusion, censor_day (progression or next therapy, day from
    that infusion; the day itself still counts). The horizon is the first of day 100, censoring, death, the day before
    the next infusion and the last day of the record; before day 31, or without an ANC, there is no grade. By default
    the nadir decides where the second-lowest value is low too (at most 1.5) or no second one exists; `two_at_level`
    asks for two values at or below a level. Gives a findings frame (source rejeski2023).
    """
    whole = windows_of(course, CHOICES.first, CHOICES.last, by_record=True)
    counts = lowest_of_days(course, "anc")
    remarks = growth_factor(course, windows_of(course, CHOICES.first, CHOICES.last))
    parts = []
    for censor in CENSORING:
        windows = whole if censored is None or censor == "none" else _cut(whole, censored)
        lowest = windows.select(*KEYS, "id", "first", "last").join(_lowest(counts, windows), on="id", how="left")
        found = lowest.join(remarks, on="id", how="left")
        parts += [_graded(found, *definition) for definition in DEFINITIONS if definition[2] == censor]
    found = with_sources(pl.concat(parts), readings(course, "anc"))
    period = f"d{CHOICES.first}-{CHOICES.last}"
    return as_findings(found, kind="maximum", criterion=CRITERION, source=SOURCE, period=period)


def _cut(windows: pl.DataFrame, censored: pl.DataFrame) -> pl.DataFrame:
    """End each window on the day of censoring."""
    ends = censored.group_by("patient", pl.col("infusion").cast(pl.Int64))
    earliest = ends.agg(pl.col("censor_day").min().floor().cast(pl.Int64))
    windows = windows.join(earliest, on=KEYS, how="left", maintain_order="left")
    return windows.with_columns(last=pl.min_horizontal("last", "censor_day"))


def _lowest(lowest: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """The lowest and the second-lowest value of the days, by either value, the day of the nadir, the number of days
    with a value, and of those that lie too far from one to be interpolated (`absent`)."""
    days = on_every_day(lowest, windows)
    values = {side: spread(days, lowest[name], np.inf) for side, name in zip(SIDES, ("value", "worst"), strict=True)}
    unread = ~fill_short_gaps(days, CHOICES.longest_gap, 0) & ~days.seen & days.inside
    found = {"id": days.id, "n": days.seen.sum(axis=0), "absent": unread.sum(axis=0)}
    found["nadir_day"] = values["best"].argmin(axis=0) + days.first
    alone = found["n"] < 2
    columns = {name: pl.Series(each) for name, each in found.items()}
    for side, each in values.items():
        second = min(1, len(each) - 1)
        ordered = np.partition(each, second, axis=0)
        columns[f"{side}_0"] = pl.Series(ordered[0])
        columns[f"{side}_1"] = pl.Series(ordered[second]).set(pl.Series(alone), None)
    return pl.DataFrame(columns)


def _level(value: str) -> pl.Expr:
    cases = [pl.when(pl.col(value) <= rule.anc).then(rule.grade) for rule in RULES]
    return pl.when(pl.col(value).is_not_null()).then(pl.coalesce(*cases, 0))


def _graded(found: pl.DataFrame, values: str, missing: str, censor: str) -> pl.DataFrame:
    """The grade by one definition; days too far from a value leave the gravest grade open."""
    low, high = (_by_values(side, values) for side in SIDES)
    if values == "two_at_level":
        high = pl.when(pl.col("n") == 1).then(_level("worst_0")).otherwise(high)
    if missing != "observed":
        high = pl.when(pl.col("absent") > 0).then(RULES[0].grade).otherwise(high)
    seen = pl.col("n").is_not_null()
    found = found.with_columns(low=pl.when(seen).then(low), high=pl.when(seen).then(high))
    return found.select(
        *(*KEYS, "id", "low", "high"),
        start="nadir_day",
        end="nadir_day",
        label=grade_label(),
        why=_why(values),
        definition=pl.lit(definition_of(values=values, missing=missing, censor=censor)),
        default=pl.lit((values, missing, censor) == DEFINITIONS[0]),
    )


def _by_values(side: str, values: str) -> pl.Expr:
    nadir, second = f"{side}_0", f"{side}_1"
    if values == "two_at_level":
        return _level(second).fill_null(0)
    confirmed = pl.col(second).is_null() | (pl.col(second) <= RULES[-1].anc)
    return pl.when(confirmed).then(_level(nadir)).otherwise(0)


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
