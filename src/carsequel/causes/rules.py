"""Rules of evidence: which record row speaks for or against which cause, and on what paper that reading stands."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import polars as pl

EVIDENCE_SCHEMA: Final[dict[str, Any]] = {
    "patient": pl.String,
    "infusion": pl.Int64,
    "cause": pl.String,
    "direction": pl.String,
    "fact": pl.String,
    "strength": pl.String,
    "facts": pl.String,
    "source": pl.String,
    "status": pl.String,
}
NO_PAPER: Final = "direct observation; no published weight was retrieved"


class Rule(NamedTuple):
    """One row of evidence: `when` picks the fact rows of `seen_facts`, `words` say what they mean for the cause.

    `direction` is `for`, `against` or `missing` (recorded, but nothing published says how to read it). `source` is a
    key of sources.csv, empty where the row is a direct observation; UNVERIFIED rules are off by default.
    """

    cause: str
    direction: str
    when: pl.Expr
    words: str
    strength: str = NO_PAPER
    source: str | None = None
    status: str | None = None


def apply_rules(seen: pl.DataFrame, rules: Iterable[Rule], unverified: bool = False) -> pl.DataFrame:
    """Give one evidence row per rule and fact row that it picks, in the order of the rules."""
    parts = [_one(seen, rule) for rule in rules if unverified or rule.status != "UNVERIFIED"]
    return pl.concat([no_evidence(), *parts])


def no_evidence() -> pl.DataFrame:
    """Give an empty evidence frame."""
    return pl.DataFrame(schema=EVIDENCE_SCHEMA)


def as_evidence(rows: pl.DataFrame) -> pl.DataFrame:
    """Bring a frame into the evidence shape; columns that it lacks become null."""
    missing = [pl.lit(None).alias(name) for name in EVIDENCE_SCHEMA if name not in rows.columns]
    return rows.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in EVIDENCE_SCHEMA.items())


def _one(seen: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    found = seen.filter(rule.when)
    return as_evidence(
        found.with_columns(
            cause=pl.lit(rule.cause),
            direction=pl.lit(rule.direction),
            fact=pl.concat_str(pl.lit(rule.words + ": "), "said"),
            strength=pl.lit(rule.strength),
            facts="source",
            source=pl.lit(rule.source, dtype=pl.String),
            status=pl.lit(rule.status, dtype=pl.String),
        )
    ).unique(maintain_order=True)
