"""Where cohorts disagree: the same outcome, disease and subject, and intervals that do not meet."""

from functools import cache
from typing import Final

import polars as pl

from carsequel.evidence.rows import TABLES, evidence_rows

SUBJECT: Final = {
    "outcomes": "product",
    "options": "option",
    "mechanisms": "cause",
    "prognosis": "factor",
    "side_effects": "toxicity",
    "targets": "therapy",
}
# Not outcomes of a treatment but descriptions of who was in the cohort: they may differ without a conflict.
_DESCRIBES: Final = (
    r"^(?:note|follow-up|median follow-up|baseline|share of|treated|received|supportive|untreated|lines|HR )"
)
_SHOWN: Final = ("id", "cohort", "population", "value", "low", "high", "n", "source", "status")


def conflicting_rows(table: str, include_unverified: bool = False) -> pl.DataFrame:
    """Give the pairs of rows of one table that conflict: disease, subject, outcome, time_months, unit and, for each of
    the two, id, cohort, population, value, low, high, n, source, status (`_other` on the second).

    Two rows conflict where disease, subject (product, option, cause, factor, toxicity or therapy), outcome, time and
    unit agree, the cohorts and their sources differ, both have an interval, published or computed, and the two
    intervals do not meet. Populations may differ and stand beside: a conflict says that cohorts cannot be pooled, and
    not which of them is right.

    >>> conflicting_rows("options").select("subject", "cohort", "cohort_other").row(0)
    ('loncastuximab', 'LOTIS-2', '21 US centres')
    """
    rows = _comparable(table, include_unverified)
    key = ["disease", "subject", "outcome", "unit", "time_months"]
    pairs = rows.join(rows, on=key, how="inner", suffix="_other", nulls_equal=True)
    one_way = pl.col("_at") < pl.col("_at_other")
    apart = (pl.col("low") > pl.col("high_other")) | (pl.col("low_other") > pl.col("high"))
    foreign = (pl.col("source") != pl.col("source_other")) & (pl.col("cohort") != pl.col("cohort_other")).fill_null(
        True
    )
    others = [f"{name}_other" for name in _SHOWN]
    found = pairs.filter(one_way & apart & foreign).sort("_at", "_at_other")
    return found.select(pl.lit(table).alias("table"), *key, *_SHOWN, *others)


@cache
def conflict_words() -> dict[str, str]:
    """Give, per id of a row that conflicts with others, what they say: cohort, value, interval and source."""
    said: dict[str, list[str]] = {}
    for table in TABLES:
        for row in conflicting_rows(table).to_dicts():
            said.setdefault(row["id"], []).append(_words(row, "_other"))
            said.setdefault(row["id_other"], []).append(_words(row, ""))
    return {key: "; ".join(dict.fromkeys(words)) for key, words in said.items()}


def _comparable(table: str, include_unverified: bool) -> pl.DataFrame:
    rows = evidence_rows(table).with_row_index("_at").with_columns(subject=pl.col(SUBJECT[table]))
    rows = rows.filter(
        pl.col("low").is_not_null() & pl.col("high").is_not_null(),
        (pl.col("interval") != "none"),
        ~pl.col("outcome").str.contains(_DESCRIBES),
        pl.lit(include_unverified) | (pl.col("status") != "UNVERIFIED"),
    )
    each = rows.with_columns(pl.col("disease").str.split(";"), pl.col("subject").str.split(";"))
    return each.explode("disease").explode("subject").filter(pl.col("subject").is_not_null())


def _words(row: dict[str, object], side: str) -> str:
    value, low, high = (row[f"{name}{side}"] for name in ("value", "low", "high"))
    told = f"{value:g} ({low:.3g} to {high:.3g}) {row['unit']}"
    return f"{row[f'cohort{side}']}, {row[f'population{side}']}: {told} ({row[f'source{side}']})"
