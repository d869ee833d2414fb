"""Recovery of platelets (T-ICAHT: 20 x 10^9/L, without transfusion) and neutrophils (registry: 0.5 x 10^9/L).

Day 0 is the day of infusion, the window day 0 to 100, death or the day before the next infusion. Codes: 0 never low,
1 recovered from the first fall, 2 not recovered; the day of recovery is the first of three days (or values on different
days) at the level. Any of the unknown days may have been low, and values that end more than a week before the window
leave open what came after them.
"""

from typing import Final, Literal, NamedTuple

import numpy as np
import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.coverage import with_coverage
from carsequel.side_effects.day_grid import Counts, Days, Flags, column, daily_bounds
from carsequel.side_effects.day_values import lowest_of_days, readings, with_sources
from carsequel.side_effects.recovery_days import calendar, first_days, in_a_row
from carsequel.side_effects.windows import in_window, windows_of
from carsequel.terms.findings import as_findings, definition_of
from carsequel.terms.series import daily_grid

NEVER_LOW, RECOVERED, NOT_RECOVERED = 0, 1, 2
LABELS: Final = {NEVER_LOW: "never low", RECOVERED: "recovered", NOT_RECOVERED: "not recovered"}
Counted = Literal["calendar", "values"]


class Rule(NamedTuple):
    """Recovered: `run` days in a row of at least `level`, without `transfusion` in the `free` days before."""

    criterion: str
    name: str
    level: float
    run: int
    transfusion: str | None
    free: int | None
    counted: tuple[Counted, ...]
    source: str
    paper: str


RULES: tuple[Rule, ...] = (
    Rule(
        *("platelet_recovery.2025", "platelets", 20.0, 3, "transfusion_platelets", 7, ("calendar", "values")),
        *("ticaht2025", "first of 3 consecutive days of at least 20 without platelet transfusion for 7 days"),
    ),
    Rule(
        *("anc_recovery.cibmtr", "anc", 0.5, 3, None, None, ("values", "calendar")),
        *("cibmtr_manual", "at least 0.5 on 3 consecutive values on different days; its day is the first"),
    ),
)


class Choices(NamedTuple):
    """The window; the longest run of missing days that is interpolated where calendar days are counted, and that may
    lie between the last value and the end of the window."""

    first: int = 0
    last: int = 100
    longest_gap: int = 7


CHOICES = Choices()
DECIMALS: Final = 6
DAYS: Final = ("fell_first", "fell_surely", "back_first", "back_surely", "seen_to")


def assess_recovery(course: Course) -> pl.DataFrame:
    """Say whether platelets and neutrophils that fell recovered: one `assessment` an infusion; where a fall is certain,
    `start` and `end` are the earliest and latest day on which recovery may lie.

    `days=calendar` asks for days in a row (runs of up to 7 missing days interpolated), `days=values` for measured
    values in a row. A transfusion in the days before, or on the three days, holds recovery back (our reading of "for 7
    days"); where transfusions are not covered, recovery is only possible. Where values end more than 7 days before the
    window, `never low` is 0 to 2 and `not recovered` 1 to 2. Gives a findings frame (ticaht2025, cibmtr_manual).
    """
    windows = windows_of(course, CHOICES.first, CHOICES.last)
    told = pl.concat([_told(course, windows, rule) for rule in RULES])
    return as_findings(told, kind="assessment", period=f"d{CHOICES.first}-{CHOICES.last}")


