"""Drafts of the follow-up forms: what each cell says in each period, and that nothing is filled without a rule."""

from typing import Any

import polars as pl
import pytest
from golden_table import Raw, write_patient

import carsequel as cs
from carsequel.record import Course
from carsequel.registry.forms import DRAFT, asked_of, draft_form
from carsequel.side_effects.crs import crs_resolved, grade_crs
from carsequel.side_effects.icans import grade_icans, icans_resolved
from carsequel.terms.sources import cite

Cells = dict[tuple[str, str], dict[str, Any]]


def ends_of(course: Course) -> pl.DataFrame:
    return pl.concat([crs_resolved(course, window=100), icans_resolved(course, window=100)])


def drafted(rows: str, form: str = "cibmtr") -> Cells:
    raw = Raw()
    write_patient(raw, "a", rows)
    course = raw.course()
    reactions = pl.concat([grade_crs(course, window=100), grade_icans(course, window=100)])
    draft = draft_form(course, cs.grade(course), reactions, ends_of(course), form, "draft by meaning")
    assert draft.columns == list(DRAFT)
    assert draft.select("patient", "infusion", "meaning", "period").is_duplicated().sum() == 0
    assert draft.filter(pl.col("low") > pl.col("high")).is_empty()
    return {(row["meaning"], row["period"]): row for row in draft.filter(infusion=1).iter_rows(named=True)}


def value(cells: Cells, meaning: str, period: str = "d0-100") -> tuple[Any, bool]:
    row = cells[meaning, period]
    return row["value"], row["needs_person"]


@pytest.mark.parametrize("form", ["ebmt", "cibmtr"])
def test_every_cell_has_a_source_and_an_empty_one_its_reason(form: str) -> None:
    cells = drafted("d400 anc 1.0", form)
    assert {meaning for meaning, _ in cells} > {cell.meaning for cell in asked_of(form)}
    for row in cells.values():
        assert cite(row["source"]) and row["status"] in ("VERIFIED", "UNVERIFIED")
        assert row["value"] is not None or row["text"] or row["why"], row["meaning"]
    for cell in asked_of(form):
        assert (cell.cell is None) == bool(cell.reason)
        if cell.status == "UNVERIFIED":
            assert cell.cell is None


def test_the_periods_that_the_follow_up_reached_are_drafted() -> None:
    assert {period for _, period in drafted("d183 anc 1.0")} == {"d0-100", "d101-6m"}


def test_death() -> None:
    cells = drafted("d40 event death site=infection; d3 anc 1")
    assert value(cells, "dead") == (1, False) and value(cells, "death_day") == (40, False)
    assert cells["cause_of_death", "d0-100"]["text"] == "infection"
    assert not cells["cause_of_death", "d0-100"]["needs_person"]
    unknown = drafted("d40 event death; d3 anc 1")["cause_of_death", "d0-100"]
    assert unknown["text"] is None and unknown["needs_person"]


def test_alive_to_the_end_of_the_period_or_of_the_record() -> None:
    cells = drafted("d150 anc 1.0")
    assert value(cells, "dead") == (0, False)
    assert value(cells, "dead", "d101-6m") == (0, True)
    assert "last recorded day 150" in cells["dead", "d101-6m"]["why"]


def test_a_new_malignancy_is_reported_once() -> None:
    cells = drafted("d120 event second_malignancy; d400 anc 1.0; cover event")
    assert [value(cells, "new_malignancy", p) for p in ("d0-100", "d101-6m", "6m-1y")] == [
        (0, False),
        (1, False),
        (2, False),
    ]
    assert value(cells, "new_malignancy_day", "d101-6m") == (120, False)
    assert value(cells, "new_malignancy_day", "6m-1y") == (None, False)


def test_without_coverage_no_event_is_unknown() -> None:
    row = drafted("d150 anc 1.0")["new_malignancy", "d0-100"]
    assert (row["low"], row["high"], row["needs_person"]) == (0, 1, True)
    undated = drafted("d? event second_malignancy; d150 anc 1; cover event")["new_malignancy", "d0-100"]
    assert (undated["low"], undated["high"]) == (0, 1) and "without a day" in undated["why"]


def test_a_further_infusion_or_transplantation() -> None:
    cells = drafted("infusion 2 d60; d150 anc 1; cover therapy")
    assert value(cells, "subsequent_infusion") == (1, False)
    assert value(cells, "subsequent_infusion_day") == (60, False)
    transplanted = drafted("d150-151 therapy allo_hct; d160 anc 1; cover therapy")
    assert value(transplanted, "subsequent_infusion") == (0, False)
    assert value(transplanted, "subsequent_infusion", "d101-6m") == (1, False)


