"""What is known about survival after failure, for the top of the page: published rows near this patient."""

from typing import Any, Final

import polars as pl

from carsequel.evidence.rows import evidence_rows, rows_for_option
from carsequel.options.match import in_stratum, match_words
from carsequel.options.selection import selected, time_zero
from carsequel.options.weigh import NO_N, current_verdict
from carsequel.record import Course

COLUMNS: Final = (
    *("id", "cohort", "factor", "population", "era", "outcome", "time_months", "value", "low", "high", "unit"),
    *("interval", "n", "n_note", "n_events", "words", "source", "status", "date_read", "review_by", "note"),
)
# Factors of the outcome of one therapy, which belong to that option and not to the patient.
ONE_THERAPY: Final = "before (?:bispecific|tafa|PD-1|pola|cilta)|RT field|alloHCT|T-cell-engaging"


def prognosis_rows(
    course: Course, verdicts: pl.DataFrame, patient: str, unverified: bool = False
) -> list[dict[str, Any]]:
    """Give published outcomes after failure (survival and response of cohorts with any next therapy, and prognostic
    rows), each with n, era, source, status, `review_by`, `match`,
    `selected` (whom it counts) and `time_zero`; rows counted in another time stratum are left out.

    Empty where failure is neither recorded nor suspected. Raises KeyError where the patient has no verdict.
    """
    verdict = current_verdict(course, verdicts, patient)
    if not verdict["needed"] or verdict["disease"] is None:
        return []
    cohorts = rows_for_option("any", verdict["disease"], unverified).filter(pl.col("outcome").str.contains("OS"))
    factors = evidence_rows("prognosis").filter(
        pl.col("disease").str.split(";").list.contains(verdict["disease"])
        & pl.col("outcome").str.contains("OS|survivor")
        & (pl.lit(unverified) | (pl.col("status") != "UNVERIFIED"))
    )
    rows = pl.concat([cohorts, factors.filter(~pl.col("factor").str.contains(ONE_THERAPY))], how="diagonal_relaxed")
    rows = rows.unique(["source", "value", "unit", "time_months", "n"], keep="first", maintain_order=True)
    when = {name: verdict.get(f"day_{name}") for name in ("low", "high")}
    near = [row for row in rows.to_dicts() if in_stratum(row["population"], verdict["day"], **when) is not False]
    return [_row(row, verdict) for row in near]


def _row(row: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row.get(name) for name in COLUMNS}
    if kept["n"] is None and not kept["n_note"]:
        kept["n_note"] = NO_N
    return kept | {"match": match_words(row, verdict), "selected": selected(row), "time_zero": time_zero(row)}
