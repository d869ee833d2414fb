"""The sentence of a CTCAE grade: the value that sets it, its limit and baseline, and what cannot be excluded."""

import polars as pl


def why() -> pl.Expr:
    """Give the sentence of one worst grade.

    Columns: name, unit, words (the value), day, paper, low, high, n, known, limit, limit_word, no_limit, relative,
    baseline, baseline_day, doubt_day, clinical_top (gravest grade of a term whose next grade is clinical), unusable.
    """
    value = pl.format("{} {}{} on day {}", "name", "words", "unit", "day")
    graded = pl.when(pl.col("low") > 0).then(pl.format("{}: {}", value, "paper"))
    settled = pl.col("low") == pl.col("high")
    free = pl.when(settled).then(pl.format("no value of {} reaches grade 1", "n")).otherwise(value)
    clinical = pl.when(pl.col("high") == pl.col("clinical_top")).then(pl.lit("grade 4 is clinical and not derived"))
    doubt = pl.format("up to grade {} cannot be excluded on day {}", "high", "doubt_day")
    return pl.concat_str(
        graded.otherwise(free),
        _limit(),
        _baseline(),
        pl.when(pl.col("low") < pl.col("high")).then(doubt),
        clinical,
        pl.when(pl.col("unusable") > 0).then(pl.format("{} values that cannot be used", "unusable")),
        separator="; ",
        ignore_nulls=True,
    )


def _limit() -> pl.Expr:
    missing = (pl.col("no_limit") & (pl.col("low") < pl.col("high"))) | ~pl.col("known")
    return (
        pl.when(missing & pl.col("no_limit"))
        .then(pl.format("{} limit of normal not given", "limit_word"))
        .otherwise(pl.format("{} limit {}", "limit_word", "limit"))
    )


def _baseline() -> pl.Expr:
    told = pl.format("baseline {} on day {}", pl.col("baseline").round(4), "baseline_day")
    none = pl.lit("no value before the infusion to compare with")
    return pl.when("relative").then(pl.when(pl.col("baseline_day").is_null()).then(none).otherwise(told))
