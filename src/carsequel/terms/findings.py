"""Findings: the one row shape in which every criterion answers."""

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from carsequel.terms.tables import read_table

FINDING_SCHEMA: Final[dict[str, Any]] = {
    "patient": pl.String,
    "infusion": pl.Int64,
    "criterion": pl.String,
    "kind": pl.String,
    "definition": pl.String,
    "default": pl.Boolean,
    "period": pl.String,
    "start": pl.Float64,
    "end": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "value": pl.Float64,
    "label": pl.String,
    "why": pl.String,
    "facts": pl.String,
    "source": pl.String,
}
KINDS: Final = ("maximum", "episode", "assessment", "best")
KEY: Final = ("patient", "infusion", "criterion", "kind", "period")
ORDER: Final = ("patient", "infusion", "criterion", "kind", "definition", "start")


NO_FINDINGS: Final = pl.DataFrame(schema=FINDING_SCHEMA)


def no_findings() -> pl.DataFrame:
    """Give an empty findings frame."""
    return NO_FINDINGS.clone()


def as_findings(rows: pl.DataFrame, **fixed: object) -> pl.DataFrame:
    """Bring a frame into the finding shape: `fixed` fills columns that are the same in every row.

    `value` is derived where it is absent (low where low = high) and missing columns become null, so that a
    criterion computes only what it knows. Unknown columns are dropped; row order is by patient, infusion and start.
    """
    if rows.is_empty():
        return no_findings()
    held = rows.schema

    def column(name: str) -> pl.Expr:
        kind = FINDING_SCHEMA[name]
        if name in held and name not in fixed:
            return pl.col(name) if held[name] == kind else pl.col(name).cast(kind)
        return pl.lit(fixed.get(name), dtype=kind).alias(name)

    columns = {name: column(name) for name in FINDING_SCHEMA}
    settled = pl.when(columns["low"] == columns["high"]).then(columns["low"])
    columns["value"] = pl.coalesce(columns["value"], settled).alias("value")
    return rows.select(columns.values()).sort(ORDER, nulls_last=True, maintain_order=True)


def join_findings(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Stack findings of several criteria into one frame."""
    return pl.concat([NO_FINDINGS, *(part for part in parts if not part.is_empty())])


def definition_of(**choices: object) -> str:
    """Spell named choices the way the `definition` column carries them.

    >>> definition_of(counting="longest", bridge=2)
    'counting=longest bridge=2'
    """
    return " ".join(f"{name}={choice}" for name, choice in choices.items())


def grade_label(low: str = "low", high: str = "high") -> pl.Expr:
    """Give the words for a graded answer: `grade 3`, `grade 1 to 3`, or `not gradable` where nothing is known."""
    number_low = pl.col(low).cast(pl.Int64).cast(pl.String)
    number_high = pl.col(high).cast(pl.Int64).cast(pl.String)
    return (
        pl.when(pl.col(low).is_null() | pl.col(high).is_null())
        .then(pl.lit("not gradable"))
        .when(pl.col(low) == pl.col(high))
        .then(pl.format("grade {}", number_low))
        .otherwise(pl.format("grade {} to {}", number_low, number_high))
    )


def criteria_table() -> pl.DataFrame:
    """Give the shipped list of criteria: id, meaning, ordered codes, window, choices, status, source."""
    return read_table("carsequel.terms", "criteria.csv")
