"""Views of a course: facts, spans and coverage as seen from each infusion."""

from typing import Any

import polars as pl

from carsequel.record.normalise import course_from_tables
from carsequel.side_effects.crs import grade_crs

TWO = "patient,infusion,day,product\np1,1,0,axi-cel\np1,2,100,tisa-cel\n"
UNDATED = "patient,infusion,day,when,product\np1,1,0,,axi-cel\np1,2,,after relapse,tisa-cel\n"
FACTS = "patient,name,infusion,day,value,when\n"


def seen(course: Any, **options: Any) -> list[tuple[Any, ...]]:
    return course.facts_since("ecog", **options).select("infusion", "since").sort("infusion", "since").rows()


def test_a_fact_belongs_to_the_infusion_before_it(reading: Any) -> None:
    rows = "".join(f"p1,ecog,,{day},1,\n" for day in (-1, 0, 99.9, 100, 130))
    course = reading(infusions=TWO, facts=FACTS + rows)
    assert seen(course) == [(1, 0.0), (1, 99.9), (2, 0.0), (2, 30.0)]
    assert seen(course, before=1) == [(1, -1.0), (1, 0.0), (1, 99.9), (2, 99.9 - 100), (2, 0.0), (2, 30.0)]
    assert seen(course, before=0.5)[0] == (1, 0.0)


def test_days_counted_from_the_second_infusion(reading: Any) -> None:
    course = reading(infusions=TWO, facts=f"{FACTS}p1,ecog,2,-3,1,\np1,ecog,2,5,2,\n")
    assert course.facts["clock"].to_list() == [97, 105]
    assert seen(course, before=7) == [(1, 97.0), (2, -3.0), (2, 5.0)]


def test_an_undated_second_infusion_keeps_its_own_days(reading: Any) -> None:
    course = reading(infusions=UNDATED, facts=f"{FACTS}p1,ecog,1,200,1,\np1,ecog,2,5,2,\n")
    assert seen(course) == [(1, 200.0), (2, 5.0)]
    assert course.clock.select("infusion", "dated", "next_day").rows() == [(1, True, None), (2, False, None)]


def test_the_next_dated_infusion_ends_the_view_across_an_undated_one(reading: Any) -> None:
    infusions = f"{UNDATED}p1,3,300,,ide-cel\n"
    course = reading(infusions=infusions, facts=f"{FACTS}p1,ecog,,310,1,\n")
    assert course.clock["next_day"].to_list() == [300, 300, None]
    assert seen(course) == [(3, 10.0)]


def test_undated_facts_come_only_when_asked_and_under_their_infusion(reading: Any) -> None:
    course = reading(infusions=TWO, facts=f"{FACTS}p1,ecog,2,,1,at relapse\np1,ecog,1,3,1,\n")
    assert seen(course) == [(1, 3.0)]
    assert seen(course, undated=True) == [(1, 3.0), (2, None)]


def test_facts_of_patients_without_infusion_are_not_seen(reading: Any) -> None:
    course = reading(facts=f"{FACTS}p2,ecog,,3,1,\n")
    assert course.facts.height == 1 and seen(course, undated=True) == []


def test_only_the_columns_and_the_infusions_asked_for(reading: Any) -> None:
    rows = "".join(f"p1,ecog,,{day},1,\np1,anc,,{day},,low\n" for day in (-1, 0, 99, 100, 130))
    course = reading(infusions=TWO, facts=FACTS + rows)
    whole = course.facts_since("ecog", "anc", before=5)
    columns = ["value", "infusion", "name", "since", "_look"]
    assert course.facts_since("ecog", "anc", before=5, columns=columns).equals(whole.select(columns))
    assert whole["_look"].to_list() == [0 if infusion == 1 else 1 for infusion in whole["infusion"]]
    second = pl.DataFrame({"patient": ["p1", "p9"], "infusion": [2, 1]})
    assert course.facts_since("ecog", "anc", before=5, of=second).equals(whole.filter(pl.col("infusion") == 2))
    nothing = course.facts_since("ldh", columns=columns)
    assert nothing.is_empty() and nothing.schema == whole.select(columns).schema


def spans(course: Any, **options: Any) -> list[tuple[Any, ...]]:
    return course.spans_since("drug", **options).select("text", "infusion", "since", "until").rows()


def test_spans_reach_into_the_next_infusion(reading: Any) -> None:
    rows = "p1,drug,,90,110,,a\np1,drug,,90,,,b\np1,drug,,90,,false,c\np1,drug,,90,99,,d\np1,drug,2,0,100,,e\n"
    course = reading(infusions=TWO, spans=f"patient,name,infusion,start,end,end_known,text\n{rows}")
    found = spans(course)
    assert [row for row in found if row[1] == 2] == [("a", 2, -10, 10), ("b", 2, -10, None), ("e", 2, 0, 100)]
    assert [row for row in found if row[1] == 1] == [
        ("a", 1, 90, 110),
        ("b", 1, 90, None),
        ("c", 1, 90, None),
        ("d", 1, 90, 99),
    ]


def test_spans_of_an_undated_infusion_end_where_they_end(reading: Any) -> None:
    course = reading(infusions=UNDATED, spans="patient,name,infusion,start,end,text\np1,drug,2,1,4,a\np1,drug,2,2,,b\n")
    assert spans(course) == [("a", 2, 1, 4), ("b", 2, 2, None)]


