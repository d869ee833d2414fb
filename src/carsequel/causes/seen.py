"""Facts as seen from each infusion, with their place before or after it and words that a clinician can check."""

from dataclasses import replace
from typing import Final

import polars as pl

from carsequel.record import Course

ANTIGENS: Final = tuple(f"antigen_{name}" for name in ("cd19", "cd20", "cd22", "cd38", "cd79b", "bcma", "gprc5d"))
ALWAYS: Final = 1e9
FIRST_DAY_AFTER: Final = 1.0  # a value of day 0 is a baseline value
_BEFORE: Final = (
    r"(?i)baseline|screening|apheresis|at diagnosis|lymphodepletion|pre-?(?:infusion|treatment|car)|bridging"
    r"|before (?:the )?(?:first )?(?:infusion|treatment|therapy|car)"
)
_AT_FAILURE: Final = r"(?i)\b(?:relapse|progression|recurrence|failure|loss of response)\b"
_AFTER: Final = (
    r"(?i)after (?:the )?(?:(?:first|second|third) )?(?:infusion|car)|post-?(?:infusion|car)|months? .*after"
)
_CONTEXT: Final = ("patient", "infusion", "disease", "product", "target", "state", "type")


def seen_facts(course: Course, verdicts: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Give the named facts once per infusion that has a verdict, with where they lie in time.

    Adds to the fact columns: `since` (days from this infusion, null where undated), `phase` (`before`, `after`,
    `earlier` = recorded under an earlier infusion, `unknown`), `at_failure` (on or after the earliest day of failure,
    or said to be at relapse or progression), `latest` (no later dated row of the same name and phase), `said` (words)
    and the verdict's disease, product, target, state, type, fail_low and fail_high.
    """
    numbered = replace(course, facts=course.facts.with_row_index("_id"))
    rows = numbered.facts_since(*names, before=ALWAYS, undated=True).with_columns(_earlier=pl.lit(False))
    rows = pl.concat([rows, _earlier(numbered, rows, names)], how="diagonal_relaxed")
    both = with_verdict(rows, verdicts)
    phase = (
        pl.when("_earlier")
        .then(pl.lit("earlier"))
        .when(pl.col("since").is_null())
        .then(phase_said())
        .when(pl.col("since") < FIRST_DAY_AFTER)
        .then(pl.lit("before"))
        .otherwise(pl.lit("after"))
    )
    both = both.with_columns(phase=phase, text=pl.col("text").str.to_lowercase(), said=said())
    named = pl.col("since").is_null() & pl.col("when").fill_null("").str.contains(_AT_FAILURE)
    near = (pl.col("phase") == "after") & (named | (pl.col("since") >= pl.col("fail_low")).fill_null(False))
    last = pl.col("since").max().over("patient", "infusion", "name", "phase")
    return both.with_columns(at_failure=near, latest=last.is_null() | (pl.col("since") == last).fill_null(False)).drop(
        "_id", "_earlier"
    )


def phase_said() -> pl.Expr:
    """Give `before`, `after` or `unknown` for a row whose day is not given, from the words in `when`.

    >>> rows = pl.DataFrame({"when": ["baseline", "at relapse, day not given", "before HSCT", None]})
    >>> rows.select(phase_said()).to_series().to_list()
    ['before', 'after', 'unknown', 'unknown']
    """
    words = pl.col("when").fill_null("")
    return (
        pl.when(words.str.contains(_BEFORE))
        .then(pl.lit("before"))
        .when(words.str.contains(_AT_FAILURE) | words.str.contains(_AFTER))
        .then(pl.lit("after"))
        .otherwise(pl.lit("unknown"))
    )


def said() -> pl.Expr:
    """Give a fact row in words: what, how much, how known, where and when.

    >>> row = {"name": "antigen_cd19", "text": "negative", "comparator": None, "value": None, "unit": None,
    ...        "method": "IHC", "specimen": None, "site": "node", "since": 31.0, "when": None}
    >>> pl.DataFrame([row]).cast({"comparator": pl.String, "value": pl.Float64, "when": pl.String}).select(
    ...     said()).item()
    'CD19 negative (IHC; node; day 31)'
    """
    name = pl.col("name").str.replace("^antigen_cd", "CD").str.replace("^antigen_bcma", "BCMA")
    name = name.str.replace("^antigen_gprc5d", "GPRC5D").str.replace_all("_", " ")
    value = pl.concat_str("comparator", number("value"), ignore_nulls=True)
    amount = pl.when(pl.col("value").is_not_null()).then(
        pl.concat_str(value, pl.when(pl.col("unit") != "1").then("unit"), separator=" ", ignore_nulls=True)
    )
    words = pl.concat_str(name, "text", amount, separator=" ", ignore_nulls=True)
    day = pl.when(pl.col("since").is_not_null()).then(pl.format("day {}", number("since")))
    time = pl.coalesce(day, "when", pl.lit("day not given"))
    place = pl.concat_str("method", "specimen", "site", time, separator="; ", ignore_nulls=True)
    return pl.format("{} ({})", words, place)


def number(column: str) -> pl.Expr:
    """Give a number as text without a needless `.0`."""
    return pl.col(column).cast(pl.String).str.replace(r"\.0$", "")


def has(*words: str) -> pl.Expr:
    """Give whether the row's text is one of these words."""
    return pl.col("text").is_in(words).fill_null(False)


def altered() -> pl.Expr:
    """Give whether a genetic result in words says that the gene is altered (rearranged, mutated, deleted, positive).

    >>> texts = ["rearranged", "wild type", "del(17p)", "no mutation", "11q23 not rearranged"]
    >>> pl.DataFrame({"text": texts}).select(altered()).to_series().to_list()
    [True, False, True, False, False]
    """
    text = pl.col("text")
    said_yes = text.str.contains(
        r"rearr|fusion|\bt\(|positive|\byes\b|detected|mutat|\bdel|aberrant|disrupt|altered|loss"
    )
    said_no = text.str.contains(r"\bno\b|\bnot\b|\bnone\b|negative|wild|germline|undetected|normal|intact|without")
    return (said_yes & ~said_no).fill_null(False)


def on_target() -> pl.Expr:
    """Give whether the antigen of an `antigen_` row is one that the product aims at (`CD19/CD22` is two)."""
    antigen = pl.col("name").str.strip_prefix("antigen_").str.to_uppercase()
    return pl.col("target").fill_null("").str.to_uppercase().str.split("/").list.contains(antigen)


def one_each(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the verdicts unchanged; raises ValueError where a patient and infusion have more than one (choose one
    definition of failure first)."""
    if verdicts.select("patient", "infusion").is_duplicated().any():
        raise ValueError(
            "verdicts hold several rows for one patient and infusion; keep the row of one failure definition each"
        )
    return verdicts


def with_verdict(rows: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Join the verdict of each patient and infusion (rows without one leave): disease, product, target, state, type,
    fail_low, fail_high (earliest and latest day of failure)."""
    context = verdicts.select(
        *_CONTEXT,
        fail_low=pl.coalesce("day_low", "day").cast(pl.Float64),
        fail_high=pl.coalesce("day_high", "day").cast(pl.Float64),
    ).with_columns(pl.col("infusion").cast(pl.Int64))
    rows = rows.drop("disease", "product", "target", strict=False)
    return rows.join(context, on=["patient", "infusion"], how="inner", maintain_order="left")


def _earlier(course: Course, rows: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """Give what was recorded under an earlier infusion and has no place on this infusion's clock."""
    facts = course.facts.filter(pl.col("name").is_in(names) & (pl.col("doubt").fill_null("") != "implausible"))
    looks = course.clock.select("patient", "dated", pl.col("infusion").alias("_of"))
    facts = facts.with_columns(_named=pl.col("infusion").fill_null(1)).drop("infusion")
    both = facts.join(looks, on="patient", how="inner").filter(pl.col("_named") < pl.col("_of"))
    both = both.filter(pl.col("clock").is_null() | ~pl.col("dated")).drop("_named", "dated")
    both = both.rename({"_of": "infusion"}).join(rows.select("_id", "infusion"), on=["_id", "infusion"], how="anti")
    return both.with_columns(since=pl.lit(None, dtype=pl.Float64), _earlier=pl.lit(True))
