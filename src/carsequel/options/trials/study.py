"""A study of ClinicalTrials.gov (API version 2, a file the user downloaded) as a trial of our own format.

Age, sex and the registered conditions become criteria. The free text of eligibility is carried beside and is one
criterion that stays unknown: nothing is guessed from it, so a study can be excluded here but never matched whole.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from carsequel.options.trials.trial import Criterion, Group, Leaf, Trial, TrialError
from carsequel.terms.diseases import disease_from_text

SEXES: Final = {"MALE": "M", "FEMALE": "F"}
YEARS: Final = {"YEAR": 1.0, "MONTH": 1 / 12, "WEEK": 7 / 365.25, "DAY": 1 / 365.25}
_AGE: Final = re.compile(r"(?i)^\s*(\d+)\s*(year|month|week|day)s?\s*$")
REGISTRY: Final = "ClinicalTrials.gov"


def is_study(told: Any) -> bool:
    """Tell whether a dictionary is a study of the registry's API version 2."""
    return isinstance(told, Mapping) and isinstance(told.get("protocolSection"), Mapping)


def read_study(told: Mapping[str, Any]) -> Trial:
    """Give a registered study as a trial. Raises TrialError where the study has no registration number."""
    section = told.get("protocolSection") or {}
    named = _module(section, "identification")
    number = str(named.get("nctId") or "")
    if not number:
        raise TrialError(
            "a study without protocolSection.identificationModule.nctId; download it again from the registry"
        )
    status = _module(section, "status")
    updated = str((status.get("lastUpdatePostDateStruct") or {}).get("date") or "date not given")
    eligibility = _module(section, "eligibility")
    conditions = [str(each) for each in _module(section, "conditions").get("conditions") or []]
    criteria = [*_ages(eligibility), *_sex(eligibility), _conditions(conditions), _free_text(eligibility)]
    return Trial(
        number,
        str(named.get("briefTitle") or named.get("officialTitle") or number),
        f"{REGISTRY} {number}",
        updated,
        tuple(criteria),
        _about(section, status, conditions),
        str(eligibility.get("eligibilityCriteria") or ""),
    )


def years(text: str | None) -> float | None:
    """Give an age of the registry in years, None where there is no limit.

    >>> years("18 Years"), years("6 Months"), years("N/A"), years(None)
    (18.0, 0.5, None, None)
    """
    found = _AGE.match(text or "")
    return float(found[1]) * YEARS[found[2].upper()] if found else None


def _module(section: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = section.get(f"{name}Module")
    return found if isinstance(found, Mapping) else {}


def _registered(name: str, text: str, rule: Leaf | Group) -> Criterion:
    return Criterion(name, False, text, rule, "VERIFIED", True)


def _ages(eligibility: Mapping[str, Any]) -> list[Criterion]:
    low, high = eligibility.get("minimumAge"), eligibility.get("maximumAge")
    found = []
    if (least := years(low)) is not None:
        found.append(_registered("minimumAge", f"minimum age {low}", Leaf("age", {"at_least": least})))
    if (most := years(high)) is not None:
        # A limit in whole years includes the whole year of life.
        found.append(_registered("maximumAge", f"maximum age {high}", Leaf("age", {"below": most + 1})))
    return found


def _sex(eligibility: Mapping[str, Any]) -> list[Criterion]:
    sex = str(eligibility.get("sex") or "ALL").upper()
    if sex not in SEXES:
        return []
    return [_registered("sex", f"sex {sex.lower()}", Leaf("sex", {"one_of": (SEXES[sex],)}))]


def _conditions(conditions: list[str]) -> Criterion:
    diseases = tuple(dict.fromkeys(d for c in conditions if (d := disease_from_text(c)) is not None))
    text = f"registered conditions: {'; '.join(conditions) or 'none named'}"
    return _registered("conditions", text, Leaf("conditions", {"diseases": diseases}))


def _free_text(eligibility: Mapping[str, Any]) -> Criterion:
    return _registered("eligibilityCriteria", "criteria in free text, to be read beside", Leaf("not_read", {}))


def _about(section: Mapping[str, Any], status: Mapping[str, Any], conditions: list[str]) -> dict[str, Any]:
    arms = _module(section, "armsInterventions").get("interventions") or []
    places = _module(section, "contactsLocations").get("locations") or []
    kept = ("facility", "city", "state", "country", "status")
    return {
        "recruitment": status.get("overallStatus"),
        "phases": list(_module(section, "design").get("phases") or []),
        "conditions": conditions,
        "interventions": [" ".join(str(a[n]) for n in ("type", "name") if a.get(n)) for a in arms],
        "locations": [{name: place.get(name) for name in kept} for place in places],
    }
