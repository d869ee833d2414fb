"""carsequel grade for a registry: grades by hand, queries for the ward, reporting periods, parts."""

from pathlib import Path

import polars as pl
import pytest

PEOPLE = [f"p{n}" for n in range(9)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "in"
    target.mkdir()
    people = [{"patient": name, "disease": "LBCL", "age": 60} for name in PEOPLE]
    pl.DataFrame(people).write_csv(target / "patients.csv")
    pl.DataFrame([{"patient": name, "infusion": 1, "day": 0} for name in PEOPLE]).write_csv(target / "infusions.csv")
    facts = [
        {"patient": name, "name": "temperature", "day": day, "value": 38.5 if day < number else 36.8, "unit": "degC"}
        for number, name in enumerate(PEOPLE)
        for day in range(5)
    ]
    pl.DataFrame(facts).write_csv(target / "facts.csv")
    coverage = [{"patient": name, "name": "*"} for name in PEOPLE[:-1]]
    pl.DataFrame(coverage).write_csv(target / "coverage.csv")
    return target


def test_grades_by_hand_are_compared(run, folder: Path, tmp_path: Path) -> None:
    manual = tmp_path / "manual.csv"
    rows = "".join(f"{name},crs.astct2019,{1 if n not in (0, 3) else 2}\n" for n, name in enumerate(PEOPLE[:-1]))
    manual.write_text("patient,criterion,value\n" + rows)
    status, _, _ = run("grade", folder, "--compare", manual, "--out", tmp_path / "out")
    assert status == 0
    compared = pl.read_csv(tmp_path / "out" / "compare.csv")
    assert {"patient", "criterion", "ours", "theirs", "why"} <= set(compared.columns)
    assert compared.filter(~pl.col("agrees"))["patient"].to_list() == ["p0", "p3"]
    kappa = pl.read_csv(tmp_path / "out" / "kappa.csv").filter(pl.col("weights") == "linear").row(0, named=True)
    assert kappa["pairs"] == 8 and kappa["low"] <= kappa["kappa"] <= kappa["high"] < 1


def test_queries_name_the_missing_record(run, folder: Path, tmp_path: Path) -> None:
    assert run("grade", folder, "--out", tmp_path / "out")[0] == 0
    queries = pl.read_csv(tmp_path / "out" / "queries.csv")
    mine = queries.filter((pl.col("patient") == "p8") & (pl.col("criterion") == "crs.astct2019"))
    assert {"vasopressor", "oxygen"} <= set(mine["missing"])


def test_registry_periods_are_drafted(run, folder: Path, tmp_path: Path) -> None:
    status, _, _ = run("grade", folder, "--registry", "ebmt-d100", "--out", tmp_path / "out")
    assert status == 0
    draft = pl.read_csv(tmp_path / "out" / "registry.csv")
    row = draft.filter((pl.col("patient") == "p4") & (pl.col("meaning") == "crs_maximum_grade")).row(0, named=True)
    assert (row["period"], row["value"]) == ("d0-100", 1)
    status, _, err = run("grade", folder, "--registry", "nowhere", "--out", tmp_path / "no")
    assert status == 2 and "ebmt-d100" in err and not (tmp_path / "no").exists()


def test_parts_change_nothing(run, folder: Path, tmp_path: Path) -> None:
    assert run("grade", folder, "--out", tmp_path / "whole")[0] == 0
    assert run("grade", folder, "--part", 4, "--out", tmp_path / "parts")[0] == 0
    for name in ("findings.csv", "queries.csv", "heatmap.html"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    assert not (tmp_path / "parts" / "parts").exists()


def test_a_comparison_without_its_columns_writes_nothing(run, folder: Path, tmp_path: Path) -> None:
    manual = tmp_path / "manual.csv"
    manual.write_text("patient,grade\np1,1\n")
    status, _, err = run("grade", folder, "--compare", manual, "--out", tmp_path / "out")
    assert status == 2 and "criterion" in err and not (tmp_path / "out").exists()


@pytest.mark.parametrize("part", [None, 5])
def test_synthetic_records_stay_marked(run, folder: Path, tmp_path: Path, part: int | None) -> None:
    people = pl.read_csv(folder / "patients.csv").with_columns(synthetic=pl.lit("yes"))
    people.write_csv(folder / "patients.csv")
    words = ("--part", part) if part else ()
    assert run("grade", folder, *words, "--out", tmp_path / "out")[0] == 0
    assert "SYNTHETIC" in (tmp_path / "out" / "heatmap.html").read_text()


@pytest.mark.parametrize(
    ("name", "periods"),
    [("ebmt", {"d0-100"}), ("cibmtr-d100", {"d0-100"}), ("cibmtr-6m", set()), ("ebmt-yearly", set())],
)
def test_a_registry_s_form_is_drafted_by_period(
    run, folder: Path, tmp_path: Path, name: str, periods: set[str]
) -> None:
    assert run("grade", folder, "--registry", name, "--out", tmp_path / "out")[0] == 0
    draft = pl.read_csv(tmp_path / "out" / "registry.csv", infer_schema=False)
    assert set(draft["period"]) == periods
    assert draft.filter(pl.col("value").is_null() & pl.col("text").is_null() & pl.col("why").is_null()).is_empty()
