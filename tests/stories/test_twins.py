"""One patient, several files: a FHIR bundle, its CSV twin and every other form give identical findings."""

from pathlib import Path

import polars as pl

import carsequel as cs
import published
from carsequel.record import write_course
from carsequel.record.fhir import write_fhir

TABLES = ("patients", "infusions", "facts", "spans", "lesions", "coverage")


def tables(course: cs.Course) -> dict[str, pl.DataFrame]:
    return {name: getattr(course, name) for name in TABLES}


def assert_one_record(courses: list[cs.Course]) -> None:
    """The tables are the same; only where a row stands in its file is not."""
    for other in courses[1:]:
        for name, table in tables(courses[0]).items():
            assert tables(other)[name].drop("row", strict=False).equals(table.drop("row", strict=False)), name


def test_fhir_and_csv_give_identical_findings(tmp_path: Path) -> None:
    """The three ways of writing FHIR give one record, table by table; that record is graded as the CSV twin is."""
    courses = []
    for name in ("bundle.json", "bundle.ndjson", "bundle.ndjson.gz"):
        write_fhir(tables(published.course()), tmp_path / name)
        courses.append(cs.read(tmp_path / name))
    assert_one_record(courses)
    assert cs.grade(courses[0]).equals(published.graded().findings)


def test_every_written_form_gives_identical_findings(tmp_path: Path) -> None:
    """Each form reads back as one record, table by table; that record is graded as the original is."""
    courses = []
    for form in ("csv", "parquet", "xlsx"):
        write_course(published.course(), tmp_path / form, format=form)
        courses.append(cs.read(tmp_path / form))
        assert courses[-1].data_hash == published.course().data_hash
    assert_one_record(courses)
    assert cs.grade(courses[0]).equals(published.graded().findings)


def test_the_answer_of_one_patient_does_not_depend_on_the_others() -> None:
    patient = "lbcl-tisacel-cd19neg-bulky"
    assert published.answer(patient) == cs.answer(published.course().only(patient), patient)
