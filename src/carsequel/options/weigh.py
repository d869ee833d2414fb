"""The options of one patient in the shape of the answer: gate, reasons, the deciding fact and the evidence."""

from typing import Any, Final

import polars as pl

from carsequel.evidence.rows import rows_for_option
from carsequel.options.gates import gate_options
from carsequel.options.match import match_words
from carsequel.options.needed import options_needed
from carsequel.options.table import options_table
from carsequel.record import Course

EVIDENCE: Final = (
    *("id", "cohort", "option_words", "population", "era", "design", "outcome", "time_months", "value", "low", "high"),
    *("unit", "interval", "n", "n_note", "n_events", "words", "source", "status", "note"),
)
NO_COHORT: Final = "no cohort of this option after CAR-T in this disease was retrieved"
NO_N: Final = "number of patients not given"


def weigh_options(
    course: Course, verdicts: pl.DataFrame, patient: str, unverified: bool = False
) -> list[dict[str, Any]]:
    """Give the options of one patient, in the order of the fixed list and never ranked: option, title, kind, status (of
    its use in the disease), gate, why, decides, facts, evidence, projected (null here) and note. Empty where none is
    needed (`options_needed` says why).

    Each evidence row carries its n (or says that none is given), status, source and `match`: how the cohort resembles
    this patient. UNVERIFIED rows stay out unless asked for. Raises KeyError where the patient has no verdict.
    """
    verdict = current_verdict(course, verdicts, patient)
    gates = gate_options(course.only(patient), verdicts.filter(pl.col("patient") == patient))
    titles = {row["option"]: row for row in options_table().to_dicts()}
    return [_option(gate, titles[gate["option"]], verdict, unverified) for gate in gates.to_dicts()]


def current_verdict(course: Course, verdicts: pl.DataFrame, patient: str) -> dict[str, Any]:
    """Give the verdict after the patient's last infusion, with `needed` and `reason`. Raises KeyError without one."""
    own = options_needed(course.only(patient), verdicts.filter(pl.col("patient") == patient))
    if own.is_empty():
        raise KeyError("no verdict for this patient; give a patient id that the verdicts frame holds")
    return own.row(0, named=True)


def _option(gate: dict[str, Any], about: dict[str, Any], verdict: dict[str, Any], unverified: bool) -> dict[str, Any]:
    evidence = _evidence(gate["option"], verdict, unverified)
    notes = [about["note"], None if evidence else NO_COHORT]
    return {
        "option": gate["option"],
        "title": about["title"],
        "kind": about["kind"],
        "status": about["status"],
        "gate": gate["gate"],
        "why": gate["why"],
        "decides": gate["decides"],
        "facts": gate["facts"],
        "evidence": evidence,
        "projected": None,
        "note": "; ".join(note for note in notes if note) or None,
    }


def _evidence(option: str, verdict: dict[str, Any], unverified: bool) -> list[dict[str, Any]]:
    disease = verdict["disease"]
    if disease is None:
        return []
    rows = rows_for_option(option, disease, unverified).to_dicts()
    return [_row(row, verdict) for row in rows]


def _row(row: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row.get(name) for name in EVIDENCE}
    if kept["n"] is None and not kept["n_note"]:
        kept["n_note"] = NO_N
    return kept | {"match": match_words(row, verdict)}
