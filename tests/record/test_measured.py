"""Units in a record: converted exactly, refused where missing or impossible, implausible numbers kept but not used."""

from typing import Any

import polars as pl
import pytest

HEADER = "patient,name,day,value,unit,lln,uln,limit\n"


def one(reading: Any, name: str, value: str, unit: str, rest: str = ",,") -> Any:
    return reading(facts=f"{HEADER}p1,{name},1,{value},{unit},{rest}\n")


CONVERTED = [
    ("crp", "2.5", "mg/dL", 25.0, "mg/L"),
    ("crp", "25", "mg/L", 25.0, "mg/L"),
    ("creatinine", "88.42", "umol/L", 1.0, "mg/dL"),
    ("temperature", "100.4", "degF", 38.0, "degC"),
    ("temperature", "38", "°C", 38.0, "degC"),
    ("ldh", "5", "ukat/L", 300.0, "U/L"),
    ("anc", "500", "/uL", 0.5, "10^9/L"),
    ("anc", "0.5", "K/uL", 0.5, "10^9/L"),
    ("platelets", "49", "10*3/uL", 49.0, "10^9/L"),
    ("hemoglobin", "80", "g/L", 8.0, "g/dL"),
    ("fibrinogen", "1.5", "g/L", 150.0, "mg/dL"),
    ("igg", "4", "g/L", 400.0, "mg/dL"),
    ("ferritin", "10000", "ng/mL", 10000.0, "ug/L"),
    ("flc_kappa", "10", "mg/dL", 100.0, "mg/L"),
    ("m_protein_serum", "5", "g/L", 0.5, "g/dL"),
    ("m_protein_urine", "0.2", "g/24h", 200.0, "mg/24h"),
    ("marrow_blasts", "0.05", "fraction", 5.0, "%"),
    ("mrd", "0.01", "%", 0.0001, "fraction"),
    ("spd", "600", "mm2", 6.0, "cm2"),
    ("car_t", "4141", "CAR-T/mL", 4.141, "cells/uL"),
    ("car_t", "500", "copies/ug DNA", 500.0, "copies/ug"),
]


@pytest.mark.parametrize(("name", "value", "unit", "kept", "kept_unit"), CONVERTED)
def test_units_are_converted_exactly(
    reading: Any, name: str, value: str, unit: str, kept: float, kept_unit: str
) -> None:
    course = one(reading, name, value, unit)
    found, found_unit = course.facts.select("value", "unit").row(0)
    assert found_unit == kept_unit
    assert found == pytest.approx(kept, rel=1e-4) if name == "creatinine" else found == kept
    changed = course.report.filter(pl.col("problem") == "unit converted").select("status", "was").rows()
    assert changed == ([("converted", f"{float(value)} {unit}")] if float(value) != kept else [])


MUST = "anc platelets wbc hemoglobin crp fibrinogen "
MUST += "m_protein_serum m_protein_urine flc_kappa flc_lambda creatinine mrd car_t"


@pytest.mark.parametrize("name", MUST.split())
@pytest.mark.parametrize("unit", ["", "NA", "-"])
def test_a_missing_unit_is_refused_where_usual_units_differ(reading: Any, name: str, unit: str) -> None:
    course = one(reading, name, "1", unit)
    refused = course.report.filter(pl.col("status") == "refused").select("file", "row", "problem", "what_to_do").rows()
    hint = "give the unit (of a wide table in mapping.csv): usual units of this quantity differ tenfold"
    assert refused == [("facts.csv", "2", "unit missing", hint)]
    assert course.facts.is_empty()


def test_ferritin_without_a_unit_is_taken_and_said(reading: Any) -> None:
    course = one(reading, "ferritin", "1200", "")
    assert course.facts.select("value", "unit").row(0) == (1200.0, "ug/L")
    said = course.report.filter(pl.col("name") == "ferritin").select("status", "problem", "now").rows()
    assert said == [("converted", "unit missing, taken as the usual one", "ug/L")]


@pytest.mark.parametrize(
    ("name", "unit"),
    [("anc", "mg/dL"), ("anc", "furlong"), ("crp", "U/L"), ("anc", "%"), ("car_t", "U/L"), ("ldh", "G/l")],
)
def test_a_unit_of_another_kind_is_refused(reading: Any, name: str, unit: str) -> None:
    course = one(reading, name, "3", unit)
    refused = course.report.filter(pl.col("status") == "refused").select("problem", "was", "row").rows()
    assert refused == [("unit cannot be converted exactly", unit, "2")]
    assert course.refused == 1 and course.facts.is_empty()


def test_limits_of_the_laboratory_are_converted_with_the_value(reading: Any) -> None:
    course = one(reading, "creatinine", "0.1", "mmol/L", "0.05,0.11,0.01")
    value, lln, uln, limit = course.facts.select("value", "lln", "uln", "limit").row(0)
    assert (lln, uln, limit) == pytest.approx((value / 2, value * 1.1, value / 10))


def test_a_thousandfold_count_is_kept_flagged_and_not_used(reading: Any) -> None:
    course = one(reading, "anc", "3000", "10*3/uL")
    assert course.facts.select("value", "unit", "doubt").row(0) == (3000.0, "10^9/L", "implausible")
    noted = course.report.filter(pl.col("status") == "doubt").select("problem", "was", "row").rows()
    assert noted == [("implausible value: kept, not used by any criterion, not rescaled", "3000.0 10^9/L", "2")]
    assert course.facts_since("anc").is_empty()
    assert course.refused == 0


def test_a_name_of_ones_own_keeps_value_and_unit(reading: Any) -> None:
    course = one(reading, "il2_level", "7", "furlong/mL")
    assert course.facts.select("value", "unit").row(0) == (7.0, "furlong/mL")
    assert "name not in the dictionary, kept" in course.report["problem"].to_list()
