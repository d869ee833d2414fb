"""carsequel evidence: the published numbers, each with n, interval and source."""

import polars as pl

from carsequel.evidence.rows import evidence_rows
from carsequel.services.screen import console
from carsequel.terms.sources import cite

TABLES = ("outcomes", "options", "mechanisms", "prognosis", "side_effects", "targets")
MOST_ROWS = 200


def run_evidence(query: list[str]) -> int:
    """Print the rows of all evidence tables in which every word of the query occurs; 1 where there is none."""
    screen = console()
    shown, total = 0, 0
    for table in TABLES:
        rows = _matching(evidence_rows(table), [word.lower() for word in query])
        total += rows.height
        for row in rows.head(MOST_ROWS - shown).to_dicts():
            screen.print(_line(table, row), soft_wrap=True, markup=False)
            shown += 1
    screen.print(f"{total} numbers{'' if shown == total else f', the first {shown} shown: add words to narrow it'}")
    return 0 if total else 1


def _matching(rows: pl.DataFrame, words: list[str]) -> pl.DataFrame:
    text = pl.concat_str(pl.col(pl.String).fill_null(""), separator=" ").str.to_lowercase()
    for word in words:
        rows = rows.filter(text.str.contains(word, literal=True))
    return rows


def _line(table: str, row: dict[str, object]) -> str:
    who = " / ".join(
        str(row[name]) for name in ("disease", "product", "option", "cohort", "population") if row.get(name)
    )
    value = row.get("value")
    said = (
        f"{value:g} {row.get('unit') or ''}".strip() if isinstance(value, (int, float)) else str(row.get("words") or "")
    )
    interval = (
        f" ({row['low']:g}-{row['high']:g})" if row.get("low") is not None and row.get("high") is not None else ""
    )
    n = f", n={row['n']:g}" if isinstance(row.get("n"), (int, float)) else ", n not given"
    mark = "" if row.get("status") == "VERIFIED" else f" [{row.get('status')}]"
    what = row.get("outcome") or row.get("cause") or row.get("factor") or row.get("toxicity") or ""
    return f"[{table}] {who} | {what}: {said}{interval}{n}{mark}\n    {cite(str(row['source']))}"
