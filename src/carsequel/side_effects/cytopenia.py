"""Named definitions of cytopenia (0 no, 1 yes) in neutrophils and platelets (10^9/L) and haemoglobin (g/dL).

Day 0 is the day of infusion; windows end at the end of the record. Phenotypes of recovery (quick, intermittent,
aplastic) are not derived: their published limits are unverified.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.anc import anc_sources
from carsequel.side_effects.comparators import BELOW, possibly, surely
from carsequel.side_effects.daily import DAY, KEYS, day_windows, with_coverage, within
from carsequel.terms.findings import as_findings, definition_of, join_findings
from carsequel.terms.series import daily_grid, fill_gaps, longest_spell

CRITERION: Final = "cytopenia"


class Rule(NamedTuple):
    """`days` days (in the longest spell) with a value that passes `test` `level`, from day `first` to `last`; or one
    `transfusion`. `disease` and `under_age` limit whom it applies to."""

    term: str
    name: str
    test: str
    level: float
    days: int
    first: int
    last: int
    transfusion: str | None
    source: str
    paper: str
    disease: str | None = None
    under_age: int | None = None


RULES: tuple[Rule, ...] = (
    Rule("severe_neutropenia", "anc", "<=", 0.5, 1, 0, 100, None, "rejeski2021", "ANC at most 500/uL"),
    Rule("profound_neutropenia", "anc", "<=", 0.1, 1, 0, 100, None, "rejeski2021", "ANC at most 100/uL"),
    Rule("protracted_severe_neutropenia", "anc", "<=", 0.5, 7, 0, 100, None, "rejeski2021", "7 days or more"),
    Rule("protracted_profound_neutropenia", "anc", "<=", 0.1, 7, 0, 100, None, "rejeski2021", "7 days or more"),
    Rule("prolonged_neutropenia", "anc", "<=", 1.0, 1, 21, 100, None, "rejeski2021", "measured on day 21 or later"),
    Rule("significant_neutropenia", "anc", "<", 0.5, 14, 0, 60, None, "rejeski2021; deboer2025", "14 days, day 0-60"),
    Rule(
        *("prolonged_severe_neutropenia", "anc", "<", 0.5, 30, 0, 100, None, "cytorisk2025"),
        *("paediatric ALL: 30 days or more", "B-ALL", 18),
    ),
    Rule(
        *("severe_thrombocytopenia", "platelets", "<", 50.0, 1, 0, 100, "transfusion_platelets", "rejeski2021"),
        "platelets below 50, or transfusion",
    ),
    Rule(
        *("severe_anemia", "hemoglobin", "<", 8.0, 1, 0, 100, "transfusion_red_cells", "rejeski2021"),
        "haemoglobin below 8 g/dL, or transfusion",
    ),
)


class Choices(NamedTuple):
    """Days above the level that are bridged and counted, and the longest run of missing days that is interpolated: as
    in ICAHT, because the papers do not say. Where a paper names no window, it ends on day 100 (late ICAHT)."""

    bridge: int = 2
    longest_gap: int = 7


CHOICES = Choices()
COUNTINGS: Final = ("longest", "cumulative")
DECIMALS: Final = 6


def assess_cytopenia(course: Course) -> pl.DataFrame:
    """Say which named cytopenias each infusion was followed by: `maximum`, low and high 0 or 1.

    Days count in the longest spell (default; gaps of 1-2 days bridged) or together (`counting=cumulative`); runs of up
    to 7 missing days are interpolated, longer ones leave the answer open. Where transfusions are not covered, a
    definition that includes them stays open. Gives a findings frame.
    """
    parts = []
    for rule in RULES:
        windows = _windows(course, rule)
        seen = _seen(course, windows, rule)
        days = _flagged(windows, seen, rule)
        for counting in COUNTINGS if rule.days > 1 else COUNTINGS[:1]:
            found = windows.select(*KEYS, "first", "last").join(_counted(days, rule, counting), on=KEYS, how="left")
            found = _transfused(found, course, windows, rule)
            found = found.join(anc_sources(seen, found.select(*KEYS, "start", "end")), on=KEYS, how="left")
            parts.append(_finish(_described(found, rule), rule, counting))
    return join_findings(parts)


def _windows(course: Course, rule: Rule) -> pl.DataFrame:
    windows = day_windows(course, rule.first, rule.last)
    if rule.disease is not None:
        windows = windows.filter(pl.col("disease") == rule.disease)
    if rule.under_age is not None:
        windows = windows.filter(pl.col("age_from") < rule.under_age)
    return windows.with_columns(last=pl.min_horizontal("last", "record_end"))


def _seen(course: Course, windows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """One row per infusion and day with a value: the lowest, whether it is surely and possibly at the level."""
    rows = within(course.facts_since(rule.name).filter(pl.col("value").is_not_null()), windows)
    level = pl.lit(rule.level)
    rows = rows.with_columns(sure=surely(rule.test, level), open=possibly(rule.test, level))
    lowest = pl.col("value").min()
    return rows.group_by(DAY).agg(value=lowest, sure=pl.col("sure").any(), open=pl.col("open").any(), source="source")


def _flagged(windows: pl.DataFrame, seen: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """One row per day: `sure` and `open` (low at best, low at worst); interpolated days follow the value made."""
    kept = windows.join(seen.select(KEYS).unique(), on=KEYS, how="semi").select(*KEYS, "first", "last")
    days = daily_grid(kept).join(seen.drop("source"), on=DAY, how="left").sort(DAY)
    days = fill_gaps(days, KEYS, CHOICES.longest_gap, DECIMALS)
    none = pl.lit(None, dtype=pl.String)
    days = days.with_columns(comparator=none)
    level = pl.lit(rule.level)
    return days.select(
        *DAY,
        "filled",
        sure=pl.coalesce("sure", surely(rule.test, level)),
        open=pl.coalesce("open", possibly(rule.test, level)),
        absent=pl.col("value").is_null(),
    )


def _counted(days: pl.DataFrame, rule: Rule, counting: str) -> pl.DataFrame:
    counts = days.group_by(KEYS).agg(
        absent=pl.col("absent").sum(), made=pl.col("filled").sum(), window_days=pl.len(), value_days=pl.len()
    )
    for side in ("sure", "open"):
        found = _stretch(days.filter(side).select(DAY), counting)
        counts = counts.join(
            found.select(*KEYS, *(pl.col(c).alias(f"{c}_{side}") for c in ("start", "end", "length"))),
            on=KEYS,
            how="left",
        )
    enough = {side: (pl.col(f"length_{side}") >= rule.days).fill_null(False) for side in ("sure", "open")}
    return counts.with_columns(
        low=enough["sure"].cast(pl.Int64),
        high=enough["open"].cast(pl.Int64),
        start=pl.when(enough["sure"]).then("start_sure"),
        end=pl.when(enough["sure"]).then("end_sure"),
    )


def _stretch(flagged: pl.DataFrame, counting: str) -> pl.DataFrame:
    if counting == "longest":
        return longest_spell(flagged, KEYS, CHOICES.bridge)
    return flagged.group_by(KEYS).agg(
        start=pl.col("day").min(), end=pl.col("day").max(), length=pl.len().cast(pl.Int64)
    )


def _transfused(found: pl.DataFrame, course: Course, windows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    if rule.transfusion is None:
        blank = pl.lit(None, dtype=pl.Int64)
        return found.with_columns(given=blank, uncovered=blank, given_facts=pl.lit(None, dtype=pl.String))
    events = within(course.facts_since("event"), windows).filter(pl.col("text") == rule.transfusion)
    given = events.group_by(KEYS).agg(
        given=pl.col("day").min(), given_facts=pl.col("source").drop_nulls().unique().sort().str.join("; ")
    )
    grid = daily_grid(windows.select(*KEYS, "first", "last"))
    grid = with_coverage(grid, course, windows, {"given": ("event", rule.transfusion)})
    open_days = grid.group_by(KEYS).agg(uncovered=(~pl.col("covered_given")).sum().cast(pl.Int64))
    found = found.join(given, on=KEYS, how="left").join(open_days, on=KEYS, how="left")
    yes, unknown = pl.col("given").is_not_null(), pl.col("uncovered") > 0
    return found.with_columns(
        low=pl.when(yes).then(1).otherwise("low"),
        high=pl.when(yes).then(1).when(unknown & pl.col("low").is_not_null()).then(1).otherwise("high"),
        start=pl.coalesce("start", pl.when(yes).then("given")),
        end=pl.coalesce("end", pl.when(yes).then("given")),
    )


def _described(found: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    word = f"{rule.name} {'below' if rule.test == BELOW[0] else 'at most'} {rule.level:g}"
    length = pl.format(f"{{}} days with {word}, day {{}} to {{}}", "length_sure", "start_sure", "end_sure")
    none = pl.format(f"no day with {word} certain from day {{}} to {{}}", "first", "last")
    first = pl.when(pl.col("length_sure").is_null()).then(none).otherwise(length)
    open_ = pl.col("low") < pl.col("high")
    told = pl.concat_str(
        pl.when(pl.col("window_days").is_not_null()).then(first),
        pl.format("transfused on day {}", "given"),
        pl.when(pl.col("made") > 0).then(pl.format("{} of {} days interpolated", "made", "window_days")),
        pl.when(open_ & (pl.col("absent") > 0)).then(pl.format("{} days without a settled value", "absent")),
        pl.when(open_ & (pl.col("uncovered") > 0)).then(pl.lit("transfusions not recorded as complete")),
        separator="; ",
        ignore_nulls=True,
    )
    nothing = pl.format(f"no {rule.name} from day {rule.first} to {{}}", "last")
    short = pl.lit(f"not followed to day {rule.first}")
    missing = pl.when(pl.col("last") < pl.col("first")).then(short).otherwise(nothing)
    label = (
        pl.when(pl.col("low").is_null())
        .then(pl.lit("not gradable"))
        .when(pl.col("low") < pl.col("high"))
        .then(pl.lit("possible"))
        .otherwise(pl.when(pl.col("low") == 1).then(pl.lit("yes")).otherwise(pl.lit("no")))
    )
    return found.with_columns(
        label=label,
        why=pl.when(pl.col("low").is_null()).then(missing).otherwise(told),
        facts=pl.concat_str("facts", "given_facts", separator="; ", ignore_nulls=True),
    ).with_columns(facts=pl.when(pl.col("facts") != "").then("facts"))


def _finish(found: pl.DataFrame, rule: Rule, counting: str) -> pl.DataFrame:
    if rule.days > 1:
        counted = {"counting": counting} | ({"bridge": CHOICES.bridge} if counting == COUNTINGS[0] else {})
    else:
        counted = {}
    return as_findings(
        found,
        kind="maximum",
        criterion=f"{CRITERION}.{rule.term}",
        definition=definition_of(**counted, missing="interpolate7"),
        default=counting == COUNTINGS[0],
        source=rule.source,
        period=f"d{rule.first}-{rule.last}",
    )
