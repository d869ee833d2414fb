"""What the risk scores say: warnings, sources, denials, choices that are off unless asked for."""

from typing import Any

import polars as pl
import pytest
from golden_table import Raw, write_patient
from score_tables import fill

from carsequel.record.course import Course
from carsequel.risks.car_hematotox import score_car_hematotox
from carsequel.risks.cll_ipi import score_cll_ipi
from carsequel.risks.easix import score_easix
from carsequel.risks.flipi import score_flipi
from carsequel.risks.hct_ci import score_hct_ci
from carsequel.risks.ipi import score_ipi
from carsequel.risks.iss import score_iss
from carsequel.risks.mipi import score_mipi
from carsequel.risks.mycare import score_mycare
from carsequel.risks.pc_pi import score_pc_pi
from carsequel.risks.tumour_volume import assess_tumour_volume

LYMPHODEPLETION = "d-5 drug fludarabine role=lymphodepletion"


def course_of(rows: str, *facts: dict[str, Any], **person: Any) -> Course:
    raw = Raw()
    write_patient(raw, "a", rows)
    raw.patients[0] |= person
    raw.facts += [
        {"patient": "a", "name": "", "value": None, "unit": None, "text": None, "day": None} | f for f in facts
    ]
    fill(raw)
    return raw.course()


def default(found: pl.DataFrame, criterion: str) -> dict[str, Any]:
    rows = found.filter((pl.col("criterion") == criterion) & pl.col("default"))
    assert rows.height == 1
    return rows.row(0, named=True)


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ("t(4;14)", 3, 3),
        ("gain 1q; t(14;16)", 3, 3),
        ("del 17p in 60 % of cells", 3, 3),
        ("no t(4;14)", 2, 3),
        ("no del(17p), t(4;14) or t(14;16)", 2, 2),
        ("no del(17p); no t(4;14); t(14;16) negative", 2, 2),
        ("del(17p) positive, t(4;14) negative", 2, 3),
        ("del(17p), t(4;14), t(14;16) negative", 2, 3),
        ("t(11;14)", 2, 3),
        ("not high-risk", 2, 2),
        ("high-risk by FISH", 3, 3),
        ("FISH failed", 2, 3),
        ("del(17p) not tested; t(4;14) negative", 2, 3),
    ],
)
def test_cytogenetics_in_words(said: str, low: int, high: int) -> None:
    rows = "disease=MM; d-5 beta2_microglobulin 6; d-5 albumin 4; d-5 ldh 200 uln=250"
    found = default(score_iss(course_of(rows, {"name": "cytogenetics", "text": said})), "r_iss")
    assert (found["low"], found["high"]) == (low, high)


def test_outside_its_disease_it_answers_with_a_warning() -> None:
    course = course_of(
        "disease=MM age=70; d-5 platelets 50; d-5 wbc 8; d-5 ldh 300 uln=250; d-5 hemoglobin 9; d-5 albumin 4"
    )
    for found, criterion in (
        (score_ipi(course, everyone=True), "ipi"),
        (score_flipi(course, everyone=True), "flipi"),
        (score_mipi(course, everyone=True), "mipi"),
    ):
        row = default(found, criterion)
        assert row["low"] is not None and "not validated in MM" in row["why"]
    for found in (score_ipi(course), score_flipi(course), score_mipi(course), score_cll_ipi(course)):
        assert found.is_empty()
    ball = course_of("disease=B-ALL age=9; d-5 platelets 50")
    assert "nine in ten patients with B-ALL" in default(score_car_hematotox(ball), "car_hematotox.rejeski2021")["why"]


def test_without_a_disease_it_answers_and_says_so() -> None:
    course = course_of("d-5 albumin 4; d-5 ecog 1", disease=None)
    assert "disease not given" in default(score_iss(course), "iss")["why"]
    assert "disease not given" in default(score_ipi(course), "ipi")["why"]


def test_lymphodepletion_not_dated_is_said() -> None:
    with_day = default(
        score_car_hematotox(course_of(f"d-6 platelets 50; {LYMPHODEPLETION}")), "car_hematotox.rejeski2021"
    )
    without = default(score_car_hematotox(course_of("d-6 platelets 50")), "car_hematotox.rejeski2021")
    assert with_day["definition"].startswith("at=before_lymphodepletion") and with_day["start"] == -5
    assert "not dated" not in with_day["why"]
    assert without["definition"].startswith("at=before_infusion") and "lymphodepletion not dated" in without["why"]


