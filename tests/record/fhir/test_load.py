"""Files: NDJSON, gzip, directories, pages, and what is broken in them."""

import gzip
from pathlib import Path

import orjson
import pytest

from carsequel.record.errors import RecordError
from carsequel.record.fhir import read_fhir

from .conftest import bundle, given, lab, patient, said, seen

RESOURCES = [lab("718-7", 8.5, "g/dL"), given("Yescarta", "2024-03-01"), patient()]


def lines(*resources: dict) -> bytes:
    return b"".join(orjson.dumps(resource) + b"\n" for resource in resources)


def same(path: Path) -> None:
    tables, problems = read_fhir(path)
    assert seen(tables["facts"], "patient", "name", "date", "value") == [("p1", "hemoglobin", "2024-03-05", 8.5)]
    assert seen(tables["infusions"], "patient", "date") == [("p1", "2024-03-01")]
    assert not problems


@pytest.mark.parametrize("kind", ["collection", "searchset", "transaction", "batch", "document"])
def test_bundle_of_any_type(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(orjson.dumps(bundle(*RESOURCES, kind=kind), option=orjson.OPT_INDENT_2))
    same(path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.ndjson", lines(*RESOURCES)),
        ("a.ndjson", b"\xef\xbb\xbf" + lines(*RESOURCES).replace(b"\n", b"\r\n\r\n")),
        ("a.ndjson.gz", gzip.compress(lines(*RESOURCES))),
        ("a.json.gz", gzip.compress(orjson.dumps(bundle(*RESOURCES)))),
        ("a.json", lines(*RESOURCES)),
        ("a.json", orjson.dumps(RESOURCES)),
        ("a.ndjson", orjson.dumps(bundle(*RESOURCES), option=orjson.OPT_INDENT_2)),
        ("a.ndjson", lines(bundle(*RESOURCES[:1]), bundle(*RESOURCES[1:]))),
        ("a.json", orjson.dumps(bundle(bundle(*RESOURCES)))),
    ],
)
def test_forms_of_a_file(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    same(path)


def test_directory_in_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "Patient.ndjson").write_bytes(lines(patient()))
    (tmp_path / "Observation.ndjson.gz").write_bytes(gzip.compress(lines(RESOURCES[0])))
    (tmp_path / "rest.json").write_bytes(orjson.dumps(bundle(RESOURCES[1])))
    same(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    tables, problems = read_fhir(tmp_path)
    assert tables["facts"]["row"].to_list() == ["Observation.ndjson.gz:1"]
    assert [(p["file"], p["problem"]) for p in problems] == [("notes.txt", "file not read")]


def test_broken_line_is_refused_and_the_rest_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(lines(RESOURCES[0]) + b'{"resourceType": "Obs\n[1]\n' + lines(*RESOURCES[1:]))
    tables, problems = read_fhir(path)
    assert tables["facts"].height == 1
    assert [(p["file"], p["row"], p["problem"]) for p in problems] == [
        ("a.ndjson", "2", "line is not JSON"),
        ("a.ndjson", "3 entry 1", "not a FHIR resource"),
    ]


@pytest.mark.parametrize("cut", [5, 12, 60, -4])
def test_truncated_gzip_gives_nothing(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress(lines(*RESOURCES))[:cut])
    with pytest.raises(RecordError, match="cut off or damaged") as error:
        read_fhir(path)
    assert error.value.hint


@pytest.mark.parametrize("data", [b"", b"{", b'{"a": 1}', b"[]", b'{"resourceType": "Bundle"}', b"\x00\xff"])
def test_files_without_fhir(tmp_path: Path, data: bytes) -> None:
    for name in ("a.json", "a.ndjson"):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(RecordError) as error:
            read_fhir(path)
        assert error.value.hint


def test_missing_and_empty_places(tmp_path: Path) -> None:
    for path in (tmp_path / "no.json", tmp_path):
        with pytest.raises(RecordError):
            read_fhir(path)


def test_one_page_of_several(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    page = bundle(*RESOURCES, kind="searchset") | {"link": [{"relation": "next", "url": "x"}]}
    path.write_bytes(orjson.dumps(page))
    assert said(read_fhir(path)[1], "one page of several")


def test_overlapping_pages_are_read_once(tmp_path: Path) -> None:
    for name in ("1.json", "2.json"):
        (tmp_path / name).write_bytes(orjson.dumps(bundle(*RESOURCES)))
    tables, problems = read_fhir(tmp_path)
    assert tables["facts"].height == 1
    assert tables["infusions"].height == 1
    assert [p["problem"] for p in said(problems, "came twice")] == ["1 rows of resources that came twice"]
