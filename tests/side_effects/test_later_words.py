"""The sentences of the later toxicities say what a clinician needs to check them, and name the records."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from golden_table import Raw, raw_of, read_cases, write_patient
from later_tables import TABLES

from carsequel.record.course import Course
from carsequel.side_effects.crs import crs_resolved, grade_crs
from carsequel.side_effects.delayed_neurotoxicity import assess_delayed_neurotoxicity
from carsequel.side_effects.enterocolitis import assess_enterocolitis
from carsequel.side_effects.exposure import assess_unresolved_at_failure, count_steroid_days
from carsequel.side_effects.icans import grade_icans, icans_resolved
from carsequel.side_effects.immune_deficiency import assess_cd4, assess_igg
from carsequel.side_effects.infection import assess_infection_density
from carsequel.side_effects.late import assess_late_function
from carsequel.side_effects.reported import report_outcomes
from carsequel.side_effects.second_malignancy import assess_second_malignancy
from carsequel.terms.findings import FINDING_SCHEMA

Assess = Callable[[Course], pl.DataFrame]


def course_of(rows: str) -> Course:
    raw = Raw()
    write_patient(raw, "a", rows)
    return raw.course()


def finding(assess: Assess, rows: str, criterion: str = "") -> dict[str, Any]:
    found = assess(course_of(rows)).filter("default")
    return next(row for row in found.iter_rows(named=True) if row["criterion"].endswith(criterion))


@pytest.mark.parametrize(
    ("assess", "rows", "criterion", "parts"),
    [
        (
            assess_infection_density,
            "cover event; d5 event infection; d9 event death",
            "",
            ["infections: 1 in 10 days at risk"],
        ),
        (assess_infection_density, "d5 event infection; d90 anc 1.0", "", ["on 30 days infections are not recorded"]),
        (assess_infection_density, "cover event; d? event infection; d90 anc 1.0", "", ["1 without a day"]),
        (
            assess_igg,
            "d20 igg 380; d1-5 drug ivig role=immunoglobulin",
            "",
            ["IgG 380.0", "immunoglobulin given from day 1"],
        ),
        (assess_igg, "disease=MM; d20 igg 900", "", ["M-protein", "UNVERIFIED"]),
        (assess_cd4, "d20 cd4 150; d40 cd4 90", "", ["CD4 150.0 cells/uL on day 20", "days with a value: 2"]),
        (assess_enterocolitis, "d30 event enterocolitis", "", ["stated on day 30", "earlier than typical"]),
        (assess_enterocolitis, "d95-99 toxicity diarrhoea value=3; d97 event infection", "", ["may explain", "biopsy"]),
        (assess_enterocolitis, "d95-99 toxicity diarrhoea value=3", "", ["events are not recorded as complete"]),
        (
            assess_second_malignancy,
            "d54 event second_malignancy site=PTCL",
            "",
            ["(T cells)", "transgene", "not tested"],
        ),
        (
            assess_second_malignancy,
            "d54 event second_malignancy site=PTCL; d60 car_in_tumor yes",
            "",
            ["CAR transgene found in the tumour"],
        ),
        (assess_second_malignancy, "d54 event second_malignancy", "", ["lineage not given"]),
        (
            assess_delayed_neurotoxicity,
            "disease=MM; d14 lymphocytes 4.0; d13 lymphocytes 3.5",
            "alc_peak",
            ["4.0", "day 14"],
        ),
        (assess_delayed_neurotoxicity, "disease=MM; d3 lymphocytes 1.0; d90 anc 1.0", "alc_peak", ["too far from"]),
        (assess_delayed_neurotoxicity, "disease=MM; d41 parkinsonism yes", "signs", ["parkinsonism stated on day 41"]),
        (count_steroid_days, "cover drug; d3-5 drug dexamethasone; d90 anc 1.0", "", ["3 of 31 (day 0 to 30)"]),
        (count_steroid_days, "d3-5 drug dexamethasone; d90 anc 1.0", "", ["drugs not recorded as complete"]),
        (assess_late_function, "d-10 lvef 65; d100 lvef 45", "lvef", ["lowest LVEF 45.0 %", "65.0 on day -10 before"]),
        (assess_late_function, "d-10 lvef 65; d100 lvef 45", "dysfunction", ["no second value certainly confirms"]),
        (
            report_outcomes,
            "d-3 patient_reported 70 method=FACT-G; d30 patient_reported 61 method=FACT-G",
            "",
            ["61.0", "70.0"],
        ),
    ],
)
def test_why_says(assess: Assess, rows: str, criterion: str, parts: list[str]) -> None:
    why = finding(assess, rows, criterion)["why"]
    assert all(part in why for part in parts), why


def test_an_onset_after_a_month_is_not_early() -> None:
    assert "earlier" not in finding(assess_enterocolitis, "d31 event enterocolitis")["why"]


def test_facts_name_the_records() -> None:
    rows = "cover event; d5 event infection source=i1; d9 event infection source=i2; d40 event infection source=i3"
    assert finding(assess_infection_density, rows)["facts"] == "i1; i2"
    assert finding(assess_igg, "d5 igg 300 source=g1; d9 igg 800 source=g2")["facts"] == "g1"
    assert finding(assess_second_malignancy, "d54 event second_malignancy site=PTCL source=m1")["facts"] == "m1"


@pytest.mark.parametrize("product", ["ide-cel", "cilta-cel"])
def test_a_bcma_product_counts_whatever_the_disease(product: str) -> None:
    raw = Raw()
    write_patient(raw, "a", "disease=LBCL; d14 lymphocytes 4.0")
    raw.infusions[0]["product"] = product
    assert assess_delayed_neurotoxicity(raw.course()).height == 2


def test_another_target_in_myeloma_is_not_spoken_of() -> None:
    raw = Raw()
    write_patient(raw, "a", "disease=MM; d14 lymphocytes 4.0")
    raw.infusions[0] |= {"product": "CAR-T", "target": "GPRC5D"}
    assert assess_delayed_neurotoxicity(raw.course()).is_empty()


WORSE = {"igg": -50.0, "igg_uninvolved": -50.0, "cd4": -30.0, "lymphocytes": 1.0}


@pytest.mark.parametrize("table", ["later_igg", "later_cd4", "later_neurotoxicity", "later_infection"])
def test_worse_values_are_never_milder(table: str) -> None:
    raw, worse = (raw_of(read_cases(table)) for _ in range(2))
    for fact in worse.facts:
        if fact["name"] in WORSE and fact["unit"]:
            fact["value"] = str(max(0.0, float(fact["value"]) + WORSE[fact["name"]]))
        if fact["text"] == "infection":
            fact["value"] = "4"
    key = ["patient", "infusion", "criterion", "kind", "period", "definition"]
    both = TABLES[table](raw.course()).join(TABLES[table](worse.course()), on=key, suffix="_worse")
    assert both.height > 20
    assert both.filter((pl.col("low_worse") < pl.col("low")) | (pl.col("high_worse") < pl.col("high"))).is_empty()


CRS = "cover * 0-30; d2-4 vasopressor norepinephrine; d2 temperature 39; d3 temperature 39; d4 temperature 39; d60 anc 1.0"


def unresolved(rows: str, day: float, criterion: str = "crs") -> tuple[Any, Any]:
    course = course_of(rows)
    findings = pl.concat([grade_crs(course), grade_icans(course)])
    failures = pl.DataFrame({"patient": ["a"], "infusion": [1], "day": [day]})
    resolved = pl.concat([crs_resolved(course), icans_resolved(course)])
    found = assess_unresolved_at_failure(findings, failures, resolved)
    assert dict(found.schema) == FINDING_SCHEMA
    row = next(row for row in found.iter_rows(named=True) if row["criterion"].endswith(criterion))
    return row["low"], row["high"]


@pytest.mark.parametrize(
    ("rows", "day", "expected"),
    [
        ("d2 anc 1.0", 3, (None, None)),
        (CRS, 1, (0, 1)),
        (CRS, 2, (1, 1)),
        (CRS, 4, (1, 1)),
        (CRS, 4.9, (1, 1)),
        (CRS, 5, (0, 0)),
        (CRS, 45, (0, 0)),
        ("cover *; d60 anc 1.0", 45, (0, 0)),
        ("d2 temperature 39; d60 anc 1.0", 20, (0, 1)),
        ("cover * 0-20; d20 temperature 39; d60 anc 1.0", 45, (0, 1)),
    ],
)
def test_unresolved_at_failure(rows: str, day: float, expected: tuple[Any, Any]) -> None:
    assert unresolved(rows, day) == expected


def test_unresolved_icans_and_a_failure_without_a_day() -> None:
    assert unresolved("cover *; d3 ice 5; d60 anc 1.0", 3, "icans") == (1, 1)
    course = course_of(CRS)
    failures = pl.DataFrame({"patient": ["a"], "infusion": [1], "day": [None]}, schema_overrides={"day": pl.Float64})
    assert assess_unresolved_at_failure(grade_crs(course), failures, crs_resolved(course)).is_empty()
