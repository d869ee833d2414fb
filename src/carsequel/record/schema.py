"""The columns of a course folder: names, types and which of them a table cannot do without."""

from typing import Any, Final

import polars as pl

TEXT, NUMBER, WHOLE, TRUTH = pl.String, pl.Float64, pl.Int64, pl.Boolean

COLUMNS: Final[dict[str, dict[str, Any]]] = {
    "patients": {
        "patient": TEXT,
        "disease": TEXT,
        "disease_detail": TEXT,
        "age": NUMBER,
        "age_band": TEXT,
        "sex": TEXT,
        "synthetic": TEXT,
        "source": TEXT,
    },
    "infusions": {
        "patient": TEXT,
        "infusion": WHOLE,
        "day": NUMBER,
        "product": TEXT,
        "target": TEXT,
        "dose": NUMBER,
        "dose_unit": TEXT,
        "note": TEXT,
        "when": TEXT,
        "source": TEXT,
    },
    "facts": {
        "patient": TEXT,
        "name": TEXT,
        "day": NUMBER,
        "infusion": WHOLE,
        "value": NUMBER,
        "unit": TEXT,
        "text": TEXT,
        "comparator": TEXT,
        "lln": NUMBER,
        "uln": NUMBER,
        "method": TEXT,
        "specimen": TEXT,
        "site": TEXT,
        "limit": NUMBER,
        "when": TEXT,
        "approximate": TRUTH,
        "note": TEXT,
        "source": TEXT,
    },
    "spans": {
        "patient": TEXT,
        "name": TEXT,
        "start": NUMBER,
        "end": NUMBER,
        "infusion": WHOLE,
        "value": NUMBER,
        "unit": TEXT,
        "text": TEXT,
        "role": TEXT,
        "when": TEXT,
        "approximate": TRUTH,
        "end_known": TRUTH,
        "note": TEXT,
        "source": TEXT,
    },
    "lesions": {
        "patient": TEXT,
        "day": NUMBER,
        "lesion": TEXT,
        "ldi": NUMBER,
        "sdi": NUMBER,
        "kind": TEXT,
        "site": TEXT,
        "uptake": TEXT,
        "source": TEXT,
    },
    "coverage": {"patient": TEXT, "name": TEXT, "start": NUMBER, "end": NUMBER, "source": TEXT},
    "mapping": {"local_name": TEXT, "name": TEXT, "unit": TEXT, "factor": NUMBER},
    "overrides": {
        "patient": TEXT,
        "infusion": WHOLE,
        "criterion": TEXT,
        "kind": TEXT,
        "period": TEXT,
        "value": NUMBER,
        "label": TEXT,
        "reason": TEXT,
        "by": TEXT,
    },
}
NUMBERS: Final = {
    table: [name for name, kind in columns.items() if kind.is_numeric()] for table, columns in COLUMNS.items()
}
REQUIRED: Final = {
    "patients": ("patient",),
    "infusions": ("patient", "infusion"),
    "facts": ("patient", "name"),
    "spans": ("patient", "name"),
    "lesions": ("patient", "lesion"),
    "coverage": ("patient", "name"),
    "mapping": ("local_name", "name"),
    "overrides": ("patient", "criterion", "reason"),
}
DATES: Final = {"day": "date", "start": "start_date", "end": "end_date"}
KEPT_TABLES: Final = ("patients", "infusions", "facts", "spans", "lesions", "coverage")
ENUMERATED: Final = {
    ("spans", "drug", "role"): (
        "bridging lymphodepletion toxicity growth_factor antimicrobial immunoglobulin antipyretic next_line"
    ),
    ("spans", "oxygen", "text"): (
        "nasal_cannula blow_by high_flow face_mask non_rebreather venturi cpap bipap ventilator"
    ),
    ("lesions", "*", "kind"): "target other new",
    ("lesions", "*", "uptake"): "1 2 3 4 5 X",
}
INTERNAL: Final = (
    *("clock", "clock_end", "doubt", "row", "not_infused", "product_name"),
    *("midnight", "since", "until", "next_day", "dated", "death", "last"),
)
CHECK_COLUMNS: Final = ("file", "row", "patient", "name", "problem", "was", "now", "what_to_do")


def empty(table: str) -> pl.DataFrame:
    """Give an empty frame of one table with its columns and types (and `row`, where each line came from)."""
    return pl.DataFrame(schema=COLUMNS[table] | {"row": pl.String})
