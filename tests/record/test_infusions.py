"""Infusions: products, numbers, split doses, and what cannot be an infusion."""

from typing import Any

import polars as pl
import pytest

from carsequel.record import RecordError

HEADER = "patient,infusion,day,product\n"
SPLIT = f"{HEADER}p1,1,0,obe-cel\np1,2,10,Aucatzyl\np1,3,200,obe-cel\n"


def test_products_are_named_and_their_words_kept(reading: Any, told: Any) -> None:
    course = reading(infusions=f"{HEADER}p1,1,0,Yescarta\np1,2,90,MyCell-7\np1,3,190,\n")
    assert course.infusions.select("product", "product_name", "target").rows() == [
        ("axi-cel", "Yescarta", "CD19"),
        ("MyCell-7", "MyCell-7", None),
        (None, None, None),
    ]
    assert told(course, "product named") == [("converted", "infusions.csv", "2")]
    assert told(course, "unknown product kept") == [("doubt", "infusions.csv", "3")]
    assert told(course, "product not given") == [("doubt", "infusions.csv", "4")]


@pytest.mark.parametrize("numbers", [(1, 2, 3), (1, 1, 2)])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_split_dose_is_one_infusion_however_numbered(
    reading: Any, told: Any, numbers: tuple[int, ...], order: tuple[int, ...]
) -> None:
    days, doses = (0, 10, 200), (10, 400, 410)
    lines = [f"p1,{numbers[i]},{days[i]},obe-cel,{doses[i]},10^6 cells" for i in order]
    course = reading(infusions="patient,infusion,day,product,dose,dose_unit\n" + "\n".join(lines) + "\n")
    assert course.infusions.select("infusion", "day", "dose").rows() == [(1, 0, 410), (2, 200, 410)]
    assert [status for status, _, _ in told(course, "second part of a split dose")] == ["converted"]
    assert course.refused == 0


def test_facts_follow_the_numbers_of_a_split_dose(reading: Any, told: Any) -> None:
    rows = "p1,ecog,1,3,1\np1,ecog,2,3,2\np1,ecog,3,3,3\np1,ecog,4,3,4\n"
    course = reading(infusions=SPLIT, facts=f"patient,name,infusion,day,value\n{rows}")
    assert course.facts.select("infusion", "day", "clock").rows() == [(1, 3, 3), (1, 13, 13), (2, 3, 203), (4, 3, None)]
    assert told(course, "names an infusion that is not") == [("doubt", "facts.csv", "5")]


def test_spans_follow_the_numbers_of_a_split_dose(reading: Any) -> None:
    course = reading(infusions=SPLIT, spans="patient,name,infusion,start,end\np1,oxygen,2,1,4\np1,oxygen,3,0,\n")
    assert course.spans.select("infusion", "start", "end", "clock", "clock_end").rows() == [
        (1, 11, 14, 11, 14),
        (2, 0, None, 200, None),
    ]


@pytest.mark.parametrize(("product", "day"), [("obe-cel", 7), ("obe-cel", 13), ("axi-cel", 10)])
def test_other_pairs_stay_two_infusions(reading: Any, product: str, day: int) -> None:
    course = reading(infusions=f"{HEADER}p1,1,0,{product}\np1,2,{day},{product}\n")
    assert course.infusions["infusion"].to_list() == [1, 2]


REFUSED = {
    "p1,1,0,axi-cel\np1,1,0,tisa-cel\n": ("infusion number given twice", ["3"]),
    "p1,1,0,axi-cel\np1,1,90,tisa-cel\n": ("infusion 1 is not on day 0", ["3"]),
    "p1,1,0,axi-cel\np1,2,-5,tisa-cel\n": ("infusion is not after the one before", ["3"]),
    "p1,1,0,axi-cel\np1,2,90,a\np1,3,60,b\n": ("infusion is not after the one before", ["4"]),
    "p1,1,0,axi-cel\np1,second,90,tisa-cel\n": ("infusion is not a number 1, 2, …", ["3"]),
    "p1,1,0,axi-cel\np1,1.5,90,tisa-cel\np1,0,1,x\n": ("infusion is not a number 1, 2, …", ["3", "4"]),
    "p1,1,0,axi-cel\np1,,90,tisa-cel\n": ("infusion is empty", ["3"]),
    "p1,1,0,axi-cel\n,2,90,tisa-cel\n": ("patient is empty", ["3"]),
}


