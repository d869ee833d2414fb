"""Files that are empty, broken or of another kind: a clear refusal that names the file, never a crash."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from carsequel.record import RecordError, read

INFUSIONS = "patient,infusion,day,product\np1,1,0,axi-cel\n"
SECRET = "Geheim"
NOT_READ = ["checkup.csv", "labs.csv", "old.xls"]


def folder(path: Path, **files: bytes | str) -> Path:
    path.mkdir(exist_ok=True)
    for name, data in ({"infusions.csv": INFUSIONS} | files).items():
        (path / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="absent does not exist") as error:
        read(tmp_path / "absent")
    assert error.value.hint
    with pytest.raises(RecordError, match="no table found"):
        read(tmp_path)


def test_a_single_table_is_not_a_course(tmp_path: Path) -> None:
    path = folder(tmp_path) / "infusions.csv"
    with pytest.raises(RecordError, match=r"infusions\.csv is neither"):
        read(path)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"   \n"])
def test_an_empty_table_is_said_and_the_others_are_read(tmp_path: Path, data: bytes) -> None:
    course = read(folder(tmp_path, **{"facts.csv": data}))
    assert ("doubt", "facts.csv", "table is empty, not read") in course.report["status", "file", "problem"].rows()


def test_only_empty_tables_are_no_course(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no table found"):
        read(folder(tmp_path, **{"infusions.csv": b""}))


@pytest.mark.parametrize("name", ["patients", "facts", "spans", "lesions", "coverage", "mapping", "overrides"])
def test_a_header_alone_is_an_empty_table(tmp_path: Path, name: str) -> None:
    headers = {
        "patients": "patient,disease",
        "lesions": "patient,day,lesion,ldi",
        "mapping": "local_name,name,factor",
        "overrides": "patient,criterion,value,reason",
    }
    course = read(folder(tmp_path, **{f"{name}.csv": headers.get(name, "patient,name,value") + "\n"}))
    assert course.refused == 0
    assert course.facts.is_empty() and course.only("p1").data_hash


BROKEN = {
    "facts.csv.gz": gzip.compress(b"patient,name,value\np1,ecog,1\n" * 99)[:40],
    "facts.parquet": b"PAR1 and then nothing",
    "facts.xlsx": b"PK and then nothing",
    "spans.csv.gz": b"not gzip at all",
    "lesions.parquet": b"",
    "coverage.xlsx": b"",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordError, match=rf"{name} cannot be read") as error:
        read(folder(tmp_path, **{name: BROKEN[name]}))
    assert "whole" in error.value.hint


def test_gzip_damaged_in_the_middle_is_named(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(bytes(range(256)) * 20))
    data[30:60] = bytes(30)
    with pytest.raises(RecordError, match=r"facts\.csv\.gz"):
        read(folder(tmp_path, **{"facts.csv.gz": bytes(data)}))


@pytest.mark.parametrize("text", ["patient,name,text\np1,symptom,Fieber\np1,symptom,müde\n", "pätient,name\np1,x\n"])
def test_text_that_is_not_utf8_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    line = 1 + text.encode()[: text.encode().index(b"\xc3")].count(b"\n")
    with pytest.raises(RecordError, match=rf"facts\.csv is not UTF-8 text \(line {line}\)") as error:
        read(folder(tmp_path, **{"facts.csv": text.encode("latin-1")}))
    assert "UTF-8" in error.value.hint


def test_a_row_with_too_many_cells_is_refused_with_its_line(tmp_path: Path) -> None:
    text = 'patient,name,day,value\np1,ecog,1,1\np1,ecog,2,1,extra\n"p1",ecog,3,2\np1,ecog,4\n'
    course = read(folder(tmp_path, **{"facts.csv": text}))
    refused = course.report.filter(pl.col("status") == "refused").select("file", "row", "problem").rows()
    assert refused == [
        ("facts.csv", "3", "row has 5 cells, the header 4"),
        ("facts.csv", "5", "neither value nor text"),
    ]
    assert course.facts["row"].to_list() == ["facts.csv:2", "facts.csv:4"]
    assert course.refused == 2


def test_quotes_that_do_not_close_are_named_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"facts\.csv: quotes do not close \(row that begins in line 3\)"):
        read(folder(tmp_path, **{"facts.csv": 'patient,name,text\np1,symptom,a\np1,symptom,"b\np1,symptom,c\n'}))


def test_a_quote_inside_a_plain_cell_is_read(tmp_path: Path) -> None:
    course = read(folder(tmp_path, **{"facts.csv": 'patient,name,day,text\np1,symptom,1,5" tube\np1,symptom,2,b\n'}))
    assert course.facts["text"].to_list() == ['5" tube', "b"]


def test_rows_after_a_cell_with_line_breaks_keep_their_line(tmp_path: Path) -> None:
    text = 'patient,name,day,text,note\np1,symptom,1,a,"two\nlines ""quoted"""\n\np1,response,2,odd,b\n'
    course = read(folder(tmp_path, **{"facts.csv": text}))
    assert course.facts["row"].to_list() == ["facts.csv:2", "facts.csv:5"]
    rows = {problem: row for problem, row in course.report["problem", "row"].rows() if row}
    assert rows["text not in the list of this name, kept"] == "5"
    assert [row for problem, row in rows.items() if "several lines" in problem] == ["2"]
    assert course.facts["note"][0] == 'two\nlines "quoted"'


