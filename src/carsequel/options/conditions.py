"""Conditions of a gate and how they join: closed if one fails, unknown if one is unknown, open if all hold."""

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

CONDITION_SCHEMA: Final[dict[str, Any]] = {
    "patient": pl.String,
    "infusion": pl.Int64,
    "option": pl.String,
    "holds": pl.Boolean,
    "reason": pl.String,
    "decides": pl.String,
    "facts": pl.String,
}
KEY: Final = ["patient", "infusion", "option"]


def as_conditions(rows: pl.DataFrame, option: str | None = None) -> pl.DataFrame:
    """Bring a frame into the shape of conditions: `holds` true, false or null (unknown), `reason`, `decides` (the fact
    that would settle an unknown), `facts` (record rows). `option` fills that column; lacking columns become null."""
    if option is not None:
        rows = rows.with_columns(option=pl.lit(option))
    lacking = [pl.lit(None).alias(name) for name in CONDITION_SCHEMA if name not in rows.columns]
    return rows.with_columns(lacking).select(pl.col(name).cast(kind) for name, kind in CONDITION_SCHEMA.items())


def join_conditions(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Give one row per patient, infusion and option: gate, why (list), decides, facts.

    >>> rows = [{"patient": "a", "infusion": 1, "option": "tki", "holds": h, "reason": r, "decides": "a test"}
    ...         for h, r in ((True, "failed"), (None, "not tested"))]
    >>> join_conditions([as_conditions(pl.DataFrame(rows))]).select("gate", "decides").row(0)
    ('unknown', 'a test')
    """
    rows = pl.concat([pl.DataFrame(schema=CONDITION_SCHEMA), *parts])
    bad = (~pl.col("holds")).fill_null(False)
    unsure = pl.col("holds").is_null()
    joined = rows.group_by(KEY, maintain_order=True).agg(
        _closed=bad.any(),
        _unknown=unsure.any(),
        why=pl.col("reason").drop_nulls().unique(maintain_order=True),
        decides=pl.col("decides").filter(unsure).drop_nulls().unique(maintain_order=True),
        facts=pl.col("facts").drop_nulls().unique(maintain_order=True),
    )
    gate = pl.when("_closed").then(pl.lit("closed")).when("_unknown").then(pl.lit("unknown")).otherwise(pl.lit("open"))
    settled = pl.when((gate == "unknown") & (pl.col("decides").list.len() > 0))
    return joined.select(
        *KEY,
        gate=gate,
        why="why",
        decides=settled.then(pl.col("decides").list.join("; ")),
        facts=pl.col("facts").list.join("; "),
    )
