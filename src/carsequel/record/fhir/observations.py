"""Observations: laboratory values, vital signs, scores and responses to facts; our own spans, lesions, coverage too."""

from typing import Any, Final, NamedTuple

from carsequel.record.fhir.elements import as_text, bounds, moment, number, own_columns, words
from carsequel.record.fhir.gathered import Gathered, based
from carsequel.record.fhir.naming import DISEASE_STATUS, Named
from carsequel.record.fhir.places import Resource
from carsequel.record.fhir.problems import Item
from carsequel.record.fhir.values import Value, limits_of, own_value, value_of

REFUSED: Final = frozenset({"entered-in-error", "cancelled"})
_DOUBTED: Final = frozenset({"preliminary", "registered"})


def read_observation(item: Item, into: Gathered) -> None:
    """Add the rows of one Observation: one for its value and one for each of its components."""
    resource = item.resource
    status = resource.get("status")
    if into.refused(item, status, REFUSED):
        return
    named = into.names.of(resource.get("code"))
    if named.kind in _OTHER_ROWS:
        _OTHER_ROWS[named.kind](item, named, into)
        return
    if item.patient is None:
        into.problems.add(item, "no patient reference", name=named.shown, now="refused", do="give Observation.subject")
        return
    if status in _DOUBTED:
        into.problems.add(item, f"status {status}", name=named.shown, now="kept with a doubt", do="wait for the final")
    shared = _shared(item, named, into)
    parts = resource.get("component") if "component" in resource else None
    parts = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    _add_fact(item, resource, named, shared, into, panel=bool(parts or "hasMember" in resource))
    for part in parts:
        _add_fact(item, part, into.names.of(part.get("code")), shared, into, panel=False)


class Shared(NamedTuple):
    """What a component inherits from its Observation; `columns` are our own, kept as extensions."""

    date: str | None
    when: str | None
    approximate: str | None
    method: str | None
    specimen: str | None
    site: str | None
    columns: dict[str, Any]


def _shared(item: Item, named: Named, into: Gathered) -> Shared:
    resource = item.resource
    columns = own_columns(resource) if "extension" in resource else {}
    own_when, approximate = (
        (as_text(columns.pop(key, None)) for key in ("when", "approximate")) if columns else (None, None)
    )
    raw = resource.get("effectiveDateTime") or moment(resource, "effective")
    date, when = into.date(item, raw, named.shown) if raw else (None, None)
    if raw is None and not own_when and not named.own:
        date, when = into.date(item, resource.get("issued"), named.shown)
        approximate = "true" if date else approximate
        problem = "no effective date, date of issue taken" if date else "no date"
        now = "approximate" if date else "kept without a day"
        into.problems.count(item, problem, name=named.shown, now=now, do="give the date of the sample")
    return Shared(
        date,
        own_when or when,
        approximate,
        words(resource["method"]) if "method" in resource else None,
        _specimen(item) if "specimen" in resource else None,
        words(resource["bodySite"]) if "bodySite" in resource else None,
        columns,
    )


def _specimen(item: Item) -> str | None:
    given = item.resource.get("specimen")
    if not isinstance(given, dict):
        return None
    return as_text(given.get("display") or given.get("reference"))


def _add_fact(item: Item, part: Resource, named: Named, shared: Shared, into: Gathered, panel: bool) -> None:
    if named.kind == "nothing":
        if not panel:
            into.problems.add(item, "Observation without a code", now="refused", do="give Observation.code")
        return
    columns = dict(shared.columns) if shared.columns else {}
    found = value_of(part, named)
    if named.own:
        found = own_value(found, columns)
    if found is None:
        if not panel:
            _report_no_value(item, part, named, into)
        return
    name = "response" if named.name == DISEASE_STATUS else named.name
    if named.doubt or named.kind == "unknown":
        _report_code(item, named, into)
    if found.approximate:
        into.problems.count(item, "improved read as PR", name=name, now="approximate", do="give the response category")
    lln, uln, left_out = limits_of(part, found.unit) if "referenceRange" in part else (None, None, False)
    if left_out:
        into.problems.count(
            item, "reference range in another unit", name=named.shown, now="range not read", do="give one unit"
        )
    _write(item, name, found, shared, (lln, uln), columns, into)


