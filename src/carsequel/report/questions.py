"""The ten questions in plain words, as one page to be handed on by the clinician."""

import re
from collections.abc import Mapping
from typing import Any, Final

from carsequel.answering.questions import HAND_ON
from carsequel.report.page import environment

COLUMNS: Final = ("patient", "question", "answer", "plain_question", "plain", "n", "source")


def render_questions(answer: Mapping[str, Any]) -> str:
    """Give the plain page of one patient: no name or identifier, the plain answers and the papers behind their numbers.

    `answer` is the dictionary of one patient with `questions`.
    """
    questions = list(answer.get("questions") or [])
    shown = [row | {"source": _sources(row)} for row in questions]
    keys = dict.fromkeys(key for row in shown for key in re.split(r";\s*", row["source"] or "") if key)
    known = answer.get("sources") or {}
    sources = {key: known.get(key, key) for key in keys}
    page = environment().get_template("plain_questions.html.j2")
    return page.render(questions=shown, sources=sources, hand_on=HAND_ON, synthetic=bool(answer.get("synthetic")))


def question_rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the questions of one patient as rows of a table: patient, question, answer, plain, n, source."""
    rows = answer.get("questions") or []
    return [{name: answer["patient"] if name == "patient" else row.get(name) for name in COLUMNS} for row in rows]


def _sources(row: Mapping[str, Any]) -> str | None:
    """Give the sources of the numbers that the plain answer says."""
    said = [
        point["source"] for point in row.get("points") or [] if point.get("plain") and point["plain"] in row["plain"]
    ]
    return "; ".join(dict.fromkeys(said)) or None
