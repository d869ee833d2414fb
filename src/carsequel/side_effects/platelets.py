"""Early and late T-ICAHT (grades 0-4): days and depth of low platelets (10^9/L), day 0 to 30 and day 31 to 100.

Day 0 is the day of infusion; the lowest of several values of a day counts. Transfusions do not change the grade. The
table prints `<`, its authors' code uses `<=`: `boundary=strict` (default) or `inclusive`.
"""

from functools import cache
from typing import Final, Literal, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.day_grid import Bounds, daily_bounds
from carsequel.side_effects.day_values import lowest_of_days, readings, with_sources
from carsequel.side_effects.days_below import Boundary, Reading, Rule, grade_days
from carsequel.side_effects.low_runs import Counting
from carsequel.side_effects.windows import in_window, windows_of
from carsequel.terms.findings import as_findings, definition_of, grade_label

SOURCE: Final = "ticaht2025"
EARLY: Final = "t_icaht_early.2025"
LATE: Final = "t_icaht_late.2025"


EARLY_RULES: tuple[Rule, ...] = (
    Rule(4, 20.0, 14, "below 20 x 10^9/L for 14 days or more"),
    Rule(3, 20.0, 1, "below 20 x 10^9/L for 1 to 13 days"),
    Rule(2, 50.0, 7, "below 50 x 10^9/L for 7 days or more"),
    Rule(1, 50.0, 1, "below 50 x 10^9/L for 1 to 6 days"),
)
LATE_RULES: tuple[Rule, ...] = (
    Rule(4, 20.0, 14, "below 20 x 10^9/L for 14 days or more"),
    Rule(3, 20.0, 1, "below 20 x 10^9/L for 1 to 13 days"),
    Rule(2, 50.0, 1, "below 50 x 10^9/L"),
    Rule(1, 100.0, 1, "below 100 x 10^9/L"),
)


class Choices(NamedTuple):
    """Windows; days of an unstable recovery that are counted (fewer than 3); the longest run of missing days that is
    interpolated; tests below a level that a late grade needs."""

    early_first: int = 0
    early_last: int = 30
    late_first: int = 31
    late_last: int = 100
    bridge: int = 2
    longest_gap: int = 7
    tests: int = 2


CHOICES = Choices()
DECIMALS: Final = 6


class Definition(NamedTuple):
    """The named choices of one grading; what is None is no choice of that grade."""

    boundary: Boundary = "strict"
    counting: Counting | None = None
    tests: Literal["one", "two"] | None = None
    missing: Literal["interpolate7", "bounds"] = "interpolate7"
    censor: Literal["progression_or_therapy", "none"] = "progression_or_therapy"

    def in_words(self) -> str:
        """Give the definition as findings carry it."""
        counted = {"counting": self.counting, "bridge": CHOICES.bridge} if self.counting else {"tests": self.tests}
        return definition_of(boundary=self.boundary, **counted, missing=self.missing, censor=self.censor)


EARLY_DEFINITIONS: Final = (
    Definition(counting="cumulative"),
    Definition("inclusive", counting="cumulative"),
    Definition(counting="longest"),
    Definition(counting="cumulative", missing="bounds"),
    Definition(counting="cumulative", censor="none"),
)
LATE_DEFINITIONS: Final = (
    Definition(tests="two"),
    Definition("inclusive", tests="two"),
    Definition(tests="one"),
    Definition(tests="two", censor="none"),
)


def grade_t_icaht_early(course: Course, censored: pl.DataFrame | None = None) -> pl.DataFrame:
    """Grade early T-ICAHT: one `maximum` per infusion and definition, day 0 to 30 or an earlier censoring day.

    `censored` has one row per censored infusion: patient, infusion, censor_day (progression or next therapy; the day
    itself counts). Days below a limit are added up (default) or the longest spell counts; gaps of 1-2 days above count
    as low. No platelet count in the window is not gradable. Gives a findings frame (source ticaht2025).
    """
    windows = windows_of(course, CHOICES.early_first, CHOICES.early_last)
    period = f"d{CHOICES.early_first}-{CHOICES.early_last}"
    return _findings(course, windows, censored, EARLY_RULES, EARLY_DEFINITIONS, criterion=EARLY, period=period)


def grade_t_icaht_late(course: Course, censored: pl.DataFrame | None = None) -> pl.DataFrame:
    """Grade late T-ICAHT: one `maximum` per infusion and definition, day 31 to the first of day 100, censoring, death
    and the day before the next infusion.

    Every grade needs two tests below its level (`tests=one` asks for one); of a single test the grade is possible.
    Days without a value that are too far from one to be interpolated, also after the last value, leave open what they
    may have been. Gives a findings frame (source ticaht2025).
    """
    windows = windows_of(course, CHOICES.late_first, CHOICES.late_last)
    period = f"d{CHOICES.late_first}-{CHOICES.late_last}"
    return _findings(course, windows, censored, LATE_RULES, LATE_DEFINITIONS, criterion=LATE, period=period)


