"""carsequel report: one page a patient, an index, and the answers as JSON."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import track

from carsequel.answering import answer
from carsequel.answering.modelling import Banks
from carsequel.grading import Graded
from carsequel.record import Course, read_overrides
from carsequel.registry.choices import count_choices, tally_choices
from carsequel.report import render_index, render_page, safe_name
from carsequel.services.banks import chosen_banks
from carsequel.services.definitions import grade_chosen, read_definitions
from carsequel.services.questions import Asked
from carsequel.services.reading import DONE_WITH_REFUSALS, Opened, open_input, say_refusals
from carsequel.services.screen import console
from carsequel.services.staging import check_out, staged
from carsequel.terms.choices import Choices

NO_INFUSION = "no CAR-T infusion found"


def run_report(
    source: Path,
    out: Path,
    patient: str | None,
    json: bool,
    overrides: Path | None,
    definitions: Path | None = None,
    questions: bool = False,
    banks: Banks | None = None,
) -> int:
    """Write the pages of all patients (or one), `index.html`, and with `json` one JSON a patient; `definitions` is a
    centre's file of own defaults; with `questions` also a plain page a patient to hand on, and `questions.csv`.
    `banks` gives the simulated patients behind the model's part (by default those of the user's cache)."""
    check_out(out, source)
    chosen = read_definitions(definitions)
    banks = banks or chosen_banks()
    opened = open_input(source, patient)
    if overrides is not None:
        opened = opened._replace(course=read_overrides(opened.course, overrides))
    failed: list[str] = []
    with staged(out) as folder:
        graded = grade_chosen(opened.course, chosen)
        asked = Asked() if questions else None
        entries = _write_pages(opened, graded, chosen, folder, json, failed, asked, banks)
        if asked is not None:
            asked.write(folder)
        differing = count_choices(tally_choices(graded.findings))
        (folder / "index.html").write_text(render_index(entries, differing, chosen), encoding="utf-8")
    pages = len(opened.able) - len(failed)
    console().print(f"{pages} pages: {out / 'index.html'}")
    say_refusals(opened.course, opened.unable)
    for name in failed:
        print(f"carsequel: patient {name}: the page could not be made", file=sys.stderr)
    return DONE_WITH_REFUSALS if failed else opened.status


def _write_pages(
    opened: Opened,
    graded: Graded,
    chosen: Choices,
    folder: Path,
    json: bool,
    failed: list[str],
    asked: Asked | None,
    banks: Banks | None,
) -> list[dict[str, Any]]:
    entries = []
    show = Console(stderr=True)
    steps = track(opened.able, description="pages", console=show, disable=not show.is_terminal, transient=True)
    for patient in steps:
        try:
            entries.append(_write_page(opened.course, patient, graded, chosen, folder, json, asked, banks))
        except Exception as error:  # one patient's page never costs the others theirs; it is named and the status is 1
            failed.append(patient)
            entries.append({"patient": patient, "error": f"the page could not be made ({type(error).__name__})"})
    entries += [{"patient": patient, "error": NO_INFUSION} for patient in opened.unable]
    return entries


def _write_page(
    course: Course,
    patient: str,
    graded: Graded,
    chosen: Choices,
    folder: Path,
    json: bool,
    asked: Asked | None,
    banks: Banks | None,
) -> dict[str, Any]:
    own = answer(course, patient, graded, chosen, today=date.today(), banks=banks)
    name = safe_name(patient)
    (folder / f"{name}.html").write_text(render_page(own, course, findings=graded.findings), encoding="utf-8")
    if json:
        (folder / f"{name}.json").write_bytes(answer_json(own))
    if asked is not None:
        asked.add(own, folder / f"{name}-questions.html")
    facts = own["patient_facts"]
    return {
        "patient": patient,
        "file": f"{name}.html",
        "disease": facts["disease"],
        "product": facts["product"],
        "failure": own["failure"],
        "next_test": (own["causes"].get("next_test") or {}).get("test"),
        "problems": own["data"]["refused"] + own["data"]["doubts"],
        "synthetic": own["synthetic"],
    }


def answer_json(answer: dict[str, Any]) -> bytes:
    """Give an answer as indented JSON with its keys in the order of the contract."""
    return orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)
