"""The causes of one patient's failure in the shape of the answer: presence, shares, evidence, next test, method."""

from typing import Any, Final

import polars as pl

from carsequel.causes.next_test import next_test
from carsequel.causes.weigh import APPLIES, weigh_causes
from carsequel.evidence.rows import base_rates
from carsequel.record import Course
from carsequel.terms.lists import CAUSES

METHOD: Final = (
    "The record's own facts for and against each cause; no probability is computed for this patient. "
    "Base rates are counts in other people's cohorts and say nothing about this patient's failure."
)
NOT_APPLICABLE: Final = {
    "not_failed": "no failure: causes do not apply",
    "not_infused": "no CAR T cells were infused: causes do not apply",
    "not_evaluable": "failure cannot be judged from the record: causes do not apply until it can",
    "died_without_progression": "death without progression is a state, not a failure of the cells: causes do not apply",
    "new_therapy_without_progression": "new therapy without progression on record: causes do not apply",
    "second_malignancy": "a second malignancy is a state, not a failure against this disease: causes do not apply",
}
IF_IT_FAILS: Final = "Failure is suspected, not confirmed: read the evidence as what would count if it fails. "
NO_NUMBER: Final = "no model of this patient was fitted, so no share can be given"


def explain_causes(course: Course, verdicts: pl.DataFrame, patient: str, unverified: bool = False) -> dict[str, Any]:
    """Give why one patient's therapy failed: present, shares, evidence, next_test, method (as the answer's `causes`),
    with `infusion` (the one explained: the last that failed or is suspected) and `applicable`.

    Probabilities stay null in this version; each carries a `why` and, where counted rows exist, a published base rate.
    Raises KeyError where the patient has no verdict.
    """
    own = verdicts.filter(pl.col("patient") == patient).sort("infusion", nulls_last=False)
    if own.is_empty():
        raise KeyError("no verdict for this patient; give a patient id that the verdicts frame holds")
    applies = own.filter(pl.col("state").is_in(APPLIES))
    verdict = (own if applies.is_empty() else applies).row(-1, named=True)
    if applies.is_empty():
        return _not_applicable(verdict)
    evidence = weigh_causes(course.only(patient), own, unverified)
    rates = base_rates(verdict["disease"] or "none", verdict["product"])
    suspected = verdict["state"] == "suspected"
    return {
        "applicable": True,
        "infusion": verdict["infusion"],
        "present": {cause: _presence(cause, rates) for cause in CAUSES},
        "shares": _shares(NO_NUMBER),
        "evidence": evidence.to_dicts(),
        "next_test": next_test(course, own, patient, verdict["infusion"]),
        "method": (IF_IT_FAILS if suspected else "") + METHOD,
    }


def _not_applicable(verdict: dict[str, Any]) -> dict[str, Any]:
    why = NOT_APPLICABLE.get(verdict["state"], "no failure is recorded: causes do not apply")
    return {
        "applicable": False,
        "infusion": verdict["infusion"],
        "present": {cause: _empty(why) for cause in CAUSES},
        "shares": _shares(why),
        "evidence": [],
        "next_test": {"test": None, "why": why, "decides": None},
        "method": why,
    }


def _shares(why: str) -> dict[str, dict[str, Any]]:
    return {name: _empty(why) for name in (*CAUSES, "undetermined")}


def _empty(why: str) -> dict[str, Any]:
    unknown = {"p": None, "low": None, "high": None, "level": None, "basis": "base_rate", "n": None}
    return unknown | {"why": why, "base_rate": None, "other_base_rates": []}


def _presence(cause: str, rates: pl.DataFrame) -> dict[str, Any]:
    """Give a probability that is honestly empty, beside the count of the nearest cohort."""
    rows = rates.filter(pl.col("cause").str.split(";").list.contains(cause)).to_dicts()
    rows.sort(key=lambda row: (not row["product_match"], row["cause"] != cause))
    if not rows:
        return _empty("no counted base rate was retrieved for this cause, disease and product")
    near = rows[0]
    why = f"not computed for this patient; {near['numerator']:g} of {near['denominator']:g} in {near['cohort']}"
    why += "" if near["cause"] == cause else f", counted together: {near['cause'].replace(';', ' ')}"
    return _empty(why) | {"n": near["denominator"], "base_rate": near, "other_base_rates": rows[1:]}
