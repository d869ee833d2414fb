"""Writes the tables of a course as FHIR R4: a collection Bundle or NDJSON, days as dates counted from a base date."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl

from carsequel.record.errors import RecordError
from carsequel.record.fhir.calendar import Calendar, Row
from carsequel.record.fhir.elements import as_text
from carsequel.record.fhir.places import Resource
from carsequel.record.fhir.written import WRITERS, patient_resources
from carsequel.record.schema import INTERNAL

_ID = re.compile(r"[A-Za-z0-9\-.]{1,50}")
_NUMBERS: Final = ("value", "day", "start", "end", "lln", "uln", "dose", "ldi", "sdi")
_ADDRESS: Final = "https://carsequel.org/fhir/"
_EVERYONE: Final = "*"


def write_fhir(tables: dict[str, pl.DataFrame], path: str | Path, base_date: str = "2000-01-01") -> Path:
    """Write patients, infusions, facts, spans, lesions and coverage as FHIR R4, so that `read_fhir` gives them back.

    `path` ends in `.json` (a Bundle of type collection) or `.ndjson`, either with `.gz`. Rows with `day`, `start` or
    `end` get dates counted from `base_date` and the tag `relative-days`; rows with `date` keep it. Columns that only
    reading computes (`row`, `clock` …) are not written. The same tables give the same bytes. Gives the path. Raises
    RecordError for another ending, a value that is no number or a date that is no ISO date.
    """
    place = Path(path)
    plain = place.name.lower().removesuffix(".gz")
    if not plain.endswith((".json", ".ndjson")):
        raise RecordError(
            "cannot tell the FHIR form from the file name", "End it in .json or .ndjson (or .gz of these)."
        )
    resources = _resources(tables, base_date)
    lines = _bundle(resources) if plain.endswith(".json") else (orjson.dumps(r) + b"\n" for r in resources)
    unfinished = place.with_name(place.name + ".part")
    try:
        with unfinished.open("wb") as raw:
            if place.name.lower().endswith(".gz"):
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                    packed.writelines(lines)
            else:
                raw.writelines(lines)
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)
    return place


def _bundle(resources: Iterator[Resource]) -> Iterator[bytes]:
    yield b'{"resourceType":"Bundle","type":"collection","entry":[\n'
    for index, resource in enumerate(resources):
        url = f"{_ADDRESS}{resource['resourceType']}/{resource['id']}"
        yield (b",\n" if index else b"") + orjson.dumps({"fullUrl": url, "resource": resource})
    yield b"\n]}\n"


def _resources(tables: dict[str, pl.DataFrame], base_date: str) -> Iterator[Resource]:
    ready = {name: _numeric(table, name) for name, table in _given(tables).items()}
    calendar = Calendar(base_date, _infusion_days(ready.get("infusions")))
    ids = _ids(ready)
    people = {row["patient"]: row for row in _rows(ready.get("patients"))}
    for patient, own_id in ids.items():
        yield from patient_resources(people.get(patient, {"patient": patient}), own_id, calendar)
    for name, write in WRITERS.items():
        for index, row in enumerate(_rows(ready.get(name)), 1):
            resource = write(row, calendar)
            if row["patient"] != _EVERYONE:
                resource["subject"] = {"reference": f"Patient/{ids[row['patient']]}"}
            yield {"resourceType": resource.pop("resourceType"), "id": f"{name}-{index}"} | resource


def _given(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables as they would stand in a course folder: without the columns that reading them computes, products by
    their own names, and with a row for each patient who was never infused."""
    ready = dict(tables)
    infusions, patients = ready.get("infusions"), ready.get("patients")
    if infusions is not None and "product_name" in infusions.columns:
        ready["infusions"] = infusions = infusions.with_columns(product=pl.coalesce("product_name", "product"))
    if infusions is not None and patients is not None and "not_infused" in patients.columns:
        never = patients.filter(pl.col("not_infused")).select("patient").join(infusions, on="patient", how="anti")
        never = never.with_columns(infusion=pl.lit(1, infusions.schema["infusion"]), note=pl.lit("not_infused"))
        ready["infusions"] = pl.concat([infusions, never], how="diagonal_relaxed")
    return {name: table.drop(INTERNAL, strict=False) for name, table in ready.items()}


def _rows(table: pl.DataFrame | None) -> Iterator[Row]:
    """Rows without their empty cells."""
    if table is None:
        return
    for row in table.iter_rows(named=True):
        yield {name: value for name, value in row.items() if value is not None and value != ""}


def _numeric(table: pl.DataFrame, name: str) -> pl.DataFrame:
    if "patient" not in table.columns:
        raise RecordError(f"table {name} has no column patient", "Give it one.")
    try:
        return table.with_columns(pl.col(column).cast(pl.Float64) for column in _NUMBERS if column in table.columns)
    except pl.exceptions.InvalidOperationError:
        columns = ", ".join(column for column in _NUMBERS if column in table.columns)
        problem = f"table {name}: one of {columns} holds a text that is no number"
        raise RecordError(problem, "Read the tables with carsequel first; it converts or refuses such rows.") from None


def _infusion_days(infusions: pl.DataFrame | None) -> dict[tuple[str, str], float]:
    if infusions is None or not {"infusion", "day"} <= set(infusions.columns):
        return {}
    known = infusions.select("patient", "infusion", "day").drop_nulls()
    return {(patient, str(as_text(number))): day for patient, number, day in known.iter_rows()}


def _ids(tables: dict[str, pl.DataFrame]) -> dict[str, str]:
    """FHIR ids by patient, in order of appearance: the patient's own id where FHIR allows it, else a number."""
    order = ("patients", *WRITERS)
    every: dict[Any, None] = {}
    for name in order:
        if name in tables:
            every |= dict.fromkeys(tables[name]["patient"].drop_nulls().cast(pl.String).unique(maintain_order=True))
    every.pop(_EVERYONE, None)
    taken = {patient for patient in every if _ID.fullmatch(patient)}
    ids: dict[str, str] = {}
    for index, patient in enumerate(every, 1):
        own = patient if patient in taken else f"patient-{index}"
        while own != patient and own in taken:
            own = f"{own}-x"
        ids[patient] = own
    return ids
