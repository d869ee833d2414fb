"""Small records and verdicts, as fixtures for the rooms that read both."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import pytest

from carsequel.record import Course
from carsequel.record.normalise import course_from_tables
from carsequel.terms.products import target_from_text

VERDICT = {
    "patient": pl.String,
    "infusion": pl.Int64,
    "disease": pl.String,
    "product": pl.String,
    "target": pl.String,
    "state": pl.String,
    "type": pl.String,
    "antigen": pl.String,
    "timing": pl.String,
    "day": pl.Float64,
    "day_low": pl.Float64,
    "day_high": pl.Float64,
    "definition": pl.String,
    "why": pl.String,
    "biopsy_proven": pl.Boolean,
}


def _text(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.all().cast(pl.String))


def make_course(
    facts: list[dict[str, Any]],
    spans: list[dict[str, Any]] | None = None,
    infusions: list[dict[str, Any]] | None = None,
    disease: str = "LBCL",
    product: str = "axi-cel",
    people: Sequence[str] = ("p",),
) -> Course:
    """Give the record of one patient from its own facts, spans and infusions; of several where rows name theirs."""
    own = [{"patient": "p"} | row for row in facts] or [{"patient": "p", "name": "anc", "value": "1", "unit": "10^9/L"}]
    tables = {
        "patients": _text([{"patient": name, "disease": disease} for name in people]),
        "infusions": _text(
            infusions or [{"patient": name, "infusion": 1, "day": 0, "product": product} for name in people]
        ),
        "facts": _text(own),
    }
    if spans:
        tables["spans"] = _text([{"patient": "p", "name": "drug"} | row for row in spans])
    return course_from_tables(tables)


def make_verdicts(**cells: Any) -> pl.DataFrame:
    """Give the verdict of one infusion: a relapse of lymphoma on day 100, unless a cell says otherwise."""
    row = {"patient": "p", "infusion": 1, "disease": "LBCL", "product": "axi-cel", "state": "failed", "type": "relapse"}
    row |= {"day": 100.0, "definition": "failure.descart2022"} | cells
    row = {"target": target_from_text(row["product"]), "day_low": row["day"], "day_high": row["day"]} | row
    return pl.DataFrame([row], schema_overrides=VERDICT).with_columns(
        pl.lit(None, dtype=kind).alias(name) for name, kind in VERDICT.items() if name not in row
    )


@pytest.fixture
def course() -> Callable[..., Course]:
    """The maker of small records."""
    return make_course


@pytest.fixture
def verdicts() -> Callable[..., pl.DataFrame]:
    """The maker of verdicts of one infusion."""
    return make_verdicts
