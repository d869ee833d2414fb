"""Recovery of platelets (T-ICAHT: 20 x 10^9/L, without transfusion) and neutrophils (registry: 0.5 x 10^9/L).

Day 0 is the day of infusion, the window day 0 to 100, death or the day before the next infusion. Codes: 0 never low,
1 recovered from the first fall, 2 not recovered; the day of recovery is the first of three days (or values on different
days) at the level. Any of the unknown days may have been low, and values that end more than a week before the window
leave open what came after them.
"""

from functools import cache
from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.coverage import with_coverage
from carsequel.side_effects.daily import WITHOUT_END
from carsequel.side_effects.day_values import NEVER_LOW as NEVER_BELOW
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
    """The window; the longest run of missing days that is interpolated where calendar days are counted, and that may
    lie between the last value and the end of the window."""

    first: int = 0
    last: int = 100
    longest_gap: int = 7


CHOICES = Choices()
DECIMALS: Final = 6
OF: Final = ["id", "criterion", "counted"]
DAYS: Final = ("fell_first", "fell_surely", "back_first", "back_surely", "seen_to")
NOTHING: Final = pl.DataFrame(
    schema={"id": pl.Int64, **dict.fromkeys(DAYS, pl.Int64), "criterion": pl.String, "counted": pl.String}
).lazy()


