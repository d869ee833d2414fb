"""Small course folders written from text and read back."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from carsequel.record import Course, read

ONE = "patient,infusion,day,product\np1,1,0,axi-cel\n"
DATED = "patient,infusion,date,product\np1,1,2024-03-01,axi-cel\n"
LBCL = "patient,disease\np1,LBCL\n"

Reading = Callable[..., Course]


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    """Read a folder of CSV tables given as text; patients and infusions have a plain patient unless given."""

    def from_texts(require_infusion: bool = True, suffix: str = "csv", **tables: str) -> Course:
        folder = tmp_path / "course"
        folder.mkdir(exist_ok=True)
        for name, text in ({"patients": LBCL, "infusions": ONE} | tables).items():
            (folder / f"{name}.{suffix}").write_text(text, encoding="utf-8", newline="")
        return read(folder, require_infusion=require_infusion)

    return from_texts


@pytest.fixture
def told() -> Callable[[Course, str], list[tuple[str, str | None, str | None]]]:
    """Give status, file and row of every note whose problem begins with a text; each note says what to do."""

    def notes(course: Course, problem: str) -> list[tuple[str, str | None, str | None]]:
        rows = course.report.filter(pl.col("problem").str.starts_with(problem))
        assert rows["what_to_do"].str.len_chars().min() or rows.is_empty()
        return rows.select("status", "file", "row").rows()

    return notes