def _told(course: Course, windows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    found = _asked(windows, rule).join(_recovered(course, windows, rule), on=["id", "counted"], how="left")
    fell = pl.col("low") > NEVER_LOW
    back = pl.col("back_first") + rule.run - 1
    until = pl.when(back.is_not_null()).then(pl.max_horizontal(back, "fell_surely")).otherwise(CHOICES.last)
    found = found.with_columns(_codes()).with_columns(start=pl.when(fell).then("fell_first"), end=until)
    found = with_sources(found, readings(course, rule.name))
    return found.with_columns(
        start=pl.when(fell).then("back_first"), end=pl.when(fell).then("back_surely"), label=_label(), why=_why(rule)
    )


def _asked(windows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """One row per infusion and way of counting days: how it is called."""
    rows = [
        {
            **{"criterion": rule.criterion, "counted": counted, "default": counted == rule.counted[0]},
            **{"source": rule.source},
            "definition": definition_of(days=counted, **({"missing": "interpolate7"} if counted == "calendar" else {})),
        }
        for counted in rule.counted
    ]
    return windows.select("patient", "infusion", "id", "last").join(pl.DataFrame(rows), how="cross")


def _recovered(course: Course, windows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Of infusions with values: the days of the first fall and of recovery, possible and certain, and the last day with
    a value: id, counted and `DAYS`."""
    lowest = lowest_of_days(course, rule.name)
    values = daily_bounds(lowest, windows, CHOICES.longest_gap, DECIMALS)
    held = _held_back(course, windows, values.days, rule)
    seen_to = len(values.best) - 1 - values.days.seen[::-1].argmax(axis=0)
    found = []
    for counted in rule.counted:
        series = calendar(values) if counted == "calendar" else in_a_row(values, seen_to, CHOICES.longest_gap, rule.run)
        days = {name: column(*each) for name, each in first_days(series, held, rule.level, rule.run, rule.free).items()}
        named = {"id": pl.Series(values.days.id), **days, "seen_to": pl.Series(seen_to)}
        found.append(pl.DataFrame(named).with_columns(counted=pl.lit(counted)))
    return pl.concat(found)


def _held_back(course: Course, windows: pl.DataFrame, days: Days, rule: Rule) -> dict[str, Counts]:
    """How many days before each day (and of all, last) hold recovery back: of the best case those of recorded
    transfusions, of the worst case also days on which transfusions are not covered."""
    if rule.transfusion is None:
        return {}
    own = windows.join(pl.DataFrame({"id": days.id}), on="id", how="semi")
    events = course.facts_since("event").filter(pl.col("text") == rule.transfusion)
    grid = daily_grid(own.select("id", "first", "last"))
    covered = with_coverage(grid, course, own, {"given": ("event", rule.transfusion)})
    given = _marked(days, in_window(events, own))
    either = given | _marked(days, covered.filter(~pl.col("covered_given")))
    begin = np.zeros((1, len(days.id)), dtype=np.int64)
    return {side: np.vstack([begin, each.cumsum(axis=0)]) for side, each in (("best", given), ("worst", either))}


def _marked(days: Days, rows: pl.DataFrame) -> Flags:
    """Say of each day whether it has any of the rows (id, day)."""
    found = np.zeros_like(days.seen)
    found[rows["day"].to_numpy() - days.first, np.searchsorted(days.id, rows["id"].to_numpy())] = True
    return found


def _ends_early() -> pl.Expr:
    return pl.col("last") - pl.col("seen_to") > CHOICES.longest_gap


def _codes() -> list[pl.Expr]:
    never = pl.col("fell_surely").is_null()
    back = pl.col("back_first").is_not_null()
    lost = pl.col("fell_first").is_not_null() & pl.col("back_surely").is_null()
    low = pl.when(never).then(NEVER_LOW).when(back).then(RECOVERED).otherwise(NOT_RECOVERED)
    high = pl.when(lost).then(NOT_RECOVERED).when(back).then(RECOVERED).otherwise(NEVER_LOW)
    known = pl.col("seen_to").is_not_null()
    return [pl.when(known).then(low).alias("low"), pl.when(known).then(high).alias("high")]


def _label() -> pl.Expr:
    low, high = (pl.col(s).replace_strict(LABELS, default=None, return_dtype=pl.String) for s in ("low", "high"))
    every = pl.when(pl.col("high") - pl.col("low") > 1).then(pl.lit("never low, recovered or not recovered"))
    told = (
        pl.when(pl.col("low") == pl.col("high")).then(low).otherwise(every.otherwise(pl.format("{} or {}", low, high)))
    )
    return pl.when(pl.col("low").is_null()).then(pl.lit("not gradable")).otherwise(told)


def _why(rule: Rule) -> pl.Expr:
    word = pl.lit(f"{rule.name} below {rule.level:g} x 10^9/L")
    to = pl.when(_ends_early()).then("seen_to").otherwise("last")
    known, fell = pl.col("low") == pl.col("high"), pl.col("low") > NEVER_LOW
    first = pl.when(pl.col("fell_first") == pl.col("fell_surely")).then(
        pl.format("{} first on day {}", word, "fell_surely")
    )
    either = pl.format("{} possibly from day {}, certainly on day {}", word, "fell_first", "fell_surely")
    back = pl.format("recovered on day {}", "back_first")
    dated = pl.col("back_first") == pl.col("back_surely")
    back = pl.when(dated).then(back).otherwise(pl.format("{} at the earliest", back))
    not_back = pl.format("not recovered by day {}", to)
    unknown = "" if rule.transfusion is None else " or without known transfusions"
    parts = pl.concat_str(
        pl.coalesce(first, either, pl.format("no {} to day {}", word, to)),
        pl.when(pl.col("low") == RECOVERED).then(pl.when(pl.col("back_first") <= to).then(back).otherwise(not_back)),
        pl.when(fell & known & (pl.col("back_surely") > pl.col("back_first"))).then(
            pl.format("certainly by day {}", "back_surely")
        ),
        pl.when(pl.col("low") == NOT_RECOVERED).then(not_back),
        pl.when(~known).then(pl.lit(f"days without a value{unknown} leave it open")),
        pl.when(~known & _ends_early()).then(pl.format("followed only to day {} of {}", "seen_to", "last")),
        separator="; ",
        ignore_nulls=True,
    )
    return (
        pl.when(pl.col("low").is_null()).then(pl.lit(f"no {rule.name} from day 0 to {CHOICES.last}")).otherwise(parts)
    )
