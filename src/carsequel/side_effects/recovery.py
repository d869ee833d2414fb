"""Recovery of platelets (T-ICAHT: 20 x 10^9/L, without transfusion) and neutrophils (registry: 0.5 x 10^9/L).

Day 0 is the day of infusion, the window day 0 to 100 or the end of the record. Codes: 0 never low, 1 recovered, 2 not
recovered; the day of recovery is the first of three days (or values on different days) at the level.
"""

from functools import cache
from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.coverage import with_coverage
from carsequel.side_effects.daily import WITHOUT_END
from carsequel.side_effects.day_values import SIDES, daily_values, lowest_of_day, readings, with_sources
from carsequel.side_effects.windows import STRIDE, in_window, time_line, windows_of
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
    """The window and the longest run of missing days that is interpolated where calendar days are counted."""

    first: int = 0
    last: int = 100
    longest_gap: int = 7


CHOICES = Choices()
DECIMALS: Final = 6
OF: Final = ["id", "criterion", "counted"]
FOUND: Final = ("low_day_best", "day_best", "low_day_worst", "day_worst")
NOTHING: Final = pl.DataFrame(
    schema={
        "id": pl.Int64,
        **dict.fromkeys(FOUND, pl.Int64),
        "n": pl.Int64,
        "criterion": pl.String,
        "counted": pl.String,
    }
).lazy()


def assess_recovery(course: Course) -> pl.DataFrame:
    """Say whether platelets and neutrophils that fell recovered: one `assessment` an infusion, `start` and `end` =
    the earliest and latest day on which recovery may lie.

    `days=calendar` asks for days in a row (runs of up to 7 missing days interpolated), `days=values` for measured
    values in a row. A transfusion in the days before, or on the three days, holds recovery back (our reading of "for 7
    days"); where transfusions are not covered, recovery is only possible. Gives a findings frame (ticaht2025,
    cibmtr_manual).
    """
    windows = windows_of(course, CHOICES.first, CHOICES.last, by_record=True)
    rows = readings(course, windows, *(rule.name for rule in RULES))
    parts = pl.concat([NOTHING, *(part for rule in RULES for part in _recovered(course, windows, rows, rule))])
    found = _asked(windows).join(parts, on=OF, how="left").with_columns(_code("best"), _code("worst"))
    until = pl.coalesce(pl.col("day_best") + pl.col("run") - 1, WITHOUT_END)
    found = found.with_columns(low="best", high=pl.max_horizontal(*SIDES), start="low_day_best", end=until)
    told = with_sources(found.collect(engine="in-memory"), rows, "name")
    told = told.with_columns(start="day_best", end="day_worst", label=_label(), why=_why())
    return as_findings(told, kind="assessment", period=f"d{CHOICES.first}-{CHOICES.last}")


def _asked(windows: pl.DataFrame) -> pl.LazyFrame:
    """One row per infusion, rule and way of counting days: how it is called."""
    rows = [
        {
            **{"criterion": rule.criterion, "counted": counted, "default": counted == rule.counted[0]},
            **{"name": rule.name, "run": rule.run, "source": rule.source, "transfusions": rule.transfusion is not None},
            "definition": definition_of(days=counted, **({"missing": "interpolate7"} if counted == "calendar" else {})),
            "word": f"{rule.name} below {rule.level:g} x 10^9/L",
        }
        for rule in RULES
        for counted in rule.counted
    ]
    return windows.lazy().select("patient", "infusion", "id", "last").join(pl.DataFrame(rows).lazy(), how="cross")


