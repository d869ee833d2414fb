"""Where our columns live in FHIR: the systems and urls that the reader and the writer share."""

from typing import Any, Final

import polars as pl

Resource = dict[str, Any]

BASE: Final = "https://carsequel.org/"
FACT: Final = f"{BASE}fact"
SPAN: Final = f"{BASE}span"
LESION: Final = f"{BASE}lesion"
COVERAGE: Final = f"{BASE}coverage"
PRODUCT: Final = f"{BASE}product"
DISEASE: Final = f"{BASE}disease"
UNKNOWN_PRODUCT: Final = "unknown"
PATIENT: Final = f"{BASE}patient"
TAG: Final = f"{BASE}tag"
RELATIVE: Final = "relative-days"
COLUMN: Final = f"{BASE}column/"
LOINC: Final = "http://loinc.org"

TEXT, NUMBER = pl.String, pl.Float64
FACTS: Final[dict[str, Any]] = {
    "patient": TEXT,
    "name": TEXT,
    "date": TEXT,
    "infusion": TEXT,
    "value": NUMBER,
    "unit": TEXT,
    "text": TEXT,
    "comparator": TEXT,
    "lln": NUMBER,
    "uln": NUMBER,
    "method": TEXT,
    "specimen": TEXT,
    "site": TEXT,
    "limit": TEXT,
    "when": TEXT,
    "approximate": TEXT,
    "source": TEXT,
    "row": TEXT,
}
SPANS: Final[dict[str, Any]] = {
    "patient": TEXT,
    "name": TEXT,
    "start_date": TEXT,
    "end_date": TEXT,
    "infusion": TEXT,
    "value": NUMBER,
    "unit": TEXT,
    "text": TEXT,
    "role": TEXT,
    "when": TEXT,
    "approximate": TEXT,
    "source": TEXT,
    "row": TEXT,
}
LESIONS: Final[dict[str, Any]] = {
    "patient": TEXT,
    "date": TEXT,
    "lesion": TEXT,
    "ldi": NUMBER,
    "sdi": NUMBER,
    "kind": TEXT,
    "site": TEXT,
    "uptake": TEXT,
    "source": TEXT,
    "row": TEXT,
}
COVERED: Final[dict[str, Any]] = {
    "patient": TEXT,
    "name": TEXT,
    "start_date": TEXT,
    "end_date": TEXT,
    "source": TEXT,
    "row": TEXT,
}
INFUSIONS: Final[dict[str, Any]] = {
    "patient": TEXT,
    "infusion": TEXT,
    "date": TEXT,
    "product": TEXT,
    "target": TEXT,
    "dose": NUMBER,
    "dose_unit": TEXT,
    "note": TEXT,
    "when": TEXT,
    "source": TEXT,
    "row": TEXT,
}
PATIENTS: Final[dict[str, Any]] = {
    "patient": TEXT,
    "disease": TEXT,
    "disease_detail": TEXT,
    "age": NUMBER,
    "age_band": TEXT,
    "sex": TEXT,
    "row": TEXT,
}
