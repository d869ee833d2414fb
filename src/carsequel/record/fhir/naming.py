"""From the code of an Observation to one of our names: each distinct code is looked up once."""

from typing import Any, Final, NamedTuple

from carsequel.record.fhir.elements import codings, own_code
from carsequel.record.fhir.places import COVERAGE, FACT, LESION, SPAN
from carsequel.terms.codes import code_system, fact_from_code, fact_from_text

_OWN: Final = ((FACT, "fact"), (SPAN, "span"), (LESION, "lesion"), (COVERAGE, "coverage"))
DISEASE_STATUS: Final = "disease_status"


class Named(NamedTuple):
    """What a code means: `kind` fact, span, lesion, coverage, unknown or nothing; `text` is what the code already says;
    `own` where the name is ours and exact; `doubt` says why the name was taken with one."""

    kind: str
    name: str
    text: str | None = None
    own: bool = False
    doubt: str = ""
    code: str = ""

    @property
    def shown(self) -> str:
        """The name as a report may show it: an unknown test without a code could hold anything, so it stays unnamed."""
        return self.code if self.kind == "unknown" else self.name


class Names:
    """Gives the `Named` of a CodeableConcept and remembers it."""

    def __init__(self) -> None:
        self._known: dict[Any, Named] = {}

    def of(self, concept: Any) -> Named:
        """Give what the concept means; an unknown one keeps its own code (else its text) as name, so that a
        centre's `mapping` can still rename it."""
        try:
            coded = concept["coding"]
            one = coded[0]
            key = (one.get("system"), one.get("code"), concept.get("text"), one.get("display"), len(coded))
            if len(coded) > 1:
                key = (*key, *((c.get("system"), c.get("code"), c.get("display")) for c in coded[1:]))
            found = self._known.get(key)
        except (TypeError, KeyError, IndexError, AttributeError):
            return named(concept)
        if found is None:
            found = self._known[key] = named(concept)
        return found


def named(concept: Any) -> Named:
    """Give what a CodeableConcept means: our own code, else a known code, else a known name in words.

    >>> named({"coding": [{"system": "http://loinc.org", "code": "751-8"}]}).name
    'anc'
    """
    for system, kind in _OWN:
        own = own_code(concept, system)
        if own:
            return Named(kind, own, own=True)
    every = codings(concept)
    for coding in every:
        pair = _text(coding.get("system")), _text(coding.get("code"))
        found = fact_from_code(*pair)
        if found:
            return Named("fact", found[0], found[1], code=f"{pair[0] or ''}|{pair[1]}")
    standard = next(
        (c for c in every if code_system(_text(c.get("system"))) in ("LOINC", "SNOMED") and c.get("code")), None
    )
    shown = f"{standard['system']}|{standard['code']}" if standard else ""
    doubt = "code not known, read by its words" if standard else ""
    for words in (concept.get("text") if isinstance(concept, dict) else None, *(c.get("display") for c in every)):
        name = fact_from_text(_text(words))
        if name:
            return Named("fact", name, doubt=doubt, code=shown)
    return _unknown(concept, every)


def _unknown(concept: Any, every: list[dict[str, Any]]) -> Named:
    for coding in every:
        code = _text(coding.get("code"))
        if code:
            return Named("unknown", code, code=f"{_text(coding.get('system')) or ''}|{code}")
    words = concept.get("text") if isinstance(concept, dict) else None
    name = _text(words) or next((str(c["display"]) for c in every if c.get("display")), "")
    return Named("unknown" if name else "nothing", name)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
