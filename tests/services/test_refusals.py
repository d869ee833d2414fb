"""What was refused is named on the error stream, rows by their number and files as a whole."""

from dataclasses import replace

import polars as pl
import pytest

import carsequel as cs
from carsequel.record.report import REPORT_SCHEMA
from carsequel.services.reading import say_refusals


def test_rows_are_counted_and_a_file_refused_as_a_whole_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    told = [("facts.csv", "3"), ("facts.csv", "9"), ("second.json", None), (None, None)]
    rows = [{"file": file, "row": row, "status": "refused"} for file, row in told]
    course = replace(cs.read("examples/published"), report=pl.DataFrame(rows, schema=REPORT_SCHEMA))
    say_refusals(course, ["p7"])
    said = capsys.readouterr().err.splitlines()
    assert "carsequel: 2 rows of facts.csv refused (see carsequel check)" in said
    assert "carsequel: second.json refused (see carsequel check)" in said
    assert "carsequel: a part of the input refused (see carsequel check)" in said
    assert "carsequel: patient p7: no CAR-T infusion found, not answered" in said
