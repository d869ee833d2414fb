"""Patients, diagnoses and stays: Patient, Condition and Encounter."""

import re
from typing import Any, Final

from carsequel.record.fhir.elements import as_text, bounds, codings, moment, number, own_code, own_columns, words
from carsequel.record.fhir.gathered import Diagnosis, Gathered, based
from carsequel.record.fhir.places import DISEASE, PATIENT
from carsequel.record.fhir.problems import Item
from carsequel.record.fhir.treatments import end_of
from carsequel.terms.codes import fact_from_code
from carsequel.terms.diseases import disease_from_code, disease_from_text

_INPATIENT: Final = frozenset({"IMP", "ACUTE", "NONAC"})
_NOT_HAPPENED: Final = frozenset({"planned", "cancelled", "entered-in-error"})
_RULED_OUT: Final = frozenset({"refuted", "entered-in-error"})
_UNSURE: Final = frozenset({"provisional", "differential", "unconfirmed"})
_INTENSIVE = re.compile(r"\bICU\b|intensive care|intensivstation", re.IGNORECASE)


def read_patient(item: Item, into: Gathered) -> None:
    """Add a Patient: id, sex, birth date until the age is known, death. Names and addresses are never looked at."""
    resource = item.resource
    key = item.source or item.row
    identity = _own_id(resource) or _plain_id(item, key)
    item.patient = key
    for reference in (key, item.url, *_identifiers(resource)):
        if reference:
            into.known[reference] = identity
    person = {
        "birth": resource.get("birthDate"),
        "sex": resource.get("gender"),
        "row": item.row,
        "columns": {name: as_text(value) for name, value in own_columns(resource).items()},
    }
    before = into.people.setdefault(identity, person)
    if before is not person:
        if (before["birth"], before["sex"]) != (person["birth"], person["sex"]):
            into.problems.add(item, "two patients with one id", now="read as one", do="give each patient an own id")
        return
    if resource.get("link"):
        into.problems.add(item, "the patient is linked to another", now="read on its own", do="merge before the export")
    _add_death(item, resource, into)


def _plain_id(item: Item, key: str) -> str:
    """The resource's id; a contained patient has only an id inside its resource, so its identifier or place counts."""
    if "#" in key:
        given = _identifiers(item.resource)
        return given[0].rsplit("|", 1)[-1] if given else key
    return str(item.resource.get("id") or "") or (item.url or item.row).rsplit(":", 1)[-1]


def _own_id(resource: dict[str, Any]) -> str | None:
    for given in resource.get("identifier") or []:
        if isinstance(given, dict) and given.get("system") == PATIENT and given.get("value"):
            return str(given["value"])
    return None


def _identifiers(resource: dict[str, Any]) -> list[str]:
    every = [given for given in resource.get("identifier") or [] if isinstance(given, dict)]
    return [f"identifier|{g.get('system') or ''}|{g['value']}" for g in every if g.get("value")]


def _add_death(item: Item, resource: dict[str, Any], into: Gathered) -> None:
    died = resource.get("deceasedDateTime")
    if died:
        date, when = into.date(item, died, "event")
        add_event(item, "death", date, when, "Patient.deceased", into)
    elif resource.get("deceasedBoolean") is True:
        into.problems.add(item, "death without a date", name="event", now="kept without a day", do="give the date")
        add_event(item, "death", None, "date not given", "Patient.deceased", into)


def add_event(item: Item, kind: str, date: str | None, when: str | None, method: str, into: Gathered) -> None:
    """Add a fact `event` of this kind."""
    _add_text(item, "event", kind, date, when, method, None, into)


def _add_text(
    item: Item, name: str, text: str, date: str | None, when: str | None, method: str, rough: str | None, into: Gathered
) -> None:
    value = number(text)
    shown = None if value is not None else text
    row = (item.patient, name, date, None, value, None, shown, None, None, None, method, None, None, None)
    into.facts.add((*row, when, rough, item.source, item.row), based(item, {}))


