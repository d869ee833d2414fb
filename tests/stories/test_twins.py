"""One patient, several files: a FHIR bundle, its CSV twin and every other form give identical findings."""

from pathlib import Path

import polars as pl
import pytest

import carsequel as cs
from carsequel.record import write_course
from carsequel.record.fhir import write_fhir

FOLDER = Path(__file__).parents[2] / "examples" / "published"
TABLES = ("patients", "infusions", "facts", "spans", "lesions", "coverage")


def tables(course: cs.Course) -> dict[str, pl.DataFrame]:
    return {name: getattr(course, name) for name in TABLES}


@pytest.fixture(scope="module")
def original() -> cs.Course:
    return cs.read(FOLDER)


@pytest.mark.parametrize("name", ["bundle.json", "bundle.ndjson", "bundle.ndjson.gz"])
def test_fhir_and_csv_give_identical_findings(original: cs.Course, tmp_path: Path, name: str) -> None:
    write_fhir(tables(original), tmp_path / name)
    assert cs.grade(cs.read(tmp_path / name)).equals(cs.grade(original))


@pytest.mark.parametrize("format", ["csv", "parquet", "xlsx"])
def test_every_written_form_gives_identical_findings(original: cs.Course, tmp_path: Path, format: str) -> None:
    write_course(original, tmp_path / format, format=format)
    again = cs.read(tmp_path / format)
    assert cs.grade(again).equals(cs.grade(original))
    assert again.data_hash == original.data_hash


def test_the_answer_of_one_patient_does_not_depend_on_the_others(original: cs.Course) -> None:
    patient = "lbcl-tisacel-cd19neg-bulky"
    together, alone = cs.answer(original, patient), cs.answer(original.only(patient), patient)
    assert together == alone
