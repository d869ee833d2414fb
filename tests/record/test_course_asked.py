"""What a course is asked again and again: `once`, `has` and `infused`."""

from dataclasses import replace
from typing import Any

import polars as pl

FACTS = "patient,name,infusion,day,value,unit\n"


def test_once_computes_a_frame_once_per_key(reading: Any) -> None:
    course, made = reading(), []

    def make() -> pl.DataFrame:
        made.append(len(made))
        return pl.DataFrame({"n": made})

    first = course.once(("a", 1), make)
    assert course.once(("a", 1), make) is first
    assert course.once(("a", 2), make)["n"].to_list() == [0, 1]
    assert made == [0, 1]


def test_once_is_forgotten_with_the_course(reading: Any) -> None:
    course = reading()
    frame = pl.DataFrame({"n": [1]})
    assert course.once("a", lambda: frame) is frame
    other = pl.DataFrame({"n": [2]})
    assert course.only("p1").once("a", lambda: other) is other
    assert course.once("a", lambda: other) is frame


def test_has_tells_of_any_name_usable_or_not(reading: Any) -> None:
    course = reading(facts=f"{FACTS}p1,anc,1,3,3000,10*3/uL\np1,ecog,1,3,1,\n")
    assert course.facts_since("anc").is_empty() and course.has("anc")
    assert course.has("platelets", "ecog")
    assert not course.has("platelets") and not course.has()
    assert course.names == {"anc", "ecog"}
    assert not course.only("p2").has("ecog")


def test_infused_leaves_out_who_was_collected_only(reading: Any) -> None:
    people = "patient,disease\np1,LBCL\np2,LBCL\np3,MM\n"
    infusions = (
        "patient,infusion,day,product,note\n"
        "p1,1,0,axi-cel,\np1,2,100,tisa-cel,not_infused\np2,1,,axi-cel,not_infused\np3,1,,ide-cel,\n"
    )
    course = reading(patients=people, infusions=infusions)
    assert course.infused.select("patient", "infusion").rows() == [("p1", 1), ("p3", 1)]
    # Tables that were not read from files may still hold such a row.
    note = pl.when(patient="p3").then(pl.lit("not_infused")).alias("note")
    marked = replace(course, infusions=course.infusions.with_columns(note))
    assert marked.clock["patient"].to_list() == ["p1", "p3"]
    assert marked.infused["patient"].to_list() == ["p1"]
