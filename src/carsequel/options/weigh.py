"""The options of one patient in the shape of the answer: gate, reasons, the deciding fact, evidence, projection."""

from typing import Any, Final

import polars as pl

from carsequel.evidence.conflicts import conflict_words
from carsequel.evidence.rows import rows_for_option
from carsequel.options.after_failure import project_option
from carsequel.options.gates import gate_options
from carsequel.options.match import by_time, match_words
from carsequel.options.needed import options_needed
from carsequel.options.patient import patient_context, prognostic_factors
from carsequel.options.selection import selected, time_zero, treated_shares, treated_words
from carsequel.options.table import options_table
from carsequel.record import Course

EVIDENCE: Final = (
    *("id", "cohort", "option_words", "population", "era", "design", "outcome", "time_months", "value", "low", "high"),
    *("unit", "interval", "n", "n_note", "n_events", "scale", "words", "source", "status", "date_read", "review_by"),
    "note",
)
NO_COHORT: Final = "no cohort of this option after CAR-T in this disease was retrieved"
NO_N: Final = "number of patients not given"
NOT_BY_TIME: Final = "no cohort of this option was counted by time to failure"
NOT_BY_LDH: Final = "LDH is raised here, and no cohort of this option was counted by LDH"


def weigh_options(
    course: Course, verdicts: pl.DataFrame, patient: str, unverified: bool = False
) -> list[dict[str, Any]]:
    """Give the options of one patient, in the order of the fixed list and never ranked: option, title, kind, status (of
    its use in the disease), gate, why, decides, facts, evidence, cautions, treated (shares of the failures that were
    treated again), projected (`project_option`) and note. Empty where none is needed (`options_needed` says why).

    Each evidence row carries its n (or says that none is given), status, source, `review_by`, `match` (how the cohort
    resembles this patient), `selected` (whom it counts), `time_zero` and `conflict` (which cohorts disagree).
    UNVERIFIED rows stay out unless asked for. Raises KeyError where the patient has no verdict.
    """
    verdict = current_verdict(course, verdicts, patient)
    own = course.only(patient)
    gates = gate_options(own, verdicts.filter(pl.col("patient") == patient)).to_dicts()
    if not gates:
        return []
    context = patient_context(own, verdict)
    factors = prognostic_factors(own, verdict)
    titles = {row["option"]: row for row in options_table().to_dicts()}
    return [_option(gate, titles[gate["option"]], context, factors, unverified) for gate in gates]


def current_verdict(course: Course, verdicts: pl.DataFrame, patient: str) -> dict[str, Any]:
    """Give the verdict after the patient's last infusion, with `needed` and `reason`. Raises KeyError without one."""
    own = options_needed(course.only(patient), verdicts.filter(pl.col("patient") == patient))
    if own.is_empty():
        raise KeyError("no verdict for this patient; give a patient id that the verdicts frame holds")
    return own.row(0, named=True)


def _option(
    gate: dict[str, Any],
    about: dict[str, Any],
    context: dict[str, Any],
    factors: dict[str, int] | None,
    unverified: bool,
) -> dict[str, Any]:
    option, disease = gate["option"], context["disease"]
    evidence = _evidence(option, context, unverified)
    notes = [about["note"], None if evidence else NO_COHORT]
    return {
        "option": option,
        "title": about["title"],
        "kind": about["kind"],
        "status": about["status"],
        "gate": gate["gate"],
        "why": gate["why"],
        "decides": gate["decides"],
        "facts": gate["facts"],
        "evidence": evidence,
        "cautions": _cautions(evidence, context) if about["kind"] != "care" else [],
        "treated": list(treated_shares(disease)) if disease and about["kind"] != "care" else [],
        "projected": project_option(option, about["kind"], disease, context["day"], factors),
        "note": "; ".join(note for note in notes if note) or None,
    }


def _evidence(option: str, context: dict[str, Any], unverified: bool) -> list[dict[str, Any]]:
    if context["disease"] is None:
        return []
    return [_row(row, context) for row in rows_for_option(option, context["disease"], unverified).to_dicts()]


def _row(row: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row.get(name) for name in EVIDENCE}
    if kept["n"] is None and not kept["n_note"]:
        kept["n_note"] = NO_N
    about = {"match": match_words(row, context), "selected": selected(row), "time_zero": time_zero(row)}
    return kept | about | {"conflict": conflict_words().get(row["id"])}


def _cautions(evidence: list[dict[str, Any]], context: dict[str, Any]) -> list[str]:
    """Say what was not published by what matters here, who is missing from the cohorts, and where they disagree."""
    if not evidence:
        return []
    said = []
    if not any(by_time(row["population"]) for row in evidence):
        said.append(NOT_BY_TIME)
    if context["ldh_raised"] and not any("LDH" in f"{row['outcome']} {row['words']}" for row in evidence):
        said.append(NOT_BY_LDH)
    if context["disease"] and (shares := treated_words(context["disease"])):
        said.append(f"the cohorts count treated patients; {shares}")
    disagreeing = dict.fromkeys(row["cohort"] for row in evidence if row["conflict"])
    if disagreeing:
        said.append(f"cohorts disagree: {', '.join(map(str, disagreeing))}")
    return said
