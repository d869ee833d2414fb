"""The ten questions: every number with its n and source, nothing unverified, plain words that are plain."""

import re
from datetime import date

import polars as pl
import pytest

import published
from carsequel.answering.questions import questions_part
from carsequel.answering.questions.quoting import PLACE, disputed, points_for
from carsequel.answering.questions.told import projected_words
from carsequel.evidence.rows import evidence_rows
from carsequel.terms.lists import CAUSES, DISEASES, FAILURE_STATES, OPTIONS
from carsequel.terms.sources import check_keys
from carsequel.terms.tables import read_table

PATIENTS = published.course().patients["patient"].to_list()
ROWS = read_table(PLACE, "rows.csv")
IDS = ["fails", "repeat", "next", "nothing_left", "why", "risks", "biomarkers", "how_long", "combinations", "research"]
JARGON = r"(?i)\b(?:ORR|PFS|OS|CR|NRM|CRS|ICANS|HLH|refractory|median|antigen|epitope|lymphodepletion|cohort|prognos\w*|registry|IgG|CD\d+|BCMA|n =)\b"


def questions(patient):
    return {row["id"]: row for row in published.answer(patient)["questions"]}


@pytest.mark.parametrize("patient", PATIENTS)
def test_ten_answers_for_everyone(patient):
    rows = published.answer(patient)["questions"]
    assert [row["id"] for row in rows] == IDS
    for row in rows:
        assert row["answer"].endswith(".") and row["plain"].endswith((".", ")"))
        assert not re.search(r"\bNone\b(?! of)", row["answer"] + row["plain"])
        assert bool(row["n"]) == bool(row["source"]) == bool(row["points"])


def test_every_row_chosen_is_there_and_usable():
    for table, name in ROWS.select("table", "id").rows():
        found = evidence_rows(table).filter(pl.col("id") == name)
        assert found.height == 1, name
        assert found["status"][0] != "UNVERIFIED", name
        assert not check_keys(found), name
    assert set(ROWS["question"]) == set(IDS)
    assert {d for cell in ROWS["diseases"] for d in cell.split()} <= {*DISEASES, "*"}


@pytest.mark.parametrize("disease", DISEASES)
@pytest.mark.parametrize("question", IDS)
def test_no_number_without_its_n_source_and_mark(question, disease):
    for point in points_for(question, disease):
        assert re.search(r"n = \d|n: ", point["text"]), point["id"]
        assert f"[{point['source']}]" in point["text"]
        if point["status"] != "VERIFIED":
            assert point["status"] in point["text"]
        if point["low"] is not None and point["high"] is not None and point["value"] is not None:
            assert " to " in point["text"]
        if point["plain"]:
            assert point["n"] is not None
            assert f"a group of {point['n']} people" in point["plain"]
            assert (" from " in point["plain"]) == (point["low"] is not None and point["high"] is not None)


def test_plain_templates_hold_no_number_of_their_own():
    for text in ROWS["plain"].drop_nulls():
        assert not re.search(r"\d", text.replace("100", "")), text
        assert "{group}" in text and "{value}" in text


def test_a_row_past_its_review_is_stale():
    fresh, late = (points_for("fails", "LBCL", day) for day in (date(2026, 12, 1), date(2030, 1, 1)))
    assert not any(point["stale"] for point in fresh)
    assert all(point["stale"] and "STALE" in point["text"] for point in late)
    assert all(point["stale"] is None for point in points_for("fails", "LBCL"))


def test_cohorts_that_disagree_are_named():
    said = disputed(points_for("biomarkers", "LBCL"))
    assert len(said) == 1
    assert (
        said[0] == "peak of CAR T cells: linked (n = 21, S094), not linked (n = 111, S093), not linked (n = 188, S095)"
    )
    assert "Cohorts disagree: peak of CAR T cells" in questions("lbcl-tisacel-cd19neg-bulky")["biomarkers"]["answer"]
    assert disputed(points_for("biomarkers", "CLL")) == []


def test_repeating_depends_on_the_reason_for_failure():
    lost = questions("lbcl-tisacel-cd19neg-bulky")["repeat"]
    assert "second infusion of the same product: closed (CD19 not found" in lost["answer"]
    assert "The notes speak against the same CAR T cells again" in lost["plain"]
    kept = questions("lbcl-tisacel-bca-lost-cd19pos")["repeat"]
    assert "second infusion of the same product: closed" not in kept["answer"]
    young = {point["id"] for point in questions("ball-ctl019-car-transduced-blast")["repeat"]["points"]}
    assert "second-infusion-chop-penn-b-all/cr-nonresponders" in young


