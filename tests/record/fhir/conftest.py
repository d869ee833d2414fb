"""Small hand-written FHIR resources for the tests of this room."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from carsequel.record.fhir import read_fhir

Resource = dict[str, Any]
Read = Callable[..., tuple[dict[str, pl.DataFrame], list[dict[str, Any]]]]

PATIENT = {"reference": "Patient/p1"}


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1960-06-15"} | more


def lab(code: str, value: Any, unit: str, date: str = "2024-03-05", **more: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "id": f"o{code}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": PATIENT,
        "effectiveDateTime": date,
        "valueQuantity": {"value": value, "unit": unit},
    } | more


def given(text: str, date: str | None, kind: str = "MedicationAdministration", **more: Any) -> Resource:
    stem, code = ("performed", "code") if kind == "Procedure" else ("effective", "medicationCodeableConcept")
    own_id = "".join(c for c in f"{kind[:4]}-{text}-{date}" if c.isalnum() or c == "-")
    resource = {"resourceType": kind, "id": own_id, "status": "completed", "subject": PATIENT, code: {"text": text}}
    return resource | ({f"{stem}DateTime": date} if date else {}) | more


def bundle(*resources: Resource, kind: str = "collection") -> Resource:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": r} for r in resources]}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read resources from a Bundle written to disk."""

    def reading(*resources: Resource, **options: Any) -> tuple[dict[str, pl.DataFrame], list[dict[str, Any]]]:
        path = tmp_path / "bundle.json"
        path.write_bytes(orjson.dumps(bundle(*resources)))
        return read_fhir(path, **options)

    return reading


def said(problems: list[dict[str, Any]], words: str) -> list[dict[str, Any]]:
    return [problem for problem in problems if words in problem["problem"]]


def seen(table: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return table.select(columns).rows()
