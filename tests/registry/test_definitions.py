"""A centre's own defaults: which choices are allowed, what moves, and that nothing else does."""

from typing import Any

import polars as pl
import pytest
from golden_table import Raw, raw_of, read_cases, write_patient

import carsequel as cs
from carsequel.answering.provenance import definitions_hash
from carsequel.grading import ON_REQUEST, grade_record
from carsequel.record.course import Course
from carsequel.terms.choices import ChoicesError, check_choices, choices_in, departing, offered_choices
from carsequel.terms.defaults import UNDER_ONE_DEFINITION, applied_choices, choose_defaults
from carsequel.terms.findings import KEY

TABLES = ("icaht_early", "t_icaht_early", "later_cd4", "easix", "recovery", "later_infection")
FREE = ("basis", "scale")


PATIENTS = {
    "low pressure": "age=60; cover *; d2 temperature 39; d2 systolic_bp 85",
    "pressor": "age=60; cover *; d2-3 vasopressor norepinephrine; d2 temperature 39; d3 temperature 39",
    "two spells": "anc 0-3:0.4 4-9:2 10-13:0.4 14-30:2; d60 platelets 40",
    "one spell": "anc 0-8:0.4 9-30:2; d0 platelets 120; d9 platelets 19; d10 platelets 50",
    "nothing": "age=60",
}


@pytest.fixture(scope="module")
def course() -> Course:
    raw = Raw()
    for patient, rows in PATIENTS.items():
        write_patient(raw, patient, rows)
    return raw.course()


@pytest.fixture(scope="module")
def shipped(course: Course) -> pl.DataFrame:
    return cs.grade(course)


def test_the_default_moves_and_nothing_else(course: Course, shipped: pl.DataFrame) -> None:
    own = cs.grade(course, definitions={"icaht_early": {"eha2023": {"counting": "cumulative"}}})
    assert own.drop("default").equals(shipped.drop("default"))
    other = pl.col("criterion") != "icaht_early.eha2023"
    assert own.filter(other).equals(shipped.filter(other))
    top = own.filter(~other & (pl.col("kind") == "maximum") & pl.col("default"))
    assert set(top["definition"]) == {"counting=cumulative missing=interpolate7"}
    assert not top.is_empty() and top.select(KEY).is_duplicated().sum() == 0


def test_days_added_up_have_no_episodes_so_the_spells_stay(course: Course) -> None:
    own = cs.grade(course, definitions={"icaht_early.eha2023": {"counting": "cumulative"}})
    kinds = own.filter((pl.col("criterion") == "icaht_early.eha2023") & (pl.col("kind") == "episode"))
    assert kinds.height and kinds["default"].all()


@pytest.mark.parametrize("table", TABLES)
def test_every_offered_choice_that_is_graded_can_be_the_default(table: str) -> None:
    findings = cs.grade(raw_of(read_cases(table)).course())
    seen = findings.select("criterion", "definition").unique().rows()
    for criterion, names in offered_choices().items():
        spelled = [choices_in(definition) for each, definition in seen if each == criterion]
        for name, allowed in names.items():
            graded = {pairs[name] for pairs in spelled if name in pairs} & set(allowed)
            for choice in graded if len(allowed) > 1 else ():
                own = choose_defaults(findings, {criterion: {name: choice}})
                mine = own.filter(pl.col("criterion") == criterion)
                followed = mine.filter("default")
                assert followed.select(KEY).is_duplicated().sum() == 0
                keys = followed.filter(pl.col("definition").str.contains(rf"\b{name}={choice}\b"))
                assert keys.height or choice == allowed[0], (criterion, name, choice)
                kept = mine.join(followed, on=KEY, how="anti", nulls_equal=True)
                assert kept.is_empty(), (criterion, name, choice)


def test_the_shipped_choice_changes_nothing(shipped: pl.DataFrame) -> None:
    same = choose_defaults(shipped, check_choices({"icaht_early.eha2023": {"counting": "longest", "bridge": 2}}))
    assert same.equals(shipped)
    assert choose_defaults(shipped, {}) is shipped


def test_two_choices_of_one_criterion(shipped: pl.DataFrame) -> None:
    own = choose_defaults(shipped, {"icaht_early.eha2023": {"counting": "cumulative", "missing": "bounds"}})
    top = own.filter((pl.col("criterion") == "icaht_early.eha2023") & (pl.col("kind") == "maximum") & pl.col("default"))
    assert set(top["definition"]) == {"counting=cumulative missing=bounds"}
    together = {"t_icaht_early.2025": {"boundary": "inclusive", "counting": "longest"}}
    with pytest.raises(ChoicesError, match="not graded with boundary = inclusive, counting = longest together"):
        choose_defaults(shipped, together)