def _recovered(course: Course, windows: pl.DataFrame, rows: pl.DataFrame, rule: Rule) -> list[pl.LazyFrame]:
    """Of infusions with values, by the best and by the worst: the first day below the level and the day of recovery
    (the columns of `NOTHING`)."""
    own = rows.filter(pl.col("name") == rule.name)
    if own.is_empty():
        return []
    held = _held_back(course, windows.join(own, on="id", how="semi"), rule)
    found = []
    for counted in rule.counted:
        if counted == "calendar":
            days = daily_values(own, windows, CHOICES.longest_gap, DECIMALS).lazy().with_columns(at=time_line())
        else:
            days = lowest_of_day(own).lazy().with_columns(id=pl.col("at") // STRIDE, day=pl.col("at") % STRIDE)
        days = days.with_columns(_from=(pl.col("at") - (rule.free or 0)).set_sorted())
        for transfused in held:
            days = days.join_asof(transfused, on="_from", strategy="forward")
        flags, days_of = _columns(rule)
        named = {"criterion": pl.lit(rule.criterion), "counted": pl.lit(counted)}
        found.append(days.with_columns(flags).group_by("id").agg(days_of).with_columns(**named))
    return found


def _held_back(course: Course, windows: pl.DataFrame, rule: Rule) -> list[pl.LazyFrame]:
    """Days (`_from` and `held_SIDE`) near which recovery cannot begin: of the best case recorded transfusions, of the
    worst case also days on which transfusions are not covered."""
    if rule.transfusion is None:
        return []
    events = course.facts_since("event").filter(pl.col("text") == rule.transfusion)
    given = in_window(events, windows).select(at=time_line())
    grid = daily_grid(windows.select("id", "first", "last"))
    covered = with_coverage(grid, course, windows, {"given": ("event", rule.transfusion)})
    unknown = covered.filter(~pl.col("covered_given")).select(at=time_line())
    sides = {"best": given, "worst": pl.concat([given, unknown])}
    return [
        days.lazy().sort("at").select(pl.col("at").alias(f"held_{side}"), _from="at") for side, days in sides.items()
    ]


@cache
def _columns(rule: Rule) -> tuple[list[pl.Expr], list[pl.Expr]]:
    """Of each day whether it is low and whether recovery begins on it, by either value; the first such days."""
    flags, found = [], []
    for side in SIDES:
        high = pl.col(side) >= rule.level
        same = [pl.col("id").shift(-step) == pl.col("id") for step in range(rule.run)]
        run = pl.all_horizontal(high.shift(-step) & same[step] for step in range(rule.run)).fill_null(False)
        fell = pl.when(~high).then("at").forward_fill() >= pl.col("id") * STRIDE
        free = (
            pl.lit(True)
            if rule.free is None
            else (pl.col(f"held_{side}") > pl.col("at") + rule.run - 1).fill_null(True)
        )
        flags += [(~high).alias(f"low_{side}"), (run & fell & free).alias(f"begins_{side}")]
        for name, flag in ((f"low_day_{side}", f"low_{side}"), (f"day_{side}", f"begins_{side}")):
            found.append(pl.when(flag).then("day").min().alias(name))
    return flags, [*found, pl.len().cast(pl.Int64).alias("n")]


def _code(side: str) -> pl.Expr:
    back = pl.when(pl.col(f"day_{side}").is_not_null()).then(RECOVERED).otherwise(NOT_RECOVERED)
    code = pl.when(pl.col(f"low_day_{side}").is_null()).then(NEVER_LOW).otherwise(back)
    return pl.when(pl.col("n").is_not_null()).then(code).alias(side)


def _label() -> pl.Expr:
    low, high = (pl.col(s).replace_strict(LABELS, default=None, return_dtype=pl.String) for s in ("low", "high"))
    told = pl.when(pl.col("low") == pl.col("high")).then(low).otherwise(pl.format("{} or {}", low, high))
    return pl.when(pl.col("low").is_null()).then(pl.lit("not gradable")).otherwise(told)


def _why() -> pl.Expr:
    fell = pl.format("{} first on day {}", "word", "low_day_best")
    none = pl.format("no {} to day {}", "word", "last")
    unknown = pl.when("transfusions").then(pl.lit(" or without known transfusions")).otherwise(pl.lit(""))
    known = pl.col("low") == pl.col("high")
    parts = pl.concat_str(
        pl.coalesce(fell, none),
        pl.when(pl.col("low") == RECOVERED).then(pl.format("recovered on day {}", "day_best")),
        pl.when(known & (pl.col("day_worst") > pl.col("day_best"))).then(pl.format("certainly by day {}", "day_worst")),
        pl.when(known & (pl.col("low") == NOT_RECOVERED)).then(pl.format("not recovered by day {}", "last")),
        pl.when(~known).then(pl.format("days without a value{} leave it open", unknown)),
        separator="; ",
        ignore_nulls=True,
    )
    return pl.when(pl.col("low").is_null()).then(pl.format("no {} from day 0 to 100", "name")).otherwise(parts)
