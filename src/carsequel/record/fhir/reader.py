"""Reads FHIR R4 into the raw tables of a course: resource by resource, references resolved at the end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import polars as pl

from carsequel.record.fhir.elements import relative_base
from carsequel.record.fhir.gathered import Gathered
from carsequel.record.fhir.infusions import number_infusions
from carsequel.record.fhir.load import items
from carsequel.record.fhir.observations import read_observation
from carsequel.record.fhir.patients import Identities, patient_rows
from carsequel.record.fhir.people import read_condition, read_encounter, read_patient
from carsequel.record.fhir.places import Resource
from carsequel.record.fhir.problems import Item
from carsequel.record.fhir.relative import to_days
from carsequel.record.fhir.specimens import name_specimens, read_specimen
from carsequel.record.fhir.treatments import contained, read_medication, read_medication_event, read_procedure

Handler = Callable[[Item, Gathered], None]
READ: Final[dict[str, Handler]] = {
    "Patient": read_patient,
    "Condition": read_condition,
    "Encounter": read_encounter,
    "Procedure": read_procedure,
    "Medication": read_medication,
    "MedicationAdministration": read_medication_event,
    "MedicationStatement": read_medication_event,
    "MedicationRequest": read_medication_event,
    "Observation": read_observation,
    "Specimen": read_specimen,
}
_DATED: Final = ("effectiveDateTime", "effectivePeriod", "issued")
_OWNERLESS: Final = frozenset({"Patient", "Medication", "Specimen"})


def read_fhir(
    path: str | Path, product_codes: dict[str, str] | None = None
) -> tuple[dict[str, pl.DataFrame], list[dict[str, Any]]]:
    """Read FHIR R4 (a Bundle, NDJSON, gzip of either, or a directory of them) into the raw tables of a course.

    Gives `patients`, `infusions`, `facts`, `spans`, `lesions`, `coverage` with the columns of a course folder, dates
    as ISO text in `date`, `start_date`, `end_date`, values and units as written, `source` the resource's `Type/id` and
    `row` its file and line (`entry 3` of a Bundle); and the problems, rows of the check report without patient values.
    Resources marked as carrying relative days give `day`, `start`, `end` instead. `product_codes` maps the centre's
    own codes, as `system|code` or `code`, to product ids. Infusions are numbered by date; no day is counted here.

    Raises RecordError for a path that cannot be read at all; one broken line or resource is refused and reported.
    """
    into = Gathered(product_codes=dict(product_codes or {}))
    for item in items(path, into.problems):
        _read(item, into)
    for item in into.waiting:
        item.resource["_waited"] = True
        _guarded(read_medication_event, item, into)
    return _finished(into)


def _read(item: Item, into: Gathered) -> None:
    resource = item.resource
    kind = resource["resourceType"]
    handler = READ.get(kind)
    if "meta" in resource:
        item.base = relative_base(resource)
    if kind not in _OWNERLESS:
        item.patient = _patient_of(resource, item.source)
    if "contained" in resource:
        _read_contained(item, into)
    if handler is None:
        into.problems.count(item, f"{kind} is not read", was=kind, now="not read")
        return
    _guarded(handler, item, into)


def _guarded(handler: Handler, item: Item, into: Gathered) -> None:
    try:
        handler(item, into)
    except (AttributeError, TypeError, KeyError, IndexError, ValueError):
        kind = str(item.resource.get("resourceType"))
        into.problems.add(
            item, f"{kind} is not built as FHIR R4 says", now="refused", do="validate it and export again"
        )


def _patient_of(resource: Resource, around: str | None) -> str | None:
    """Give the key of the patient a resource is about, as written; resolved when all are known."""
    subject = resource.get("subject") or resource.get("patient")
    if not isinstance(subject, dict):
        return None
    reference = subject.get("reference")
    if isinstance(reference, str) and reference:
        return f"{around}{reference}" if reference[0] == "#" else reference
    given = subject.get("identifier")
    if isinstance(given, dict) and given.get("value"):
        return f"identifier|{given.get('system') or ''}|{given['value']}"
    return None


def _read_contained(item: Item, into: Gathered) -> None:
    """Read contained patients, and contained records with the subject and date of the resource around them."""
    for part in contained(item):
        kind = part.get("resourceType")
        if not isinstance(kind, str) or kind not in READ or kind == "Medication":
            continue
        inner = Item(part, None, item.file, item.place)
        inner.source = f"{item.source}#{str(part.get('id') or '').removeprefix('#')}"
        inner.base = item.base
        if kind not in _OWNERLESS:
            inner.patient = _patient_of(part, item.source) or item.patient
            if not any(key.startswith("effective") for key in part):
                part |= {key: item.resource[key] for key in _DATED if key in item.resource}
        _guarded(READ[kind], inner, into)


def _finished(into: Gathered) -> tuple[dict[str, pl.DataFrame], list[dict[str, Any]]]:
    who = Identities(into)
    gathered = {"facts": into.facts, "spans": into.spans, "lesions": into.lesions, "coverage": into.coverage}
    tables = {name: who.resolve(rows.frame()) for name, rows in gathered.items()}
    once = {(c.patient, c.source or c.row, c.date, c.product, c.state, c.number): c for c in into.candidates}
    known = [who.candidate(c) for c in once.values()]
    infusions = number_infusions([c for c in known if c is not None], into.problems).frame()
    tables["facts"] = name_specimens(tables["facts"], into)
    for name in ("facts", "spans"):
        tables[name] = _once(tables[name], name, into)
    patients = patient_rows(into, who, infusions)
    everything = {"patients": patients, "infusions": infusions} | tables
    return to_days(everything), into.problems.rows(who.id_of)


def _once(table: pl.DataFrame, name: str, into: Gathered) -> pl.DataFrame:
    """Drop a resource that came twice (pages that overlap, a file exported twice) and say how many."""
    suspect = pl.col("source").is_duplicated() & pl.col("source").str.contains(r"^[A-Z][A-Za-z]+/")
    numbered = table.with_row_index("_i").filter(suspect)
    same = [column for column in table.columns if column != "row"]
    again = numbered.filter(~pl.struct(same).is_first_distinct())["_i"] if numbered.height else None
    if again is None or again.is_empty():
        return table
    marked = pl.int_range(pl.len(), dtype=pl.UInt32).is_in(again.implode())
    kept, first = table.filter(~marked), table.filter(marked)["row"].item(0)
    problem = f"{table.height - kept.height} rows of resources that came twice"
    into.problems.add_for("", first, problem, name=name, now="read once")
    return kept
