"""The causes of one patient with the model's word added: probabilities, shares, the most telling test, and trust."""

from typing import Any, Final

import polars as pl

from carsequel.causes.information import best_test, weigh_tests
from carsequel.causes.modelled import JOINT, Shares, dominant, named_first, present_by_model, shares_by_model, shares_of
from carsequel.inference.fit import Fit
from carsequel.inference.numbers import number
from carsequel.inference.trust import Trust
from carsequel.terms.lists import CAUSES

PROBABLE: Final = 0.2
OUTSIDE: Final = ("antigen_low", "epitope_mutation", "antigen_masking", "lineage_switch")
CLAIM: Final = (
    "Probabilities are calibrated under the simulator; no claim about patients is made until an outside cohort with "
    "adjudicated causes exists. Kill resistance is the residual of the model: read it as intrinsic / unexplained."
)
UNSEEN: Final = "the model has no term for this cause; only the evidence speaks"


def join_model(causes: dict[str, Any], fit: Fit, mark: Trust) -> dict[str, Any]:
    """Give the causes of `explain_causes` with the numbers of a fit: `present` and `shares` filled where the model
    speaks, `next_test` by expected information (`gates` keeps the test that the options need), `tests`, `first` (the
    cause or causes to name), `model` (method, trust, reasons, what was not read). Numbers are given only for a failed
    or suspected infusion; nothing is filled for a patient who did not fail."""
    told = {"method": fit.method, "trust": mark.mark, "reasons": list(mark.reasons), "not_read": list(fit.seen.notes),
            "read": fit.seen.rows.height, "claim": CLAIM}  # fmt: skip
    if not causes.get("applicable") or fit.seen.failure.state != "failed":
        return causes | {"model": told}
    shares = shares_of(fit)
    tests = weigh_tests(fit, shares)
    own, present = shares_by_model(shares), present_by_model(fit)
    return causes | {
        "present": _present(causes, present),
        "shares": _shares(causes, own),
        "first": _first(own, shares, present),
        "tests": tests.to_dicts(),
        "next_test": _next_test(causes["next_test"], tests),
        "model": told,
        "method": f"{fit.method}. {CLAIM}",
    }


def _present(causes: dict[str, Any], modelled: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Presence by the model, by direct evidence where the model has no term, else as before."""
    found = dict(causes["present"])
    for cause in CAUSES:
        if cause in modelled:
            found[cause] = found[cause] | modelled[cause]
        elif cause in OUTSIDE and _direct(causes["evidence"], cause):
            p = 1 - number("antigen_error")
            why = f"read directly in the record; {number('antigen_error'):g} of such readings are taken to be wrong"
            found[cause] = found[cause] | {"p": p, "low": None, "high": None, "level": None, "basis": "counted",
                                           "n": 1, "why": why}  # fmt: skip
        else:
            found[cause] = found[cause] | {"why": f"{UNSEEN}; {found[cause]['why']}"}
    return found


def _direct(evidence: list[dict[str, Any]], cause: str) -> bool:
    """Whether a reading of the tumour itself speaks for a cause, and none against it."""
    own = [row for row in evidence if row["cause"] == cause]
    against = any(row["direction"] == "against" for row in own)
    return not against and any(row["direction"] == "for" for row in own)


def _shares(causes: dict[str, Any], own: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Shares under the names of the answer; persistence and dysfunction are one share of the model, kept joint under
    short_persistence and said so."""
    found = {name: prob | {"p": None, "why": UNSEEN} for name, prob in causes["shares"].items()}
    for name, prob in own.items():
        place = "short_persistence" if name == JOINT else name
        found[place] = found[place] | prob
    joint = "together with t_cell_dysfunction: the model cannot tell the two apart"
    found["short_persistence"] = found["short_persistence"] | {"why": joint}
    found["t_cell_dysfunction"] = found["t_cell_dysfunction"] | {"why": "counted under short_persistence"}
    return found


def _first(own: dict[str, dict[str, Any]], shares: Shares, present: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The cause to name, and the next where it is close, each with the probability that it accounts for most.

    An antigen that was probably lost in a way that the model does not know comes first, without a share: how much of
    the failure it accounts for cannot be simulated.
    """
    chance, antigen = dominant(shares), float(present["antigen_loss"]["p"] or 0.0)
    beside = [
        {"cause": "antigen_loss", "share": None, "low": None, "high": None, "p_largest": None, "present": antigen}
    ]
    named = named_first(own)
    first = beside if shares.beside > PROBABLE and "antigen_loss" not in named else []
    return first + [
        {"cause": name, "share": own[name]["p"], "low": own[name]["low"], "high": own[name]["high"],
         "p_largest": chance[name], "present": None} for name in named
    ]  # fmt: skip


def _next_test(ordered: dict[str, Any], tests: pl.DataFrame) -> dict[str, Any]:
    """The most telling test about the cause; where none tells anything, the one that the options need."""
    best = best_test(tests)
    if best["test"] is None:
        return ordered | {"gates": None, "information": best["why"]}
    gates = ordered if ordered["test"] and ordered["test"] != best["test"] else None
    return best | {"gates": gates}


def causes_of(fit: Fit) -> dict[str, Any]:
    """Give the causes of a fitted failure by the model: present, shares (PROB each) and first (the one or two to name).

    Raises ValueError for a patient whose disease has not failed.
    """
    if fit.seen.failure.state != "failed":
        raise ValueError("the disease has not failed: there is no cause to name; see forecast(fit)")
    shares = shares_of(fit)
    own, present = shares_by_model(shares), present_by_model(fit)
    first = _first(own, shares, present)
    return {"present": present, "shares": own, "first": first, "method": fit.method, "claim": CLAIM}
