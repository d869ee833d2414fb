"""Diseases by words and by ICD-10 code."""

import polars as pl
import pytest

from carsequel.terms.diseases import disease_facts, disease_from_code, disease_from_text, disease_ids, diseases_of

NAMED = [
    ("DLBCL, GCB double hit", "LBCL"),
    ("transformed FL, GCB double hit", "LBCL"),
    ("tFL", "LBCL"),
    ("PMBCL", "LBCL"),
    ("High-grade B-cell lymphoma", "LBCL"),
    ("refractory T-cell-rich large B-cell lymphoma", "LBCL"),
    ("Follicular lymphoma grade 2", "FL"),
    ("FL", "FL"),
    ("Mantle cell lymphoma", "MCL"),
    ("Chronic lymphocytic leukemia", "CLL"),
    ("B-ALL", "B-ALL"),
    ("KMT2A-rearranged infant ALL", "B-ALL"),
    ("Acute lymphoblastic leukaemia", "B-ALL"),
    ("B-cell acute lymphoblastic leukemia", "B-ALL"),
    ("Multiple myeloma, IgG kappa", "MM"),
    ("RRMM", "MM"),
    ("Richter transformation, DLBCL", None),
    ("T-ALL", None),
    ("T-cell acute lymphoblastic leukemia", None),
    ("Burkitt lymphoma", None),
    ("smoldering myeloma", None),
    ("primary CNS lymphoma, DLBCL", None),
    ("DLBCL after CLL", None),
    ("all patients", None),
    ("ALL PATIENTS", None),
    ("asthma", None),
    (None, None),
]


@pytest.mark.parametrize(("text", "disease"), NAMED)
def test_disease_of_a_text(text: str | None, disease: str | None) -> None:
    assert disease_from_text(text) == disease
    assert diseases_of(pl.Series([text], dtype=pl.String)).to_list() == [disease]


CODED = [
    ("C83.30", "LBCL"),
    ("C83.3A", "LBCL"),
    ("C8330", "LBCL"),
    ("c85.21", "LBCL"),
    ("C82.10", "FL"),
    ("C83.10", "MCL"),
    ("C91.10", "CLL"),
    ("C91.00", "B-ALL"),
    ("C90.01", "MM"),
    ("C90.10", None),
    ("C83.7", None),
    ("C91", None),
    ("J45.9", None),
    (None, None),
]


@pytest.mark.parametrize(("code", "disease"), CODED)
def test_disease_of_a_code(code: str | None, disease: str | None) -> None:
    assert disease_from_code("http://hl7.org/fhir/sid/icd-10-cm", code) == disease
    assert disease_from_code(None, code) == disease
    assert disease_from_code("http://loinc.org", code) is None


def test_each_disease_has_its_definitions() -> None:
    failure = {disease: disease_facts(disease)["failure"] for disease in disease_ids()}
    assert failure == {
        "LBCL": "failure.descart2022",
        "FL": "failure.descart2022",
        "MCL": "failure.descart2022",
        "CLL": "failure.stated",
        "B-ALL": "failure.blasts5",
        "MM": "failure.stated",
    }
    assert {disease_facts(disease)["response"] for disease in ("LBCL", "FL", "MCL")} == {"lugano.2014"}
    with pytest.raises(KeyError, match="LBCL"):
        disease_facts("AML")
