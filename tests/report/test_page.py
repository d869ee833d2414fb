"""The page of one patient: self-contained, escaped, complete where keys are missing, and saying what is not known."""

import importlib.util
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from carsequel.record.course import Course
from carsequel.report import render_page
from carsequel.terms.findings import no_findings
from carsequel.terms.lists import CAUSES, FAILURE_STATES, OPTIONS

_SPEC = importlib.util.spec_from_file_location("report_sample", Path(__file__).with_name("sample.py"))
assert _SPEC and _SPEC.loader
sample = importlib.util.module_from_spec(_SPEC)
sys.modules["report_sample"] = sample
_SPEC.loader.exec_module(sample)

Maker = Callable[[], tuple[dict[str, Any], Course, pl.DataFrame]]
MAKERS = [sample.failed_lbcl, sample.sparse, sample.everything_ball]
VOID = {"meta", "br", "hr", "img", "link", "input", "wbr"}
HOSTILE = "<script>alert(1)</script>\"'&$x_"


def page_of(maker: Maker, **changes: Any) -> str:
    answer, course, findings = maker()
    return render_page(answer | changes, course, findings=findings)


class Checker(HTMLParser):
    """Collects unbalanced tags, loads, ids and anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.wrong: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.anchors: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.stack.append(tag)
        self._look(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._look(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.wrong.append(tag)

    def _look(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name.startswith("on"):
                self.loads.append(name)
            if name in ("src", "href", "xlink:href", "data", "srcset") and value:
                if value.startswith("#"):
                    self.anchors.append(value[1:])
                elif tag != "a":
                    self.loads.append(value)


def checked(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    return checker


@pytest.mark.parametrize("maker", MAKERS)
def test_page_is_balanced_and_loads_nothing(maker: Maker) -> None:
    page = page_of(maker)
    found = checked(page)
    assert not found.wrong and not found.stack
    assert not found.loads
    assert "script" not in found.tags and "link" not in found.tags
    assert len(found.ids) == len(set(found.ids))
    assert set(found.anchors) <= set(found.ids)
    assert "@import" not in page and not re.search(r"url\((?!#|&quot;#)", page)
    assert len(page.encode()) < 400_000


def test_verdict_antigen_and_mark_stand_in_plain_sight() -> None:
    page = page_of(sample.failed_lbcl)
    head = page[: page.index("<svg")]
    for words in ("FAILED: relapse after response", "NOT BIOPSY-PROVEN", "CD19: NOT TESTED", "late (after day 90)"):
        assert words in head
    assert "day 91 (possible: day 60 to 91) after infusion 1 (axi-cel)" in head
    assert "infection: YES" in head and "CNS disease or ICANS: UNKNOWN" in head and "steroids: no" in head
    assert "Biopsy with CD19, CD20, CD22 and CD79b" in head and "n = 238" in head
    assert "Definitions disagree:" in head and "palliative care" in head and "Goals of care: not recorded" in head
    assert "not a medical device" in page and "9f31c2ab" in page and "0c77d1e4" in page


def test_synthetic_is_on_page_and_figures_only_when_it_is() -> None:
    page = page_of(sample.failed_lbcl)
    figures = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert page.count("SYNTHETIC patient") == 1 and len(figures) == 2
    assert all("SYNTHETIC" in figure for figure in figures)
    assert "SYNTHETIC" not in page_of(sample.everything_ball).replace(sample.__file__, "")


def test_probability_marks_and_choices_are_said() -> None:
    page = page_of(sample.failed_lbcl)
    assert page.count("probability: not computed") == len(CAUSES)
    assert "<b>10/16</b>" in page and "biopsied patients only" in page
    assert re.search(
        r"ORR 46 % <span class=\"aside\">n = 13, era not given</span><span class=\"mark strong\">UNVERIFIED</span>",
        page,
    )
    assert "grade 2 to 3</b> with counting longest, bridge 2, missing bounds" in page
    assert "bedside note of day 5" in page and "grade 0 to 3" in page
    for heading in ("antigen escape", "expansion and persistence", "microenvironment", "tumour itself"):
        assert heading in page


def test_computed_probabilities_are_printed_with_their_interval() -> None:
    causes = {
        "present": {"antigen_loss": {"p": 0.62, "low": 0.386, "high": 0.8151, "basis": "modelled", "n": 16}},
        "shares": {
            "antigen_loss": {"p": 0.5, "low": 0.2, "high": 0.8},
            "undetermined": {"p": 0.5, "low": 0.2, "high": 0.8},
        },
    }
    page = page_of(sample.sparse, causes=causes)
    assert "probability <b>62 %</b> (39 to 82)" in page and "modelled, n = 16" in page
    assert "undetermined 50 % (20 to 80)" in page and "not computed" not in page


def test_causes_that_do_not_apply_have_no_table() -> None:
    page = page_of(sample.failed_lbcl, causes={"applicable": False, "present": {"product": {}}, "method": "no failure"})
    assert "No cause is weighed for this patient." in page and "Method: no failure" in page


def test_numbers_of_one_cohort_stand_together() -> None:
    one = {"cohort": "C", "n": 12, "source": "S054", "status": "SECONDARY", "unit": "%", "interval": "wilson"}
    rows = [one | {"outcome": "ORR", "value": 25.0, "low": 8.894, "high": 53.23}, one | {"outcome": "CR", "value": 8.0}]
    page = page_of(sample.sparse, options=[{"option": "radiotherapy", "gate": "open", "evidence": rows}])
    assert "<b>C</b>: ORR 25 % (8.89 to 53.2, Wilson); CR 8 % <span" in page
    assert page.count('<span class="mark ">SECONDARY</span>') == 1
    many = [{"text": f"row {i}", "n": i, "cohort": str(i)} for i in range(5)]
    found = checked(page_of(sample.sparse, prognosis=many))
    assert not found.wrong and not found.stack


def test_missing_keys_say_so() -> None:
    page = page_of(sample.sparse)
    assert "NOT EVALUABLE" in page and "performance not recorded" in page
    assert "HLH-like syndrome: UNKNOWN" in page and "BCMA: NOT TESTED" in page
    assert "Day not given: 2 entries" in page and "two weeks after the infusion" in page
    assert "None" not in re.sub(r"<p>None\.</p>", "", page) and "Undefined" not in page


def test_any_one_key_may_be_missing_or_null() -> None:
    answer, course, findings = sample.failed_lbcl()
    light = course_without_days(course)
    for key in [key for key in answer if key != "patient"]:
        without = {name: value for name, value in answer.items() if name != key}
        for tried in (without, answer | {key: None}):
            found = checked(render_page(tried, light, findings=findings))
            assert not found.wrong and not found.stack, key


def course_without_days(course: Course) -> Course:
    """Give a course whose figure is empty, to make pages quickly."""
    return course.only("nobody")


def test_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="patient"):
        render_page({}, sample.sparse()[1], findings=no_findings())


def poisoned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: poisoned(part) for key, part in value.items()}
    if isinstance(value, list):
        return [poisoned(part) for part in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


def test_every_text_of_the_answer_is_escaped() -> None:
    answer, course, _ = sample.failed_lbcl()
    page = render_page(poisoned(answer), course_without_days(course), findings=no_findings())
    assert "<script" not in page and "&lt;script&gt;" in page
    found = checked(page)
    assert not found.wrong and not found.stack and not found.loads


def test_texts_of_the_course_are_escaped_in_the_figure() -> None:
    bad = HOSTILE + "\x00\n"
    course = sample.course_of(
        "x",
        infusions=[{"infusion": 1, "day": 0.0, "product": bad, "target": bad}],
        facts=[
            {"name": "event", "day": 3.0, "text": bad, "site": bad},
            {"name": "car_t", "day": 3.0, "value": 2.0, "unit": bad},
            {"name": "car_t", "day": 4.0, "value": -2.0, "unit": bad, "doubt": "implausible"},
            {"name": "ldh", "text": bad, "when": bad},
        ],
        spans=[{"name": "drug", "start": 1.0, "text": bad, "role": bad}],
        lesions=[{"day": 1.0, "lesion": bad, "ldi": 20.0}, {"day": 1.0, "lesion": "_two$", "ldi": 9.0}],
    )
    page = render_page({"patient": "x"}, course, findings=no_findings())
    assert "<script" not in page and "&lt;script&gt;" in page
    found = checked(page)
    assert not found.wrong and not found.stack


@pytest.mark.parametrize("state", FAILURE_STATES)
def test_every_state_has_words(state: str) -> None:
    page = page_of(sample.sparse, failure={"state": state})
    title = re.search(r"<h1>(.*?)</h1>", page)
    assert title and title.group(1).isupper() and "_" not in title.group(1)


def test_every_option_has_words_and_stands_under_its_gate() -> None:
    gates = ["open", "unknown", "closed"]
    rows = [{"option": option, "gate": gates[i % 3], "why": ["x"]} for i, option in enumerate(OPTIONS)]
    page = page_of(sample.sparse, options=rows)
    assert all(f"{word} 9" in page for word in ("Open", "Unknown", "Closed"))
    assert not [option for option in OPTIONS if "_" in option and option in page]


def test_two_infusions_keep_their_units_and_clocks_apart() -> None:
    page = page_of(sample.everything_ball)
    assert page.count(">CAR T cells</text>") == 2 and ">copies/ug</text>" in page
    assert "infusion 2: CD22 CAR T" in page and "inotuzumab (between relapse and infusion 2)" in page
    assert "the scale changes at the dashed lines" in page
