"""The two signs that set the grade of a CRS, day by day: hypotension (stated, pressure, vasopressors) and hypoxia."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import DAY, KEYS, stretch_days, with_domain, within
from carsequel.side_effects.rules import Rule, grade_of, rules_of

NOT_COUNTED: Final = ("vasopressin", "argipressin")
SAME_DRUG: Final = {"noradrenaline": "norepinephrine", "adrenaline": "epinephrine"}
VASOPRESSORS: Final = ("norepinephrine", "epinephrine", "phenylephrine", "dopamine", *NOT_COUNTED, *SAME_DRUG)


def with_pressors(grid: pl.DataFrame, course: Course, windows: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Add the domain `pressor`: how many vasopressors were given that day (vasopressin not counted)."""
    drug = pl.col("text").str.strip_chars().str.to_lowercase()
    spans = course.spans_since("vasopressor", "drug").filter(
        (pl.col("name") == "vasopressor") | drug.is_in(VASOPRESSORS)
    )
    rows = stretch_days(spans.with_columns(drug=drug.replace(SAME_DRUG)), windows)
    unnamed = pl.struct("since", "until").filter(pl.col("drug").is_null()).n_unique()
    counted = pl.col("drug").filter(~pl.col("drug").is_in(NOT_COUNTED)).n_unique()
    number = rows.group_by(DAY).agg(
        counted=counted, unnamed=unnamed, note=pl.col("drug").unique().sort().str.join(" and ")
    )
    rules = rules_of(rules, "hypotension", "vasopressor")
    least = pl.when((pl.col("counted") == 0) & (pl.col("unnamed") > 0)).then(1).otherwise("counted")
    seen = number.with_columns(
        low=grade_of(rules, least),
        high=grade_of(rules, pl.col("counted") + pl.col("unnamed")),
        note=pl.when(pl.col("note") == "").then(pl.lit("vasopressor")).otherwise("note"),
        doubt=pl.when(pl.col("unnamed") > 0).then(pl.lit("vasopressor without its name")),
    )
    covered, missing = pl.col("covered_pressor"), "vasopressors not recorded as complete"
    grid = with_domain(grid, seen, "pressor", covered, rules[0].grade, missing)
    return grid.with_columns(
        pressor_high=pl.when(covered).then("pressor_high").otherwise(rules[0].grade),
        pressor_doubt=pl.when(covered | (pl.col("pressor_low") == rules[0].grade))
        .then("pressor_doubt")
        .otherwise(pl.lit(missing)),
    )


def with_pressure(
    grid: pl.DataFrame,
    course: Course,
    windows: pl.DataFrame,
    rules: Sequence[Rule],
    names: Sequence[str],
    adult_from: float,
) -> pl.DataFrame:
    """Add the domain `pressure`: hypotension as stated, else by the systolic pressure where that is chosen."""
    stated = pl.col("name") == "hypotension"
    facts = within(course.facts_since(*names), windows).filter(
        (stated & pl.col("text").is_in(["yes", "no"])) | (~stated & pl.col("value").is_not_null())
    )
    facts = facts.filter(stated | ~stated.any().over(DAY))
    who = windows.select(
        *KEYS,
        settles=(pl.col("age_from") >= adult_from).fill_null(False)
        | ((pl.col("disease") != "B-ALL").fill_null(True) & ~(pl.col("age_to") < adult_from).fill_null(False)),
    )
    said = pl.when(pl.col("text") == "yes").then(rules_of(rules, "hypotension", "stated")[0].grade).otherwise(0)
    number = grade_of(rules_of(rules, "hypotension", "systolic_bp"), pl.col("value")).fill_null(0)
    facts = facts.join(who, on=KEYS, how="left").with_columns(high=pl.when(stated).then(said).otherwise(number))
    facts = facts.with_columns(
        low=pl.when(stated | pl.col("settles")).then("high").otherwise(0),
        note=pl.when(stated).then(pl.lit("hypotension stated")).otherwise(pl.format("systolic pressure {}", "value")),
        doubt=pl.when(~stated & ~pl.col("settles") & (pl.col("high") > 0)).then(
            pl.lit("no limit of low pressure for a child or an unknown age")
        ),
    )
    worst = pl.col("note").sort_by("high", "value", descending=[True, False], nulls_last=True).first()
    seen = facts.group_by(DAY).agg(pl.col("low", "high").max(), note=worst, doubt=pl.col("doubt").drop_nulls().first())
    worst_grade = rules_of(rules, "hypotension", "stated")[0].grade
    return with_domain(grid, seen, "pressure", pl.col("covered_pressure"), worst_grade, "blood pressure not recorded")


def with_oxygen(grid: pl.DataFrame, course: Course, windows: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Add the domain `hypoxia` by the oxygen device of the day; oxygen from before the infusion is not counted."""
    spans = course.spans_since("oxygen").filter(pl.col("role").fill_null("") != "chronic")
    every = [rule.grade for rule in rules_of(rules, "hypoxia")]
    rows = stretch_days(spans, windows)
    low, high = pl.lit(min(every)), pl.lit(max(every))
    for device in dict.fromkeys(rule.finding for rule in rules_of(rules, "hypoxia")):
        lines = rules_of(rules, "hypoxia", device)
        unknown = pl.col("value").is_null() & any(rule.test for rule in lines)
        this, given = pl.col("text") == device, grade_of(lines, pl.col("value"))
        low = pl.when(this & unknown).then(min(r.grade for r in lines)).when(this).then(given).otherwise(low)
        high = pl.when(this & unknown).then(max(r.grade for r in lines)).when(this).then(given).otherwise(high)
    rows = rows.with_columns(low=low, high=high)
    name = pl.col("text").fill_null("oxygen").str.replace_all("_", " ")
    note = pl.when(pl.col("value").is_null()).then(name).otherwise(pl.format("{} {} L/min", name, "value"))
    unsure = pl.when(pl.col("low") < pl.col("high")).then(pl.lit("device or flow of oxygen not given"))
    rows = rows.with_columns(note=note, doubt=unsure)
    seen = rows.group_by(DAY).agg(
        pl.col("low", "high").max(),
        note=pl.col("note").sort_by("low", "note", descending=True).first(),
        doubt=pl.col("doubt").drop_nulls().first(),
    )
    return with_domain(grid, seen, "hypoxia", pl.col("covered_oxygen"), max(every), "oxygen not recorded as complete")
