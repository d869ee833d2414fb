"""Findings, causes and evidence arranged into the rows of the page's tables; nothing is computed here."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.report.wording import CRITERIA, choices_words, day_words, interval_words, number, words
from carsequel.terms.findings import KEY, criteria_table
from carsequel.terms.lists import CAUSE_GROUPS

Row = Mapping[str, Any]
COMPUTED = {"wilson": "Wilson", "exact": "exact binomial", "bootstrap": "bootstrap"}  # intervals that are not published
_DIRECTIONS: Final = ("for", "against", "missing")


class Told(NamedTuple):
    """One default finding with its episodes and with the named choices that give another answer."""

    row: Row
    name: str
    when: str
    episodes: list[Row]
    others: list[Row]
    status: str


class CauseRow(NamedTuple):
    cause: str
    evidence: dict[str, list[Row]]
    prob: Row


def told_findings(rows: Sequence[Row], findings: pl.DataFrame) -> list[Told]:
    """Give one entry per default finding that is not an episode: its episodes, and the choices that disagree.

    `rows` are findings of the answer; `findings` (all of this patient's) is searched too for other named choices.
    """
    every = _unique([*rows, *findings.iter_rows(named=True)])
    lead = [row for row in rows if row.get("default") is not False and row.get("kind") != "episode"]
    led = {(r.get("infusion"), r.get("criterion")) for r in lead}
    alone = [row for row in rows if (row.get("infusion"), row.get("criterion")) not in led]
    lead += [row for row in alone if row.get("default") is not False]
    return [_told(row, every) for row in lead]


ALWAYS_SHOWN: Final = ("crs.astct2019", "icans.astct2019", "icaht_early.eha2023", "icaht_late.eha2023")


def without_answer(entries: Sequence[Told]) -> tuple[list[Told], list[Told]]:
    """Part the entries that say something from those for which the record has nothing; the main reactions always
    stand with the first."""
    answered = [
        each
        for each in entries
        if each.row.get("low") is not None
        or each.row.get("high") is not None
        or each.row.get("value") is not None
        or each.row.get("criterion") in ALWAYS_SHOWN
    ]
    return answered, [each for each in entries if each not in answered]


def _told(row: Row, every: list[Row]) -> Told:
    same = [r for r in every if r.get("infusion") == row.get("infusion") and r.get("criterion") == row.get("criterion")]
    episodes = [r for r in same if r.get("kind") == "episode" and r.get("default") is not False and r is not row]
    others = [r for r in same if r.get("default") is False and _key(r) == _key(row) and _answer(r) != _answer(row)]
    others = [r for r in others if not str(r.get("definition") or "").startswith("basis=stated")]
    rule = row.get("criterion")
    return Told(row, criterion_name(rule), when_words(row), episodes, others, rule_status(rule))


def _unique(rows: Iterable[Row]) -> list[Row]:
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        kept.setdefault((*_key(row), row.get("definition"), row.get("start")), row)
    return list(kept.values())


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in KEY if name != "patient")


def _answer(row: Row) -> tuple[Any, ...]:
    return (row.get("low"), row.get("high"), row.get("label"))


def when_words(row: Row) -> str:
    """Give the days of a finding: onset to end where both are known."""
    return day_words(row.get("start"), row.get("end")) if row.get("start") is not None else ""


def rule_meaning(criterion: object) -> str:
    """Give what a criterion is, from the shipped list of criteria; nothing for one that is not in it."""
    return (_listed_criteria().get(str(criterion)) or {}).get("what") or ""


def rule_status(criterion: object) -> str:
    """Give whether a criterion's numbers are verified, from the shipped list; nothing for one that is not in it."""
    return (_listed_criteria().get(str(criterion)) or {}).get("status") or ""


def criterion_name(criterion: object) -> str:
    """Give the short name of a criterion, or what the shipped list says it is."""
    if criterion in CRITERIA:
        return CRITERIA[str(criterion)]
    return rule_meaning(criterion) or words(criterion)


@cache
def _listed_criteria() -> dict[str, Row]:
    return {row["id"]: row for row in criteria_table().iter_rows(named=True)}


def causes_by_heading(causes: Row) -> dict[str, list[CauseRow]]:
    """Give every cause that the answer speaks of under the five headings, unknown ones last; nothing where
    causes do not apply."""
    if causes.get("applicable") is False:
        return {}
    present = causes.get("present") or {}
    evidence = causes.get("evidence") or []
    told = dict.fromkeys([*present, *(row["cause"] for row in evidence if row.get("cause"))])
    known = {cause for group in CAUSE_GROUPS.values() for cause in group}
    groups = {**CAUSE_GROUPS, "other": tuple(cause for cause in told if cause not in known)}
    return {
        heading: [_cause(str(cause), evidence, present) for cause in group if cause in told]
        for heading, group in groups.items()
        if any(cause in told for cause in group)
    }


def computed_shares(causes: Row) -> dict[str, Row]:
    """Give the shares that carry a number, as value with low and high; empty where none was computed."""
    shares = {cause: prob for cause, prob in (causes.get("shares") or {}).items() if prob and prob.get("p") is not None}
    return {name: {"value": p["p"], "low": p.get("low"), "high": p.get("high")} for name, p in shares.items()}


def _cause(cause: str, evidence: Sequence[Row], present: Row) -> CauseRow:
    own = [row for row in evidence if row.get("cause") == cause]
    sides: dict[str, list[Row]] = {side: [row for row in own if direction(row) == side] for side in _DIRECTIONS}
    return CauseRow(cause, sides, present.get(cause) or {})


def direction(row: Row) -> str:
    """Give the side an evidence row stands on, whether it is named in `direction` or is itself a key of the row.

    >>> direction({"direction": "against"}), direction({"for": "CD19 negative"}), direction({})
    ('against', 'for', 'missing')
    """
    if row.get("direction") in _DIRECTIONS:
        return str(row["direction"])
    return next((side for side in _DIRECTIONS if row.get(side)), "missing")


def fact_words(row: Row) -> str:
    """Give the words of an evidence row: `fact`, or the text under its side."""
    told = row.get("fact") or row.get(direction(row))
    return str(told) if told and told is not True else "not recorded"


def evidence_words(row: Row) -> str:
    """Give one published number: outcome, when, value with interval; words where the paper gives no number.

    >>> evidence_words({"outcome": "CR", "value": 34.0, "unit": "%", "low": 22.0, "high": 47.0, "interval": "wilson"})
    'CR 34 % (22 to 47, Wilson)'
    >>> evidence_words({"outcome": "OS", "time_months": 6.0, "value": 47.9, "unit": "%"})
    'OS at 6 months 47.9 %'
    """
    outcome = words(row["outcome"]) if row.get("outcome") not in (None, "", "note") else ""
    if row.get("time_months") is not None:
        outcome += f" at {number(row['time_months'])} months"
    if row.get("value") is None and row.get("words"):
        return f"{outcome} {row['words']}".strip()
    told = interval_words(row)
    how = COMPUTED.get(str(row.get("interval")))
    if how and told.endswith(")"):
        told = f"{told[:-1]}, {how})"
    factor = f"{words(row['factor'])}: " if row.get("factor") else ""
    return f"{factor}{outcome} {told}".strip()


def size_words(row: Row) -> str:
    """Give how many patients a published number stands on.

    >>> size_words({"n": 61}), size_words({"n": 16, "n_events": 10}), size_words({"n_note": "424-434"}), size_words({})
    ('n = 61', '10 of 16', 'n: 424-434', 'n not given')
    """
    if row.get("n") is None:
        return f"n: {row['n_note']}" if row.get("n_note") else "n not given"
    return f"{number(row['n_events'])} of {number(row['n'])}" if row.get("n_events") is not None else f"n = {row['n']}"


def by_cohort(evidence: Sequence[Row]) -> list[list[Row]]:
    """Give published numbers in groups that share cohort, size, source, status and match, in the order they came."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    shared = ("cohort", "population", "era", "n", "n_events", "n_note", "source", "status", "match")
    for row in evidence:
        groups.setdefault(tuple(str(row.get(name)) for name in shared), []).append(row)
    return list(groups.values())


def basis_words(row: Row) -> list[tuple[str, str]]:
    """Give what a finding stands on, as pairs of a heading and its words: rule, named choices, rows of the record."""
    pairs = [
        ("rule", rule_meaning(row.get("criterion")) or words(row.get("criterion"))),
        ("choices", choices_words(row["definition"]) if row.get("definition") else ""),
        ("period", str(row.get("period") or "")),
        ("rows", str(row.get("facts") or "no row named")),
    ]
    return [(name, text) for name, text in pairs if text]
