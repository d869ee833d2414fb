"""The same record in every file format gives the same course."""

import datetime as dt
import gzip
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from carsequel.record import Course, RecordError, read

COMMA = {
    "patients": "patient,disease,age\n007,DLBCL,61.5\n",
    "infusions": "patient,infusion,day,product\n007,1,0,Yescarta\n",
    "facts": "patient,name,day,value,unit,uln,text\n007,crp,1.5,2.5,mg/dL,0.5,\n007,response,30,,,,CR\n",
    "spans": "patient,name,start,end,value,text\n007,oxygen,2,3.25,2.5,nasal cannula\n",
    "lesions": "patient,day,lesion,ldi,uptake\n007,30,L1,22.5,4\n",
    "coverage": "patient,name,start,end\n*,vasopressor,,\n",
}


def folder(path: Path, tables: dict[str, bytes], suffix: str = "csv") -> Path:
    path.mkdir()
    for name, data in tables.items():
        (path / f"{name}.{suffix}").write_bytes(data)
    return path


def plain(text: str) -> bytes:
    return text.encode("utf-8")


@pytest.fixture
def expected(tmp_path: Path) -> Course:
    return read(folder(tmp_path / "comma", {name: plain(text) for name, text in COMMA.items()}))


def same(one: Course, other: Course) -> None:
    assert one.data_hash == other.data_hash
    assert one.refused == other.refused == 0


def semicolon(text: str) -> bytes:
    lines = [line.replace(",", ";").replace(".", ",") for line in text.splitlines()]
    return plain("\n".join(lines) + "\n")