def read_condition(item: Item, into: Gathered) -> None:
    """Add a Condition: the disease of the patient, a graded toxicity, or a fact `diagnosis` in its own words."""
    resource = item.resource
    verified = {str(coding.get("code")) for coding in codings(resource.get("verificationStatus"))}
    if any(into.refused(item, status, _RULED_OUT) for status in sorted(verified)):
        return
    if item.patient is None:
        into.problems.add(item, "Condition without a patient reference", now="refused", do="give its subject")
        return
    if verified & _UNSURE:
        into.problems.add(item, "diagnosis not confirmed", now="kept with a doubt", do="confirm it")
    concept = resource.get("code")
    raw, rough = moment(resource, "onset"), None
    if raw is None:
        raw, rough = resource.get("recordedDate"), "true"
    disease = own_code(concept, DISEASE) or _disease(concept)
    if disease:
        date, _ = into.date(item, raw, "disease")
        into.diagnoses.append(Diagnosis(item.patient, disease, _detail(concept, disease), date, item.row))
        return
    _add_diagnosis(item, concept, raw, rough, into)


def _add_diagnosis(item: Item, concept: Any, raw: Any, rough: str | None, into: Gathered) -> None:
    every = codings(concept)
    coded = (fact_from_code(as_text(c.get("system")), as_text(c.get("code"))) for c in every)
    name, text = next((found for found in coded if found and found[1]), ("diagnosis", None))
    if name == "diagnosis":
        text = words(concept)
        shown = next((f"{c.get('system') or ''}|{c['code']}" for c in every if c.get("code")), "")
        into.problems.count(item, "diagnosis that is none of our diseases", was=shown, now="kept as diagnosis")
    if text is None:
        into.problems.add(item, "Condition without a code", now="refused", do="give Condition.code")
        return
    date, when = into.date(item, raw, name)
    _add_text(item, name, text, date, when, "diagnosis code", rough if date else None, into)


def _disease(concept: Any) -> str | None:
    every = codings(concept)
    for coding in every:
        found = disease_from_code(as_text(coding.get("system")), as_text(coding.get("code")))
        if found:
            return found
    texts = (concept.get("text") if isinstance(concept, dict) else None, *(c.get("display") for c in every))
    return next((d for d in (disease_from_text(as_text(text)) for text in texts) if d), None)


def _detail(concept: Any, disease: str) -> str | None:
    detail = words(concept)
    return None if detail == disease else detail


def read_encounter(item: Item, into: Gathered) -> None:
    """Add an inpatient Encounter as a span `hospital`, an intensive-care one as an event `icu_admission`."""
    resource = item.resource
    if into.refused(item, resource.get("status"), _NOT_HAPPENED):
        return
    given = resource.get("class")
    code = str(given.get("code")) if isinstance(given, dict) else ""
    intensive = code == "ICU" or any(_INTENSIVE.search(text) for text in _descriptions(resource))
    if code not in _INPATIENT and not intensive:
        into.problems.count(item, "Encounter that is no stay", was=code, now="not read")
        return
    if item.patient is None:
        into.problems.add(item, "Encounter without a patient reference", now="refused", do="give its subject")
        return
    start, end = bounds({"inPeriod": resource.get("period")}, "in")
    first, when = into.date(item, start, "hospital")
    if intensive:
        add_event(item, "icu_admission", first, when, "Encounter", into)
    if code in _INPATIENT:
        last, _ = into.date(item, end, "hospital")
        if first and end is None:
            last, when = end_of(item, first, "hospital", into)
        row = (item.patient, "hospital", first, last, None, None, None, None, None, when, None, item.source, item.row)
        into.spans.add(row, based(item, {}))


def _descriptions(resource: dict[str, Any]) -> list[str]:
    kinds = resource.get("type")
    parts: list[Any] = [*(kinds if isinstance(kinds, list) else []), resource.get("serviceType"), resource.get("class")]
    for place in resource.get("location") or []:
        if isinstance(place, dict):
            parts += [place.get("physicalType"), {"text": (place.get("location") or {}).get("display")}]
    texts = [words(part) for part in parts]
    codes = [str(c.get("display") or c.get("code") or "") for part in parts for c in codings(part)]
    return [text for text in (*texts, *codes) if text]
