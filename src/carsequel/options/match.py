"""How near a published row is to this patient: in words, and by the time from infusion to failure it was counted in."""

import math
import re
from typing import Any, Final

DAYS_IN_MONTH: Final = 30.4375
_AFTER_CAR_T: Final = re.compile(r"(?i)(?:after|post|prior)[- ](?:\w+[- ])?CAR|prior T-cell redirection|prior CD19 CAR")
_NOT_AFTER: Final = re.compile(r"(?i)not (?:only )?(?:post|after)|naive|all patients|pre-CAR|few post|^\w+, any$")
_SPAN: Final = re.compile(
    r"(?i)(?:relapse|failure)s?\s*\(?(?:(?P<below><=|<)|(?P<above>>=|>))?\s*D?(?P<first>\d+)"
    r"(?:\s*-\s*D?(?P<last>\d+))?\s*(?P<unit>mo|d)?"
)


def match_words(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    """Give in words how the cohort of an evidence row resembles the patient of a verdict: disease, after CAR-T or not,
    time to failure, product.

    >>> row = {"disease": "LBCL", "population": "relapse <=3 mo", "product": None}
    >>> match_words(row, {"disease": "LBCL", "day": 31.0, "product": "tisa-cel"})
    'same disease; relapse <=3 mo, as this patient'
    """
    words = [_disease(row, verdict), _setting(row), _timing(row, verdict), _product(row, verdict)]
    return "; ".join(word for word in words if word)


def in_stratum(text: str | None, day: float | None, low: float | None = None, high: float | None = None) -> bool | None:
    """Tell whether a day of failure lies in the time span a text names (`relapse >6 mo`, `failure D0-30`); None where
    the text names none or the day is not known well enough. `low` and `high` bound a day that is not given. Months
    count 30.4375 days; `4-6 mo` is above 3 and up to 6.

    >>> in_stratum("relapse 4-6 mo", 100.0), in_stratum("relapse >6 mo", 100.0), in_stratum("after CAR-T", 100.0)
    (True, False, None)
    >>> in_stratum("failure D0-30", None, low=94.0), in_stratum("relapse >6 mo", None, low=94.0)
    (False, None)
    """
    span = _stratum(text)
    earliest = day if day is not None else low
    latest = day if day is not None else high
    if span is None or (earliest is None and latest is None):
        return None
    above, up_to = span
    first, last = earliest or 0.0, math.inf if latest is None else latest
    if first > above and last <= up_to:
        return True
    return False if last <= above or first > up_to else None


def _stratum(text: str | None) -> tuple[float, float] | None:
    """Give the span of days a text names, as (above, up to)."""
    found = _SPAN.search(text or "")
    if not found:
        return None
    by_month = (found["unit"] or "").lower() == "mo"
    size = DAYS_IN_MONTH if by_month else 1.0
    first = float(found["first"])
    if found["last"]:
        above = (first - 1) * size if by_month else math.nextafter(first, -math.inf)
        return above, float(found["last"]) * size
    if found["below"]:
        return -math.inf, first * size
    return (first * size, math.inf) if found["above"] else None


def _disease(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    diseases = (row.get("disease") or "").split(";")
    if verdict.get("disease") not in diseases:
        return "another disease"
    return "same disease" if len(diseases) == 1 else f"this disease among {', '.join(diseases)}"


def _setting(row: dict[str, Any]) -> str:
    population = row.get("population") or ""
    if _NOT_AFTER.search(population):
        return f"not, or not only, after CAR-T ({population})"
    return "after CAR-T" if _AFTER_CAR_T.search(population) else ""


def _timing(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    population = row.get("population") or ""
    if not _SPAN.search(population):
        return ""
    fits = in_stratum(population, verdict.get("day"), verdict.get("day_low"), verdict.get("day_high"))
    if fits is None:
        return f"{population}, day of failure not known"
    return f"{population}, as this patient" if fits else f"{population}, unlike this patient"


def _product(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    products = (row.get("product") or "").split(";")
    if products == [""]:
        return ""
    return "same product" if verdict.get("product") in products else "another product"
