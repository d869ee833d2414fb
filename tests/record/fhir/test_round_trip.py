"""What is written as FHIR comes back as it was, days and all, and is valid FHIR for somebody else's models."""

from pathlib import Path

import orjson
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from carsequel.record import read
from carsequel.record.errors import RecordError
from carsequel.record.fhir import read_fhir, write_fhir

TABLES = {
    "patients": pl.DataFrame(
        {
            "patient": ["a", "Bö 2", "c"],
            "disease": ["LBCL", "MM", None],
            "disease_detail": ["DLBCL NOS", None, "unclear"],
            "age": [61.0, None, 12.5],
            "age_band": [None, "90+", None],
            "sex": ["female", "unclear", None],
            "study": ["x", None, "y"],
        }
    ),
    "infusions": pl.DataFrame(
        {
            "patient": ["a", "a", "Bö 2", "Bö 2", "c"],
            "infusion": [1, 2, 1, 2, 1],
            "day": [0.0, 200.0, 0.0, None, None],
            "when": [None, None, None, "17 weeks later", None],
            "product": ["axi-cel", None, "CAR-BCMA (NCI)", "CAR-BCMA (NCI)", "tisa-cel"],
            "target": ["CD19", None, "BCMA", "BCMA", None],
            "dose": [2e8, None, None, None, None],
            "dose_unit": ["cells", None, None, None, None],
            "note": [None, None, None, None, "not_infused"],
            "source": ["s1", "s2", "s3", "s3", "s4"],
        }
    ),
    "facts": pl.DataFrame(
        {
            "patient": ["a", "a", "a", "a", "Bö 2", "Bö 2", "c"],
            "name": ["anc", "event", "ferritin", "deauville", "mrd", "car_t_clonality", "response"],
            "day": [-3.0, 40.0, 5.25, 12.125, 30.0, None, None],
            "infusion": [None, 2, 1, 2, 2, 1, None],
            "value": [0.4, 3.0, 1e5, None, 1e-5, None, None],
            "unit": ["10^9/L", None, "ug/L", None, "fraction", None, None],
            "text": [None, "death", None, "X", None, "oligoclonal", "CR"],
            "comparator": [None, None, ">", None, "<", None, None],
            "lln": [1.8, None, None, None, None, None, None],
            "uln": [7.5, None, 400.0, None, None, None, None],
            "method": [None, "chart", None, None, "flow", None, "Lugano 2014"],
            "specimen": ["blood", None, None, None, "marrow", None, None],
            "site": [None, "infection", None, "mediastinum", None, None, None],
            "limit": [None, None, None, None, 1e-5, None, None],
            "when": [None, None, None, None, None, "at relapse", "month 3"],
            "approximate": [None, True, None, None, None, False, True],
            "source": ["s1"] * 7,
            "note": [None, "kept", None, None, None, None, None],
        }
    ),
    "spans": pl.DataFrame(
        {
            "patient": ["a", "a", "a", "a", "Bö 2"],
            "name": ["drug", "therapy", "oxygen", "toxicity", "drug"],
            "start": [2.0, 10.0, 3.5, 4.0, None],
            "end": [2.0, None, 6.0, None, 9.0],
            "infusion": [None, 2, 1, None, None],
            "value": [8.0, None, 4.0, 2.0, None],
            "unit": ["mg/kg", None, "L/min", None, None],
            "text": ["tocilizumab", "radiotherapy", "nasal_cannula", "CRS", "axi-cel"],
            "role": ["toxicity", "next_line", None, None, None],
            "when": [None, "after relapse", None, None, "before"],
            "source": ["s1"] * 5,
        }
    ),
    "lesions": pl.DataFrame(
        {
            "patient": ["a", "a"],
            "day": [-5.0, 30.0],
            "lesion": ["L1", "L1"],
            "ldi": [42.0, 20.5],
            "sdi": [30.0, None],
            "kind": ["target", "target"],
            "site": ["inguinal", None],
            "uptake": ["5", "X"],
            "source": ["s1", "s1"],
        }
    ),
    "coverage": pl.DataFrame(
        {
            "patient": ["*", "a"],
            "name": ["vasopressor", "oxygen"],
            "start": [None, 0.0],
            "end": [None, 30.0],
            "source": ["s1", "s1"],
        },
        schema_overrides={"start": pl.Float64, "end": pl.Float64},
    ),
}


def as_texts(table: pl.DataFrame, columns: list[str]) -> list[tuple]:
    """Rows as the cells of a CSV, numbers to nine digits."""

    def cell(value: object) -> object:
        if isinstance(value, bool):
            return str(value).lower()
        try:
            return f"{float(value):.9g}"  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return value

    missing = [pl.lit(None).alias(column) for column in columns if column not in table.columns]
    return [tuple(cell(value) for value in row) for row in table.with_columns(missing).select(columns).rows()]


