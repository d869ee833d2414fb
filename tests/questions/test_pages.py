"""The questions and supportive care on the pages, and the plain page that `report --questions` writes."""

import shutil
from pathlib import Path

import polars as pl

import published
from carsequel.report import render_page
from carsequel.report.questions import question_rows, render_questions
from carsequel.services.pages import run_report

BULKY = "lbcl-tisacel-cd19neg-bulky"
PUBLISHED = Path(__file__).parents[2] / "examples" / "published"


def test_the_page_shows_both_readings_with_their_numbers():
    page = render_page(published.answer(BULKY), published.course(), findings=published.graded().findings)
    assert "Questions people ask" in page
    assert "OS at 6 months 47.9 % (41" in page
    assert "In a group of 238 people whose lymphoma" in page
    assert "Supportive and palliative care" in page
    assert "left out on purpose" in page


def test_the_plain_page_names_nobody_and_cites():
    page = render_questions(published.answer(BULKY))
    assert BULKY not in page
    assert "To be handed on by the clinician" in page
    assert "S040: Di Blasi R, 2022" in page
    assert "<script" not in page


def test_rows_hold_the_contract():
    rows = question_rows(published.answer(BULKY))
    assert len(rows) == 10
    assert {"question", "answer", "n", "source", "plain"} < set(rows[0])


def test_report_writes_them_where_asked(tmp_path):
    shutil.copytree(PUBLISHED, tmp_path / "in")
    assert run_report(tmp_path / "in", tmp_path / "out", BULKY, False, None, questions=True) == 0
    assert pl.read_csv(tmp_path / "out" / "questions.csv").height == 10
    assert (tmp_path / "out" / f"{BULKY}-questions.html").exists()
    assert run_report(tmp_path / "in", tmp_path / "plain", BULKY, False, None) == 0
    assert not (tmp_path / "plain" / "questions.csv").exists()
