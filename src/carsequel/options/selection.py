"""Who is in a cohort: only those who were treated again, and from which day they were counted."""

from functools import cache
from typing import Any, Final

import polars as pl

from carsequel.evidence.intervals import exact_interval
from carsequel.evidence.rows import evidence_rows
from carsequel.terms.tables import read_table

EVERYONE: Final = "everyone who failed, treated again or not"
TREATED: Final = "only patients who were treated with it: those who never were are not counted"
ANY_TREATED: Final = "patients with a next therapy, as far as the source says"
FROM_PROGRESSION: Final = "progression"
FROM_START: Final = "start of this therapy, or not said: the time from progression to it is not counted"
# Cohorts that count everyone from the day of failure.
_FROM_FAILURE: Final = ("S040", "iacoboni2024")


@cache
def treated_shares(disease: str) -> tuple[dict[str, Any], ...]:
    """Give how many of those who failed were treated again, one dictionary a cohort: value (%), low, high, n, n_events,
    interval, said, source, status; empty where no cohort of the disease says it.

    >>> [(row["value"], row["n"]) for row in treated_shares("LBCL")]
    [(64.0, 238), (76.5, 298), (74.0, None)]
    """
    rows = read_table("carsequel.options", "treated.csv").filter(pl.col("disease") == disease).to_dicts()
    return tuple(_share(row) for row in rows)


def treated_words(disease: str) -> str | None:
    """Give the shares of `treated_shares` in one line, None where there are none.

    >>> treated_words("MCL")
    'treated again: 87.4 % (80.6 to 92.5, exact) of 135 (135 less 17 untreated; S078)'
    """
    told = []
    for row in treated_shares(disease):
        limits = "" if row["low"] is None else f" ({row['low']:.1f} to {row['high']:.1f}, exact)"
        size = "" if row["n"] is None else f" of {row['n']}"
        told.append(f"{row['value']:.1f} %{limits}{size} ({row['said']}; {row['source']})")
    return "treated again: " + "; ".join(told) if told else None


def selected(row: dict[str, Any]) -> str:
    """Say whom a row of `evidence/options.csv` or `prognosis.csv` counts."""
    if not _any_option(row):
        return TREATED
    return EVERYONE if _from_failure(row) else ANY_TREATED


def time_zero(row: dict[str, Any]) -> str:
    """Say from which day a row counts: progression, or the start of the therapy."""
    return FROM_PROGRESSION if _any_option(row) and _from_failure(row) else FROM_START


def _any_option(row: dict[str, Any]) -> bool:
    return (row.get("option") or "any") == "any"


def _from_failure(row: dict[str, Any]) -> bool:
    return (row.get("source") or "").split(";")[0] in _FROM_FAILURE and row.get("outcome") != "share of salvaged"


def _share(row: dict[str, Any]) -> dict[str, Any]:
    seen = evidence_rows("options").row(by_predicate=pl.col("id") == row["id"], named=True)
    n = int(row["n"]) if row["n"] else None
    treated = int(row["treated"]) if row["treated"] else None
    value = seen["value"] if treated is None or n is None or seen["unit"] == "%" else 100 * treated / n
    if row["id"].endswith(("/cr", "/orr")) and treated is not None and n is not None:
        value = 100 * treated / n
    events = treated if treated is not None else None if n is None else value / 100 * n
    low, high = (None, None) if events is None or n is None else (100 * float(x[0]) for x in exact_interval(events, n))
    return {
        "value": value,
        "low": low,
        "high": high,
        "n": n,
        "n_events": treated,
        "interval": "none" if low is None else "exact",
        "said": row["said"],
        "source": seen["source"],
        "status": seen["status"],
    }
