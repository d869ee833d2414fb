"""The numbers of the composite are rows that say where they come from; a broken file says what is wrong."""

from pathlib import Path

import polars as pl
import pytest

from carsequel.mechanism import composite
from carsequel.mechanism.form import ModelError, read_model, read_parameters
from carsequel.terms.sources import split_keys
from carsequel.terms.tables import read_table

OWN = {"composite_calibration", "assumed"}
HEAD = "name,value,low,high,unit,meaning,status,source,note"


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "numbers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("table", ["composite", "arms", "counterfactual", "observe", "clinic"])
def test_every_number_has_a_status_and_a_known_source(table: str) -> None:
    rows = read_table("carsequel.mechanism", f"{table}.csv")
    assert set(rows["status"]) <= {"measured", "fitted", "assumed"}
    known = set(read_table("carsequel.terms", "sources.csv")["key"]) | OWN
    assert {key for cell in rows["source"] for key in split_keys(cell)} <= known
    assert rows.filter((pl.col("status") != "assumed") & (pl.col("source") == "assumed")).is_empty()


def test_the_model_takes_its_own_file() -> None:
    model = read_model(composite)
    assert len(model.parameters) > 60
    assert all(row.unit and row.meaning for row in model.parameters)
    assert set(model.clones) == {"P", "R", "Q", "D"}
    assert list(model.jumps)[:2] == ["lymphodepletion", "infusion"]


def test_parameters_are_read_with_commas_and_notes(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD, 'k,2,1,3,1/d,"growth, net",fitted,kimmel2021,a note')
    (row,) = read_parameters(path)
    assert (row.name, row.value, row.low, row.high, row.meaning, row.status) == (
        "k",
        2.0,
        1.0,
        3.0,
        "growth, net",
        "fitted",
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["name,value,low,high,unit,meaning,status", "k,1,0,2,1/d,growth,fitted"], "column source is missing"),
        ([HEAD, "k,fast,0,2,1/d,growth,fitted,x,"], "value, low or high of k is no number"),
        ([HEAD, "k,1,0"], "value, low or high of k is no number"),
        ([HEAD, "k,1,0,2,1/d,growth,guessed,x,"], "status of k is none of measured, fitted, assumed"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, lines: list[str], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        read_parameters(written(tmp_path, *lines))


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no parameter file at none\.csv") as error:
        read_parameters(tmp_path / "none.csv")
    assert str(tmp_path) not in str(error.value)
