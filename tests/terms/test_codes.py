"""Codes and laboratory words to fact names; each known mislabel of public code lists is a row that must stay right."""

import polars as pl
import pytest

from carsequel.terms.codes import code_row, code_system, fact_from_code, fact_from_text
from carsequel.terms.tables import read_table

CODED = [
    ("LOINC", "751-8", ("anc", None)),
    ("http://loinc.org", "26499-4", ("anc", None)),
    ("LOINC", "777-3", ("platelets", None)),
    ("LOINC", "718-7", ("hemoglobin", None)),
    ("LOINC", "2532-0", ("ldh", None)),
    ("LOINC", "20567-4", ("ferritin", None)),
    ("LOINC", "30522-7", ("crp", None)),
    ("LOINC", "26881-3", ("il6", None)),  # one public list calls it procalcitonin
    ("LOINC", "33358-3", ("m_protein_serum", None)),
    ("LOINC", "36916-5", ("flc_kappa", None)),
    ("LOINC", "33944-0", ("flc_lambda", None)),
    ("LOINC", "8480-6", ("systolic_bp", None)),
    ("LOINC", "89247-1", ("ecog", None)),
    ("ICD-10-CM", "D89.831", ("crs_grade", "1")),
    ("ICD-10-CM", "D89835", ("crs_grade", "5")),
    ("ICD-10-CM", "G92.03", ("icans_grade", "3")),
    ("ICD-10-CM", "D89.839", ("diagnosis", "cytokine release syndrome, grade unspecified")),
    ("ICD-10-CM", "D76.1", ("diagnosis", "hemophagocytic lymphohistiocytosis")),
    ("ICD-10-CM", "D89.84", None),  # IgG4-related disease, not HLH
    ("http://snomed.info/sct", "708895006", ("deauville", None)),
    ("NCIT", "C99749", ("deauville", "4")),
    ("NCIT", "C136879", ("deauville", "X")),
    ("SNOMED", "271299001", ("disease_status", "worsened")),
    ("SNOMED", "1156961008", None),  # a product, not a fact
    ("LOINC", "26881-33", None),
    ("https://example.org/lab", "751-8", None),
    ("", "751-8", ("anc", None)),
    (None, "708895006", None),
    ("LOINC", None, None),
]


@pytest.mark.parametrize(("system", "code", "fact"), CODED)
def test_fact_of_a_code(system: str | None, code: str | None, fact: tuple[str, str | None] | None) -> None:
    assert fact_from_code(system, code) == fact


WORDS = [
    ("neutrophils absolute", "anc"),
    ("ANC", "anc"),
    ("Absolute Neutrophil Count", "anc"),
    ("Neutrophils [#/volume] in Blood by Automated count", "anc"),
    ("Neutrophils/100 leukocytes in Blood", None),
    ("Neutrophils %", None),
    ("haemoglobin", "hemoglobin"),
    ("Hemoglobin A1c", None),
    ("Hemoglobin (A1c)", None),
    ("Platelet count", "platelets"),
    ("mean platelet volume", None),
    ("C-reactive protein (CRP)", "crp"),
    ("C reactive protein [Mass/volume] in Serum or Plasma by High sensitivity method", "crp"),
    ("Creatinine [Mass/volume] in Serum or Plasma", "creatinine"),
    ("Creatinine [Mass/volume] in Urine", None),
    ("creatinine clearance", "creatinine_clearance"),
    ("Albumin", "albumin"),
    ("prealbumin", None),
    ("Interleukin 6", "il6"),
    ("procalcitonin", "procalcitonin"),
    ("calcitonin", None),
    ("Bilirubin.direct [Mass/volume] in Serum or Plasma", "bilirubin_direct"),
    ("total bilirubin", "bilirubin"),
    ("Thrombozyten", "platelets"),
    ("systolic_bp", "systolic_bp"),
    ("Kappa light chains.free [Mass/volume] in Serum", "flc_kappa"),
    ("Deauville score", "deauville"),
    ("CMV IgG", None),
    ("", None),
    (None, None),
]


@pytest.mark.parametrize(("text", "fact"), WORDS)
def test_fact_of_words(text: str | None, fact: str | None) -> None:
    assert fact_from_text(text) == fact


def test_systems() -> None:
    assert code_system("urn:oid:2.16.840.1.113883.6.1") == "LOINC"
    assert code_system("2.16.840.1.113883.6.96") == "SNOMED"
    assert code_system("http://example.org") == ""
    assert code_system(" ") is None


def test_the_code_table_is_whole() -> None:
    table = read_table("carsequel.terms", "codes.csv")
    assert not table.select("system", "code").is_duplicated().any()
    assert set(table["status"].drop_nulls()) <= {"VERIFIED", "SECONDARY", "UNVERIFIED"}
    coded = table.filter(pl.col("kind") != "words")
    assert coded["source"].null_count() == coded["status"].null_count() == coded["date_checked"].null_count() == 0
    assert set(table["kind"]) == {"product", "collection", "not_car_t", "fact", "words"}
    row = code_row("ICD-10-PCS", "XW033C3")
    assert row is not None and row["valid_to"] == "2021-09-30"


def test_licensed_displays_are_not_shipped() -> None:
    displays = read_table("carsequel.terms", "codes.csv").filter(pl.col("system").is_in(["CPT", "SNOMED"]))["display"]
    assert displays.null_count() == displays.len()
