"""Doubts about whole records: copies, conflicts, rows after the end; they flag and never change a number."""

from typing import Any

import polars as pl

from carsequel.record.schema import CHECK_COLUMNS

HEADER = "patient,name,day,value,unit,text,source\n"


def test_exact_copies_are_counted_once_also_from_another_source(reading: Any, told: Any) -> None:
    rows = "p1,crp,1,5,mg/L,,a\np1,crp,1,5,mg/L,,a\np1,crp,1,0.5,mg/dL,,b\np1,crp,1,6,mg/L,,a\np1,crp,2,5,mg/L,,a\n"
    course = reading(facts=HEADER + rows)
    assert told(course, "duplicate row counted once") == [
        ("converted", "facts.csv", "3"),
        ("converted", "facts.csv", "4"),
    ]
    assert course.facts.select("day", "value").rows() == [(1, 5), (1, 6), (2, 5)]
    assert course.refused == 0


def test_copies_of_spans_lesions_and_coverage_are_counted_once(reading: Any, told: Any) -> None:
    course = reading(
        spans="patient,name,start,text,source\np1,drug,1,a,x\np1,drug,1,A,y\n",
        lesions="patient,day,lesion,ldi\np1,1,L1,20\np1,1,L1,20\n",
        coverage="patient,name\n*,drug\n*,drug\n",
    )
    copies = told(course, "duplicate row counted once")
    assert copies == [("converted", f"{name}.csv", "3") for name in ("spans", "lesions", "coverage")]
    assert course.spans.height == course.lesions.height == course.coverage.height == 1


def test_different_values_at_one_clock_time_are_doubted_and_kept(reading: Any, told: Any) -> None:
    rows = "p1,crp,1.25,5,mg/L,,\np1,crp,1.25,9,mg/L,,\np1,crp,2,5,mg/L,,\np1,crp,2,9,mg/L,,\n"
    course = reading(facts=HEADER + rows)
    noted = told(course, "two different values at the same moment")
    assert noted == [("doubt", "facts.csv", "2"), ("doubt", "facts.csv", "3")]
    assert course.facts.height == 4


def test_rows_after_the_end_are_doubted(reading: Any, told: Any) -> None:
    rows = "p1,event,50,,,last_contact,\np1,event,90,,,death,\n"
    rows += "p1,ecog,70,3,,,\np1,ecog,90.5,3,,,\np1,event,95,,,relapse,\n"
    course = reading(facts=HEADER + rows, spans="patient,name,start\np1,drug,91\n")
    assert told(course, "recorded after death") == [("doubt", "facts.csv", "6"), ("doubt", "spans.csv", "2")]
    after_contact = [row for _, file, row in told(course, "recorded after last contact") if file == "facts.csv"]
    assert after_contact == ["4", "5", "6"]


def test_two_days_of_death_are_doubted(reading: Any, told: Any) -> None:
    course = reading(facts=f"{HEADER}p1,event,50,,,death,\np1,event,60,,,death,\n")
    assert len(told(course, "more than one day of death")) == 2
    assert course.clock["death"].to_list() == [50]


def test_the_report_has_the_columns_of_the_check_file(reading: Any) -> None:
    course = reading(facts=f"{HEADER}p1,ecog,1,x,,,\n")
    assert course.report.columns == [*CHECK_COLUMNS, "status"]
    assert set(course.report["status"]) <= {"converted", "refused", "doubt"}


def test_problems_and_hints_hold_no_patient_value(reading: Any) -> None:
    secret = "98765"
    rows = f"p1,anc,1,{secret},K/uL,,\np1,crp,1,{secret},,,\np1,ecog,{secret}9,1,,,\np1,response,1,,,{secret},\n"
    course = reading(facts=HEADER + rows, patients=f"patient,disease\np1,{secret}\n")
    words = course.report.select(pl.concat_str("problem", "what_to_do").str.join(" ")).item()
    assert secret not in words
    assert course.report.height >= 5
