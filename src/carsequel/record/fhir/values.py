"""The value of an Observation or of one of its components, in any of the forms FHIR allows."""

import re
from typing import Any, Final, NamedTuple

from carsequel.record.fhir.elements import as_text, codings, number, unit_of, words
from carsequel.record.fhir.naming import DISEASE_STATUS, Named
from carsequel.terms.codes import fact_from_code
from carsequel.terms.quantities import quantity

_WRITTEN = re.compile(
    r"\s*(<=|>=|<|>)?\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?:\s*([A-Za-z%µμ°]\S{0,15}|10[\^*]\S{1,12}))?\s*"
)
_INTERPRETED: Final = {
    "POS": "positive",
    "NEG": "negative",
    "DET": "positive",
    "ND": "negative",
}
_RESPONSES: Final = {
    r"stringent complete (?:response|remission)": "sCR",
    r"complete (?:response|remission) with incomplete (?:ha?ematologic(?:al)?|count|blood count) recovery": "CRi",
    r"complete (?:response|remission) with partial ha?ematologic(?:al)? recovery": "CRh",
    r"very good partial (?:response|remission)": "VGPR",
    r"complete metabolic (?:response|remission)": "CMR",
    r"partial metabolic (?:response|remission)": "PMR",
    r"no metabolic response": "NMR",
    r"progressive metabolic disease": "PMD",
    r"complete (?:response|remission)": "CR",
    r"partial (?:response|remission)": "PR",
    r"(?:minimal|minor) response": "MR",
    r"stable disease": "SD",
    r"(?:progressive disease|disease progression|progression)": "PD",
    r"(?:not|in|un)[- ]?evaluable|not assess(?:able|ed)": "NE",
}
_RESPONSE_WORDS: Final = tuple((re.compile(rf"{p}(?: \(\w+\))?", re.IGNORECASE), r) for p, r in _RESPONSES.items())
_TERMS: Final = ("CR", "CRi", "CRh", "sCR", "VGPR", "PR", "MR", "SD", "PD", "NE", "NR", "CMR", "PMR", "NMR", "PMD")
_RESPONSE_TERMS: Final = {t.upper(): t for t in _TERMS}
# mCODE "improved" may be a complete or a partial response: PR is the least it says, and the row is marked approximate.
_STATUS: Final = {"improved": "PR", "stable": "SD", "worsened": "PD", "undetermined": "NE"}


class Value(NamedTuple):
    """What was measured: number, unit, text, comparator; `method` where the value's own words have to be kept."""

    value: float | None = None
    unit: str | None = None
    text: str | None = None
    comparator: str | None = None
    method: str | None = None
    approximate: bool = False


def value_of(part: dict[str, Any], named: Named) -> Value | None:
    """Give the value of an Observation or component, None where it has none of use.

    A Deauville score may stand in `interpretation`; `POS` and `NEG` there count where no value is given.
    """
    if named.text is not None and part.get("valueBoolean") is False:
        return None
    quantity_given = part.get("valueQuantity")
    found = _of_quantity(quantity_given) if quantity_given is not None else _of_other(part, named)
    if found is None:
        found = _of_interpretation(part, named)
    if named.text is not None and (found is None or found.text == "yes"):
        found = _said(named.text)
    if found is None or named.own:
        return found
    if named.name in ("response", DISEASE_STATUS) and found.text:
        return _as_response(found.text, named)
    return found


def _of_quantity(given: dict[str, Any]) -> Value | None:
    raw = given.get("value")
    value = raw if type(raw) is float else number(raw)
    if value is None:
        return None
    return Value(value, unit_of(given), None, given.get("comparator"))


def _of_other(part: dict[str, Any], named: Named) -> Value | None:
    for key, given in part.items():
        if not key.startswith("value") or given is None:
            continue
        if key == "valueCodeableConcept":
            return _of_concept(given, named)
        if key == "valueString":
            return _of_words(str(given), named)
        if key == "valueInteger":
            return Value(number(given))
        if key == "valueBoolean":
            return Value(text="yes" if given is True else "no")
        if key == "valueRatio":
            return _pair(given.get("numerator"), given.get("denominator"), ":")
        if key == "valueRange":
            return _pair(given.get("low"), given.get("high"), "-")
        if key in ("valueDateTime", "valueTime"):
            return Value(text=str(given))
    return None


