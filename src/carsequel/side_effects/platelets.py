"""Early and late T-ICAHT (grades 0-4): days and depth of low platelets (10^9/L), day 0 to 30 and day 31 to 100.

Day 0 is the day of infusion; the lowest of several values of a day counts. Transfusions do not change the grade. The
table prints `<`, its authors' code uses `<=`: `boundary=strict` (default) or `inclusive`.
"""

from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.anc import anc_sources, bounded
from carsequel.side_effects.daily import DAY, KEYS, day_windows, within
from carsequel.terms.findings import as_findings, definition_of, grade_label, join_findings
from carsequel.terms.series import daily_grid, longest_spell, spells

SOURCE: Final = "ticaht2025"
EARLY: Final = "t_icaht_early.2025"
LATE: Final = "t_icaht_late.2025"


class Rule(NamedTuple):
    """At least `days` days with platelets below `platelets` have this grade."""

    grade: int
    platelets: float
    days: int
    paper: str


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
EARLY_DEFINITIONS: Final[tuple[dict[str, Any], ...]] = (
    {"boundary": "strict", "counting": "cumulative", "missing": "interpolate7", "censor": "progression_or_therapy"},
    {"boundary": "inclusive", "counting": "cumulative", "missing": "interpolate7", "censor": "progression_or_therapy"},
    {"boundary": "strict", "counting": "longest", "missing": "interpolate7", "censor": "progression_or_therapy"},
    {"boundary": "strict", "counting": "cumulative", "missing": "bounds", "censor": "progression_or_therapy"},
    {"boundary": "strict", "counting": "cumulative", "missing": "interpolate7", "censor": "none"},
)
LATE_DEFINITIONS: Final[tuple[dict[str, Any], ...]] = (
    {"boundary": "strict", "tests": "two", "missing": "interpolate7", "censor": "progression_or_therapy"},
    {"boundary": "inclusive", "tests": "two", "missing": "interpolate7", "censor": "progression_or_therapy"},
    {"boundary": "strict", "tests": "one", "missing": "interpolate7", "censor": "progression_or_therapy"},
    {"boundary": "strict", "tests": "two", "missing": "interpolate7", "censor": "none"},
)
NO_CENSOR: Final = pl.DataFrame(schema={"patient": pl.String, "infusion": pl.Int64, "censor_day": pl.Float64})


def grade_t_icaht_early(course: Course, censored: pl.DataFrame | None = None) -> pl.DataFrame:
    """Grade early T-ICAHT: one `maximum` per infusion and definition, day 0 to 30 or an earlier censoring day.

    `censored` has one row per censored infusion: patient, infusion, censor_day (progression or next therapy; the day
    itself counts). Days below a limit are added up (default) or the longest spell counts; gaps of 1-2 days above count
    as low. No platelet count in the window is not gradable. Gives a findings frame (source ticaht2025).
    """
    parts = []
    for number, chosen in enumerate(EARLY_DEFINITIONS):
        windows = _windows(course, CHOICES.early_first, CHOICES.early_last, censored, chosen, by_record=False)
        seen = platelet_days(course, windows)
        days = _days(windows, seen, CHOICES.longest_gap if chosen["missing"] == "interpolate7" else 0)
        found = _both_sides(days, windows, EARLY_RULES, chosen)
        found = _described(found, course, windows, seen, EARLY_RULES, chosen)
        parts.append(_finish(found, EARLY, chosen, number == 0, f"d{CHOICES.early_first}-{CHOICES.early_last}"))
    return join_findings(parts)


def grade_t_icaht_late(course: Course, censored: pl.DataFrame | None = None) -> pl.DataFrame:
    """Grade late T-ICAHT: one `maximum` per infusion and definition, day 31 to the first of day 100, censoring, death,
    the day before the next infusion and the last day of the record.

    Every grade needs two tests below its level (`tests=one` asks for one); of a single test the grade is possible.
    Days without a value that are too far from one to be interpolated leave the gravest grade open. Gives a findings
    frame (source ticaht2025).
    """
    parts = []
    for number, chosen in enumerate(LATE_DEFINITIONS):
        windows = _windows(course, CHOICES.late_first, CHOICES.late_last, censored, chosen, by_record=True)
        seen = platelet_days(course, windows)
        days = _days(windows, seen, CHOICES.longest_gap)
        found = _both_sides(days, windows, LATE_RULES, chosen | {"counting": "cumulative"})
        found = _with_tests(found, seen, CHOICES.tests if chosen["tests"] == "two" else 1, chosen["boundary"])
        found = _described(found, course, windows, seen, LATE_RULES, chosen)
        parts.append(_finish(found, LATE, chosen, number == 0, f"d{CHOICES.late_first}-{CHOICES.late_last}"))
    return join_findings(parts)


