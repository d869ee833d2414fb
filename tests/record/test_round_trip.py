"""What is written reads back as the same course, in every format, and nothing is ever half written."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import carsequel.record.write as writing
from carsequel.record import Course, RecordError, new_folder, read, write_course
from carsequel.record.normalise import course_from_tables
from carsequel.record.schema import COLUMNS, KEPT_TABLES
from carsequel.terms.quantities import quantities

PUBLISHED = Path(__file__).parents[2] / "examples" / "published"
FORMATS = ("csv", "parquet", "xlsx")
OVERRIDE = [*COLUMNS["overrides"]]
MADE = {
    "patients": "patient,disease,age,colour\np1,DLBCL,61.5,red\np2,MM,60-69,\np3,CLL,,\n",
    "infusions": "patient,infusion,date,when,product,dose,note\np1,1,2024-03-01,,Yescarta,2e8,\np1,2,,autumn,MyCell,,\n"
    "p2,1,2024-01-01,,obe-cel,10,\np2,2,2024-01-11,,obe-cel,400,\np2,3,2024-06-01,,ide-cel,,\np3,,,,,,not_infused\n",
    "facts": "patient,name,infusion,day,date,value,unit,text,uln,limit,comparator,when,approximate,shade\n"
    "p1,temperature,,1.3333333333333333,,100.4,degF,,,,,,true,dark\np1,ecog,2,5,,1,,,,,,,,\n"
    'p1,crp,2,,2024-04-01T07:30,2.5,mg/dL,,0.5,,,,,\np1,histology,,,,,,"a, ""b""\nc",,,,at relapse,,\n'
    "p1,mrd,,30,,,fraction,,,1e-6,<,,,\np2,ecog,2,3,,1,,,,,,,,\np2,ecog,3,3,,2,,,,,,,,\np1,anc,,2,,3000,K/uL,,,,,,,\n",
    "spans": "patient,name,infusion,start,end,end_known,text,value,role\np1,oxygen,,1,2.5,,Nasal cannula,2,\n"
    "p1,drug,2,3,,false,Tocilizumab,8,toxicity\np2,drug,3,0,5,,a,,\n",
    "lesions": "patient,date,lesion,ldi,uptake\np1,2024-03-31,L1,22.25,4\n",
    "coverage": "patient,name,start,end\n*,vasopressor,,\np1,crp,0,30\n",
    "overrides": "patient,criterion,value,reason,by\np1,crs.astct2019,2,wrong day,DW\n",
}


@pytest.fixture
def made(reading: Any) -> Course:
    course = reading(**MADE)
    assert course.refused == 0, course.report.filter(pl.col("status") == "refused").rows()
    return course


def same_content(one: Course, two: Course) -> None:
    assert one.data_hash == two.data_hash
    for name in (*KEPT_TABLES, "overrides"):
        left, right = getattr(one, name).drop("row", "source", strict=False), getattr(two, name)
        full = [column for column in left.columns if left[column].null_count() < left.height]
        assert set(full) <= set(right.columns), name
        for column in full:
            assert left[column].dtype == right[column].dtype, (name, column)
        assert left.height == right.height


@pytest.mark.parametrize("form", FORMATS)
def test_a_course_reads_back_as_itself(made: Course, tmp_path: Path, form: Any) -> None:
    write_course(made, tmp_path / "new" / "out", form)
    again = read(tmp_path / "new" / "out")
    same_content(made, again)
    assert again.refused == 0
    assert again.patients["not_infused"].to_list() == made.patients["not_infused"].to_list() == [False, False, True]
    assert again.facts["shade"][0] == "dark" and again.patients["colour"][0] == "red"
    assert again.facts["doubt"].to_list() == made.facts["doubt"].to_list()
    assert again.clock.equals(made.clock)
    assert (
        again.facts_since("ecog", "crp").select("infusion", "since").rows()
        == made.facts_since("ecog", "crp").select("infusion", "since").rows()
    )
    assert again.overrides.select(OVERRIDE).row(0) == made.overrides.select(OVERRIDE).row(0)
    assert again.facts["source"].to_list() == made.facts["source"].to_list()


@pytest.mark.parametrize("form", FORMATS)
def test_the_published_cases_read_back_as_themselves(tmp_path: Path, form: Any) -> None:
    course = read(PUBLISHED)
    write_course(course, tmp_path / "out", form)
    same_content(course, read(tmp_path / "out"))


def test_the_files_are_given_and_nothing_else_is_left(made: Course, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    paths = write_course(made, tmp_path / "out")
    assert sorted(paths) == sorted((tmp_path / "out").iterdir())
    assert {path.stem for path in paths} == {*KEPT_TABLES, "overrides"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_course_without_facts_reads_back(reading: Any, tmp_path: Path, form: Any) -> None:
    course = reading()
    write_course(course, tmp_path / "out", form)
    same_content(course, read(tmp_path / "out"))


def test_a_used_folder_a_file_and_an_unknown_format_are_refused(made: Course, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "x").write_text("x")
    for target in (tmp_path / "used", tmp_path / "used" / "x"):
        with pytest.raises(RecordError, match=r"is not empty|is a file"):
            write_course(made, target)
        with pytest.raises(RecordError, match=r"is not empty|is a file"):
            new_folder(target)
    with pytest.raises(RecordError, match="format") as error:
        write_course(made, tmp_path / "out", "json")  # type: ignore[arg-type]
    assert error.value.hint == "allowed: csv, parquet, xlsx"
    assert not (tmp_path / "out").exists()


def test_a_failure_on_the_way_leaves_nothing(made: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[str]:
        raise OSError("disk full")

    monkeypatch.setattr(writing, "_write_frames", fail)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match="disk full"):
        write_course(made, tmp_path / "out")
    assert sorted(tmp_path.iterdir()) == before


def test_a_sheet_never_cuts_a_text(reading: Any, tmp_path: Path) -> None:
    course = reading(facts=f"patient,name,day,text\np1,symptom,1,{'x' * 40000}\n")
    with pytest.raises(RecordError, match="facts has a text longer than a sheet's cell") as error:
        write_course(course, tmp_path / "out", "xlsx")
    assert "parquet" in error.value.hint


def test_a_new_folder_has_every_table_and_the_dictionary(tmp_path: Path) -> None:
    paths = new_folder(tmp_path / "new")
    assert {path.stem for path in paths} == {*KEPT_TABLES, "mapping", "dictionary"}
    for path in paths[:-1]:
        assert pl.read_csv(path).columns == list(COLUMNS[path.stem])
    words = pl.read_csv(tmp_path / "new" / "dictionary.csv", infer_schema=False)
    assert set(quantities()) <= set(words["name"])
    with pytest.raises(RecordError, match="no CAR-T found"):
        read(tmp_path / "new")


def test_raw_tables_and_their_files_give_one_course(made: Course) -> None:
    texts = {name: pl.read_csv(text.encode(), infer_schema=False) for name, text in MADE.items()}
    assert course_from_tables(texts).data_hash == made.data_hash