def test_a_missing_column_is_named_without_showing_cells(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="table infusions: column infusion is missing") as error:
        read(folder(tmp_path, **{"infusions.csv": "patient,day\np1,0\n"}))
    assert "carsequel new" in error.value.hint
    with pytest.raises(RecordError, match="column patient, name is missing") as error:
        read(folder(tmp_path, **{"infusions.csv": INFUSIONS, "spans.csv": f"{SECRET},{SECRET} 2,5\np1,drug,1\n"}))
    assert SECRET.lower() not in str(error.value).lower()


def test_a_column_given_twice_is_refused_by_name(tmp_path: Path) -> None:
    path = folder(tmp_path)
    frame = pl.DataFrame({"patient": ["p1"], "name": ["ecog"], "value": [1], "Value ": [2]})
    frame.write_parquet(path / "facts.parquet")
    with pytest.raises(RecordError, match=r"facts.*given twice|facts\.parquet cannot be read"):
        read(path)


@pytest.mark.parametrize("row", ["p1,anc,3,30,0.2,10^9/L", "p1,anc,3,30,0.2,10^9/L,more"])
def test_a_column_of_ours_written_twice_in_csv_is_refused(tmp_path: Path, row: str) -> None:
    facts = f"patient,name,day,day,value,unit\n{row}\n"
    with pytest.raises(RecordError, match="column day is given twice"):
        read(folder(tmp_path, **{"facts.csv": facts}))


def test_another_column_written_twice_is_kept_twice(tmp_path: Path) -> None:
    facts = "patient,name,day,value,unit,ward,ward\np1,anc,3,0.2,10^9/L,x,y\n"
    course = read(folder(tmp_path, **{"facts.csv": facts}))
    assert course.facts.select("ward", "ward_duplicated_0").row(0) == ("x", "y")


def test_a_record_without_facts_says_so(tmp_path: Path) -> None:
    for number, more in enumerate(({}, {"facts.csv": ""}, {"facts.csv": "patient,name,day,value,unit\n"})):
        problems = read(folder(tmp_path / str(number), **more)).report["problem"]
        assert "no fact could be read: what needs one is not gradable" in problems.to_list()
    some = {"facts.csv": "patient,name,day,value,unit\np1,anc,3,0.2,10^9/L\n"}
    assert not read(folder(tmp_path / "some", **some)).report["problem"].str.starts_with("no fact").any()


def test_unknown_columns_and_names_used_inside_are_kept(tmp_path: Path) -> None:
    text = "patient,name,day,value,colour,clock,row,_factor,doubt\np1,ecog,1,1,red,noon,9,x,none\n"
    course = read(folder(tmp_path, **{"facts.csv": text}))
    kept = course.facts.select("colour", "clock_given", "row_given", "given_factor", "doubt_given").row(0)
    assert kept == ("red", "noon", "9", "x", "none")
    assert course.facts.select("clock", "row", "doubt").row(0) == (1.0, "facts.csv:2", None)
    named = course.report.filter(pl.col("problem") == "unknown column kept")["name"].to_list()
    assert set(named) == {"colour", "clock_given", "row_given", "given_factor", "doubt_given"}


def test_other_files_are_said_not_read(tmp_path: Path) -> None:
    path = folder(tmp_path, **{"labs.csv": "a,b\n1,2\n", "old.xls": b"x", "sources.csv": "key\nx\n", "README.md": "x"})
    (path / "checkup.csv").write_text("a,b\n1,2\n")
    (path / "findings.csv").write_text("patient,day,anc\np1,3,0.2\n")
    course = read(path)
    assert course.report.filter(pl.col("problem").str.ends_with("not read"))["file"].sort().to_list() == NOT_READ
    assert course.facts.is_empty()