def same(written: dict[str, pl.DataFrame], path: Path, **options: str) -> None:
    write_fhir(written, path, **options)
    back, problems = read_fhir(path)
    assert not problems
    for name, table in written.items():
        assert as_texts(back[name], table.columns) == as_texts(table, table.columns), name
        known = {*table.columns, "row", "source"}
        extra = [c for c in back[name].columns if c not in known and back[name][c].null_count() < back[name].height]
        assert not extra, name


@pytest.mark.parametrize("name", ["t.json", "t.ndjson", "t.ndjson.gz", "t.json.gz"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    same(TABLES, tmp_path / name)


def test_round_trip_with_another_base_and_the_same_bytes_twice(tmp_path: Path) -> None:
    same(TABLES, tmp_path / "a.ndjson.gz", base_date="1999-02-27")
    first = (tmp_path / "a.ndjson.gz").read_bytes()
    same(TABLES, tmp_path / "a.ndjson.gz", base_date="1999-02-27")
    assert (tmp_path / "a.ndjson.gz").read_bytes() == first


def test_a_course_and_its_twin_are_one(tmp_path: Path) -> None:
    write_fhir(TABLES, tmp_path / "a.ndjson")
    course = read(tmp_path / "a.ndjson")
    write_fhir({name: getattr(course, name) for name in TABLES}, tmp_path / "b.json")
    twin = read(tmp_path / "b.json")
    for name in TABLES:
        ours, theirs = getattr(course, name).drop("row", strict=False), getattr(twin, name).drop("row", strict=False)
        assert_frame_equal(ours, theirs, check_column_order=False)


def test_days_are_dates_marked_as_relative(tmp_path: Path) -> None:
    path = write_fhir(TABLES, tmp_path / "t.ndjson")
    resources = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    facts = {r["id"]: r for r in resources}
    assert facts["facts-1"]["effectiveDateTime"] == "1999-12-29"
    assert facts["facts-1"]["code"]["coding"][1] == {"system": "http://loinc.org", "code": "26499-4"}
    assert facts["facts-2"]["effectiveDateTime"] == "2000-08-28"
    assert facts["facts-3"]["effectiveDateTime"] == "2000-01-06T06:00:00+00:00"
    tag = {"system": "https://carsequel.org/tag", "version": "2000-01-01", "code": "relative-days"}
    assert facts["facts-1"]["meta"]["tag"] == [tag]
    assert "effectiveDateTime" not in facts["facts-5"]


def test_calendar_dates_stay_dates(tmp_path: Path) -> None:
    facts = pl.DataFrame(
        {
            "patient": ["a"] * 3,
            "name": ["anc"] * 3,
            "date": ["2024-03-05", "2024-03-06T07:30:00", None],
            "value": ["1", "2", "3"],
        }
    )
    write_fhir({"facts": facts}, tmp_path / "t.json")
    back, _ = read_fhir(tmp_path / "t.json")
    assert back["facts"]["date"].to_list() == facts["date"].to_list()
    assert back["facts"]["value"].to_list() == [1.0, 2.0, 3.0]
    assert "day" not in back["facts"].columns


@pytest.mark.parametrize(
    ("table", "name", "words"),
    [
        ({"value": ["high"]}, "t.json", "no number"),
        ({"date": ["05.03.2024"]}, "t.json", "no ISO date"),
        ({"value": ["1"]}, "t.xml", "file name"),
    ],
)
def test_refusals_name_no_value_and_leave_no_file(tmp_path: Path, table: dict, name: str, words: str) -> None:
    facts = pl.DataFrame({"patient": ["a"], "name": ["anc"]} | table)
    with pytest.raises(RecordError, match=words) as error:
        write_fhir({"facts": facts}, tmp_path / name)
    assert "high" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_base_date(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="base_date"):
        write_fhir(TABLES, tmp_path / "t.json", base_date="soon")


WORDS = st.none() | st.text("aZ09 é-/<|", min_size=1, max_size=8).filter(lambda text: text.strip() == text)
NUMBERS = st.none() | st.floats(-1e6, 1e6).map(lambda number: float(f"{number:.6g}"))
DAYS = st.none() | st.integers(-400, 4000).map(lambda quarter: quarter / 4)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.sampled_from(["p", "q r", "ü"]), WORDS, NUMBERS, DAYS, WORDS, WORDS), max_size=6))
def test_any_facts_come_back(tmp_path: Path, rows: list[tuple]) -> None:
    columns = ["patient", "text", "value", "day", "method", "when"]
    kinds = {"value": pl.Float64, "day": pl.Float64}
    schema = {column: kinds.get(column, pl.String) for column in columns}
    facts = pl.DataFrame(rows, schema=schema, orient="row").with_columns(name=pl.lit("symptom"))
    if facts.height:
        same({"facts": facts}, tmp_path / "t.ndjson")


def test_output_is_valid_for_fhir_resources(tmp_path: Path) -> None:
    bundles = pytest.importorskip("fhir.resources.R4B.bundle")
    path = write_fhir(TABLES, tmp_path / "t.json")
    made = bundles.Bundle.model_validate_json(path.read_bytes())
    assert len(made.entry) == sum(table.height for table in TABLES.values()) + 2
