"""Patients: ids of every kind, diseases in words, ages, and patients named only elsewhere."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from carsequel.record import read, write_course

IDS = [
    "007",
    "7",
    "P 01",
    "Ünal-Ωß",
    "=cmd|' /C calc'!A0",
    "../../etc/passwd",
    "C:\\x",
    "NA",
    "-",
    "a,b",
    'say "x"',
    "患者1",
]


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_ids_of_every_kind_survive(tmp_path: Path, form: Any) -> None:
    path = tmp_path / "in"
    path.mkdir()
    size = len(IDS)
    pl.DataFrame({"patient": IDS, "disease": ["MM"] * size}).write_csv(path / "patients.csv")
    infusions = {"patient": IDS, "infusion": [1] * size, "day": [0] * size, "product": ["ide-cel"] * size}
    pl.DataFrame(infusions).write_csv(path / "infusions.csv")
    facts = {"patient": IDS, "name": ["ecog"] * size, "day": [1] * size, "value": [1] * size}
    pl.DataFrame(facts).write_csv(path / "facts.csv")
    course = read(path)
    assert course.refused == 0
    write_course(course, tmp_path / "out", form)
    again = read(tmp_path / "out")
    for one in (course, again):
        assert one.patients["patient"].to_list() == IDS
        assert one.facts_since("ecog")["patient"].to_list() == IDS
    assert course.data_hash == again.data_hash


def test_two_ways_to_write_a_letter_are_one_patient(reading: Any) -> None:
    course = reading(
        patients="patient,disease\nMu\u0308ller,MM\n",
        infusions="patient,infusion,day,product\nM\u00fcller\u00a0,1,0,ide-cel\n",
    )
    assert course.clock.select("patient", "disease").rows() == [("M\u00fcller", "MM")]


def test_diseases_in_words(reading: Any, told: Any) -> None:
    patients = "patient,disease\np1,DLBCL\np2,MM\np3,Waldenström\np4,\n"
    infusions = "patient,infusion,day,product\n" + "".join(f"p{i},1,0,axi-cel\n" for i in range(1, 5))
    course = reading(patients=patients, infusions=infusions)
    assert course.patients["disease"].to_list() == ["LBCL", "MM", "Waldenström", None]
    assert course.patients["disease_detail"].to_list() == ["DLBCL", None, None, None]
    assert told(course, "disease named") == [("converted", "patients.csv", "2")]
    assert told(course, "disease without criteria") == [("doubt", "patients.csv", "4")]
    assert told(course, "disease not given") == [("doubt", "patients.csv", "5")]


def test_a_patient_given_twice(reading: Any, told: Any) -> None:
    course = reading(patients="patient,disease\np1,LBCL\np1,LBCL\np1,MM\n,MM\n")
    assert told(course, "duplicate row counted once") == [("converted", "patients.csv", "3")]
    assert told(course, "patient given twice") == [("refused", "patients.csv", "4")]
    assert told(course, "patient is empty") == [("refused", "patients.csv", "5")]
    assert course.patients["disease"].to_list() == ["LBCL"]


def test_a_patient_named_only_elsewhere_is_added(reading: Any, told: Any) -> None:
    course = reading(infusions="patient,infusion,day,product\np1,1,0,axi-cel\np2,1,0,axi-cel\n")
    assert told(course, "patient is not in the patients table") == [("doubt", "infusions.csv", "3")]
    assert course.patients["patient"].to_list() == ["p1", "p2"]


def test_ages_and_bands(reading: Any) -> None:
    infusions = "patient,infusion,day,product\n" + "".join(f"p{i},1,0,axi-cel\n" for i in range(1, 4))
    course = reading(patients="patient,disease,age\np1,MM,61\np2,MM,60-69\np3,MM,90+\n", infusions=infusions)
    assert course.clock.select("age", "age_band").rows() == [(61, None), (None, "60-69"), (None, "90+")]
    assert course.report.filter(pl.col("problem").str.contains("age")).is_empty()


def test_fixed_facts_of_a_patient_are_kept(reading: Any) -> None:
    course = reading(patients="patient,disease,centre\np1,MM,north\n")
    assert course.patients["centre"].to_list() == ["north"]


@pytest.mark.parametrize(
    ("said", "synthetic"), [("yes", True), ("TRUE", True), ("1", True), ("no", False), ("", False)]
)
def test_a_record_may_say_that_it_is_synthetic(reading: Any, said: str, synthetic: bool) -> None:
    course = reading(patients=f"patient,disease,synthetic\np1,MM,{said}\n")
    assert course.synthetic == synthetic
    assert course.report.filter(pl.col("name") == "synthetic").is_empty()
    assert not reading().synthetic
