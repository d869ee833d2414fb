"""Drugs and procedures: CAR T-cell infusions become candidates, all others spans."""

from typing import Any, Final

from carsequel.record.fhir.elements import as_text, bounds, moment, number, own_code, own_columns, unit_of, words
from carsequel.record.fhir.gathered import Candidate, Gathered, based
from carsequel.record.fhir.observations import add_span
from carsequel.record.fhir.places import SPAN
from carsequel.record.fhir.problems import Item
from carsequel.record.fhir.products import Recognised, drug_name, recognise

ENTERED_IN_ERROR: Final = frozenset({"entered-in-error"})
_NOT_DONE: Final = frozenset({"not-done", "not-taken", "cancelled"})
_PLANNED: Final = frozenset({"preparation", "intended", "draft", "on-hold"})
_ONGOING: Final = frozenset({"in-progress", "active"})
END_NOT_GIVEN: Final = "end not given"


def read_procedure(item: Item, into: Gathered) -> None:
    """Add a Procedure: an infusion's candidate, one of our own spans, or a span `procedure` in its own words."""
    if _unusable(item, into):
        return
    code = item.resource.get("code")
    own = own_code(code, SPAN)
    if own:
        add_span(item, own, as_text((code or {}).get("text")), into)
        return
    found = recognise(code, into.product_codes)
    if found and not _only_spoken_of(found, item, into):
        _add_candidate(item, found, "performed", into)
        return
    text = words(code)
    if text and _happened(item, into):
        into.problems.count(item, "Procedure kept in its own words", now="span procedure", do="name it in a mapping")
        _add_treatment(item, "procedure", text, "performed", (None, None), into)


def read_medication_event(item: Item, into: Gathered) -> None:
    """Add a MedicationAdministration, MedicationStatement or MedicationRequest; one whose Medication has not come yet
    waits until the end."""
    if _unusable(item, into):
        return
    resource = item.resource
    category = resource.get("category")
    own = own_code(category, SPAN)
    concept = resource.get("medicationCodeableConcept")
    if own:
        add_span(item, own, words(concept), into)
        return
    if words(concept) is None:
        concept = _referred(item, into)
        if concept is None:
            if resource.get("_waited"):
                into.problems.add(item, "medication not named", now="refused", do="give the Medication it refers to")
            else:
                into.waiting.append(item)
            return
    _add_medication(item, concept, into)


def _referred(item: Item, into: Gathered) -> Any:
    given = item.resource.get("medicationReference")
    if not isinstance(given, dict):
        return None
    reference = str(given.get("reference") or "")
    if reference.startswith("#"):
        return next((_described(m) for m in contained(item) if f"#{m.get('id')}" == reference), None)
    for key in (reference, "/".join(reference.split("/_history")[0].split("/")[-2:])):
        if key in into.medications:
            return into.medications[key]
    display = given.get("display")
    return {"text": display} if display and (item.resource.get("_waited") or not reference) else None


def contained(item: Item) -> list[dict[str, Any]]:
    """Give the resources contained in this one."""
    inside = item.resource.get("contained")
    return [part for part in inside if isinstance(part, dict)] if isinstance(inside, list) else []


def read_medication(item: Item, into: Gathered) -> None:
    """Keep what a Medication is, for those that refer to it."""
    concept = _described(item.resource)
    for key in (item.source, item.url):
        if key and concept is not None:
            into.medications[key] = concept


def _described(medication: dict[str, Any]) -> Any:
    if medication.get("code"):
        return medication["code"]
    for part in medication.get("ingredient") or []:
        if isinstance(part, dict) and part.get("itemCodeableConcept"):
            return part["itemCodeableConcept"]
    return None


def _unusable(item: Item, into: Gathered) -> bool:
    if into.refused(item, item.resource.get("status"), ENTERED_IN_ERROR):
        return True
    if item.patient is None:
        kind = str(item.resource.get("resourceType"))
        into.problems.add(item, f"{kind} without a patient reference", now="refused", do="give its subject")
        return True
    return False


