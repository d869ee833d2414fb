"""How near a published row is to this patient, in words: disease, setting, time, line, LDH, antigen, product."""

import math
import re
from typing import Any, Final

from carsequel.terms.products import product_ids

DAYS_IN_MONTH: Final = 30.4375
_AFTER_CAR_T: Final = re.compile(r"(?i)(?:after|post|prior)[- ](?:\w+[- ])?CAR|prior T-cell redirection|prior CD19 CAR")
_NOT_AFTER: Final = re.compile(r"(?i)not (?:only )?(?:post|after)|naive|all patients|pre-CAR|few post|^\w+, any$")
_SPAN: Final = re.compile(
    r"(?i)(?:relapse|failure)s?\s*\(?(?:(?P<below><=|<)|(?P<above>>=|>))?\s*D?(?P<first>\d+)"
    r"(?:\s*-\s*D?(?P<last>\d+))?\s*(?P<unit>mo|d)?"
)
_LINE: Final = re.compile(r"\b(?P<line>\d)L(?P<more>\+)?")
_ANTIGEN: Final = re.compile(r"CD(?P<cd>19|20|22)(?P<sign>\+|-|dim/neg)(?= relapse|$)")
_NONRESPONSE: Final = re.compile(r"(?i)non-?respon")


def match_words(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    """Give in words how the cohort of an evidence row resembles the patient of a verdict: disease, after CAR-T or not,
    time to failure, line, LDH, antigen, type of failure, product. All but disease speak only where the row is about
    them; line, LDH and antigen need what `patient_context` adds to a verdict.

    >>> row = {"disease": "LBCL", "population": "relapse <=3 mo", "product": None}
    >>> match_words(row, {"disease": "LBCL", "day": 31.0, "product": "tisa-cel"})
    'same disease; relapse <=3 mo, as this patient'
    """
    words = [_disease(row, verdict), _setting(row), _timing(row, verdict), _line(row, verdict)]
    words += [_ldh(row, verdict), _antigen(row, verdict), _type(row, verdict), _product(row, verdict)]
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


def by_time(population: str | None) -> bool:
    """Tell whether a population is a span of time to failure.

    >>> by_time("relapse >6 mo"), by_time("LBCL, after CAR-T")
    (True, False)
    """
    return _stratum(population) is not None


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


def _type(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    population, own = row.get("population") or "", verdict.get("type")
    if not _NONRESPONSE.search(population):
        return ""
    if own is None:
        return "nonresponse, type of failure not known here"
    return f"nonresponse, {'as' if own == 'primary_refractory' else 'unlike'} this patient"


def _product(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    named = [name for name in product_ids() if name in (row.get("population") or "")]
    products = (row.get("product") or "").split(";") if row.get("product") else named
    if not products:
        return ""
    return "same product" if verdict.get("product") in products else "another product"


def _line(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    found = _LINE.search(row.get("population") or "")
    if not found or "next_line" not in verdict:
        return ""
    asked, own, more = int(found["line"]), verdict["next_line"], bool(found["more"])
    told = f"{found.group()}, this patient's next line is {own}{'' if verdict.get('line_recorded') else ' or later'}"
    if not verdict.get("line_recorded"):
        return told + " (earlier lines not recorded)"
    return f"{told}: {'as this patient' if own == asked or (more and own >= asked) else 'unlike this patient'}"


def _ldh(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    said = " ".join(str(row.get(name) or "") for name in ("population", "outcome", "factor"))
    if "LDH" not in said or "ldh_raised" not in verdict:
        return ""
    raised = verdict["ldh_raised"]
    return (
        "LDH after the infusion not recorded" if raised is None else f"LDH {'raised' if raised else 'not raised'} here"
    )


def _antigen(row: dict[str, Any], verdict: dict[str, Any]) -> str:
    found = _ANTIGEN.search(row.get("population") or "")
    if not found or "antigens" not in verdict:
        return ""
    name = f"CD{found['cd']}"
    reading = verdict["antigens"].get(name)
    if reading not in ("present", "reduced", "absent", "epitope_lost"):
        return f"{found.group()}, {name} not settled here"
    kept = found["sign"] == "+"
    return f"{found.group()}, {'as' if kept == (reading == 'present') else 'unlike'} this patient ({name} {reading})"