def test_relapse_and_what_is_known_before_it() -> None:
    cells = drafted("d28 response CR; d150 event progression; d400 anc 1")
    relapse = [value(cells, "relapse_or_progression", p) for p in ("d0-100", "d101-6m", "6m-1y")]
    assert relapse == [(0, False), (1, False), (2, False)]
    assert value(cells, "relapse_or_progression_day", "d101-6m") == (150, False)
    open_end = drafted("d28 response CR; d400 anc 1")["relapse_or_progression", "d0-100"]
    assert (open_end["low"], open_end["high"]) == (0, 1)


def test_neutrophil_recovery_belongs_to_the_first_period() -> None:
    cells = drafted("anc 0-6:0.3 7-100:1.2; d150 anc 1.0")
    assert value(cells, "anc_recovery") == (1, False) and value(cells, "anc_recovery_day") == (7, False)
    assert value(cells, "anc_recovery", "d101-6m") == (None, True)
    assert value(cells, "platelet_recovery") == (None, True)


def test_persistence_is_dated_as_the_manual_says() -> None:
    negative = "d30 car_t 0 unit=copies/ug; d60 car_t 0 unit=copies/ug; d150 anc 1"
    assert value(drafted(negative), "persistence_detected") == (0, False)
    assert value(drafted(negative), "persistence_day") == (30, False)
    mixed = "d30 car_t 500 unit=copies/ug; d60 car_t 20 unit=copies/ug; d90 car_t 0 unit=copies/ug; d150 anc 1"
    assert value(drafted(mixed), "persistence_detected") == (1, False)
    assert value(drafted(mixed), "persistence_day") == (60, False)
    none = drafted("d60 b_cells 0; d150 anc 1")
    assert value(none, "persistence_day") == (None, True) and value(none, "b_cells_monitored") == (1, False)
    assert none["persistence_tested", "d0-100"]["high"] == 1  # B cells do not count as a direct test


def test_an_infection_needs_a_person_because_the_form_asks_for_treated_ones() -> None:
    cells = drafted("d20 event infection site=candida; d150 anc 1; cover infection; cover event")
    assert value(cells, "infection") == (1, True) and cells["infection", "d0-100"]["text"] == "candida"
    assert value(cells, "infection_day") == (20, False)
    assert value(cells, "infection", "d101-6m") == (0, True)  # covered, but the record ends inside the period


def test_best_response_by_the_end_of_the_period() -> None:
    cells = drafted("d28 deauville 2; d150 anc 1")
    row = cells["best_response", "d0-100"]
    assert row["text"] == "CR" and value(cells, "best_response_day") == (28, False)
    later = drafted("d120 deauville 2; d150 anc 1")
    assert value(later, "best_response") == (None, True)
    assert "after this period, on day 120" in later["best_response", "d0-100"]["why"]
    assert later["best_response", "d101-6m"]["text"] == "CR"


def test_antigen_escape_or_not_tested() -> None:
    raw = Raw()
    write_patient(raw, "a", "d40 antigen_cd19 negative method=flow; d150 anc 1")
    raw.infusions[0]["target"] = "CD19"
    course = raw.course()
    reactions = pl.concat([grade_crs(course, window=100), grade_icans(course, window=100)])
    draft = draft_form(course, cs.grade(course), reactions, ends_of(course), "cibmtr", "x")
    rows = {(row["meaning"], row["period"]): row for row in draft.iter_rows(named=True)}
    assert rows["antigen_escape", "d0-100"]["value"] == 1
    assert rows["antigen_escape_day", "d0-100"]["value"] == 40
    assert rows["antigen_escape", "d0-100"]["text"] == "lost by flow"
    assert "not tested" in rows["antigen_escape", "d101-6m"]["why"]


def test_a_stated_hlh_like_grade_is_given_and_none_is_derived() -> None:
    cells = drafted("d20 iec_hs_grade 2; d25 iec_hs_grade 3; d25 ferritin 40000; d150 anc 1", "ebmt")
    assert value(cells, "hlh_like_maximum_grade") == (3, False)
    assert value(cells, "hlh_like_maximum_grade", "d101-6m") == (None, True)


def test_another_form_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="ebmt, cibmtr"):
        raw = Raw()
        write_patient(raw, "a", "age=60")
        none = grade_crs(raw.course())
        draft_form(raw.course(), none, none, ends_of(raw.course()), "ctn", "x")