@pytest.mark.parametrize("rows", REFUSED)
def test_what_cannot_be_an_infusion_is_refused_with_its_row(reading: Any, told: Any, rows: str) -> None:
    course = reading(infusions=HEADER + rows)
    problem, lines = REFUSED[rows]
    assert told(course, problem) == [("refused", "infusions.csv", line) for line in lines]
    assert course.infusions["infusion"][0] == 1


def test_an_exact_copy_is_counted_once(reading: Any, told: Any) -> None:
    course = reading(infusions=f"{HEADER}p1,1,0,axi-cel\np1,1,0,axi-cel\n")
    assert told(course, "duplicate row counted once") == [("converted", "infusions.csv", "3")]
    assert course.refused == 0 and course.infusions.height == 1


def test_infusion_1_on_day_3_leaves_no_course_and_says_why(reading: Any) -> None:
    with pytest.raises(RecordError, match="no CAR-T found: all 1 rows of the infusions table were refused") as error:
        reading(infusions=f"{HEADER}p1,1,3,axi-cel\n")
    assert "day 0" in error.value.hint
    course = reading(infusions=f"{HEADER}p1,1,3,axi-cel\n", require_infusion=False)
    assert "infusion 1 is not on day 0" in course.report["problem"].to_list()


def test_a_second_infusion_without_the_first_is_doubted(reading: Any, told: Any) -> None:
    course = reading(infusions=f"{HEADER}p1,2,90,axi-cel\n")
    assert told(course, "infusion 1 is missing") == [("doubt", "infusions.csv", "2")]


def test_no_infusion_at_all(reading: Any) -> None:
    with pytest.raises(RecordError, match="no CAR-T found: no patient has a CAR-T infusion") as error:
        reading(infusions=HEADER)
    assert "not_infused" in error.value.hint
    assert reading(infusions=HEADER, require_infusion=False).refused == 1


def test_one_patient_without_an_infusion_is_named_and_the_others_are_read(reading: Any, told: Any) -> None:
    course = reading(patients="patient,disease\np1,LBCL\np2,MM\n", facts="patient,name,day,value\np2,ecog,1,1\n")
    assert told(course, "no CAR-T infusion found for this patient") == [("refused", "patients.csv", "3")]
    refused = course.report.filter(pl.col("status") == "refused")
    assert refused["patient"].to_list() == ["p2"] and course.refused == 1
    assert course.clock["patient"].to_list() == ["p1"]
    assert course.only("p1").refused == 0 and course.only("p2").refused == 1


@pytest.mark.parametrize("note", ["not_infused", "Not infused", "NOT-INFUSED"])
def test_a_patient_who_was_never_infused_is_no_error(reading: Any, note: str) -> None:
    course = reading(infusions=f"patient,infusion,day,product,note\np1,,,,{note}\n")
    assert course.patients["not_infused"].to_list() == [True]
    assert course.infusions.is_empty() and course.clock.is_empty() and course.refused == 0


def test_not_infused_with_a_day_is_doubted(reading: Any, told: Any) -> None:
    course = reading(infusions="patient,infusion,day,note\np1,1,0,not_infused\n")
    assert told(course, "not_infused with a day") == [("doubt", "infusions.csv", "2")]


@pytest.mark.parametrize("cell", ["x", "1.5", "0", "-1"])
def test_facts_and_spans_with_an_impossible_infusion_are_refused(reading: Any, told: Any, cell: str) -> None:
    course = reading(
        facts=f"patient,name,infusion,day,value\np1,ecog,{cell},1,1\n",
        spans=f"patient,name,infusion,start\np1,drug,{cell},1\n",
    )
    assert sorted(told(course, "infusion is not a number")) == [
        ("refused", "facts.csv", "2"),
        ("refused", "spans.csv", "2"),
    ]