def test_a_clock_time_after_lymphodepletion_is_not_before_it() -> None:
    rows = "d-4.6 platelets 300; d-4.4 platelets 50; d-4.5 drug fludarabine role=lymphodepletion"
    assert "platelets 300" in default(score_car_hematotox(course_of(rows)), "car_hematotox.rejeski2021")["why"]


def test_facts_are_the_sources_of_the_values_read() -> None:
    rows = "d-9 platelets 50 source=old; d-6 platelets 60 source=lab/1; d-6 anc 1 source=lab/2; d-1 anc 1 source=late"
    found = default(score_car_hematotox(course_of(f"{rows}; {LYMPHODEPLETION}")), "car_hematotox.rejeski2021")
    assert found["facts"] == "lab/1; lab/2"


def test_what_is_missing_is_said() -> None:
    why = default(score_ipi(course_of("d-5 ldh 900; d-40 ecog 1; d-9 stage unclear; d-9 extranodal_sites 2")), "ipi")[
        "why"
    ]
    assert "LDH over its upper limit (the laboratory's own limit is missing)" in why
    assert "ECOG not in the 30 days before" in why
    assert "stage not readable as I to IV" in why


def test_unverified_parts_are_off_unless_asked_for() -> None:
    course = course_of("d-9 stage III; d-5 ecog 2; d-5 ldh 300 uln=250")
    off, on = default(score_ipi(course), "aaipi"), default(score_ipi(course, unverified=True), "aaipi")
    assert (off["low"], off["high"], off["label"]) == (None, None, "unverified")
    assert on["value"] == 3 and on["label"].startswith("UNVERIFIED")
    myeloma = course_of("disease=MM; d-5 ferritin 900 uln=300; d-5 extramedullary yes")
    assert score_mycare(myeloma)["definition"].str.contains("ferritin=open").all()
    asked = score_mycare(myeloma, ferritin="uln").filter(pl.col("definition").str.contains("uln_unverified"))
    assert asked.height == 1 and not asked["default"].any() and asked["why"].str.contains("UNVERIFIED").all()
    with pytest.raises(ValueError, match="ferritin: allowed are"):
        score_mycare(myeloma, ferritin="650")  # type: ignore[arg-type]


def test_pc_pi_gives_a_count_and_never_a_group() -> None:
    course = course_of("d60 ecog 1; d60 hemoglobin 9")
    row = default(
        score_pc_pi(course, pl.DataFrame({"patient": ["a"], "infusion": [1], "day": [60.0]})), "pc_pi.iacoboni2024"
    )
    assert row["label"] == "3 to 5 of 5 adverse factors" and row["period"] == "progression"
    assert "read in no source" in row["why"] and "15.7 months" in row["why"]
    assert score_pc_pi(course, pl.DataFrame({"patient": ["a"], "infusion": [1], "day": [None]})).is_empty()


def test_plasma_cell_leukaemia_counts_as_stated() -> None:
    course = course_of("disease=MM; d-5 extramedullary no", disease_detail="secondary plasma cell leukemia")
    assert default(score_mycare(course), "mycare.gagelmann2024")["low"] == 1


def test_genetics_without_a_day_hold_for_later_infusions() -> None:
    rows = "disease=MM; infusion 2 d200; d195 beta2_microglobulin 6; d195 albumin 4"
    found = score_iss(course_of(rows, {"name": "cytogenetics", "text": "del(17p)"}))
    assert found.filter((pl.col("criterion") == "r_iss") & (pl.col("infusion") == 2))["value"].to_list() == [3]


def test_a_volume_says_its_segmentation() -> None:
    told = default(assess_tumour_volume(course_of("d-9 mtv 200 method=SUV4")), "tumour_volume.dean2020")["why"]
    assert "segmented by SUV4" in told and "cut-off 147.5 mL" in told
    plain = default(assess_tumour_volume(course_of("d-9 mtv 200")), "tumour_volume.dean2020")["why"]
    assert "segmentation of the volume not recorded" in plain


def test_easix_shows_its_log_and_its_weakness() -> None:
    row = default(score_easix(course_of("d-5 ldh 400; d-5 creatinine 1; d-5 platelets 100")), "easix")
    assert row["value"] == 4 and row["label"] == "EASIX 4.0 (log2 2.0)" and "weak in a population cohort" in row["why"]


def test_comorbidity_named_in_one_row_or_several() -> None:
    one = {"name": "comorbidity", "text": "diabetes; peptic ulcer requiring treatment"}
    row = default(score_hct_ci(course_of("cover comorbidity", one)), "hct_ci")
    assert row["value"] == 3 and "diabetes, peptic ulcer" in row["why"]