def platelet_days(course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    """Give one row per infusion and day with a platelet count (10^9/L): `best` (lowest as reported), `worst` (0 where
    only `less than` was reported), `source` (list)."""
    rows = within(course.facts_since("platelets").filter(pl.col("value").is_not_null()), windows)
    below = pl.col("comparator").fill_null("").is_in(["<", "<="])
    rows = rows.with_columns(_worst=pl.when(below).then(0.0).otherwise("value"))
    return rows.group_by(DAY).agg(best=pl.col("value").min(), worst=pl.col("_worst").min(), source=pl.col("source"))


def _windows(
    course: Course, first: int, last: int, censored: pl.DataFrame | None, chosen: dict[str, Any], by_record: bool
) -> pl.DataFrame:
    windows = day_windows(course, first, last)
    given = NO_CENSOR if censored is None or chosen["censor"] == "none" else censored
    given = given.with_columns(pl.col("infusion").cast(pl.Int64))
    earliest = given.group_by(KEYS).agg(pl.col("censor_day").min().floor().cast(pl.Int64))
    windows = windows.join(earliest, on=KEYS, how="left", maintain_order="left")
    ends = ["last", "censor_day", *(["record_end"] if by_record else [])]
    return windows.with_columns(last=pl.min_horizontal(ends))


def _days(windows: pl.DataFrame, seen: pl.DataFrame, longest_gap: int) -> pl.DataFrame:
    kept = windows.join(seen.select(KEYS).unique(), on=KEYS, how="semi").select(*KEYS, "first", "last")
    return bounded(daily_grid(kept), seen, longest_gap, DECIMALS)


def _under(column: str, limit: float, boundary: str) -> pl.Expr:
    return pl.col(column) < limit if boundary == "strict" else pl.col(column) <= limit


def _stretches(days: pl.DataFrame, side: str, limit: float, chosen: dict[str, Any]) -> pl.DataFrame:
    """Low days per infusion: start, end and length, of the longest spell or of all spells (short recoveries count)."""
    flagged = days.filter(_under(side, limit, chosen["boundary"])).select(DAY)
    if chosen["counting"] == "longest":
        return longest_spell(flagged, KEYS, CHOICES.bridge)
    found = spells(flagged, KEYS, CHOICES.bridge)
    return found.group_by(KEYS).agg(pl.col("start").min(), pl.col("end").max(), pl.col("length").sum())


def _graded(days: pl.DataFrame, side: str, rules: tuple[Rule, ...], chosen: dict[str, Any]) -> pl.DataFrame:
    """Grade by one side (`best` or `worst` values) and the stretch of its limit: keys, grade, start, end, low."""
    graded = days.select(KEYS).unique()
    limits = list(dict.fromkeys(rule.platelets for rule in rules))
    for number, limit in enumerate(limits):
        found = _stretches(days, side, limit, chosen)
        by_days = [pl.when(pl.col("length") >= rule.days).then(rule.grade) for rule in rules if rule.platelets == limit]
        found = found.select(
            *KEYS,
            pl.coalesce(*by_days, 0).alias(f"grade_{number}"),
            pl.col("start").alias(f"start_{number}"),
            pl.col("end").alias(f"end_{number}"),
            pl.col("length").alias(f"low_{number}"),
        )
        graded = graded.join(found, on=KEYS, how="left")
    numbers = range(len(limits))
    grade = pl.max_horizontal(*(f"grade_{n}" for n in numbers)).fill_null(0)
    deciding = {n: pl.col(f"grade_{n}") == grade for n in numbers}
    at = {
        what: pl.coalesce(pl.when(deciding[n]).then(f"{what}_{n}") for n in numbers) for what in ("start", "end", "low")
    }
    return graded.select(*KEYS, grade=grade, **at)


def _both_sides(
    days: pl.DataFrame, windows: pl.DataFrame, rules: tuple[Rule, ...], chosen: dict[str, Any]
) -> pl.DataFrame:
    best = _graded(days, "best", rules, chosen).rename({"grade": "low", "low": "low_days"})
    worst = _graded(days, "worst", rules, chosen).select(*KEYS, high="grade")
    counts = days.group_by(KEYS).agg(
        window_days=pl.len(), made=pl.col("filled").sum(), absent=(pl.col("best") > pl.col("worst")).sum()
    )
    found = windows.select(*KEYS, "first", "last").join(best, on=KEYS, how="left")
    return found.join(worst, on=KEYS, how="left").join(counts, on=KEYS, how="left")


def _with_tests(found: pl.DataFrame, seen: pl.DataFrame, tests: int, boundary: str) -> pl.DataFrame:
    """Lower `low` to the grade whose level enough tests confirm; while days without a value remain, or only a single
    test was done, `high` stays."""
    seen = seen.sort("day")
    nth = seen.group_by(KEYS).agg(
        _best=pl.col("best").sort().get(tests - 1, null_on_oob=True),
        _worst=pl.col("worst").sort().get(tests - 1, null_on_oob=True),
        n=pl.len(),
    )
    found = found.join(nth, on=KEYS, how="left")
    confirmed = {side: _confirmed(f"_{side}", boundary) for side in ("best", "worst")}
    alone = (pl.col("n") < tests) | (pl.col("absent") > 0)
    return found.with_columns(
        low=pl.min_horizontal("low", pl.when(pl.col("low").is_not_null()).then(confirmed["best"])),
        high=pl.when(pl.col("high").is_null() | alone)
        .then("high")
        .otherwise(pl.min_horizontal("high", confirmed["worst"])),
        unconfirmed=pl.col("low") > confirmed["best"],
    )


def _confirmed(value: str, boundary: str) -> pl.Expr:
    cases = [pl.when(_under(value, rule.platelets, boundary)).then(rule.grade) for rule in LATE_RULES]
    return pl.coalesce(*cases, 0)


def _described(
    found: pl.DataFrame,
    course: Course,
    windows: pl.DataFrame,
    seen: pl.DataFrame,
    rules: tuple[Rule, ...],
    chosen: dict[str, Any],
) -> pl.DataFrame:
    papers = {rule.grade: rule.paper for rule in rules}
    if "unconfirmed" not in found.columns:
        found = found.with_columns(unconfirmed=pl.lit(False))
    found = found.join(_transfused(course, windows), on=KEYS, how="left")
    shown = pl.col("low") > 0
    found = found.with_columns(
        pl.when(shown).then("start").alias("start"),
        pl.when(shown).then("end").alias("end"),
        paper=pl.col("low").replace_strict(papers, default=None, return_dtype=pl.String),
    )
    found = found.join(anc_sources(seen, found.select(*KEYS, "start", "end")), on=KEYS, how="left")
    return found.with_columns(label=grade_label(), why=_why(max(rule.platelets for rule in rules), chosen))


def _transfused(course: Course, windows: pl.DataFrame) -> pl.DataFrame:
    events = within(course.facts_since("event"), windows).filter(pl.col("text") == "transfusion_platelets")
    return events.group_by(KEYS).agg(_transfusions=pl.col("day").n_unique())


def _why(widest: float, chosen: dict[str, Any]) -> pl.Expr:
    spell = pl.format("platelets {} ({} low days, day {} to {})", "paper", "low_days", "start", "end")
    none = pl.format(f"no grade of platelets below {widest:g} x 10^9/L certain on day {{}} to {{}}", "first", "last")
    first = pl.when(pl.col("start").is_null()).then(none).otherwise(spell)
    sign = pl.lit("limits read as at most") if chosen["boundary"] == "inclusive" else pl.lit(None, dtype=pl.String)
    made = pl.when(pl.col("made") > 0).then(pl.format("{} of {} days interpolated", "made", "window_days"))
    open_ = pl.col("low") < pl.col("high")
    missing = pl.when(open_ & (pl.col("absent") > 0)).then(pl.format("{} days without a settled value", "absent"))
    alone = pl.when("unconfirmed").then(pl.lit("a second test does not confirm a graver level"))
    given = pl.format("platelets transfused on {} days (does not change the grade)", "_transfusions")
    told = pl.concat_str(first, sign, made, missing, alone, given, separator="; ", ignore_nulls=True)
    short = pl.format("not followed to day {} (ends on day {})", "first", "last")
    no_value = pl.format("no platelet count on day {} to {}", "first", "last")
    not_graded = pl.when(pl.col("last") < pl.col("first")).then(short).otherwise(no_value)
    return pl.when(pl.col("low").is_null()).then(not_graded).otherwise(told)


def _finish(found: pl.DataFrame, criterion: str, chosen: dict[str, Any], default: bool, period: str) -> pl.DataFrame:
    named = dict(chosen)
    if "counting" in named:
        named = {"boundary": named["boundary"], "counting": named["counting"], "bridge": CHOICES.bridge} | named
    return as_findings(
        found,
        kind="maximum",
        criterion=criterion,
        definition=definition_of(**named),
        default=default,
        source=SOURCE,
        period=period,
    )