def _pair(one: Any, other: Any, between: str) -> Value | None:
    ends = [as_text(number(end.get("value"))) if isinstance(end, dict) else None for end in (one, other)]
    unit = next((unit_of(end) for end in (one, other) if isinstance(end, dict)), None)
    return Value(text=between.join(end or "" for end in ends), unit=unit) if any(ends) else None


def _of_words(text: str, named: Named) -> Value | None:
    if not text.strip():
        return None
    if named.own:
        return Value(text=text)
    written = _WRITTEN.fullmatch(text)
    if written:
        return Value(float(written[2]), written[3].strip() if written[3] else None, None, written[1])
    return Value(text=answer(named.name, text))


def _of_concept(concept: Any, named: Named) -> Value | None:
    if not named.own:
        coded = _coded(concept, named)
        if coded is not None:
            return coded
    text = words(concept)
    return Value(text=text if named.own else answer(named.name, text)) if text else None


def _coded(concept: Any, named: Named) -> Value | None:
    for coding in codings(concept):
        found = fact_from_code(as_text(coding.get("system")), as_text(coding.get("code")))
        alike = found is not None and (found[0] == named.name or {found[0], named.name} <= {"response", DISEASE_STATUS})
        if found and found[1] and alike:
            return _said(found[1])
    return None


def _of_interpretation(part: dict[str, Any], named: Named) -> Value | None:
    given = part.get("interpretation")
    for concept in given if isinstance(given, list) else [given]:
        coded = _coded(concept, named)
        if coded is not None:
            return coded
        for coding in codings(concept):
            text = _INTERPRETED.get(str(coding.get("code")))
            if text:
                return Value(text=text)
    return None


def _said(text: str) -> Value:
    value = number(text)
    return Value(value) if value is not None else Value(text=text)


def answer(name: str, text: str | None) -> str | None:
    """Give the allowed word of a quantity that a text says in another case or as a SNOMED display, else the text.

    >>> answer("immunofixation_serum", "Positive (qualifier value)"), answer("histology", "DLBCL")
    ('positive', 'DLBCL')
    """
    known = quantity(name) if text else None
    if not text or known is None:
        return text
    bare = text.removesuffix("(qualifier value)").strip().lower()
    return next((word for word in known.answers if word.lower() == bare), text)


def response_term(text: str) -> str | None:
    """Give the response category that SDTM terms or the usual words say, None for others.

    >>> response_term("Complete metabolic response (CMR)"), response_term("scr"), response_term("better")
    ('CMR', 'sCR', None)
    """
    bare = " ".join(text.split())
    term = _RESPONSE_TERMS.get(bare.upper())
    return term or next((term for pattern, term in _RESPONSE_WORDS if pattern.fullmatch(bare)), None)


def _as_response(text: str, named: Named) -> Value:
    status = _STATUS.get(text.lower()) if named.name == DISEASE_STATUS else None
    if status:
        return Value(text=status, method=f"cancer disease status: {text}", approximate=status == "PR")
    return Value(text=response_term(text) or text)


def limits_of(part: dict[str, Any], unit: str | None) -> tuple[float | None, float | None, bool]:
    """Give the laboratory's own lower and upper limit, and whether one was left out because its unit differs."""
    ranges = part.get("referenceRange")
    for given in ranges if isinstance(ranges, list) else []:
        if isinstance(given, dict) and _for_everyone(given):
            (lln, one), (uln, other) = _end(given.get("low"), unit), _end(given.get("high"), unit)
            if lln is not None or uln is not None:
                return (None, None, True) if one or other else (lln, uln, False)
    return None, None, False


def _end(end: Any, unit: str | None) -> tuple[float | None, bool]:
    """One limit and whether its unit is another one than the value's."""
    if type(end) is not dict:
        return None, False
    own = end.get("unit") or end.get("code")
    return number(end.get("value")), own is not None and own != unit


def _for_everyone(given: dict[str, Any]) -> bool:
    if "type" not in given and "appliesTo" not in given:
        return True
    kind = next((coding.get("code") for coding in codings(given.get("type"))), "normal")
    return kind in ("normal", "recommended") and not given.get("appliesTo")


def own_value(found: Value | None, columns: dict[str, Any]) -> Value:
    """Give the value with the text that our own writer kept beside a number."""
    text = as_text(columns.pop("text", None))
    found = found or Value()
    return found._replace(text=text) if text is not None else found