def assess_recovery(course: Course) -> pl.DataFrame:
    """Say whether platelets and neutrophils that fell recovered: one `assessment` an infusion; where a fall is certain,
    `start` and `end` are the earliest and latest day on which recovery may lie.

    `days=calendar` asks for days in a row (runs of up to 7 missing days interpolated), `days=values` for measured
    values in a row. A transfusion in the days before, or on the three days, holds recovery back (our reading of "for 7
    days"); where transfusions are not covered, recovery is only possible. Where values end more than 7 days before the
    window, `never low` is 0 to 2 and `not recovered` 1 to 2. Gives a findings frame (ticaht2025, cibmtr_manual).
    """
    windows = windows_of(course, CHOICES.first, CHOICES.last)
    rows = readings(course, windows, *(rule.name for rule in RULES))
    parts = pl.concat([NOTHING, *(part for rule in RULES for part in _recovered(course, windows, rows, rule))])
    found = _asked(windows).join(parts, on=OF, how="left").with_columns(_codes())
    fell = pl.col("low") > NEVER_LOW
    back = pl.col("back_first") + pl.col("run") - 1
    until = pl.when(back.is_not_null()).then(pl.max_horizontal(back, "fell_surely")).otherwise(WITHOUT_END)
    found = found.with_columns(start=pl.when(fell).then("fell_first"), end=until)
    told = with_sources(found.collect(engine="in-memory"), rows, "name")
    told = told.with_columns(
        start=pl.when(fell).then("back_first"), end=pl.when(fell).then("back_surely"), label=_label(), why=_why()
    )
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
    """Of infusions with values: the days of the first fall and of recovery, possible and certain, and the last day with
    a value (the columns of `NOTHING`)."""
    own = rows.filter(pl.col("name") == rule.name)
    if own.is_empty():
        return []
    ends = own.lazy().group_by("id").agg(seen_to=pl.col("day").max())
    held = _held_back(course, windows.join(own, on="id", how="semi"), rule)
    found = []
    for counted in rule.counted:
        if counted == "calendar":
            days = daily_values(own, windows, CHOICES.longest_gap, DECIMALS).lazy().with_columns(at=time_line())
        else:
            days = pl.concat([lowest_of_day(own).lazy(), _values_to_come(ends, windows, rule.run)]).sort("at")
            days = days.with_columns(id=pl.col("at") // STRIDE, day=pl.col("at") % STRIDE)
        days = days.with_columns(_from=(pl.col("at") - (rule.free or 0)).set_sorted())
        for transfused in held:
            days = days.join_asof(transfused, on="_from", strategy="forward")
        flags, days_of = _columns(rule)
        named = {"criterion": pl.lit(rule.criterion), "counted": pl.lit(counted)}
        per = days.with_columns(flags).group_by("id").agg(days_of).join(ends, on="id")
        found.append(per.with_columns(**named).select("id", *DAYS, "criterion", "counted"))
    return found


def _values_to_come(ends: pl.LazyFrame, windows: pl.DataFrame, run: int) -> pl.LazyFrame:
    """The values that may have followed the last one inside the window, a fall and a recovery: at, best, worst."""
    open_ = ends.join(windows.lazy().select("id", "last"), on="id").filter(_ends_early())
    days = pl.int_ranges(pl.col("seen_to") + 1, pl.col("seen_to") + run + 2).alias("day")
    return open_.with_columns(days).explode("day").select(at=time_line(), best=pl.lit(NEVER_BELOW), worst=pl.lit(0.0))


def _ends_early() -> pl.Expr:
    return pl.col("last") - pl.col("seen_to") > CHOICES.longest_gap


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
    """Of each day whether it is low and whether recovery may (must) begin on it; the first such days.

    Recovery is earliest after the earliest possible fall and good days from then on, and latest after the latest fall
    and bad ones: the first certain fall, or the last possible one.
    """
    line, begins, ends = pl.col("at"), pl.col("id") * STRIDE, (pl.col("id") + 1) * STRIDE
    may, must = (pl.col(side) < rule.level for side in reversed(SIDES))
    fell, surely = ((pl.when(low).then(line).forward_fill().shift(1) >= begins).fill_null(False) for low in (may, must))
    falls_again = (pl.when(may).then(line).backward_fill() < ends).fill_null(False)
    back = {
        "back_first": _run(rule, "best") & fell,
        "back_surely": _run(rule, "worst") & (surely | (fell & ~falls_again)),
    }
    flags = {"fell_first": may, "fell_surely": must} | back
    marked = [flag.alias(f"_{name}") for name, flag in flags.items()]
    return marked, [pl.when(f"_{name}").then("day").min().alias(name) for name in flags]


def _run(rule: Rule, side: str) -> pl.Expr:
    """Whether as many days as the rule asks for, from this one on, are at the level and free of transfusion."""
    high = pl.col(side) >= rule.level
    same = [pl.col("id").shift(-step) == pl.col("id") for step in range(rule.run)]
    run = pl.all_horizontal(high.shift(-step) & same[step] for step in range(rule.run)).fill_null(False)
    if rule.free is None:
        return run
    return run & (pl.col(f"held_{side}") > pl.col("at") + rule.run - 1).fill_null(True)


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


def _why() -> pl.Expr:
    to = pl.when(_ends_early()).then("seen_to").otherwise("last")
    known, fell = pl.col("low") == pl.col("high"), pl.col("low") > NEVER_LOW
    first = pl.when(pl.col("fell_first") == pl.col("fell_surely")).then(
        pl.format("{} first on day {}", "word", "fell_surely")
    )
    either = pl.format("{} possibly from day {}, certainly on day {}", "word", "fell_first", "fell_surely")
    back = pl.format("recovered on day {}", "back_first")
    dated = pl.col("back_first") == pl.col("back_surely")
    back = pl.when(dated).then(back).otherwise(pl.format("{} at the earliest", back))
    not_back = pl.format("not recovered by day {}", to)
    unknown = pl.when("transfusions").then(pl.lit(" or without known transfusions")).otherwise(pl.lit(""))
    parts = pl.concat_str(
        pl.coalesce(first, either, pl.format("no {} to day {}", "word", to)),
        pl.when(pl.col("low") == RECOVERED).then(pl.when(pl.col("back_first") <= to).then(back).otherwise(not_back)),
        pl.when(fell & known & (pl.col("back_surely") > pl.col("back_first"))).then(
            pl.format("certainly by day {}", "back_surely")
        ),
        pl.when(pl.col("low") == NOT_RECOVERED).then(not_back),
        pl.when(~known).then(pl.format("days without a value{} leave it open", unknown)),
        pl.when(~known & _ends_early()).then(pl.format("followed only to day {} of {}", "seen_to", "last")),
        separator="; ",
        ignore_nulls=True,
    )
    return pl.when(pl.col("low").is_null()).then(pl.format("no {} from day 0 to 100", "name")).otherwise(parts)
