"""What a record says in words that stay true: genetics and comorbidity up to a moment, one row a clause.

A clause that denies something ("no del(17p)", "t(4;14) negative") is not read as finding it; one that names several
changes and denies some of them is read as neither.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import KEYS, MOMENT, fits
from carsequel.risks.readings import EVER

TEXTS: Final = (*MOMENT, "name", "text", "method", "source")
DENIED_FIRST: Final = r"(?i)^\s*(?:no|none|without|negative for|absence of)\b"
DENIED: Final = r"(?i)\b(?:no|not|without|negative|neg|absent|absence|unmutated|wild[- ]?type|wt|intact|normal)\b"
UNTESTED: Final = (
    r"(?i)\bnot[ _](?:tested|done|known|available|assessed|performed|evaluable|reported)\b"
    r"|\bunknown\b|\bpending\b|\bfailed\b"
)
CHANGES: Final = {
    "del(17p)": r"(?i)del(?:etion)?\s*\(?\s*(?:of )?17p|17p[-\s]*(?:del|loss)|loss of 17p",
    "t(4;14)": r"(?i)t\s*\(?\s*4_14",
    "t(14;16)": r"(?i)t\s*\(?\s*14_16",
}
HIGH_RISK: Final = r"(?i)\bhigh[- ]risk\b"
STANDARD_RISK: Final = r"(?i)\bstandard[- ]risk\b"


def texts(course: Course, moments: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Give the texts of the named quantities known at each moment: MOMENT, name, text, method, source. Rows without a
    day count from the infusion they name onwards."""
    if not course.has(*names):
        return pl.DataFrame(schema=dict.fromkeys(TEXTS, pl.String) | {"infusion": pl.Int64})
    dated = course.facts_since(*names, before=EVER).filter(pl.col("text").is_not_null())
    seen = dated.join(moments.select(*MOMENT, "ref"), on=KEYS, how="inner").filter(fits(pl.lit(EVER), pl.lit(0)))
    free = course.facts.filter(
        pl.col("name").is_in(names) & pl.col("clock").is_null() & pl.col("day").is_null() & pl.col("text").is_not_null()
    )
    free = free.with_columns(_named=pl.col("infusion").fill_null(1)).drop("infusion")
    plain = moments.select(MOMENT).join(free, on="patient", how="inner").filter(pl.col("infusion") >= pl.col("_named"))
    return pl.concat([seen.select(TEXTS), plain.select(TEXTS)])


def clauses(course: Course, moments: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Give the clauses of the texts of `texts`, split at semicolons and full stops: MOMENT, name, clause, source.
    Clauses that say only that something was not tested are left out."""
    whole = pl.col("text").str.replace_all(r"(\d)\s*;\s*(\d)", "${1}_$2")
    parts = whole.str.replace_all(r"[.\n]", ";").str.split(";")
    split = texts(course, moments, *names).select(*MOMENT, "name", "source", clause=parts).explode("clause")
    split = split.with_columns(pl.col("clause").str.strip_chars())
    return split.filter((pl.col("clause") != "") & ~pl.col("clause").str.contains(UNTESTED))


def found_or_denied(pattern: str, alone: pl.Expr | None = None) -> pl.Expr:
    """Whether a clause finds (1) or denies (0) what `pattern` names; nothing where it does not say. A denial that does
    not come first is clear only where the thing is named `alone`."""
    first, denied = pl.col("clause").str.contains(DENIED_FIRST), pl.col("clause").str.contains(DENIED)
    clear = first | denied if alone is None else first | (denied & alone)
    said = pl.when(clear).then(0.0).when(~denied).then(1.0)
    return pl.when(pl.col("clause").str.contains(pattern)).then(said)


def read_high_risk(course: Course, moments: pl.DataFrame) -> pl.DataFrame:
    """Add the reading `cytogenetics` of myeloma: 1 with del(17p), t(4;14), t(14;16) or words of high risk, 0 with
    words of standard risk or all three denied, else unknown."""
    said = clauses(course, moments, "cytogenetics")
    alone = pl.sum_horizontal(*(pl.col("clause").str.contains(p).cast(pl.Int64) for p in CHANGES.values())) == 1
    said = said.with_columns(
        *(found_or_denied(p, alone).alias(name) for name, p in CHANGES.items()),
        _words=found_or_denied(HIGH_RISK),
        _standard=pl.col("clause").str.contains(STANDARD_RISK) & ~pl.col("clause").str.contains(DENIED),
    )
    per = said.group_by(MOMENT).agg(
        *(pl.col(name).max() for name in CHANGES),
        pl.col("_words").max(),
        pl.col("_standard").any(),
        source=pl.col("source").drop_nulls().unique().sort(),
    )
    high = pl.max_horizontal(*CHANGES, "_words") == 1
    low = pl.all_horizontal(*(pl.col(name) == 0 for name in CHANGES)) | pl.col("_standard") | (pl.col("_words") == 0)
    number = pl.when(high).then(1.0).when(low).then(0.0)
    words = {1.0: "high-risk cytogenetics", 0.0: "standard-risk cytogenetics"}
    return with_reading(moments, per.with_columns(_number=number), "cytogenetics", words, "cytogenetics not settled")


def with_reading(
    moments: pl.DataFrame, per: pl.DataFrame, item: str, words: dict[float, str], missing: str
) -> pl.DataFrame:
    """Add to moments the reading of one item that `per` (MOMENT, `_number`, source) gives, its note in `words`."""
    every = moments.join(per.select(*MOMENT, "_number", _source="source"), on=MOMENT, how="left", maintain_order="left")
    number = pl.col("_number").cast(pl.Float64)
    note = number.replace_strict(words, default=None, return_dtype=pl.String).fill_null(missing)
    reading = {"lo": number, "hi": number, "note": note, "source": pl.when(number.is_not_null()).then("_source")}
    return every.with_columns(value.alias(f"{item}_{side}") for side, value in reading.items()).drop(
        "_number", "_source"
    )


def covers(course: Course, moments: pl.DataFrame, name: str) -> pl.DataFrame:
    """Give the moments at which rows of `name` are recorded completely: MOMENT columns."""
    spans = course.covered(name).select(*KEYS, "since", "until")
    if spans.is_empty():
        return moments.select(MOMENT).clear()
    both = moments.select(*MOMENT, "ref").join(spans, on=KEYS, how="inner")
    return both.filter(pl.col("ref").is_between(pl.col("since"), pl.col("until"))).select(MOMENT).unique()
