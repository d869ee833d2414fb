"""Recovery of platelets (T-ICAHT: 20 x 10^9/L, without transfusion) and neutrophils (registry: 0.5 x 10^9/L).

Day 0 is the day of infusion, the window day 0 to 100 or the end of the record. Codes: 0 never low, 1 recovered, 2 not
recovered; the day of recovery is the first of three days (or values on different days) at the level.
"""

from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.anc import anc_days, bounded
from carsequel.side_effects.daily import DAY, KEYS, day_windows, with_coverage, within
from carsequel.side_effects.platelets import platelet_days
from carsequel.terms.findings import as_findings, definition_of, join_findings
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


def assess_recovery(course: Course) -> pl.DataFrame:
    """Say whether platelets and neutrophils that fell recovered: one `assessment` an infusion, `start` and `end` =
    the earliest and latest day on which recovery may lie.

    `days=calendar` asks for days in a row (runs of up to 7 missing days interpolated), `days=values` for measured
    values in a row. A transfusion in the days before, or on the three days, holds recovery back (our reading of "for 7
    days"); where transfusions are not covered, recovery is only possible. Gives a findings frame (ticaht2025,
    cibmtr_manual).
    """
    windows = day_windows(course, CHOICES.first, CHOICES.last)
    windows = windows.with_columns(last=pl.min_horizontal("last", "record_end"))
    parts = []
    for rule in RULES:
        seen = anc_days(course, windows) if rule.name == "anc" else platelet_days(course, windows)
        held = _held_back(course, windows, rule)
        for number, counted in enumerate(rule.counted):
            sides = [_side(_days(windows, seen, counted), side, held, rule) for side in ("best", "worst")]
            found = windows.select(*KEYS, "last").join(sides[0], on=KEYS, how="left")
            found = found.join(sides[1], on=KEYS, how="left", suffix="_worst")
            found = _described(found, seen, rule)
            parts.append(_finish(found, rule, counted, number == 0))
    return join_findings(parts)


def _days(windows: pl.DataFrame, seen: pl.DataFrame, counted: Counted) -> pl.DataFrame:
    if counted == "values":
        return seen.select(*DAY, "best", "worst").sort(DAY)
    kept = windows.join(seen.select(KEYS).unique(), on=KEYS, how="semi").select(*KEYS, "first", "last")
    return bounded(daily_grid(kept), seen, CHOICES.longest_gap, DECIMALS).sort(DAY)


def _held_back(course: Course, windows: pl.DataFrame, rule: Rule) -> dict[str, pl.DataFrame]:
    """Days on which recovery cannot begin: of the best case by recorded transfusions, of the worst case also by days on
    which transfusions are not covered."""
    none = windows.select(KEYS).clear().with_columns(day=pl.lit(0, dtype=pl.Int64))
    if rule.transfusion is None or rule.free is None:
        return {"best": none, "worst": none}
    reach = pl.int_ranges(pl.col("day") - (rule.run - 1), pl.col("day") + rule.free + 1)
    events = within(course.facts_since("event"), windows).filter(pl.col("text") == rule.transfusion).select(DAY)
    grid = daily_grid(windows.select(*KEYS, "first", "last"))
    grid = with_coverage(grid, course, windows, {"given": ("event", rule.transfusion)})
    open_days = grid.filter(~pl.col("covered_given")).select(DAY)
    given = events.with_columns(day=reach).explode("day").unique()
    unknown = open_days.with_columns(day=reach).explode("day")
    return {"best": given, "worst": pl.concat([given, unknown]).unique()}


def _side(days: pl.DataFrame, side: str, held: dict[str, pl.DataFrame], rule: Rule) -> pl.DataFrame:
    """Code and day of recovery by the best or the worst values: keys, code, low_day, day, fallen (days below)."""
    high = pl.col(side) >= rule.level
    ahead = [high.shift(-step).over(KEYS).fill_null(False) for step in range(rule.run)]
    days = days.with_columns(_run=pl.all_horizontal(ahead), _low=~high)
    first_low = days.filter("_low").group_by(KEYS).agg(low_day=pl.col("day").min())
    begun = days.filter("_run").join(first_low, on=KEYS).filter(pl.col("day") > pl.col("low_day"))
    free = begun.join(held[side], on=DAY, how="anti").group_by(KEYS).agg(pl.col("day").min())
    found = days.select(KEYS).unique().join(first_low, on=KEYS, how="left").join(free, on=KEYS, how="left")
    code = (
        pl.when(pl.col("low_day").is_null())
        .then(NEVER_LOW)
        .when(pl.col("day").is_not_null())
        .then(RECOVERED)
        .otherwise(NOT_RECOVERED)
    )
    return found.with_columns(code=code)


def _described(found: pl.DataFrame, seen: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    sources = seen.explode("source").filter(pl.col("source").is_not_null())
    named = sources.join(found.select(*KEYS, "low_day", _day="day"), on=KEYS)
    used = pl.col("day").is_between("low_day", pl.coalesce(pl.col("_day") + rule.run - 1, "day"))
    facts = named.filter(used).group_by(KEYS).agg(facts=pl.col("source").unique().sort().str.join("; "))
    found = found.with_columns(low="code", high=pl.max_horizontal("code", "code_worst"), start="day", end="day_worst")
    words = {
        side: pl.col(side).replace_strict(LABELS, default=None, return_dtype=pl.String) for side in ("low", "high")
    }
    label = (
        pl.when(pl.col("low").is_null())
        .then(pl.lit("not gradable"))
        .when(pl.col("low") == pl.col("high"))
        .then(words["low"])
        .otherwise(pl.format("{} or {}", words["low"], words["high"]))
    )
    return found.join(facts, on=KEYS, how="left").with_columns(label=label, why=_why(rule))


def _why(rule: Rule) -> pl.Expr:
    fell = pl.format(f"{rule.name} below {rule.level:g} x 10^9/L first on day {{}}", "low_day")
    none = pl.format(f"no {rule.name} below {rule.level:g} x 10^9/L to day {{}}", "last")
    back = pl.format("recovered on day {}", "day")
    later = pl.format("certainly by day {}", "day_worst")
    missing = "days without a value" + (" or without known transfusions" if rule.transfusion else "")
    unsure = pl.lit(f"{missing} leave it open")
    known = pl.col("low") == pl.col("high")
    parts = pl.concat_str(
        pl.when(pl.col("low_day").is_null()).then(none).otherwise(fell),
        pl.when(pl.col("low") == RECOVERED).then(back),
        pl.when(known & (pl.col("day_worst") > pl.col("day"))).then(later),
        pl.when(known & (pl.col("low") == NOT_RECOVERED)).then(pl.format("not recovered by day {}", "last")),
        pl.when(~known).then(unsure),
        separator="; ",
        ignore_nulls=True,
    )
    return pl.when(pl.col("low").is_null()).then(pl.lit(f"no {rule.name} from day 0 to 100")).otherwise(parts)


def _finish(found: pl.DataFrame, rule: Rule, counted: str, default: bool) -> pl.DataFrame:
    named = {"days": counted} | ({"missing": "interpolate7"} if counted == "calendar" else {})
    return as_findings(
        found,
        kind="assessment",
        criterion=rule.criterion,
        definition=definition_of(**named),
        default=default,
        source=rule.source,
        period=f"d{CHOICES.first}-{CHOICES.last}",
    )
