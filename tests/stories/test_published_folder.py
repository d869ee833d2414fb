"""The published cases: what their folder promises, read with polars alone."""

from pathlib import Path

import polars as pl
import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "published"
TABLES = ("patients", "infusions", "facts", "spans")

TEXTS = {
    "response": "CR CRi CRh sCR VGPR PR MR SD PD NE CMR PMR NMR PMD NR",
    "event": "progression relapse death last_contact biopsy infection second_malignancy transfusion_platelets "
    "transfusion_red_cells hospital_admission icu_admission enterocolitis new_therapy",
    "fever": "yes no",
    "in_remission": "yes no",
    "b_cell_aplasia": "yes no not_tested",
    "hemophagocytosis": "yes no",
    "hypotension": "yes no",
    "extramedullary": "yes no",
    "cns_disease": "yes no",
    "marrow_involved": "yes no",
    "car_in_tumor": "yes no",
    "car_t_detected": "yes no",
    "hlh_criteria_met": "yes no",
    "cause_stated": "antigen_loss product unknown not_a_failure second_malignancy",
}
ANTIGEN = "positive dim patchy negative epitope_lost not_tested not_biopsied"
DEATH_SITES = "disease crs icans iec_hs infection second_malignancy other_treatment_related unrelated unknown"
ROLES = "bridging lymphodepletion toxicity growth_factor antimicrobial immunoglobulin antipyretic next_line"
OXYGEN = "nasal_cannula blow_by high_flow face_mask non_rebreather venturi cpap bipap ventilator"
KEPT_THERAPY_WORDS = {"HSCT", "myeloid-directed therapy", "CD19-directed immunotherapy"}
CONTRACT_NAMES = (
    "ferritin crp ldh ecog spd stage response event antigen_cd19 antigen_bcma b_cell_aplasia car_t car_in_tumor "
    "crs_grade icans_grade cause_stated kmt2a bcr_abl1 lineage hemophagocytosis marrow_involved cns_disease "
    "extramedullary symptom hypotension marrow_plasma_cells"
)
NUMBERS = {"infusions": ("day", "dose"), "facts": ("day", "value"), "spans": ("start", "end", "value")}


def table(name: str) -> pl.DataFrame:
    return pl.read_csv(FOLDER / f"{name}.csv", infer_schema=False)


def outside(frame: pl.DataFrame, column: str, allowed: str) -> list[str]:
    return frame.filter(~pl.col(column).is_in(allowed.split()) | pl.col(column).is_null())[column].to_list()


def test_fifteen_patients_each_with_an_infusion() -> None:
    patients = table("patients")
    assert patients["patient"].n_unique() == patients.height == 15
    assert set(patients["disease"]) <= {"LBCL", "FL", "MCL", "CLL", "B-ALL", "MM"}
    for name in TABLES[1:]:
        assert set(table(name)["patient"]) <= set(patients["patient"])
    first = table("infusions").filter(pl.col("infusion") == "1")
    assert set(first["patient"]) == set(patients["patient"])
    assert set(first["day"]) == {"0"}


@pytest.mark.parametrize("name", TABLES)
def test_every_row_names_a_listed_source(name: str) -> None:
    keys = table("sources")
    assert keys["citation"].null_count() == keys["read_from"].null_count() == 0
    assert keys["key"].n_unique() == keys.height
    used = table(name)["source"].str.split(" ").list.first()
    assert used.null_count() == 0
    assert set(used) <= set(keys["key"])


def test_no_source_is_listed_without_a_row() -> None:
    assert set(table("sources")["key"]) == set(table("patients")["source"].str.split(" ").list.first())


@pytest.mark.parametrize(("name", "day"), [("infusions", "day"), ("facts", "day"), ("spans", "start")])
def test_a_day_or_words_and_never_both(name: str, day: str) -> None:
    frame = table(name)
    assert frame.filter(pl.col(day).is_null() == pl.col("when").is_null()).height == 0