def _write(
    item: Item,
    name: str,
    found: Value,
    shared: Shared,
    limits: tuple[float | None, float | None],
    columns: dict[str, Any],
    into: Gathered,
) -> None:
    own = (
        (as_text(columns.pop(key, None)) for key in ("infusion", "limit", "source")) if columns else (None, None, None)
    )
    infusion, limit, source = own
    into.facts.add(
        (
            item.patient,
            name,
            shared.date,
            infusion,
            found.value,
            found.unit,
            found.text,
            found.comparator,
            *limits,
            _joined(found.method, shared.method),
            shared.specimen,
            shared.site,
            limit,
            shared.when,
            "true" if found.approximate else shared.approximate,
            source or item.source,
            item.row,
        ),
        based(item, {key: as_text(value) for key, value in columns.items()}) if columns or item.base else None,
    )


def _joined(first: str | None, second: str | None) -> str | None:
    return f"{first}; {second}" if first and second else first or second


def _report_no_value(item: Item, part: Resource, named: Named, into: Gathered) -> None:
    reason = part.get("dataAbsentReason")
    problem = "value stated as absent" if reason else "no value"
    into.problems.add(item, problem, name=named.shown, now="not read")


def _report_code(item: Item, named: Named, into: Gathered) -> None:
    if named.doubt:
        into.problems.count(item, named.doubt, name=named.name, was=named.code, now="kept", do="map the code")
        return
    into.problems.count(
        item,
        "unknown code" if named.code else "unknown test without a code",
        was=named.code,
        now="kept under its own name",
        do="name it in the mapping table",
    )


def _read_span(item: Item, named: Named, into: Gathered) -> None:
    add_span(item, named.name, None, into)


def add_span(item: Item, name: str, text: str | None, into: Gathered) -> None:
    """Add one of our own spans: value, text, role and words stand in the value and in our extensions."""
    resource = item.resource
    columns = own_columns(resource)
    found = own_value(value_of(resource, Named("span", name, own=True)), columns)
    stem = "performed" if resource.get("resourceType") == "Procedure" else "effective"
    start, end = bounds(resource, stem)
    keys = ("infusion", "role", "when", "approximate", "source", "value", "unit")
    infusion, role, when, approximate, source, value, unit = (as_text(columns.pop(key, None)) for key in keys)
    into.spans.add(
        (
            item.patient,
            name,
            into.date(item, start, name)[0],
            into.date(item, end, name)[0],
            infusion,
            found.value if found.value is not None else number(value),
            found.unit or unit,
            found.text or text,
            role,
            when,
            approximate,
            source or item.source,
            item.row,
        ),
        based(item, {key: as_text(value) for key, value in columns.items()}),
    )


def _read_lesion(item: Item, named: Named, into: Gathered) -> None:
    columns = {key: as_text(value) for key, value in own_columns(item.resource).items()}
    sizes: dict[str, float | None] = {}
    for part in item.resource.get("component") or []:
        known = into.names.of(part.get("code"))
        quantity = part.get("valueQuantity")
        sizes[known.name] = number(quantity.get("value")) if isinstance(quantity, dict) else None
    date, _ = into.date(item, moment(item.resource, "effective"), "lesion")
    lesion, kind, uptake, source = (columns.pop(key, None) for key in ("lesion", "kind", "uptake", "source"))
    row = (item.patient, date, lesion, sizes.get("ldi"), sizes.get("sdi"), kind, words(item.resource.get("bodySite")))
    into.lesions.add((*row, uptake, source or item.source, item.row), based(item, columns))


def _read_coverage(item: Item, named: Named, into: Gathered) -> None:
    start, end = bounds(item.resource, "effective")
    columns = {key: as_text(value) for key, value in own_columns(item.resource).items()}
    source = columns.pop("source", None)
    dates = (into.date(item, start, named.name)[0], into.date(item, end, named.name)[0])
    into.coverage.add((item.patient or "*", named.name, *dates, source or item.source, item.row), based(item, columns))


_OTHER_ROWS: Final = {"span": _read_span, "lesion": _read_lesion, "coverage": _read_coverage}
