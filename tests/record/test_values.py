"""Numbers, signs, words and empty cells: what is read, what is refused, and what is said about it."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

HEADER = "patient,name,day,value,unit,text,comparator,limit,lln,uln\n"
Notes = Callable[[Any, str], list[tuple[str, str | None, str | None]]]


@pytest.mark.parametrize("cell", ["pending", "5.2 K/uL", '"1,234"', "12.5 mg", "1 000", "1.2.3", "++", "5*", "0x10"])
def test_text_in_a_number_is_refused_with_its_row(reading: Any, told: Notes, cell: str) -> None:
    course = reading(facts=f"{HEADER}p1,ecog,1,1,,,,,,\np1,ferritin,2,{cell},ug/L,,,,,\n")
    assert told(course, "value is not a number") == [("refused", "facts.csv", "3")]
    assert course.report.filter(pl.col("status") == "refused")["was"].to_list() == [cell.strip('"')]
    assert course.facts["name"].to_list() == ["ecog"]


NUMBERS = {"5": 5, "+5": 5, "-2": -2, ".5": 0.5, "5.": 5, "1e3": 1000, "1.5E-2": 0.015, " 7 ": 7, "007": 7}


@pytest.mark.parametrize("cell", NUMBERS)
def test_plain_numbers_are_read(reading: Any, cell: str) -> None:
    assert reading(facts=f"{HEADER}p1,suvmax,1,{cell},,,,,,\n").facts["value"].to_list() == [NUMBERS[cell]]


@pytest.mark.parametrize("cell", ["", "NA", "n/a", "-", "NaN", "null", "--", "."])
@pytest.mark.parametrize("name", ["ecog", "response", "stage", "own_name"])
def test_a_row_that_says_nothing_is_refused(reading: Any, told: Notes, name: str, cell: str) -> None:
    course = reading(facts=f"{HEADER}p1,{name},1,{cell},,,,,,\n")
    assert told(course, "neither value nor text") == [("refused", "facts.csv", "2")]
    assert course.facts.is_empty()


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity", "1e999"])
def test_infinite_numbers_are_refused(reading: Any, cell: str) -> None:
    course = reading(facts=f"{HEADER}p1,ferritin,1,{cell},,,,,,\n")
    assert course.refused == 1
    assert course.facts.is_empty()


SIGNS = {
    "<0.01": "<",
    "< 0.01": "<",
    "≤0.01": "<",
    "<=0.01": "<",
    ">0.01": ">",
    "≥ 0.01": ">",
    ">=0.01": ">",
    "0.01": None,
}


@pytest.mark.parametrize("cell", SIGNS)
def test_a_sign_before_the_number_is_a_comparator(reading: Any, cell: str) -> None:
    course = reading(facts=f"{HEADER}p1,ferritin,1,{cell},ug/L,,,,,\n")
    assert course.facts.select("value", "comparator").rows() == [(0.01, SIGNS[cell])]
    softened = course.report.filter(pl.col("problem") == "comparator read as < or >")["status"].to_list()
    assert softened == (["converted"] if cell[0] in "≤≥" or "=" in cell else [])


COLUMN = {"<": "<", "≤": "<", ">=": ">", "=": None}


@pytest.mark.parametrize("cell", COLUMN)
def test_the_comparator_column_is_read(reading: Any, cell: str) -> None:
    assert reading(facts=f"{HEADER}p1,ecog,1,2,,,{cell},,,\n").facts["comparator"].to_list() == [COLUMN[cell]]


def test_unclear_comparators_are_refused(reading: Any, told: Notes) -> None:
    course = reading(facts=f"{HEADER}p1,ecog,1,2,,,about,,,\np1,ecog,2,<2,,,>,,,\np1,ecog,3,<2,,,<,,,\n")
    assert told(course, "comparator is not") == [("refused", "facts.csv", "2")]
    assert told(course, "value and comparator carry different signs") == [("refused", "facts.csv", "3")]
    assert course.facts["day"].to_list() == [3]


def test_below_the_sensitivity_needs_no_value(reading: Any, told: Notes) -> None:
    rows = (
        "p1,mrd,30,,fraction,,<,1e-5,,\np1,mrd,31,,%,,<,0.001,,\np1,mrd,32,,,,<,1e-5,,\np1,mrd,33,,,negative,,1e-4,,\n"
    )
    course = reading(facts=HEADER + rows)
    assert course.facts.select("day", "comparator", "limit").rows() == [
        (30, "<", 1e-5),
        (31, "<", 1e-5),
        (33, None, 1e-4),
    ]
    assert told(course, "unit missing") == [("refused", "facts.csv", "4")]
    assert told(course, "limit without a unit") == [("doubt", "facts.csv", "5")]


def test_words_in_value_become_text_where_the_name_takes_words(reading: Any, told: Notes) -> None:
    rows = "p1,response,1,CMR,,,,,,\np1,stage,2,III,,,,,,\np1,own_name,3,high,,,,,,\np1,hypotension,4,1,,,,,,\n"
    course = reading(facts=HEADER + rows)
    assert course.facts.select("name", "value", "text").rows() == [
        ("response", None, "CR"),
        ("stage", None, "III"),
        ("own_name", None, "high"),
        ("hypotension", 1.0, "yes"),
    ]
    assert [row for _, _, row in told(course, "words in value")] == ["2", "3", "4"]


def test_a_word_for_a_number_in_text_is_kept_and_doubted(reading: Any, told: Notes) -> None:
    course = reading(facts=f"{HEADER}p1,deauville,1,,,X,,,,\n")
    assert told(course, "a word where a number is expected") == [("doubt", "facts.csv", "2")]
    assert course.facts["text"].to_list() == ["X"]


TEXTS = {
    ("response", "cmr"): "CR",
    ("response", "PMD"): "PD",
    ("response", "vgpr"): "VGPR",
    ("seizure", "No"): "none",
    ("hypotension", "Y"): "yes",
    ("antigen_cd19", "Not tested"): "not_tested",
    ("antigen_cd19", "weak"): "dim",
    ("consciousness", "wakes to voice"): "wakes_to_voice",
    ("immunofixation_serum", "NEG"): "negative",
}


@pytest.mark.parametrize(("name", "text"), TEXTS)
def test_texts_are_brought_to_their_list(reading: Any, name: str, text: str) -> None:
    assert reading(facts=f"{HEADER}p1,{name},1,,,{text},,,,\n").facts["text"].to_list() == [TEXTS[name, text]]


def test_a_text_outside_its_list_is_kept_and_doubted(reading: Any, told: Notes) -> None:
    course = reading(facts=f"{HEADER}p1,response,1,,,better,,,,\np1,response,2,,,PMR,,,,\n")
    assert told(course, "text not in the list") == [("doubt", "facts.csv", "2")]
    changed = course.report.filter(pl.col("problem") == "text read as a word of its list")
    assert changed.select("status", "name", "was", "now").rows() == [("converted", "response", "PMR", "PR")]
    assert course.facts["text"].to_list() == ["better", "PR"]


def test_limits_that_are_no_numbers_are_said(reading: Any, told: Notes) -> None:
    course = reading(facts=f"{HEADER}p1,ldh,1,300,U/L,,,,n.d.,<250\n")
    assert told(course, "lln is not a number, left empty") == [("doubt", "facts.csv", "2")]
    assert told(course, "uln is not a number, left empty") == [("doubt", "facts.csv", "2")]
    assert course.facts["value"].to_list() == [300]


def test_patient_or_name_empty_is_refused(reading: Any, told: Notes) -> None:
    course = reading(facts=f"{HEADER},ecog,1,1,,,,,,\np1,,2,1,,,,,,\n", spans="patient,name,start\n,drug,1\np1,,2\n")
    assert told(course, "patient is empty") == [("refused", "facts.csv", "2"), ("refused", "spans.csv", "2")]
    assert sorted(told(course, "name is empty")) == [("refused", "facts.csv", "3"), ("refused", "spans.csv", "3")]


def test_an_unreadable_truth_is_said(reading: Any, told: Notes) -> None:
    course = reading(facts="patient,name,day,value,approximate\np1,ecog,1,1,maybe\np1,ecog,2,1,Yes\n")
    assert told(course, "approximate is not true or false") == [("doubt", "facts.csv", "2")]
    assert course.facts["approximate"].to_list() == [None, True]


def test_a_row_without_any_time_is_said(reading: Any) -> None:
    course = reading(facts="patient,name,day,value,when\np1,ecog,,1,\np1,suvmax,,2,before apheresis\n")
    noted = course.report.filter(pl.col("problem").str.starts_with("rows without day"))
    assert noted.select("name", "was").rows() == [("ecog", "1 rows")]


def test_spans_and_lesions_refuse_words_for_numbers(reading: Any, told: Notes) -> None:
    course = reading(
        spans="patient,name,start,value,text\np1,oxygen,1,2 L,nasal cannula\n"
        "p1,oxygen,2,2,High-flow\np1,oxygen,3,2,tent\n",
        lesions="patient,day,lesion,ldi,sdi,kind,uptake\np1,1,a,2 cm,1,Target,x\n"
        "p1,1,b,20,inf,new,7\np1,1,c,20,10,target,x\n",
    )
    assert told(course, "value is not a number") == [("refused", "spans.csv", "2")]
    assert told(course, "ldi is not a number") == [("refused", "lesions.csv", "2")]
    assert told(course, "sdi is not a number") == [("refused", "lesions.csv", "3")]
    assert told(course, "text not in the list, kept") == [("doubt", "spans.csv", "4")]
    assert course.spans["text"].to_list() == ["high_flow", "tent"]
    assert course.lesions.select("kind", "uptake").rows() == [("target", "X")]