def _add_medication(item: Item, concept: Any, into: Gathered) -> None:
    resource = item.resource
    found = recognise(concept, into.product_codes)
    if found and not _only_spoken_of(found, item, into):
        _add_candidate(item, found, "effective", into)
        return
    if resource.get("resourceType") == "MedicationRequest":
        into.problems.count(item, "MedicationRequest is no administration", now="not read", do="export what was given")
        return
    text = drug_name(concept)
    if text is None:
        into.problems.add(item, "medication not named", now="refused", do="give medicationCodeableConcept")
    elif _happened(item, into):
        _add_treatment(item, "drug", text, "effective", _dose(resource), into)


def _only_spoken_of(found: Recognised, item: Item, into: Gathered) -> bool:
    if found.around:
        into.problems.count(
            item,
            "CAR T cells are named, but with a word that speaks of a time or purpose around them",
            now="not taken as an infusion",
            do="code the infusion, or give its code in product_codes",
        )
    return found.around


def _state(resource: dict[str, Any]) -> str:
    status = resource.get("status")
    if status in _NOT_DONE or resource.get("doNotPerform") is True:
        return "not_done"
    if status in _PLANNED or resource.get("resourceType") == "MedicationRequest":
        return "planned"
    return "given"


def _happened(item: Item, into: Gathered) -> bool:
    state = _state(item.resource)
    if state == "given":
        return True
    kind, status = item.resource.get("resourceType"), str(item.resource.get("status"))
    into.problems.count(item, f"{kind} with status {status}", was=status, now="not read")
    return False


def _dose(resource: dict[str, Any]) -> tuple[float | None, str | None]:
    dosage = resource.get("dosage")
    first = dosage[0] if isinstance(dosage, list) and dosage else dosage
    if not isinstance(first, dict):
        return None, None
    dose = first.get("dose")
    rates = first.get("doseAndRate")
    if dose is None and isinstance(rates, list) and rates and isinstance(rates[0], dict):
        dose = rates[0].get("doseQuantity")
    return (number(dose.get("value")), unit_of(dose)) if isinstance(dose, dict) else (None, None)


def _add_candidate(item: Item, found: Recognised, stem: str, into: Gathered) -> None:
    resource = item.resource
    kind, state = str(resource.get("resourceType")), _state(resource)
    if resource.get("status") == "stopped" and state == "given":
        into.problems.add(item, "the infusion was stopped", now="kept as given in part", do="check the dose")
    columns = {key: as_text(value) for key, value in own_columns(resource).items()}
    date, when = into.date(item, moment(resource, stem), "infusion") if state != "planned" else (None, None)
    dose, unit = _dose(resource)
    numbered, target, own_when, source = (columns.pop(k, None) for k in ("infusion", "target", "when", "source"))
    columns = based(item, columns) or {}
    into.candidates.append(
        Candidate(
            item.patient or "",
            kind,
            state,
            date,
            own_when or when,
            found.product,
            target or found.target,
            dose,
            unit,
            numbered,
            columns,
            source or item.source,
            item.row,
        )
    )


def _add_treatment(
    item: Item, name: str, text: str, stem: str, dose: tuple[float | None, str | None], into: Gathered
) -> None:
    start, end = bounds(item.resource, stem)
    first, when = into.date(item, start, name)
    last, _ = into.date(item, end, name) if end is not start else (first, None)
    if first and last is None and end is None:
        last, when = end_of(item, first, name, into)
    row = (item.patient, name, first, last, None, *dose, text, None, when, None, item.source, item.row)
    into.spans.add(row, based(item, {}))


def end_of(item: Item, start: str, name: str, into: Gathered) -> tuple[str | None, str | None]:
    """Give the end of a period that has none: open while it goes on; else its first day, marked and reported."""
    if item.resource.get("status") in _ONGOING:
        return None, None
    into.problems.count(item, "ended, but its end is not given", name=name, now="first day only", do="give its end")
    return start, END_NOT_GIVEN
