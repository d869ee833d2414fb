"""Days and dates: counted from midnight of the first infusion, refused where they cannot be read, never guessed."""

from typing import Any

import polars as pl
import pytest

DATED = "patient,infusion,date,product\np1,1,2024-03-01,axi-cel\n"
MOMENTS = {
    "2024-03-01": 0.0,
    "2024-02-29": -1.0,
    "2024-03-03T12:00": 2.5,
    "2024-03-03 06:00:00": 2.25,
    "2024-03-03T18:00:00.000Z": 2.75,
    "2024-03-03T18:00:00+02:00": 2.75,
    "2024-03-03T18:00-0500": 2.75,
    "2025-03-01": 365.0,
}


@pytest.mark.parametrize("date", MOMENTS)
def test_dates_become_days_and_are_dropped(reading: Any, date: str) -> None:
    course = reading(infusions=DATED, facts=f"patient,name,date,value\np1,ecog,{date},1\n")
    assert course.facts["clock"].to_list() == course.facts["day"].to_list() == [MOMENTS[date]]
    assert "date" not in course.facts.columns and "2024" not in str(course.facts.rows())


def test_the_clock_time_of_the_infusion_does_not_move_day_zero(reading: Any) -> None:
    infusions = DATED.replace("2024-03-01", "2024-03-01T15:30")
    course = reading(infusions=infusions, facts="patient,name,date,value\np1,ecog,2024-03-01T06:00,1\n")
    assert course.facts["clock"].to_list() == [0.25]
    assert course.infusions["day"].to_list() == [0]


def test_utc_times_are_said(reading: Any) -> None:
    course = reading(infusions=DATED, facts="patient,name,date,value\np1,ecog,2024-03-01T23:30Z,1\n")
    said = course.report.filter(pl.col("problem").str.contains("UTC")).select("status", "file", "name").rows()
    assert said == [("doubt", "facts.csv", "date")]


@pytest.mark.parametrize(
    "date", ["03/04/2024", "3.4.2024", "2024-3-1", "20240301", "2024-02-30", "45352", "March 3", "2024-03"]
)
def test_other_dates_are_refused_with_their_row(reading: Any, told: Any, date: str) -> None:
    course = reading(infusions=DATED, facts=f"patient,name,date,value\np1,ecog,2024-03-05,1\np1,ecog,{date},1\n")
    assert told(course, "date is not an ISO date") == [("refused", "facts.csv", "3")]
    assert course.report.filter(pl.col("status") == "refused")["was"].to_list() == [date]
    assert "YYYY-MM-DD" in course.report.filter(pl.col("status") == "refused")["what_to_do"][0]
    assert course.facts.height == 1


@pytest.mark.parametrize("day", ["2024-03-05", "D+3", "day 3", "inf", "99999999", '"3,5"'])
def test_a_day_that_is_no_day_is_refused(reading: Any, day: str) -> None:
    course = reading(facts=f"patient,name,day,value\np1,ecog,{day},1\n")
    refused = course.report.filter(pl.col("status") == "refused")
    assert refused.select("file", "row").rows() == [("facts.csv", "2")]
    assert refused["problem"][0].startswith("day ")


def test_day_and_date_that_disagree_are_doubted_and_the_day_is_used(reading: Any, told: Any) -> None:
    rows = "p1,ecog,3,2024-03-04T23:00,1\np1,ecog,4,2024-03-09,1\n"
    course = reading(infusions=DATED, facts=f"patient,name,day,date,value\n{rows}")
    assert told(course, "day and date do not agree") == [("doubt", "facts.csv", "3")]
    assert course.facts["clock"].to_list() == [3, 4]


def test_day_and_date_agree_when_the_day_counts_from_a_later_infusion(reading: Any, told: Any) -> None:
    infusions = f"{DATED}p1,2,2024-06-09,axi-cel\n"
    rows = "p1,ecog,2,5,2024-06-14,1\np1,ecog,2,,2024-06-15,1\n"
    course = reading(infusions=infusions, facts=f"patient,name,infusion,day,date,value\n{rows}")
    assert told(course, "day and date do not agree") == []
    assert course.facts.select("infusion", "day", "clock").rows() == [(2, 5, 105), (2, 6, 106)]


def test_a_date_without_the_date_of_the_infusion_is_refused(reading: Any, told: Any) -> None:
    course = reading(facts="patient,name,date,value\np1,ecog,2024-03-05,1\n")
    assert told(course, "date without the date of the first infusion") == [("refused", "facts.csv", "2")]


def test_day_zero_is_found_from_a_later_infusion_with_day_and_date(reading: Any) -> None:
    infusions = "patient,infusion,day,date,product\np1,1,0,,axi-cel\np1,2,100,2024-06-09,axi-cel\n"
    course = reading(infusions=infusions, facts="patient,name,date,value\np1,ecog,2024-03-05,1\n")
    assert course.facts["clock"].to_list() == [4]


def test_a_later_infusion_alone_gives_no_day_zero(reading: Any, told: Any) -> None:
    infusions = "patient,infusion,date,product\np1,1,,axi-cel\np1,2,2024-06-09,axi-cel\n"
    course = reading(infusions=infusions, facts="patient,name,date,value\np1,ecog,2024-06-12,1\n")
    assert course.infusions.select("infusion", "day").rows() == [(1, 0), (2, None)]
    assert told(course, "date without the date of infusion 1") == [("doubt", "infusions.csv", "3")]
    assert told(course, "date without the date of the first infusion") == [("refused", "facts.csv", "2")]


def test_a_date_of_an_undated_infusion_counts_from_the_first(reading: Any, told: Any) -> None:
    infusions = "patient,infusion,date,when,product\np1,1,2024-03-01,,axi-cel\np1,2,,autumn,axi-cel\n"
    course = reading(infusions=infusions, facts="patient,name,infusion,date,value\np1,ecog,2,2024-03-11,1\n")
    assert course.facts.select("infusion", "day", "clock").rows() == [(1, 10, 10)]
    assert told(course, "date counted from infusion 1") == [("converted", "facts.csv", "2")]


def test_spans_run_forward_by_calendar_day(reading: Any, told: Any) -> None:
    rows = "p1,drug,2024-03-05T10:00,2024-03-05,a\np1,drug,2024-03-05,2024-03-04,b\n"
    course = reading(infusions=DATED, spans=f"patient,name,start_date,end_date,text\n{rows}")
    assert course.spans["text"].to_list() == ["a"]
    assert told(course, "the end lies before the start") == [("refused", "spans.csv", "3")]


def test_coverage_dates_need_a_patient(reading: Any, told: Any) -> None:
    rows = "p1,oxygen,2024-03-01,2024-03-31\n*,drug,2024-03-01,\np1,crp,,\np1,anc,9,2\n"
    text = f"patient,name,start_date,end_date\n{rows.replace('p1,anc,9,2', 'p1,anc,2024-03-09,2024-03-02')}"
    course = reading(infusions=DATED, coverage=text)
    assert course.coverage.select("name", "start", "end").rows() == [("oxygen", 0, 30), ("crp", None, None)]
    assert told(course, "start_date without the date") == [("refused", "coverage.csv", "3")]
    assert told(course, "the end lies before the start") == [("refused", "coverage.csv", "5")]
