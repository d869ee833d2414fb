"""Published numbers in the answers: each with n, interval, source and mark, in the field's words and in plain ones."""

from datetime import date
from functools import cache
from typing import Any, Final

import polars as pl

from carsequel.evidence import is_stale
from carsequel.evidence.conflicts import conflict_words
from carsequel.evidence.rows import evidence_rows
from carsequel.terms.tables import read_table

PLACE: Final = "carsequel.answering.questions"
KEPT: Final = (
    *("id", "cohort", "population", "outcome", "factor", "time_months", "value", "low", "high", "unit", "interval"),
    *("n", "n_note", "n_events", "words", "source", "status", "review_by"),
)
COMPUTED: Final = {"exact": "exact binomial, computed", "wilson": "Wilson, computed"}
NO_N: Final = "number not given"


def points_for(question: str, disease: str | None, today: date | None = None) -> list[dict[str, Any]]:
    """Give the published rows that answer a question in a disease: text (with n, interval and mark), plain (or null),
    n, source, status, stale (null without `today`), conflict (what other cohorts say, or null), subject and linked (of
    a marker), and the row's numbers. UNVERIFIED rows never come."""
    chosen = [row for row in _chosen() if row["question"] == question and _belongs(row["diseases"], disease)]
    return [_point(row, _row(str(row["table"]), str(row["id"])), today) for row in chosen]


@cache
def _chosen() -> list[dict[str, Any]]:
    return read_table(PLACE, "rows.csv").to_dicts()


@cache
def _conflicts() -> dict[str, str]:
    return conflict_words()


def _row(table: str, name: str) -> dict[str, Any]:
    found = evidence_rows(table).filter((pl.col("id") == name) & (pl.col("status") != "UNVERIFIED")).to_dicts()
    if not found:
        raise KeyError(f"no usable evidence row {name} in {table}; correct rows.csv of the questions")
    return {column: found[0].get(column) for column in KEPT}


def _belongs(diseases: str, disease: str | None) -> bool:
    return diseases == "*" or (disease or "") in diseases.split()


def _point(chosen: dict[str, Any], row: dict[str, Any], today: date | None) -> dict[str, Any]:
    stale = None if today is None else is_stale(row["review_by"], today)
    conflict = _conflicts().get(row["id"])
    text = point_words(row)
    if conflict:
        text += f"; another cohort disagrees: {conflict}"
    if stale:
        text += f"; STALE: to be looked up again since {row['review_by']}"
    made = {"text": text, "plain": _plain(chosen["plain"], row), "stale": stale, "conflict": conflict}
    return row | made | {"subject": chosen["subject"], "linked": _linked(chosen, row)}


def disputed(points: list[dict[str, Any]]) -> list[str]:
    """Give the markers on which cohorts disagree, in words: one linked it with the outcome, another did not."""
    said = []
    for subject in dict.fromkeys(point["subject"] for point in points if point["subject"]):
        own = [point for point in points if point["subject"] == subject and point["linked"] is not None]
        if {point["linked"] for point in own} == {True, False}:
            parts = [f"{'linked' if p['linked'] else 'not linked'} ({n_words(p)}, {p['source']})" for p in own]
            said.append(f"{subject}: {', '.join(parts)}")
    return said


def _linked(chosen: dict[str, Any], row: dict[str, Any]) -> bool | None:
    """Tell whether a row links its marker with the outcome: a ratio whose interval leaves out 1, or what was said."""
    if chosen["says"]:
        return bool(chosen["says"] == "linked")
    if row["unit"] != "ratio" or row["low"] is None or row["high"] is None:
        return None
    return not row["low"] <= 1 <= row["high"]


def point_words(row: dict[str, Any]) -> str:
    """Give one published number for the clinician.

    >>> row = {"outcome": "CR", "value": 50.0, "low": 18.7, "high": 81.3, "unit": "%", "interval": "exact", "n": 10}
    >>> point_words(row | {"cohort": "CHOP/Penn", "population": "B-ALL", "source": "S059", "status": "VERIFIED"})
    'CR 50 % (18.7 to 81.3, exact binomial, computed), n = 10, B-ALL, CHOP/Penn [S059]'
    """
    outcome = "" if row["outcome"] == "note" else str(row["outcome"])
    if row.get("time_months") is not None:
        outcome += f" at {row['time_months']:g} months"
    value = row.get("words") or "not reached" if row.get("value") is None else _amount(row)
    who = ", ".join(dict.fromkeys(str(row[name]) for name in ("population", "cohort") if row.get(name)))
    mark = "" if row["status"] == "VERIFIED" else f" {row['status']}"
    bare = row["outcome"] == "note" or str(row["outcome"]).startswith(("HR", "RR", "C-stat"))
    factor = f"{row['factor']}: " if row.get("factor") and bare else ""
    return f"{factor}{outcome} {value}, {n_words(row)}, {who} [{row['source']}]{mark}".replace("  ", " ").strip()


def _amount(row: dict[str, Any]) -> str:
    unit = "" if row.get("unit") in (None, "1", "ratio") else f" {row['unit']}"
    low, high = row.get("low"), row.get("high")
    if low is None and high is None:
        return f"{row['value']:.3g}{unit}"
    ends = f"{_bound(low)} to {_bound(high)}"
    how = COMPUTED.get(str(row.get("interval")), "")
    return f"{row['value']:.3g}{unit} ({ends}{', ' + how if how else ''})"


def _bound(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.3g}"


def n_words(row: dict[str, Any]) -> str:
    """Give how many patients a number stands on; where none is given, what is known of it.

    >>> n_words({"n": 16, "n_events": 10}), n_words({"n_note": "31 % of 204"}), n_words({})
    ('10 of n = 16', 'n: 31 % of 204', 'n: number not given')
    """
    if row.get("n") is None:
        return f"n: {row.get('n_note') or NO_N}"
    counted = f"{row['n_events']} of " if row.get("n_events") is not None else ""
    return f"{counted}n = {row['n']}"


def _plain(template: str | None, row: dict[str, Any]) -> str | None:
    """Fill a plain sentence; a row whose n is not known gives none, because no number may stand without it."""
    if not template or row["value"] is None or row["n"] is None:
        return None
    size = f"a group of {row['n']} people"

    def written(number: float) -> str:
        return f"{int(number + 0.5)}" if row["unit"] == "%" else f"{number:.3g}"

    low, high = row["low"], row["high"]
    spread = "" if low is None or high is None else f" (it may be anything from {written(low)} to {written(high)})"
    return template.format(group=size, value=written(row["value"]), range=spread)
