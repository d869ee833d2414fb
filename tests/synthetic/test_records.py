"""Synthetic records read back without a refusal, are the same for a seed, and agree with their own truth."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import carsequel as cs
from carsequel.record.fhir import write_fhir
from carsequel.synthetic import Records, make_records

GRADES = {"crs.astct2019": "crs", "icans.astct2019": "icans", "icaht_early.eha2023": "icaht_early"}


def maxima(findings: pl.DataFrame) -> pl.DataFrame:
    rows = findings.filter(pl.col("criterion").is_in(list(GRADES)) & (pl.col("kind") == "maximum") & pl.col("default"))
    return rows.select("patient", "criterion", "low", "high")


def true_grades(records: Records) -> pl.DataFrame:
    named = records.truth.select("patient", *(pl.col(own).alias(name) for name, own in GRADES.items()))
    return named.unpivot(index="patient", variable_name="criterion", value_name="true")


def test_they_read_back_without_a_refusal(whole: Records) -> None:
    course = whole.course()
    assert course.refused == 0
    assert course.synthetic
    assert course.report.is_empty(), course.report
    assert course.patients.height == whole.truth.height
    assert all("SYNTHETIC" in str(table["source"][0]) for table in whole.tables.values())


def test_a_patient_depends_on_neither_the_run_nor_the_number_of_patients(lymphoma: Records) -> None:
    few = make_records("LBCL", "axi-cel", 3, 2, explain=False)
    assert_frame_equal(few.truth, lymphoma.truth.head(3))
    for name, table in few.tables.items():
        own = pl.col("patient").is_in([*few.truth["patient"], "*"])
        assert_frame_equal(table, lymphoma.tables[name].filter(own))
    other = make_records("LBCL", "axi-cel", 4, 4, explain=False)
    assert not other.tables["facts"].equals(few.tables["facts"])


def test_the_true_grades_are_the_grades_of_the_complete_record(whole: Records, found: pl.DataFrame) -> None:
    both = true_grades(whole).join(maxima(found), on=["patient", "criterion"], how="left")
    assert both.filter((pl.col("low") != pl.col("true")) | (pl.col("high") != pl.col("true"))).is_empty()
    assert both["low"].null_count() == 0
    assert both.filter(pl.col("criterion") == "crs.astct2019")["true"].max() >= 2


def test_failure_is_seen_when_it_happened(whole: Records, found: pl.DataFrame) -> None:
    stated = found.filter(criterion="failure.stated").select("patient", "label", "start")
    of_disease = pl.col("failure_kind").is_in(["progression", "relapse", "no CR"])
    failed = whole.truth.filter(of_disease & (pl.col("failure_day").ceil() <= pl.col("record_end")))
    seen = stated.filter(pl.col("label").str.starts_with("failed"))
    assert failed.height > 2
    assert sorted(seen["patient"]) == sorted(failed["patient"])
    days = failed.join(seen, on="patient")
    assert (days["start"] == days["failure_day"].ceil()).all()


def test_a_cause_is_named_only_for_a_failure_of_the_disease(whole: Records) -> None:
    failed = pl.col("failure_kind").is_in(["progression", "relapse", "no CR"]).fill_null(False)
    assert whole.truth.select(failed.eq(pl.col("cause").is_not_null()).all()).item()
    named = whole.truth.filter(failed)
    assert named.height
    lost = named.filter(pl.col("antigen_negative_share") > 0.9)["cause"]
    assert all("antigen_loss" in cause for cause in lost)


def test_the_fhir_twin_gives_the_same_findings(lymphoma: Records, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    for name, table in lymphoma.tables.items():
        table.write_csv(folder / f"{name}.csv")
    write_fhir(lymphoma.tables, tmp_path / "records.ndjson")
    plain, twin = cs.read(folder), cs.read(tmp_path / "records.ndjson")
    assert plain.synthetic
    assert twin.synthetic
    assert plain.data_hash == twin.data_hash
    both = [cs.grade(course).sort(pl.all().exclude("facts")).drop("facts") for course in (plain, twin)]
    assert_frame_equal(*both)


def test_gaps_widen_grades_around_the_truth() -> None:
    holed = make_records("LBCL", "axi-cel", 6, 2, gaps=True, explain=False)
    both = true_grades(holed).join(maxima(cs.grade(holed.course())), on=["patient", "criterion"])
    day_by_day = both.filter(pl.col("criterion") != "icaht_early.eha2023")
    assert day_by_day.filter((pl.col("low") > pl.col("true")) | (pl.col("high") < pl.col("true"))).is_empty()
    assert (both["high"] > both["low"]).any()


def test_another_laboratory_gives_the_same_grades(lymphoma: Records) -> None:
    mixed = make_records("LBCL", "axi-cel", 6, 2, mixed_units=True, explain=False)
    assert mixed.tables["facts"].filter(name="anc")["unit"].n_unique() == 2
    course = mixed.course()
    assert course.report.filter(problem="unit converted").height
    assert_frame_equal(maxima(cs.grade(course)), maxima(cs.grade(lymphoma.course())))


def test_every_injected_error_is_reported() -> None:
    broken = make_records("B-ALL", "tisa-cel", 8, 1, errors=True, explain=False)
    report = broken.course().report
    assert sorted(broken.injected["kind"].unique()) == ["copy", "order", "tenfold", "unit"]
    names = broken.injected.with_columns(name=pl.when(table="spans").then(pl.lit("drug")).otherwise("name"))
    missed = names.join(report, on=["patient", "name"], how="anti")
    assert missed.is_empty(), missed


@pytest.mark.parametrize("n", [0, -1])
def test_no_records_without_patients(n: int) -> None:
    with pytest.raises(ValueError, match="at least one patient"):
        make_records("LBCL", "axi-cel", n)


@pytest.mark.parametrize("horizon", [29.0, 731.0, float("nan")])
def test_a_horizon_that_no_record_can_have_is_refused(horizon: float) -> None:
    with pytest.raises(ValueError, match="from 30 to 730 days"):
        make_records("LBCL", "axi-cel", 1, horizon=horizon)


@pytest.mark.parametrize("horizon", [30.0, 730.0])
def test_the_shortest_and_the_longest_record_read_back(horizon: float) -> None:
    course = make_records("MM", "cilta-cel", 3, 1, horizon=horizon, explain=False).course()
    assert course.refused == 0 and course.facts["day"].max() <= horizon
