"""The walk of docs/one-patient.md: its tables are read from the page itself and answered as it says."""

import re
from pathlib import Path

import polars as pl

import carsequel as cs

PAGE = (Path(__file__).parents[2] / "docs" / "one-patient.md").read_text(encoding="utf-8")


def folder_of(page: str, target: Path) -> Path:
    for name, table in re.findall(r"`(\w+)\.csv`[^\n]*\n```\n(.*?)```", page, flags=re.DOTALL):
        (target / f"{name}.csv").write_text(table, encoding="utf-8")
    coverage = re.search(r"```\n(patient,name,start,end\n.*?)```", page, flags=re.DOTALL)
    assert coverage is not None
    (target / "coverage.csv").write_text(coverage.group(1), encoding="utf-8")
    return target


def test_the_tables_of_the_page_are_answered_as_it_says(tmp_path: Path) -> None:
    course = cs.read(folder_of(PAGE, tmp_path))
    assert course.refused == 0
    answer = cs.answer(course, patient="P017")
    assert answer["patient_facts"]["product"] == "axi-cel"
    assert (answer["failure"]["state"], answer["failure"]["day"]) == ("suspected", 30)
    assert course.facts.filter(pl.col("name") == "anc")["value"].to_list() == [0.12]
    assert answer["overrides"][0]["override"] == "grade 0"
    crs = [
        f
        for f in answer["side_effects"]
        if f["criterion"] == "crs.astct2019" and f["kind"] == "maximum" and f["default"]
    ]
    assert len(crs) == 1 and crs[0]["low"] == 1
