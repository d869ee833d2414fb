"""A folder read in parts of a few patients gives the findings of the whole folder."""

from pathlib import Path

import polars as pl
import pytest

import carsequel as cs
from carsequel.record import Course, RecordError, write_course
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


def two_patients(folder: Path, **tables: str | bytes) -> Path:
    """A folder of two patients; `tables` replaces or adds files."""
    rows = {
        "patients": "patient,disease\na,LBCL\nb,LBCL\n",
        "infusions": "patient,infusion,day,product\na,1,0,axi-cel\nb,1,0,axi-cel\n",
        "facts": "patient,name,day,value,unit\na,anc,3,0.2,10^9/L\nb,anc,4,0.3,10^9/L\n",
    }
    for name, text in (rows | tables).items():
        (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def notes(course: Course) -> list[str]:
    return sorted(course.report["problem"].to_list())


@pytest.mark.parametrize(
    ("tables", "refused"),
    [
        ({"infusions": "patient,infusion,day\na,1,0\nb,1,0,x,y\n"}, 2),
        ({"facts": ""}, 0),
        ({"facts": "patient,name,day,value,unit\n"}, 0),
        ({"queries": "patient,day,anc\na,3,0.4\n"}, 0),
        ({"notes": "patient,day,colour\na,3,red\n"}, 1),
    ],
    ids=["misshapen row of a small table", "empty file", "header alone", "an earlier output", "nothing mapped"],
)
def test_parts_say_what_the_whole_says(tmp_path: Path, tables: dict[str, str], refused: int) -> None:
    whole, parts = cs.read(two_patients(tmp_path, **tables)), list(read_parts(tmp_path, 5))
    assert [notes(part) for part in parts] == [notes(whole)]
    assert parts[0].refused == whole.refused == refused
    first, *rest = read_parts(tmp_path, 1)
    assert set(notes(first)) | {note for part in rest for note in notes(part)} >= set(notes(whole))


def test_a_large_table_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    words = "patient,name,day,value,unit,text\na,symptom,3,,,M\u00fcdigkeit\n"
    for text, line in ((words.encode("latin-1"), 2), (words.encode("utf-16"), 1)):
        with pytest.raises(RecordError, match=rf"facts\.csv is not UTF-8 text \(line {line}\)"):
            list(read_parts(two_patients(tmp_path, facts=text), 1))


def test_a_large_table_with_an_open_quote_is_named_without_its_content(tmp_path: Path) -> None:
    facts = 'patient,name,day,value,unit\n"secret,anc,3,0.2,10^9/L\n'
    with pytest.raises(RecordError, match=r"facts\.csv cannot be read in parts") as told:
        list(read_parts(two_patients(tmp_path, facts=facts), 1))
    assert "secret" not in f"{told.value} {told.value.hint}" and "carsequel check" in told.value.hint


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