def _findings(
    course: Course,
    windows: pl.DataFrame,
    censored: pl.DataFrame | None,
    rules: tuple[Rule, ...],
    definitions: tuple[Definition, ...],
    **fixed: str,
) -> pl.DataFrame:
    asked = _asked(windows, censored, definitions)
    rows = readings(course, "platelets")
    graded = _graded(lowest_of_days(course, "platelets"), asked, rules, definitions)
    transfused = course.facts_since("event").filter(pl.col("text") == "transfusion_platelets")
    found = with_sources(_described(asked, graded, rules, in_window(transfused, windows)), rows)
    return as_findings(found, kind="maximum", source=SOURCE, **fixed)


def _asked(windows: pl.DataFrame, censored: pl.DataFrame | None, definitions: tuple[Definition, ...]) -> pl.DataFrame:
    """One row per infusion and definition: its window (`first`, `last`) and what the definition is called."""
    named = pl.DataFrame(
        {
            "definition": [chosen.in_words() for chosen in definitions],
            "default": [chosen is definitions[0] for chosen in definitions],
            "boundary": [chosen.boundary for chosen in definitions],
            "censor": [chosen.censor for chosen in definitions],
        }
    )
    asked = windows.lazy().select(*KEYS, "id", "first", "last").join(named.lazy(), how="cross")
    if censored is not None:
        ends = censored.lazy().group_by(pl.col("patient"), pl.col("infusion").cast(pl.Int64))
        earliest = ends.agg(pl.col("censor_day").min().floor().cast(pl.Int64))
        cut = pl.when(pl.col("censor") != "none").then("censor_day")
        asked = asked.join(earliest, on=KEYS, how="left").with_columns(last=pl.min_horizontal("last", cut))
    return asked.collect(engine="in-memory")


def _graded(
    lowest: pl.DataFrame, asked: pl.DataFrame, rules: tuple[Rule, ...], definitions: tuple[Definition, ...]
) -> pl.DataFrame:
    """The grades of the infusions with values by every definition: id, definition and `days_below.GRADED`."""

    @cache
    def days(censor: str, longest_gap: int) -> Bounds:
        window = asked.filter(pl.col("censor") == censor).unique("id")
        return daily_bounds(lowest, window, longest_gap, DECIMALS)

    found = []
    for chosen in definitions:
        tests = {"one": 1, "two": CHOICES.tests, None: 0}[chosen.tests]
        reading = Reading(chosen.boundary, chosen.counting or "cumulative", CHOICES.bridge, tests)
        values = days(chosen.censor, CHOICES.longest_gap if chosen.missing == "interpolate7" else 0)
        found.append(grade_days(values, rules, reading).with_columns(definition=pl.lit(chosen.in_words())))
    return pl.concat(found)


def _described(
    asked: pl.DataFrame, graded: pl.DataFrame, rules: tuple[Rule, ...], transfusions: pl.DataFrame
) -> pl.DataFrame:
    of = ["id", "definition"]
    given = asked.lazy().join(transfusions.lazy().select("id", "day"), on="id")
    given = given.filter(pl.col("day") <= pl.col("last")).group_by(of).agg(transfusions=pl.col("day").n_unique())
    found = asked.lazy().join(graded.lazy(), on=of, how="left").join(given, on=of, how="left")
    shown = pl.when(pl.col("low") > 0)
    papers = {rule.grade: rule.paper for rule in rules}
    paper = pl.col("low").replace_strict(papers, default=None, return_dtype=pl.String)
    found = found.with_columns(shown.then("start"), shown.then("end").alias("end"), paper=paper)
    why = _why(max(rule.limit for rule in rules))
    return found.with_columns(label=grade_label(), why=why).collect(engine="in-memory")


def _why(widest: float) -> pl.Expr:
    spell = pl.format("platelets {} ({} low days, day {} to {})", "paper", "low_days", "start", "end")
    none = pl.format(f"no grade of platelets below {widest:g} x 10^9/L certain on day {{}} to {{}}", "first", "last")
    first = pl.when(pl.col("start").is_null()).then(none).otherwise(spell)
    sign = pl.when(pl.col("boundary") == "inclusive").then(pl.lit("limits read as at most"))
    made = pl.when(pl.col("made") > 0).then(pl.format("{} of {} days interpolated", "made", "window_days"))
    open_ = pl.col("low") < pl.col("high")
    missing = pl.when(open_ & (pl.col("absent") > 0)).then(pl.format("{} days without a settled value", "absent"))
    alone = pl.when("unconfirmed").then(pl.lit("a second test does not confirm a graver level"))
    given = pl.format("platelets transfused on {} days (does not change the grade)", "transfusions")
    told = pl.concat_str(first, sign, made, missing, alone, given, separator="; ", ignore_nulls=True)
    return pl.when(pl.col("low").is_null()).then(_not_graded()).otherwise(told)


def _not_graded() -> pl.Expr:
    short = pl.format("not followed to day {} (ends on day {})", "first", "last")
    no_value = pl.format("no platelet count on day {} to {}", "first", "last")
    return pl.when(pl.col("last") < pl.col("first")).then(short).otherwise(no_value)
