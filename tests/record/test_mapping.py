"""The centre's own names: wide laboratory tables and long tables read through the mapping."""

from typing import Any

import polars as pl
import pytest

MAPPING = "local_name,name,unit,factor\nNeutrophile abs.,anc,10^9/L,0.001\nCRP (mg/dl),crp,mg/dL,\nKrea,creatinine,,\n"
DATED = "patient,infusion,date,product\np1,1,2024-03-01,axi-cel\n"


def test_a_wide_table_is_read_through_the_mapping(reading: Any, told: Any) -> None:
    labs = "patient,date,Neutrophile abs.,CRP (mg/dl),platelets,Comment\n"
    labs += "p1,2024-03-02,3000,2.5,NA,x\np1,2024-03-03,,<0.3,,y\n"
    course = reading(infusions=DATED, mapping=MAPPING, labs=labs)
    found = course.facts.select("name", "clock", "value", "comparator", "unit", "row").sort("name", "clock")
    assert found.rows() == [
        ("anc", 1, 3.0, None, "10^9/L", "labs.csv:2"),
        ("crp", 1, 25.0, None, "mg/L", "labs.csv:2"),
        ("crp", 2, 3.0, "<", "mg/L", "labs.csv:3"),
    ]
    assert told(course, "column is not mapped, not read") == [("doubt", "labs.csv", None)]
    assert course.report.filter(pl.col("problem") == "factor of the mapping applied")["was"].to_list() == ["3000.0"]


def test_a_facts_table_without_names_is_a_wide_table(reading: Any) -> None:
    course = reading(mapping=MAPPING, facts="patient,day,ldh,CRP (mg/dl)\np1,1,250,1\np1,2,,2\n")
    assert course.facts.select("name", "day", "value").sort("name", "day").rows() == [
        ("crp", 1, 10),
        ("crp", 2, 20),
        ("ldh", 1, 250),
    ]


def test_a_wide_table_with_decimal_commas(reading: Any) -> None:
    course = reading(mapping=MAPPING, facts="patient;day;Neutrophile abs.;CRP (mg/dl)\np1;1,5;512,5;0,25\n")
    assert course.facts.select("name", "day", "value").rows() == [("anc", 1.5, 0.5125), ("crp", 1.5, 2.5)]


def test_local_names_in_long_form_keep_the_unit_of_the_row(reading: Any) -> None:
    rows = "p1,KREA,1,88.42,umol/L\np1,crp (MG/DL),1,2,\np1,CRP (mg/dl),2,20,mg/L\n"
    course = reading(mapping=MAPPING, facts=f"patient,name,day,value,unit\n{rows}")
    assert course.facts["name"].to_list() == ["creatinine", "crp", "crp"]
    assert course.facts["value"].to_list() == [pytest.approx(1.0, rel=1e-4), 20, 20]
    read = course.report.filter(pl.col("problem") == "local name read").select("status", "was", "now").rows()
    assert set(read) == {("converted", "krea", "creatinine"), ("converted", "crp (mg/dl)", "crp")}


def test_a_factor_wins_over_the_unit_of_the_row_and_says_so(reading: Any, told: Any) -> None:
    course = reading(mapping=MAPPING, facts="patient,name,day,value,unit\np1,Neutrophile abs.,1,3000,/uL\n")
    assert course.facts.select("value", "unit").row(0) == (3.0, "10^9/L")
    assert told(course, "the row has a unit of its own") == [("doubt", "facts.csv", "2")]


@pytest.mark.parametrize("factor", ['"0,001"', "0", "-1", "inf", "x"])
def test_a_mapping_with_a_bad_factor_is_refused(reading: Any, told: Any, factor: str) -> None:
    course = reading(
        mapping=f"local_name,name,unit,factor\nNeut,anc,10^9/L,{factor}\n",
        facts="patient,name,day,value\np1,Neut,1,3000\n",
    )
    assert told(course, "factor is not a number above 0") == [("refused", "mapping.csv", "2")]
    assert course.facts.select("name", "value").row(0) == ("neut", 3000)


def test_a_local_name_with_two_meanings_is_refused(reading: Any, told: Any) -> None:
    course = reading(
        mapping="local_name,name,unit\nNeut,anc,10^9/L\nneut,wbc,10^9/L\nNA,sodium,\nNA,sodium,\n",
        facts="patient,name,day,value\np1,Neut,1,3\n",
    )
    twice = told(course, "local name mapped in two ways")
    assert twice == [("refused", "mapping.csv", "2"), ("refused", "mapping.csv", "3")]
    assert told(course, "mapped to a name that is not") == [("doubt", "mapping.csv", "4")]
    assert told(course, "duplicate row counted once") == [("converted", "mapping.csv", "5")]
    assert course.facts["name"].to_list() == ["neut"]


def test_a_table_without_any_known_column_is_refused(reading: Any, told: Any) -> None:
    course = reading(labs="patient,day,foo\np1,1,2\n")
    assert told(course, "no column of this table is mapped") == [("refused", "labs.csv", None)]
    assert course.refused == 1


def test_grouped_numbers_beside_decimal_commas_are_refused(reading: Any, told: Any) -> None:
    rows = "p1;crp;1;2,5;mg/L\np1;platelets;1;150.000;/uL\np1;crp;2;2.5;mg/L\n"
    course = reading(facts=f"patient;name;day;value;unit\n{rows}")
    assert told(course, "a point in a number beside decimal commas") == [("refused", "facts.csv", "3")]
    assert course.facts["value"].to_list() == [2.5, 2.5]
