"""A folder read in parts of a few patients gives the findings of the whole folder."""

from pathlib import Path

import polars as pl
import pytest

import carsequel as cs
from carsequel.record import RecordError, write_course
from carsequel.record.parts import is_large, read_parts

FOLDER = Path(__file__).parents[2] / "examples" / "published"


def in_parts(folder: Path, size: int) -> pl.DataFrame:
    return pl.concat([cs.grade(course) for course in read_parts(folder, size)])


@pytest.mark.parametrize("size", [7, 100])
def test_parts_give_the_findings_of_the_whole(size: int) -> None:
    assert in_parts(FOLDER, size).equals(cs.grade(cs.read(FOLDER)))


def test_parquet_parts_give_the_findings_of_the_whole(tmp_path: Path) -> None:
    write_course(cs.read(FOLDER), tmp_path / "p", format="parquet")
    assert in_parts(tmp_path / "p", 9).equals(cs.grade(cs.read(tmp_path / "p")))


def test_semicolons_dates_mapping_and_lines_for_everyone(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient\n" + "".join(f"p{n}\n" for n in range(7)))
    rows = "".join(f"p{n};1;2025-01-0{n + 1};axi-cel\n" for n in range(7))
    (tmp_path / "infusions.csv").write_text("patient;infusion;date;product\n" + rows)
    facts = "".join(f"p{n};Temp;2025-01-0{n + 2};38,{n};\n" for n in range(7))
    (tmp_path / "facts.csv").write_text("patient;name;date;value;text\n" + facts + ";Temp;2025-01-01;39;\n")
    (tmp_path / "mapping.csv").write_text("local_name,name,unit\nTemp,temperature,degC\n")
    (tmp_path / "coverage.csv").write_text("patient,name\n*,*\n")
    whole, parts = cs.read(tmp_path), list(read_parts(tmp_path, 2))
    assert pl.concat([cs.grade(part) for part in parts]).equals(cs.grade(whole))
    assert sum(part.refused for part in parts) == whole.refused == 1
    assert [part.patients.height for part in parts] == [2, 2, 2, 1]


def test_a_large_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("patient,day,anc\np1,1,2\n")
    with pytest.raises(RecordError, match="name is missing"):
        list(read_parts(tmp_path, 2))


def test_a_parquet_file_is_large_by_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_course(cs.read(FOLDER), tmp_path / "p", format="parquet")
    rows = cs.read(FOLDER).facts.height + cs.read(FOLDER).spans.height + cs.read(FOLDER).lesions.height
    for limit, large in ((rows, False), (rows - 1, True)):
        monkeypatch.setattr("carsequel.record.parts.ROWS_IN_ONE_PIECE", limit)
        assert is_large(tmp_path / "p") is large
