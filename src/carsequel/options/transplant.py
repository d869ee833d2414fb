"""Stem-cell transplantation after CAR-T failure: remission first, and for an allogeneic one a donor."""

from typing import Final

import polars as pl

from carsequel.causes.seen import has, seen_facts
from carsequel.options.conditions import as_conditions
from carsequel.record import Course

REMISSION: Final = ("cr", "cri", "crh", "scr", "cmr")
_KEY: Final = ["patient", "infusion"]
_BETTER: Final = "CR at transplantation went with better outcome (S042)"
_NO: Final = r"^(?:no|none|not|without|unavailable)\b"
_YES: Final = r"^(?:yes|available|matched|sibling|unrelated|related|haplo\w*|cord|mud|msd|mmud)\b"


def transplant_conditions(course: Course, pairs: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the conditions of `allo_hct` (remission, donor) and `auto_hct` (remission)."""
    rows = pairs.filter(pl.col("kind") == "transplant")
    donors = _donor(course, rows.filter(pl.col("option") == "allo_hct"), verdicts)
    return pl.concat([_remission(course, rows, verdicts), donors])


def _remission(course: Course, rows: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    seen = seen_facts(course, verdicts, "response").filter(pl.col("at_failure")).sort("since", nulls_last=False)
    last = seen.group_by(_KEY, maintain_order=True).agg(
        in_remission=has(*REMISSION).last(), said=pl.col("said").last(), facts=pl.col("source").last()
    )
    both = rows.join(last, on=_KEY, how="left", maintain_order="left")
    known = pl.col("in_remission").fill_null(False)
    reason = (
        pl.when(known)
        .then(pl.format("in remission again: {}", "said"))
        .when(pl.col("said").is_null())
        .then(pl.lit(f"no remission recorded since the failure; {_BETTER}"))
        .otherwise(pl.format("no remission since the failure, last: {}; {}", "said", pl.lit(_BETTER)))
    )
    holds = pl.when(known).then(True)
    return as_conditions(
        both.with_columns(holds=holds, reason=reason, decides=pl.lit("a remission by the next therapy"))
    )


def _donor(course: Course, rows: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    seen = seen_facts(course, verdicts, "donor").sort("since", nulls_last=False)
    last = seen.unique(_KEY, keep="last", maintain_order=True).select(*_KEY, "text", "said", facts="source")
    both = rows.join(last, on=_KEY, how="left", maintain_order="left")
    no, yes = pl.col("text").str.contains(_NO), pl.col("text").str.contains(_YES)
    holds = pl.when(no.fill_null(False)).then(False).when(yes.fill_null(False)).then(True)
    reason = pl.when(pl.col("said").is_null()).then(pl.lit("donor not recorded")).otherwise("said")
    return as_conditions(both.with_columns(holds=holds, reason=reason, decides=pl.lit("donor search")))