def test_an_end_that_the_paper_leaves_out_is_said() -> None:
    spans = table("spans")
    open_ended = spans.filter(pl.col("start").is_not_null() & pl.col("end").is_null())
    assert open_ended.height > 0
    assert open_ended["note"].str.ends_with("end not given").all()
    assert spans.filter(pl.col("end").is_not_null() & pl.col("start").is_null()).height == 0


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_numbers_and_spans_run_forward(name: str) -> None:
    frame = table(name).with_columns(pl.col(*NUMBERS[name]).cast(pl.Float64, strict=True))
    if name == "spans":
        assert frame.filter(pl.col("end") < pl.col("start")).height == 0
    if name == "facts":
        assert frame.filter(pl.col("value").is_null() & pl.col("text").is_null()).height == 0
        assert frame.filter(pl.col("approximate").is_not_null() & pl.col("day").is_null()).height == 0


@pytest.mark.parametrize("name", TEXTS)
def test_texts_of_facts_are_in_their_list(name: str) -> None:
    rows = table("facts").filter(pl.col("name") == name)
    assert rows.height > 0
    assert outside(rows, "text", TEXTS[name]) == []


def test_antigen_deaths_and_spans_are_in_their_lists() -> None:
    facts, spans = table("facts"), table("spans")
    assert outside(facts.filter(pl.col("name").str.starts_with("antigen_")), "text", ANTIGEN) == []
    assert outside(facts.filter((pl.col("name") == "event") & (pl.col("text") == "death")), "site", DEATH_SITES) == []
    assert outside(spans.filter(pl.col("role").is_not_null()), "role", ROLES) == []
    assert outside(spans.filter(pl.col("name") == "oxygen"), "text", OXYGEN) == []
    assert set(spans["name"]) <= {"drug", "oxygen", "toxicity", "therapy"}
    therapies = set(spans.filter(pl.col("name") == "therapy")["text"])
    assert therapies == {"second_infusion"} | KEPT_THERAPY_WORDS


def test_repeated_rows_are_none() -> None:
    for name in TABLES:
        assert table(name).is_duplicated().sum() == 0


GOLDEN = [
    ("ball-tisacel-iechs-d47", "ferritin", "14", "800000", None, "ng/mL"),
    ("ball-tisacel-iechs-d47", "car_t", "14", "4141", None, "CAR-T/mL"),
    ("ball-tisacel-iechs-d47", "event", "47", None, "death", None),
    ("dlbcl-tisacel-iechs-d36", "ferritin", "23", "50000", None, "ng/mL"),
    ("dlbcl-tisacel-iechs-d36", "response", "25", None, "NE", None),
    ("lbcl-axicel-icans3-csf-hemophagocytosis", "crp", None, "14.93", None, "mg/dL"),
    ("lbcl-axicel-icans3-csf-hemophagocytosis", "icans_grade", "13", "3", None, None),
    ("lbcl-tisacel-cd19neg-bulky", "spd", None, "99.1", None, "cm2"),
    ("lbcl-tisacel-cd19-weak-patchy", "antigen_cd19", None, None, "patchy", None),
    ("mm-bb2121-bcma-biallelic-reinfusion-failure", "m_component_reduction", None, "90", None, "%"),
    ("mm-carbcma-relapse-17w", "response_duration", None, "119", None, "days"),
    ("mm-cns-bcma-remission", "car_t", "13", "4100000000", None, "cells/L"),
]


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row[0]}-{row[1]}")
def test_printed_numbers_stand_as_printed(row: tuple[str | None, ...]) -> None:
    facts = table("facts").select("patient", "name", "day", "value", "text", "unit")
    assert row in facts.rows()


def test_the_masked_relapse_is_negative_on_leukaemia_that_carries_the_car() -> None:
    rows = table("facts").filter(pl.col("patient") == "ball-ctl019-car-transduced-blast")
    seen = {(name, text) for name, text in rows.select("name", "text").iter_rows()}
    assert {("car_in_tumor", "yes"), ("antigen_cd19", "negative"), ("cause_stated", "product")} <= seen
    masked = rows.filter(pl.col("name") == "antigen_cd19")["method"].item()
    assert "masked in cis by the CAR" in masked


def test_the_readme_names_every_own_name() -> None:
    own = set(table("facts")["name"]) - set(CONTRACT_NAMES.split())
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert sorted(name for name in own if f"`{name}`" not in readme) == []
