"""Named definitions of cytopenia (0 no, 1 yes) in neutrophils and platelets (10^9/L) and haemoglobin (g/dL).

Day 0 is the day of infusion; death and the next infusion end a window, the end of the record does not: what came after
the last value is not known. Phenotypes of recovery (quick, intermittent, aplastic) are not derived: their published
limits are unverified.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.comparators import BELOW
from carsequel.side_effects.coverage import open_days
from carsequel.side_effects.day_grid import column, fill_short_gaps, on_every_day, spread
from carsequel.side_effects.day_values import lowest_of_days, readings, with_sources
from carsequel.side_effects.low_runs import Counting, Runs, low_runs
from carsequel.side_effects.rules import TESTS
from carsequel.side_effects.windows import in_window, windows_of
from carsequel.terms.findings import as_findings, definition_of

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
COUNTINGS: Final[tuple[Counting, ...]] = ("longest", "cumulative")
DECIMALS: Final = 6
OF: Final = ["id", "rule", "counting"]
COUNTED: Final = ("low", "high", "start", "end", "length", "from", "to", "absent", "made", "window_days")
NOTHING: Final = pl.DataFrame(
    schema={"id": pl.Int64, **dict.fromkeys(COUNTED, pl.Int64), "rule": pl.Int64, "counting": pl.String}
)


def assess_cytopenia(course: Course) -> pl.DataFrame:
    """Say which named cytopenias each infusion was followed by: `maximum`, low and high 0 or 1.

    Days count in the longest spell (default; gaps of 1-2 days bridged) or together (`counting=cumulative`); runs of up
    to 7 missing days are interpolated, longer ones, also after the last value, leave the answer open. Where
    transfusions are not covered, a definition that includes them stays open. Gives a findings frame.
    """
    parts = []
    for name in dict.fromkeys(rule.name for rule in RULES):
        own = {number: rule for number, rule in enumerate(RULES) if rule.name == name}
        found = _asked(course, own).join(_counted(course, name, own).lazy(), on=OF, how="left")
        parts.append(with_sources(_transfused(found, course, own), readings(course, name)))
    return as_findings(pl.concat(parts).with_columns(_facts(), label=_label(), why=_why()), kind="maximum")


def _asked(course: Course, own: dict[int, Rule]) -> pl.LazyFrame:
    """One row per infusion, rule that applies to it and way of counting: its window and how it is called."""
    rows = [
        rule._asdict() | {"rule": number, "counting": counting} | _named(rule, counting)
        for number, rule in own.items()
        for counting in (COUNTINGS if rule.days > 1 else COUNTINGS[:1])
    ]
    limits = {"transfusion": pl.String, "disease": pl.String, "under_age": pl.Int64}
    rules = pl.DataFrame(rows, infer_schema_length=None, schema_overrides=limits).lazy()
    every = windows_of(course, 0).lazy().join(rules, how="cross", suffix="_of")
    of_disease = pl.col("disease_of").is_null() | (pl.col("disease") == pl.col("disease_of"))
    young = pl.col("under_age").is_null() | (pl.col("age_from") < pl.col("under_age"))
    window = {"first": pl.col("first_of"), "last": pl.min_horizontal("last", "last_of")}
    return every.filter(of_disease & young).with_columns(**window)


def _named(rule: Rule, counting: Counting) -> dict[str, object]:
    longest = counting == COUNTINGS[0]
    counted = {"counting": counting} | ({"bridge": CHOICES.bridge} if longest else {}) if rule.days > 1 else {}
    return {
        "criterion": f"{CRITERION}.{rule.term}",
        "definition": definition_of(**counted, missing="interpolate7"),
        "default": longest,
        "period": f"d{rule.first}-{rule.last}",
        "word": f"{rule.name} {'below' if rule.test == BELOW[0] else 'at most'} {rule.level:g}",
    }


def _counted(course: Course, name: str, own: dict[int, Rule]) -> pl.DataFrame:
    """The rules of one quantity, for infusions with values in their window: the columns of `NOTHING`."""
    lowest = lowest_of_days(course, name)
    found = [NOTHING]
    for window in dict.fromkeys((rule.first, rule.last) for rule in own.values()):
        asked = {number: rule for number, rule in own.items() if (rule.first, rule.last) == window}
        found += _in_window(lowest, windows_of(course, *window), asked)
    return pl.concat(found)


def _in_window(lowest: pl.DataFrame, windows: pl.DataFrame, asked: dict[int, Rule]) -> list[pl.DataFrame]:
    """The rules of one quantity and one window."""
    days = on_every_day(lowest, windows)
    value, lower, upper = (spread(days, lowest[name]) for name in ("value", "lower", "upper"))
    filled = fill_short_gaps(days, CHOICES.longest_gap, DECIMALS, value)
    unknown = days.inside & ~(days.seen | filled)
    levels = tuple(dict.fromkeys((rule.test, rule.level) for rule in asked.values()))
    low = {}
    for n, (test, level) in enumerate(levels):
        made = TESTS[test](value, level) & filled
        low[f"sure_{n}"] = made | TESTS[test](upper, level)
        low[f"open_{n}"] = made | TESTS[test](lower, level) | unknown
    numbers = {"absent": unknown.sum(axis=0), "made": filled.sum(axis=0), "window_days": days.length}
    found = []
    for counting, bridge in zip(COUNTINGS, (CHOICES.bridge, 0), strict=True):
        of = {n: levels.index((r.test, r.level)) for n, r in asked.items() if r.days > 1 or counting == COUNTINGS[0]}
        wanted = {f"{side}_{level}": low[f"{side}_{level}"] for level in of.values() for side in ("sure", "open")}
        runs = low_runs(days, wanted, counting, bridge)
        for n, level in of.items():
            enough = _enough(runs[f"sure_{level}"], runs[f"open_{level}"], asked[n].days)
            answer = pl.DataFrame({"id": days.id, **enough, **numbers})
            found.append(answer.with_columns(rule=pl.lit(n, dtype=pl.Int64), counting=pl.lit(counting)))
    return found


def _enough(sure: Runs, open_: Runs, days: int) -> dict[str, Any]:
    """Whether there are so many days for certain (`low`) and possibly (`high`), and the days that are certain."""
    yes, any_ = sure.length >= days, sure.length > 0
    return {
        "low": yes.astype(np.int64),
        "high": (open_.length >= days).astype(np.int64),
        "start": column(sure.start, yes),
        "end": column(sure.end, yes),
        "length": column(sure.length, any_),
        "from": column(sure.start, any_),
        "to": column(sure.end, any_),
    }


def _transfused(found: pl.LazyFrame, course: Course, own: dict[int, Rule]) -> pl.DataFrame:
    """Add `given` (day of the first transfusion that counts), `given_facts` and `uncovered` (days on which one may
    have been given), and answer by them."""
    kinds = [rule.transfusion for rule in own.values() if rule.transfusion is not None]
    events = course.facts_since("event").filter(pl.col("text").is_in(kinds))
    events = in_window(events, windows_of(course, 0)).select("id", "day", "text", given_facts="source")
    asked = found.select("id", "rule", "first", "last", text="transfusion").unique()
    given = asked.join(events.lazy(), on=["id", "text"]).filter(
        pl.col("day").is_between(pl.col("first"), pl.col("last"))
    )
    given = given.group_by("id", "rule").agg(
        given=pl.col("day").min(), given_facts=pl.col("given_facts").drop_nulls().unique().sort().str.join("; ")
    )
    uncovered = [_uncovered(course, rule, number) for number, rule in own.items() if rule.transfusion is not None]
    nothing = pl.DataFrame(schema={"id": pl.Int64, "uncovered": pl.Int64, "rule": pl.Int64})
    both = found.join(given, on=["id", "rule"], how="left")
    both = both.join(pl.concat([nothing, *uncovered]).lazy(), on=["id", "rule"], how="left")
    yes, unknown = pl.col("given").is_not_null(), pl.col("uncovered") > 0
    return both.with_columns(
        low=pl.when(yes).then(1).otherwise("low"),
        high=pl.when(yes).then(1).when(unknown & pl.col("low").is_not_null()).then(1).otherwise("high"),
        start=pl.coalesce("start", "given"),
        end=pl.coalesce("end", "given"),
    ).collect(engine="in-memory")


def _uncovered(course: Course, rule: Rule, number: int) -> pl.DataFrame:
    windows = windows_of(course, rule.first, rule.last)
    days = open_days(course, windows, "event", str(rule.transfusion))
    return days.select("id", uncovered="open_days", rule=pl.lit(number, dtype=pl.Int64))


def _label() -> pl.Expr:
    settled = pl.when(pl.col("low") == 1).then(pl.lit("yes")).otherwise(pl.lit("no"))
    possible = pl.when(pl.col("low") < pl.col("high")).then(pl.lit("possible")).otherwise(settled)
    return pl.when(pl.col("low").is_null()).then(pl.lit("not gradable")).otherwise(possible)


def _facts() -> pl.Expr:
    facts = pl.concat_str("facts", "given_facts", separator="; ", ignore_nulls=True)
    return pl.when(facts != "").then(facts).alias("facts")


def _why() -> pl.Expr:
    length = pl.format("{} days with {}, day {} to {}", "length", "word", "from", "to")
    none = pl.format("no day with {} certain from day {} to {}", "word", "first", "last")
    open_ = pl.col("low") < pl.col("high")
    told = pl.concat_str(
        pl.when(pl.col("window_days").is_not_null()).then(pl.coalesce(length, none)),
        pl.format("transfused on day {}", "given"),
        pl.when(pl.col("made") > 0).then(pl.format("{} of {} days interpolated", "made", "window_days")),
        pl.when(open_ & (pl.col("absent") > 0)).then(pl.format("{} days without a settled value", "absent")),
        pl.when(open_ & (pl.col("uncovered") > 0)).then(pl.lit("transfusions not recorded as complete")),
        separator="; ",
        ignore_nulls=True,
    )
    nothing = pl.format("no {} from day {} to {}", "name", "first", "last")
    missing = pl.when(pl.col("last") < pl.col("first")).then(pl.format("not followed to day {}", "first"))
    return pl.when(pl.col("low").is_null()).then(missing.otherwise(nothing)).otherwise(told)