def test_no_failure_is_not_answered_as_one():
    rows = questions("lbcl-tisacel-control-bca-2y")
    assert "No other treatment is needed now" in rows["next"]["plain"]
    assert rows["fails"]["plain"].startswith("As far as the notes show, the treatment has not failed.")


def test_a_death_is_not_talked_to():
    rows = published.answer("dlbcl-tisacel-iechs-d36")["questions"]
    assert {row["plain"] for row in rows} == {"Not given: a death is on record."}


def test_model_results_stand_with_their_kind():
    parts = dict(published.answer("lbcl-tisacel-cd19neg-bulky"))
    parts["research"] = [{"what_if": "two targets", "result": "fewer relapses", "hypothesis": True}]
    prob = {"p": 0.4, "low": 0.2, "high": 0.6, "basis": "modelled", "n": 500}
    parts["causes"] = parts["causes"] | {"present": {"antigen_loss": prob}}
    rows = {row["id"]: row for row in questions_part(parts)}
    assert "two targets: fewer relapses (HYPOTHESIS)" in rows["research"]["answer"]
    assert "Modelled for this patient (HYPOTHESIS): two targets." in rows["combinations"]["answer"]
    assert "antigen loss 0.40 (0.20 to 0.60, modelled, n = 500)" in rows["why"]["answer"]


def test_a_projection_stands_with_its_interval_n_and_source():
    told = {"value": 45.0, "low": 30.0, "high": 60.0, "outcome": "OS", "time_months": 6, "n_note": "238 (S040)"}
    row = {"title": "X", "projected": told | {"source": "S040"}}
    assert projected_words(row) == "OS at 6 months with X 45 % (30 to 60; n: 238 (S040)) [S040]"
    assert projected_words({"title": "X", "projected": told | {"value": None}}) == ""
    assert projected_words({"title": "X", "projected": None}) == ""


def test_a_forecast_stands_only_where_nothing_has_failed_yet():
    rows = [
        {"day": 30.0, "p": 0.1, "low": 0.1, "high": 0.2, "effective": 80.0},
        {"day": 900.0, "p": 0.3, "low": 0.25, "high": 0.35, "effective": 80.0},
    ]
    model = {"forecast": rows, "as_of": 700.0, "trust": "good"}
    parts = dict(published.answer("lbcl-tisacel-control-bca-2y")) | {"model": model}
    told = {row["id"]: row["told"] for row in questions_part(parts)}["how_long"]
    assert "day 900 0.30 (0.25 to 0.35, modelled, n = 80)" in told
    assert "day 30 " not in told
    failed = dict(published.answer("lbcl-tisacel-cd19neg-bulky")) | {"model": model}
    assert "day 900" not in {row["id"]: row["told"] for row in questions_part(failed)}["how_long"]


def syllables(word):
    return max(1, len(re.findall(r"[aeiouy]+", word.lower().removesuffix("e"))))


def grade(text):
    """The Flesch-Kincaid grade of a text (numbers left out)."""
    plain = re.sub(r"\d+(?:\.\d+)?", "ten", text)
    sentences = [part for part in re.split(r"[.!?]+\s", plain) if part.strip()]
    words = re.findall(r"[A-Za-z']+", plain)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


@pytest.mark.parametrize("patient", PATIENTS)
def test_plain_words_are_plain(patient):
    rows = published.answer(patient)["questions"]
    text = " ".join(f"{row['plain_question']} {row['plain']}" for row in rows)
    assert not re.search(JARGON, text), re.search(JARGON, text)
    assert grade(text) < 9.5


def test_the_reading_grade_can_fail():
    hard = "Haematopoietic reconstitution following allogeneic transplantation necessitates immunosuppression. " * 3
    assert grade(hard) > 20


def test_every_listed_word_has_plain_words():
    words = read_table(PLACE, "plain_words.csv")
    assert set(words.filter(kind="option")["id"]) == set(OPTIONS)
    assert set(words.filter(kind="cause")["id"]) == set(CAUSES)
    assert set(words.filter(kind="state")["id"]) == set(FAILURE_STATES)
