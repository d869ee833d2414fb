"""The plain pages of `carsequel report --questions`, and the table of all of them."""

from pathlib import Path
from typing import Any

import polars as pl

from carsequel.report.questions import COLUMNS, question_rows, render_questions


class Asked:
    """Collects the questions of the patients while their pages are written."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def add(self, answer: dict[str, Any], path: Path) -> None:
        """Write one patient's plain page and keep its rows."""
        path.write_text(render_questions(answer), encoding="utf-8")
        self._rows += question_rows(answer)

    def write(self, folder: Path) -> None:
        """Write `questions.csv`: patient, question, answer, plain, n, source."""
        pl.DataFrame(self._rows, schema=dict.fromkeys(COLUMNS, pl.String)).write_csv(folder / "questions.csv")