def covered(course: Any, *names: str) -> list[tuple[Any, ...]]:
    return course.covered(*names).select("infusion", "name", "since", "until").sort("infusion", "name", "since").rows()


def test_coverage_from_each_infusion(reading: Any) -> None:
    rows = "*,vasopressor,,\np1,crp,0,30\np1,*,90,120\np2,crp,0,5\n"
    course = reading(infusions=TWO, coverage=f"patient,name,start,end\n{rows}")
    assert covered(course, "vasopressor") == [
        (1, "vasopressor", -1e9, 1e9),
        (1, "vasopressor", 90, 120),
        (2, "vasopressor", -1e9, 1e9),
        (2, "vasopressor", -10, 20),
    ]
    assert covered(course, "crp") == [
        (1, "crp", 0, 30),
        (1, "crp", 90, 120),
        (2, "crp", -100, -70),
        (2, "crp", -10, 20),
    ]
    assert covered(course, "oxygen", "drug")[0][1] == "drug"
    assert course.covered().is_empty()


def test_open_ends_reach_without_limit(reading: Any) -> None:
    course = reading(coverage="patient,name,start,end\np1,crp,5,\np1,anc,,5\n")
    assert covered(course, "crp", "anc") == [(1, "anc", -1e9, 5), (1, "crp", 5, 1e9)]


def test_dated_coverage_says_nothing_about_an_undated_infusion(reading: Any) -> None:
    course = reading(infusions=UNDATED, coverage="patient,name,start,end\np1,crp,0,30\np1,anc,5,\np1,drug,,\n")
    assert covered(course, "crp", "anc", "drug") == [
        (1, "anc", 5, 1e9),
        (1, "crp", 0, 30),
        (1, "drug", -1e9, 1e9),
        (2, "drug", -1e9, 1e9),
    ]


def test_the_end_of_the_record_counts_from_each_infusion(reading: Any) -> None:
    facts = "patient,name,day,value,text\np1,ecog,180,1,\np1,event,150,,death\n"
    course = reading(infusions=TWO, facts=facts)
    assert course.clock.select("infusion", "death", "last").rows() == [(1, 150, 150), (2, 50, 50)]
    early = reading(infusions=TWO, facts="patient,name,day,value,text\np1,event,50,,death\n")
    assert early.clock["death"].to_list() == [50, None]


def test_one_patient_alone(reading: Any) -> None:
    infusions = "patient,infusion,day,product\np1,1,0,axi-cel\np2,1,0,axi-cel\n"
    course = reading(
        infusions=infusions, facts=f"{FACTS}p1,ecog,,1,1,\np2,ecog,,1,2,\n", coverage="patient,name\n*,crp\n"
    )
    alone = course.only("p2")
    assert alone.facts["value"].to_list() == [2] and alone.coverage.height == 1
    assert alone.clock["patient"].to_list() == ["p2"]
    assert len({course.data_hash, alone.data_hash, course.only("p1").data_hash}) == 3
    assert course.only("nobody").patients.is_empty() and course.only("nobody").clock.is_empty()


def test_the_hash_knows_content_and_neither_order_nor_source(reading: Any) -> None:
    rows = ["p1,ecog,,1,1,", "p1,ecog,,2,2,"]
    one = reading(facts=FACTS + "\n".join(rows) + "\n").data_hash
    turned = reading(facts=FACTS + "\n".join(reversed(rows)) + "\n").data_hash
    other = reading(facts=FACTS + "\n".join(rows).replace("1,1", "1,3") + "\n").data_hash
    sourced = reading(facts="patient,source,name,day,value\np1,a,ecog,1,1\np1,b,ecog,2,2\n").data_hash
    assert one == turned == sourced != other
    assert len(one) == 64 and set(one) <= set("0123456789abcdef")


def test_views_of_an_empty_record_are_empty_frames(reading: Any) -> None:
    course = reading()
    assert isinstance(course.facts_since("anc"), pl.DataFrame) and course.facts_since("anc").is_empty()
    assert course.spans_since("drug").is_empty() and course.covered("drug").is_empty()


def test_a_row_that_could_not_be_read_is_not_taken_for_absence() -> None:
    tables = {
        "patients": pl.DataFrame({"patient": ["a", "b", "c"]}),
        "infusions": pl.DataFrame({"patient": ["a", "b", "c"], "infusion": [1, 1, 1], "day": [0.0, 0.0, 0.0]}),
        "facts": pl.DataFrame(
            {
                "patient": ["a", "b", "c"],
                "name": ["temperature"] * 3,
                "day": ["3", "03/04/2024", "3"],
                "value": ["39,5", "39.5", "39.5 C"],
                "unit": ["degC", "degC", "degC"],
            }
        ),
        "spans": pl.DataFrame({"patient": ["c"], "name": ["vasopressor"], "start": ["5"], "end": ["4"]}),
        "coverage": pl.DataFrame({"patient": ["*"], "name": ["*"]}),
    }
    course = course_from_tables(tables)
    assert course.facts.is_empty() and course.refused == 4
    assert course.unusable.sort("patient").rows() == [("a", "temperature", 3.0), ("c", "temperature", 3.0)]
    assert course.covered("temperature")["patient"].sort().to_list() == ["a", "c"]
    assert course.covered("vasopressor")["patient"].sort().to_list() == ["a", "b"]
    crs = grade_crs(course).filter(pl.col("kind") == "maximum").sort("patient")
    assert crs["value"].null_count() == 3 and crs["high"].min() >= 1
