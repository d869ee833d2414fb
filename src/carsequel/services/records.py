"""Synthetic records on disk: a course folder, its FHIR twin and the truth, every file marked SYNTHETIC."""

from pathlib import Path

import polars as pl

from carsequel.record.errors import RecordError
from carsequel.record.fhir import write_fhir
from carsequel.synthetic import Records, make_records

FOLDER, TWIN, TRUTH, INJECTED = "records", "records.ndjson", "truth.csv", "injected.csv"
LONGEST = 730.0


def check_place(out: Path) -> None:
    """Raise RecordError where `out` already holds a folder of records that is not empty."""
    place = out / FOLDER
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise RecordError(f"there already is a folder {FOLDER} in the output", "give a new folder with --out")


def write_records(parts: list[Records], folder: Path, fhir: bool = True) -> None:
    """Write records into `folder`: `records/` (course folder), `records.ndjson` (the same as FHIR R4), `truth.csv`, and
    `injected.csv` where errors were put in."""
    tables = joined(parts)
    (folder / FOLDER).mkdir()
    for name, rows in tables.items():
        rows.write_csv(folder / FOLDER / f"{name}.csv")
    if fhir:
        write_fhir(tables, folder / TWIN)
    pl.concat([part.truth for part in parts], how="diagonal").write_csv(folder / TRUTH)
    injected = pl.concat([part.injected for part in parts], how="diagonal_relaxed")
    if injected.height:
        injected.write_csv(folder / INJECTED)


def joined(parts: list[Records]) -> dict[str, pl.DataFrame]:
    """Give the tables of several records as one course folder; lines of coverage for everyone stand once."""
    names = list(dict.fromkeys(name for part in parts for name in part.tables))
    found = {}
    for name in names:
        rows = pl.concat([part.tables[name] for part in parts if name in part.tables], how="diagonal_relaxed")
        found[name] = rows.unique(maintain_order=True) if name == "coverage" else rows
    return found


def records_of(disease: str, product: str, n: int, seed: int, arm: str, horizon: float, errors: bool) -> Records:
    """Give the records of the first n patients of a simulation, followed for at most two years."""
    broken = {"gaps": errors, "mixed_units": errors, "errors": errors}
    return make_records(disease, product, n, seed, arm=arm, horizon=min(horizon, LONGEST), **broken)
