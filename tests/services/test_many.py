"""Parts graded in processes of their own give what one process gives, in the order of the parts."""

import os
from functools import partial
from pathlib import Path

import polars as pl
import pytest

import carsequel as cs
from carsequel.record import RecordError
from carsequel.services import many
from carsequel.services.grades import grade_part
from carsequel.services.many import each_part

FOLDER = Path(__file__).parents[2] / "examples" / "published"


def findings(folder: Path) -> pl.DataFrame:
    return pl.concat(pl.read_ipc(path) for path in sorted(folder.iterdir()))


def test_processes_change_nothing(tmp_path: Path) -> None:
    settings = dict(os.environ)
    done = list(each_part(FOLDER, 6, partial(grade_part, folder=tmp_path, chosen={}), processes=2))
    whole = cs.grade(cs.read(FOLDER))
    assert len(done) == 3 and findings(tmp_path).equals(whole)
    assert pl.concat(each.queries for each in done).height > 0
    assert dict(os.environ) == settings


def test_a_record_error_keeps_its_hint_between_processes() -> None:
    with pytest.raises(RecordError, match="no table") as raised:
        many._said(("no table", "give one"))
    assert raised.value.hint == "give one"


def test_few_patients_stay_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "_pool", None)
    assert list(each_part(FOLDER, 4, lambda course, place: place)) == [0, 1, 2, 3]
    assert many.processes_for(1) == 1
