"""One row of a table to one FHIR resource; what FHIR has no place for stays beside it as an extension."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from carsequel.record.fhir.calendar import Calendar, Row, marked, take_date
from carsequel.record.fhir.places import (
    COLUMN,
    COVERAGE,
    DISEASE,
    FACT,
    LESION,
    LOINC,
    PATIENT,
    PRODUCT,
    SPAN,
    UNKNOWN_PRODUCT,
    Resource,
)
from carsequel.terms.codes import fact_from_code
from carsequel.terms.products import product_ids

_ABSENT: Final = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}
# LOINC codes that claim no method: written beside our own code, each under the name the code table gives it.
_PLAIN_LOINC: Final = (
    *("26499-4", "26515-7", "26464-8", "718-7", "2532-0", "2276-4", "1988-5", "26881-3", "2465-3", "1952-1"),
    *("36916-5", "33944-0", "8310-5", "8480-6", "8478-0", "89247-1", "89243-0", "29463-7"),
)
_SEXES: Final = frozenset({"male", "female", "other", "unknown"})


@cache
def loinc_of() -> dict[str, str]:
    """Give fact names with the one LOINC code that is written for each.

    >>> loinc_of()["anc"]
    '26499-4'
    """
    found = ((fact_from_code(LOINC, code), code) for code in _PLAIN_LOINC)
    return {named[0]: code for named, code in found if named}


def _beside(resource: Resource, row: Row) -> Resource:
    """Add what is left of a row as extensions."""
    left = [{"url": f"{COLUMN}{name}", _kind(value): value} for name, value in row.items() if name not in _NOT_KEPT]
    if left:
        resource["extension"] = left
    return resource


_NOT_KEPT: Final = frozenset({"patient", "row"})


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "valueBoolean"
    return "valueInteger" if isinstance(value, int) else "valueDecimal" if isinstance(value, float) else "valueString"


def _coded(system: str, code: str, text: str | None = None) -> dict[str, Any]:
    concept: dict[str, Any] = {"coding": [{"system": system, "code": code}]}
    return concept | {"text": text} if text else concept


def _value(row: Row) -> dict[str, Any]:
    """value[x] of a row: its number with unit, else its text; a text beside a number stays in the row."""
    if row.get("value") is not None:
        quantity = {"value": float(row.pop("value"))}
        for ours, theirs in (("unit", "unit"), ("comparator", "comparator")):
            if row.get(ours) is not None:
                quantity[theirs] = row.pop(ours)
        return {"valueQuantity": quantity}
    return {"valueString": row.pop("text")} if row.get("text") is not None else {}


def _period(row: Row, calendar: Calendar) -> tuple[dict[str, Any], bool]:
    infusion = row.get("infusion")
    start, one = take_date(row, "start", "start_date", calendar, infusion)
    end, other = take_date(row, "end", "end_date", calendar, infusion)
    period = {key: date for key, date in (("start", start), ("end", end)) if date}
    return period or dict(_ABSENT), one or other


def patient_resources(row: Row, own_id: str, calendar: Calendar) -> list[Resource]:
    """Give the Patient of a row and, where the disease is known, its Condition."""
    identifier = [{"system": PATIENT, "value": row["patient"]}]
    patient: Resource = {"resourceType": "Patient", "id": own_id, "identifier": identifier}
    if row.get("sex") in _SEXES:
        patient["gender"] = row.pop("sex")
    disease, detail = row.pop("disease", None), row.pop("disease_detail", None)
    if disease is None and detail is not None:
        row["disease_detail"] = detail
    resources = [_beside(patient, row)]
    if disease is not None:
        concept = _coded(DISEASE, disease, detail or disease)
        subject = {"reference": f"Patient/{own_id}"}
        resources.append(
            {"resourceType": "Condition", "id": f"{own_id}-disease"[-64:], "code": concept, "subject": subject}
        )
    return resources


def infusion_resource(row: Row, calendar: Calendar) -> Resource:
    """Give the MedicationAdministration of an infusion."""
    date, relative = take_date(row, "day", "date", calendar, None)
    product = row.pop("product", None)
    code = (product if product in product_ids() else "other") if product else UNKNOWN_PRODUCT
    note = row.get("note")
    resource: Resource = {
        "resourceType": "MedicationAdministration",
        "status": "not-done" if note == "not_infused" else "completed",
        "medicationCodeableConcept": _coded(PRODUCT, code, product),
    }
    resource |= {"effectiveDateTime": date} if date else {"effectivePeriod": dict(_ABSENT)}
    if row.get("dose") is not None:
        dose = {"value": float(row.pop("dose"))}
        unit = row.pop("dose_unit", None)
        resource["dosage"] = {"dose": dose | {"unit": unit} if unit else dose}
    return _beside(marked(resource, relative, calendar), row)


def fact_resource(row: Row, calendar: Calendar) -> Resource:
    """Give the Observation of a fact."""
    name = row.pop("name")
    date, relative = take_date(row, "day", "date", calendar, row.get("infusion"))
    code = _coded(FACT, name)
    if name in loinc_of():
        code["coding"].append({"system": LOINC, "code": loinc_of()[name]})
    resource: Resource = {"resourceType": "Observation", "status": "final", "code": code}
    if date:
        resource["effectiveDateTime"] = date
    resource |= _value(row)
    for ours, theirs in (("method", "method"), ("site", "bodySite")):
        if row.get(ours) is not None:
            resource[theirs] = {"text": row.pop(ours)}
    if row.get("specimen") is not None:
        resource["specimen"] = {"display": row.pop("specimen")}
    limits = {end: {"value": float(row.pop(ours))} for ours, end in _ENDS if row.get(ours) is not None}
    if limits:
        resource["referenceRange"] = [_with_unit(limits, resource)]
    return _beside(marked(resource, relative, calendar), row)


_ENDS: Final = (("lln", "low"), ("uln", "high"))


def _with_unit(limits: dict[str, dict[str, Any]], resource: Resource) -> dict[str, Any]:
    unit = resource.get("valueQuantity", {}).get("unit")
    return {end: limit | {"unit": unit} for end, limit in limits.items()} if unit else limits


def span_resource(row: Row, calendar: Calendar) -> Resource:
    """Give the MedicationAdministration of a drug, the Procedure of a therapy, the Observation of any other span."""
    name = row.pop("name")
    period, relative = _period(row, calendar)
    status = "completed" if "end" in period else "in-progress" if "start" in period else "unknown"
    resource: Resource
    if name == "drug" and row.get("text") is not None:
        resource = {"resourceType": "MedicationAdministration", "status": status, "category": _coded(SPAN, name)}
        resource |= {"medicationCodeableConcept": {"text": row.pop("text")}, "effectivePeriod": period}
        if row.get("value") is not None:
            dose = _value(row)["valueQuantity"]
            resource["dosage"] = {"dose": dose}
            row |= {key: dose[key] for key in ("value", "unit") if key in dose}
    elif name == "therapy":
        resource = {"resourceType": "Procedure", "status": status, "code": _coded(SPAN, name, row.pop("text", None))}
        resource["performedPeriod"] = period
    else:
        resource = {"resourceType": "Observation", "status": "final", "code": _coded(SPAN, name)}
        resource |= {"effectivePeriod": period} | _value(row)
    return _beside(marked(resource, relative, calendar), row)


def lesion_resource(row: Row, calendar: Calendar) -> Resource:
    """Give the Observation of one measured lesion."""
    date, relative = take_date(row, "day", "date", calendar, None)
    resource: Resource = {"resourceType": "Observation", "status": "final", "code": _coded(LESION, "lesion")}
    if date:
        resource["effectiveDateTime"] = date
    if row.get("site") is not None:
        resource["bodySite"] = {"text": row.pop("site")}
    sizes = [(size, row.pop(size)) for size in ("ldi", "sdi") if row.get(size) is not None]
    if sizes:
        resource["component"] = [
            {"code": _coded(LESION, size), "valueQuantity": {"value": float(value), "unit": "mm"}}
            for size, value in sizes
        ]
    return _beside(marked(resource, relative, calendar), row)


def coverage_resource(row: Row, calendar: Calendar) -> Resource:
    """Give the Observation that says of which stretch the record is complete."""
    period, relative = _period(row, calendar)
    resource: Resource = {"resourceType": "Observation", "status": "final", "code": _coded(COVERAGE, row.pop("name"))}
    if "extension" not in period:
        resource["effectivePeriod"] = period
    return _beside(marked(resource, relative, calendar), row)


WRITERS: Final[dict[str, Callable[[Row, Calendar], Resource]]] = {
    "infusions": infusion_resource,
    "facts": fact_resource,
    "spans": span_resource,
    "lesions": lesion_resource,
    "coverage": coverage_resource,
}
