"""carsequel evidence: the published numbers, each with n, interval, source, doubts and the day it was read."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from carsequel.evidence.conflicts import conflict_words
from carsequel.evidence.review import is_stale
from carsequel.evidence.rows import TABLES, evidence_rows
from carsequel.services.screen import console
from carsequel.terms.sources import cite

MOST_ROWS = 200
COMPUTED = {"exact": ", exact binomial, computed here", "wilson": ", Wilson, computed"}


def run_evidence(query: list[str], today: date | None = None) -> int:
    """Print the rows of all evidence tables in which every word of the query occurs; 1 where there is none.

    Each row has its n and interval, says where other cohorts disagree, what is not verified and what is past its
    review date as of `today` (default: the day of this computer).
    """
    screen = console()
    today = today or datetime.now(UTC).date()
    disagree = conflict_words()
    shown, total = 0, 0
    for table in TABLES:
        rows = _matching(evidence_rows(table), [word.lower() for word in query])
        total += rows.height
        for row in rows.head(MOST_ROWS - shown).to_dicts():
            for line in _lines(table, row, disagree.get(row["id"]), today):
                screen.print(line, soft_wrap=True, markup=False)
            shown += 1
    screen.print(f"{total} numbers{'' if shown == total else f', the first {shown} shown: add words to narrow it'}")
    return 0 if total else 1


def _matching(rows: pl.DataFrame, words: list[str]) -> pl.DataFrame:
    text = pl.concat_str(pl.col(pl.String).fill_null(""), separator=" ").str.to_lowercase()
    for word in words:
        rows = rows.filter(text.str.contains(word, literal=True))
    return rows


def _lines(table: str, row: dict[str, Any], conflict: str | None, today: date) -> list[str]:
    who = " / ".join(
        str(row[name]) for name in ("disease", "product", "option", "cohort", "population") if row.get(name)
    )
    what = row.get("outcome") or row.get("cause") or row.get("factor") or row.get("toxicity") or ""
    month = f" at {row['time_months']:g} months" if row.get("time_months") is not None else ""
    scale = f" [{row['scale']} scale]" if row.get("scale") else ""
    mark = "" if row["status"] == "VERIFIED" else f" [{row['status']}]"
    lines = [f"[{table}] {who} | {what}{month}: {_number(row)}{_size(row)}{scale}{mark}"]
    lines.append(f"    {cite(str(row['source']))}; {row['design']}; role {row['role']}; read {row['date_read']}")
    if conflict:
        lines.append(f"    CONFLICT with {conflict}")
    if is_stale(row["review_by"], today):
        lines.append(f"    STALE: due for another look since {row['review_by']}")
    return lines


def _number(row: dict[str, Any]) -> str:
    if row["value"] is None:
        return str(row["words"] or "")
    said = f"{row['value']:g} {row['unit'] or ''}".strip()
    low, high = (None if row[side] is None else f"{row[side]:.3g}" for side in ("low", "high"))
    if low is None:
        return said
    return f"{said} ({low} to {high or 'not reached'}{COMPUTED.get(str(row['interval']), '')})"


def _size(row: dict[str, Any]) -> str:
    if row["n"] is None:
        return f", n: {row['n_note'] or 'not given'}"
    return f", {row['n_events']} of {row['n']}" if row["n_events"] is not None else f", n={row['n']}"
