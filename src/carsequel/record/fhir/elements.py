"""FHIR data types read with tolerance: concepts, dates, quantities, periods and our own columns kept as extensions."""

import re
from typing import Any, Final

from carsequel.record.fhir.places import COLUMN, RELATIVE, TAG, Resource

_DATE = re.compile(
    r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))"
    r"(?:T((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)(?:Z|[+-]\d\d:\d\d)?)?"
)
_PARTIAL = re.compile(r"\d{4}(-(?:0[1-9]|1[0-2]))?")
MONTH_ONLY: Final = "month known only"
YEAR_ONLY: Final = "year known only"
UNREADABLE: Final = "date not readable"


def local_date(text: Any) -> tuple[str | None, str | None]:
    """Give a FHIR date, dateTime or instant as the local calendar date(-time) as written, offset dropped, not shifted,
    and words where only a year or month is known or the text is no date.

    >>> local_date("2024-03-05T23:30:00-08:00"), local_date("2024-03"), local_date("5.3.2024")
    (('2024-03-05T23:30:00', None), (None, 'month known only'), (None, 'date not readable'))
    """
    if not text:
        return None, None
    if type(text) is not str:
        return None, UNREADABLE
    full = _DATE.fullmatch(text)
    if full:
        day, clock = full.groups()
        if clock is None:
            return day, None
        return f"{day}T{clock}" if len(clock) > 5 else f"{day}T{clock}:00", None
    partial = _PARTIAL.fullmatch(text)
    if partial:
        return None, MONTH_ONLY if partial[1] else YEAR_ONLY
    return None, UNREADABLE


def codings(concept: Any) -> list[dict[str, Any]]:
    """Give the codings of a CodeableConcept (a bare Coding counts as one)."""
    if not isinstance(concept, dict):
        return []
    found = concept.get("coding")
    if isinstance(found, list):
        return [coding for coding in found if isinstance(coding, dict)]
    return [concept] if "code" in concept or "display" in concept else []


def words(concept: Any) -> str | None:
    """Give a concept in words: its text, else the first display, else the first code.

    >>> words({"coding": [{"code": "FNA", "display": "Fine needle"}]})
    'Fine needle'
    """
    if isinstance(concept, str):
        return concept or None
    if not isinstance(concept, dict):
        return None
    if concept.get("text"):
        return str(concept["text"])
    every = codings(concept)
    for part in ("display", "code"):
        for coding in every:
            if coding.get(part):
                return str(coding[part])
    return None


def own_code(concept: Any, system: str) -> str | None:
    """Give the code of a concept in one of our own systems."""
    return next((str(c["code"]) for c in codings(concept) if c.get("system") == system and c.get("code")), None)


def number(value: Any) -> float | None:
    """Give a JSON number, or a number written as text, as float; None for anything else.

    >>> number(3), number("2.5"), number("high"), number(True)
    (3.0, 2.5, None, None)
    """
    kind = type(value)
    if kind is float or kind is int:
        return float(value)
    if kind is bool or value is None:
        return None
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if abs(result) != float("inf") and result == result else None


def unit_of(quantity: dict[str, Any]) -> str | None:
    """Give a quantity's unit as written, else its code."""
    unit = quantity.get("unit") or quantity.get("code")
    return str(unit) if unit else None


def moment(resource: Resource, stem: str) -> Any:
    """Give the raw date text of `stem`[x] (`effective`, `performed`, `occurrence`, `onset`): DateTime, Instant, Date or
    the start (else the end) of a Period."""
    for kind in ("DateTime", "Instant", "Date"):
        found = resource.get(stem + kind)
        if found:
            return found
    period = resource.get(stem + "Period")
    if isinstance(period, dict):
        return period.get("start") or period.get("end")
    return None


def bounds(resource: Resource, stem: str) -> tuple[Any, Any]:
    """Give raw start and end texts of `stem`[x]; a single moment is both."""
    period = resource.get(stem + "Period")
    if isinstance(period, dict):
        return period.get("start"), period.get("end")
    single = moment(resource, stem)
    return single, single


def own_columns(resource: Resource) -> dict[str, Any]:
    """Give our columns that FHIR has no place for, by name, as kept in extensions (empty for other people's data)."""
    found: dict[str, Any] = {}
    extensions = resource.get("extension")
    if not isinstance(extensions, list):
        return found
    for extension in extensions:
        url = extension.get("url") if isinstance(extension, dict) else None
        if isinstance(url, str) and url.startswith(COLUMN):
            value = next((v for k, v in extension.items() if k.startswith("value")), None)
            if value is not None:
                found[url[len(COLUMN) :]] = value
    return found


def as_text(value: Any) -> str | None:
    """Give a JSON scalar as the text a CSV cell would hold.

    >>> as_text(True), as_text(2.0), as_text(0.25), as_text(None)
    ('true', '2', '0.25', None)
    """
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def relative_base(resource: Resource) -> str | None:
    """Give the calendar day that stands for day 0 where a resource is marked as carrying relative days."""
    meta = resource.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    if not isinstance(tags, list):
        return None
    for tag in tags:
        if isinstance(tag, dict) and tag.get("code") == RELATIVE and tag.get("system") == TAG:
            return local_date(tag.get("version"))[0]
    return None