def test_a_choice_that_is_not_graded_unasked_is_graded(course: Course, shipped: pl.DataFrame) -> None:
    own = cs.grade(course, definitions={"crs.astct2019": {"hypotension": "stated"}})
    crs = own.filter(pl.col("criterion") == "crs.astct2019")
    top = crs.filter((pl.col("kind") == "maximum") & pl.col("default"))
    assert set(top["definition"]) == {"hypotension=stated clear=3"}
    assert set(crs.filter((pl.col("kind") == "episode") & pl.col("default"))["definition"]) == set(top["definition"])
    mine = pl.col("patient") == "low pressure"
    assert top.filter(mine)["value"].to_list() == [1]  # by sbp90 it is 2
    assert crs.filter(mine & (pl.col("kind") == "maximum") & ~pl.col("default"))["value"].to_list() == [2]
    assert own.height > shipped.height


@pytest.mark.parametrize("asked", ON_REQUEST)
def test_what_is_graded_on_request_is_offered_and_not_the_default(asked: tuple[str, str, str]) -> None:
    criterion, name, choice = asked
    assert choice in offered_choices()[criterion][name][1:]


def test_every_other_definition_is_offered(shipped: pl.DataFrame) -> None:
    others = shipped.filter(~pl.col("default")).select("criterion", "definition").unique().rows()
    for criterion, definition in others:
        offers = offered_choices()[criterion]
        spelled = {name: choice for name, choice in choices_in(definition).items() if name not in FREE}
        assert all(choice in offers[name] for name, choice in spelled.items() if offers.get(name)), definition
    assert {criterion for criterion, _ in UNDER_ONE_DEFINITION} <= set(offered_choices())


REFUSED = (
    ({"icaht_early.eha23": {"counting": "longest"}}, "criterion icaht_early.eha23 is not known", "icaht_early.eha2023"),
    ({"counting": "longest"}, "counting stands under no criterion", "carsequel definitions"),
    ({"easix": {"counting": "longest"}}, "easix offers no choice counting", "at, look_back"),
    ({"easix": {"at": "noon"}}, "easix: at = noon is not offered", "before_lymphodepletion, before_infusion"),
    ({"icaht_early.eha2023": {"bridge": 3}}, "bridge = 3 is not offered", "allowed are 2"),
    ({"expansion.cmax": {"unit": "cells/uL"}}, "unit comes from the record", ""),
    ({"mycare.gagelmann2024": {"ferritin": "uln_unverified"}}, "UNVERIFIED", "never a default"),
    ({"easix": {"at": ["before_infusion"]}}, "a choice is one word or number", ""),
    ({"easix": {"at": True}}, "a choice is one word or number", ""),
)


@pytest.mark.parametrize(("wanted", "message", "hint"), REFUSED)
def test_what_is_not_offered_is_refused(wanted: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(ChoicesError, match=message) as refused:
        check_choices(wanted)
    assert hint in refused.value.hint


def test_how_far_a_choice_reached(shipped: pl.DataFrame) -> None:
    chosen = {"icaht_early.eha2023": {"counting": "cumulative"}}
    row = applied_choices(choose_defaults(shipped, chosen), chosen).row(0, named=True)
    tops = shipped.filter((pl.col("criterion") == "icaht_early.eha2023") & pl.col("default"))
    assert (row["shipped"], row["defaults"]) == ("longest", tops.height)
    assert row["followed"] == tops.filter(pl.col("kind") == "maximum").height


def test_the_hash_follows_what_departs_from_the_shipped_definitions() -> None:
    own, same = {"easix": {"at": "before_infusion"}}, {"easix": {"at": "before_lymphodepletion"}}
    assert definitions_hash(own) != definitions_hash() == definitions_hash(same) == definitions_hash({})
    assert departing(own | {"cd4.low": {"cutoff": "below"}}) == [("easix", "at", "before_infusion")]


def test_the_answer_says_which_defaults_are_the_centre_s_own(course: Course) -> None:
    chosen = {"icaht_early.eha2023": {"counting": "cumulative"}}
    patient = course.patients["patient"][0]
    answer = cs.answer(course, patient, definitions=chosen)
    assert answer["provenance"]["own_definitions"] == chosen
    assert answer["provenance"]["definitions_hash"] == definitions_hash(chosen)
    defaults = {row["definition"] for row in answer["side_effects"] if row["default"] and row["kind"] == "maximum"}
    assert "counting=cumulative missing=interpolate7" in defaults
    given = cs.answer(course, patient, grade_record(course, chosen), chosen)
    assert given["side_effects"] == answer["side_effects"]