WAYS = {
    "semicolon with decimal comma": (semicolon, "csv"),
    "tabs": (lambda text: plain(text.replace(",", "\t")), "tsv"),
    "byte order mark": (lambda text: b"\xef\xbb\xbf" + plain(text), "csv"),
    "windows line ends": (lambda text: plain(text.replace("\n", "\r\n")), "csv"),
    "old line ends": (lambda text: plain(text.replace("\n", "\r")), "csv"),
    "no last line end": (lambda text: plain(text.rstrip("\n")), "csv"),
    "gzip": (lambda text: gzip.compress(plain(text)), "csv.gz"),
    "separator named in line 1": (lambda text: b"sep=;\r\n" + semicolon(text), "csv"),
    "every cell quoted": (
        lambda text: plain("\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in text.splitlines())),
        "csv",
    ),
    "trailing commas": (lambda text: plain(text.replace("\n", ",,\n")), "csv"),
    "capitals and spaces in the header": (
        lambda text: plain(" " + text.split("\n", 1)[0].upper().replace(",", " , ") + "\n" + text.split("\n", 1)[1]),
        "csv",
    ),
    "cells that say NA": (lambda text: plain(text.replace(",,", ",NA,").replace(",,", ",NA,")), "csv"),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_spelling_of_the_text_gives_the_same_course(way: str, tmp_path: Path, expected: Course) -> None:
    change, suffix = WAYS[way]
    same(read(folder(tmp_path / "other", {name: change(text) for name, text in COMMA.items()}, suffix)), expected)


def test_typed_parquet_gives_the_same_course(tmp_path: Path) -> None:
    path = tmp_path / "typed"
    path.mkdir()
    pl.DataFrame({"patient": [7], "disease": ["LBCL"], "note": [None]}).write_parquet(path / "patients.parquet")
    infusions = {"patient": [7.0], "infusion": [1], "date": [dt.date(2024, 2, 28)], "product": ["axi-cel"]}
    pl.DataFrame(infusions).write_parquet(path / "infusions.parquet")
    facts = {
        "patient": [7, 7, 7],
        "name": pl.Series(["ecog", "crp", "hypotension"], dtype=pl.Categorical),
        "date": [dt.datetime(2024, 3, 1, 12), dt.datetime(2024, 3, 2), dt.datetime(2024, 3, 2)],
        "value": [1.0, float("nan"), None],
        "text": [None, "not done", "true"],
        "approximate": [True, None, False],
        "infusion": [1, None, 1],
    }
    pl.DataFrame(facts).write_parquet(path / "facts.parquet")
    lesions = {"patient": [7], "day": [30], "lesion": [1], "ldi": [20], "uptake": [4]}
    pl.DataFrame(lesions).write_parquet(path / "lesions.parquet")
    course = read(path)
    assert course.patients["patient"].to_list() == ["7"]
    assert course.facts.select("clock", "value", "text", "approximate").rows() == [
        (2.5, 1.0, None, True),
        (3.0, None, "not done", None),
        (3.0, None, "yes", False),
    ]
    assert course.lesions.select("lesion", "uptake").rows() == [("1", "4")]


def test_a_comparator_beside_typed_numbers_is_read(tmp_path: Path) -> None:
    path = folder(tmp_path / "c", {name: plain(COMMA[name]) for name in ("patients", "infusions")})
    facts = {"patient": ["007"], "name": ["il6"], "day": [1], "value": [7.0], "unit": ["pg/mL"], "comparator": ["≤"]}
    pl.DataFrame(facts).write_parquet(path / "facts.parquet")
    assert read(path).facts["comparator"].to_list() == ["<"]


def test_one_workbook_with_a_sheet_a_table(tmp_path: Path, expected: Course) -> None:
    path = tmp_path / "record.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for name, text in COMMA.items():
            sheet = book.add_worksheet(name.capitalize())
            for place, line in enumerate(text.splitlines()):
                for column, cell in enumerate(line.split(",")):
                    number = place and cell.replace(".", "").isdigit() and cell != "007"
                    sheet.write(place, column, float(cell) if number else cell)
        book.add_worksheet("Sheet9")
    same(read(path), expected)
    (tmp_path / "c").mkdir()
    path.rename(tmp_path / "c" / "record.xlsx")
    course = read(tmp_path / "c")
    same(course, expected)
    assert course.facts["row"][0] == "record.xlsx[Facts]:2"


def test_dates_in_a_workbook_are_dates(tmp_path: Path) -> None:
    path = tmp_path / "record.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "dd.mm.yyyy"}) as book:
        sheet = book.add_worksheet("infusions")
        sheet.write_row(0, 0, ["patient", "infusion", "date", "product"])
        sheet.write_row(1, 0, ["p1", 1, dt.datetime(2024, 3, 1), "axi-cel"])
        sheet = book.add_worksheet("facts")
        sheet.write_row(0, 0, ["patient", "name", "date", "value"])
        sheet.write_row(1, 0, ["p1", "ecog", dt.datetime(2024, 3, 4, 6), 1])
    assert read(path).facts["clock"].to_list() == [3.25]


def test_tables_in_parts_and_in_two_formats_are_joined(tmp_path: Path, expected: Course) -> None:
    path = folder(tmp_path / "parts", {name: plain(text) for name, text in COMMA.items() if name != "facts"})
    header, first, second = COMMA["facts"].splitlines()
    (path / "facts_1.csv").write_text(f"{header}\n{first}\n")
    typed = {"patient": ["007"], "name": ["response"], "day": [30], "text": ["CR"], "uln": [None]}
    pl.DataFrame(typed).write_parquet(path / "facts-2.parquet")
    same(read(path), expected)
    assert second


def test_a_folder_of_fhir_is_not_looked_for_beside_tables(tmp_path: Path, expected: Course) -> None:
    path = folder(tmp_path / "c", {name: plain(text) for name, text in COMMA.items()})
    (path / "bundle.json").write_text("{}")
    course = read(path)
    assert course.data_hash == expected.data_hash
    assert "bundle.json" in course.report.filter(pl.col("problem").str.contains("not read"))["file"].to_list()


def test_a_column_of_lists_is_refused_by_name(tmp_path: Path) -> None:
    path = folder(tmp_path / "c", {"infusions": plain(COMMA["infusions"])})
    pl.DataFrame({"patient": ["007"], "name": ["ecog"], "value": [[1, 2]]}).write_parquet(path / "facts.parquet")
    with pytest.raises(RecordError, match="table facts: column value is of type"):
        read(path)


def test_small_numbers_and_clock_times_of_a_workbook_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "record.xlsx"
    with xlsxwriter.Workbook(str(path), {"default_date_format": "hh:mm"}) as book:
        sheet = book.add_worksheet("infusions")
        sheet.write_row(0, 0, ["patient", "infusion", "day", "product"])
        sheet.write_row(1, 0, [7, 1, 0, "axi-cel"])
        sheet = book.add_worksheet("facts")
        sheet.write_row(0, 0, ["patient", "name", "day", "value", "unit", "taken"])
        sheet.write_row(1, 0, ["7", "mrd", 30.123456789012, 1.23456789e-9, "fraction", dt.time(8, 30)])
    course = read(path)
    assert course.facts.select("patient", "day", "value").row(0) == ("7", 30.123456789012, 1.23456789e-9)
    assert "8" in course.facts["taken"][0]
