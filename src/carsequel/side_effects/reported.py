"""Patient-reported outcomes: each score of an instrument as stated, in days from the infusion (day 0).

No instrument's thresholds are applied; the direction of a scale is not assumed.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import DAY, KEYS
from carsequel.side_effects.measured import since_infusion
from carsequel.side_effects.windows import in_window
from carsequel.terms.findings import as_findings, no_findings
from carsequel.terms.series import day_of

SOURCE: Final = "stated"
CRITERION: Final = "patient_reported"
BEFORE: Final = 1e6


def report_outcomes(course: Course) -> pl.DataFrame:
    """Give patient-reported scores: one `assessment` per infusion, day and instrument, with the change since the last
    score before the infusion in `why`.

    The instrument (`method`, with the unit where one is given) is the definition, `unknown` where it is not said;
    where several share a day the first by name is the default. Different scores of one day are bounds; words without a
    number are not gradable and are told to be in the record. Gives a findings frame (source stated).
    """
    rows = course.facts_since("patient_reported", before=BEFORE)
    if rows.is_empty():
        return no_findings()
    windows = since_infusion(course)
    rows = rows.with_columns(instrument=_instrument())
    after = in_window(rows.filter(pl.col("since") >= 0), windows).lazy()
    before = _baseline(rows.lazy().filter(pl.col("since") < 0))
    per = after.group_by([*DAY, "instrument"]).agg(
        low=pl.col("value").min(),
        high=pl.col("value").max(),
        facts=pl.col("source").drop_nulls().unique().sort().str.join("; "),
    )
    per = per.join(before, on=[*KEYS, "instrument"], how="left").sort(*DAY, "instrument")
    first = pl.col("instrument") == pl.col("instrument").min().over(DAY)
    named = pl.format("instrument={}", "instrument")
    per = per.with_columns(default=first, definition=named, why=_why(), label=_label())
    per = per.with_columns(start="day", end="day", period=pl.format("day {}", "day"))
    return as_findings(per.collect(engine="in-memory"), criterion=CRITERION, kind="assessment", source=SOURCE)


def _instrument() -> pl.Expr:
    words = pl.concat_str("method", "unit", separator="_", ignore_nulls=True).str.strip_chars()
    name = words.str.replace_all(r"\s+", "_").str.strip_chars("_")
    return pl.when(name == "").then(pl.lit("unknown")).otherwise(name)


def _baseline(rows: pl.LazyFrame) -> pl.LazyFrame:
    dated = rows.filter(pl.col("value").is_not_null()).with_columns(day=day_of())
    last = dated.filter(pl.col("day") == pl.col("day").max().over(*KEYS, "instrument"))
    found = last.group_by([*KEYS, "instrument"]).agg(
        base_low=pl.col("value").min(), base_high=pl.col("value").max(), base_day=pl.col("day").first()
    )
    return found.filter(pl.col("base_low") == pl.col("base_high"))


def _label() -> pl.Expr:
    one = pl.format("score {}", "low")
    two = pl.format("score {} to {}", "low", "high")
    said = pl.when(pl.col("low") == pl.col("high")).then(one).otherwise(two)
    return pl.when(pl.col("low").is_null()).then(pl.lit("not gradable")).otherwise(said)


def _why() -> pl.Expr:
    name = pl.col("instrument").str.replace_all("_", " ")
    seen = pl.format("{}: {} on day {}", name, "low", "day")
    several = pl.format("{}: scores from {} to {} on day {}", name, "low", "high", "day")
    change = pl.format("{} on day {} before the infusion", "base_low", "base_day")
    told = pl.when(pl.col("low") == pl.col("high")).then(seen).otherwise(several)
    words = pl.format("{} on day {}: words without a number", name, "day")
    numbers = pl.concat_str(told, change, separator="; ", ignore_nulls=True)
    return pl.when(pl.col("low").is_null()).then(words).otherwise(numbers)
