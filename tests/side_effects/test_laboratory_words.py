"""The sentences of the laboratory findings say what a clinician needs to check them, and name the records."""

from typing import Any

import polars as pl
import pytest
from golden_table import Raw, write_patient

from carsequel.side_effects.ctcae import grade_ctcae
from carsequel.side_effects.cytopenia import assess_cytopenia
from carsequel.side_effects.hlh import assess_hlh
from carsequel.side_effects.hscore import score_hscore
from carsequel.side_effects.iec_hs import assess_iec_hs
from carsequel.side_effects.platelets import grade_t_icaht_early, grade_t_icaht_late
from carsequel.side_effects.recovery import assess_recovery

BASE = "d-3 alt 60 uln=40 source=base; d3 alt 181 uln=40 source=now; d5 alt 100 uln=40 source=later"


def findings(grade: Any, rows: str) -> list[dict[str, Any]]:
    raw = Raw()
    write_patient(raw, "a", rows)
    return [row for row in grade(raw.course()).iter_rows(named=True) if row["default"]]


@pytest.mark.parametrize(
    ("grade", "rows", "parts"),
    [
        (grade_ctcae, "d3 hemoglobin 7.9 lln=12", ["7.9 g/dL on day 3", "below 8 g/dL", "grade 4 is clinical"]),
        (grade_ctcae, "d3 hemoglobin 11", ["lower limit of normal not given", "up to grade 1"]),
        (grade_ctcae, "d3 ldh 900", ["upper limit of normal not given"]),
        (grade_ctcae, "d3 alt 121 uln=40", ["no value before the infusion"]),
        (grade_ctcae, BASE, ["above 3 x baseline", "baseline 60.0 on day -3"]),
        (grade_ctcae, "d3 anc 3000; d4 anc 2 lln=1.8", ["1 values that cannot be used"]),
        (grade_t_icaht_early, "platelets 0-4:90 5-11:49 12-30:90", ["below 50", "7 low days, day 5 to 11"]),
        (grade_t_icaht_early, "platelets 0-30:90; d4 event transfusion_platelets", ["transfused on 1 days"]),
        (grade_t_icaht_early, "age=60", ["no platelet count on day 0 to 30"]),
        (grade_t_icaht_late, "platelets 0-20:90; d20 event death", ["not followed to day 31"]),
        (grade_t_icaht_late, "platelets 0-20:90", ["no platelet count on day 31 to 100"]),
        (grade_t_icaht_late, "platelets 31-60:200", ["40 days without a settled value"]),
        (grade_t_icaht_late, "platelets 31-49:200 50:90 51-100:200", ["a second test does not confirm"]),
        (assess_recovery, "platelets 0:10 1-9:30; cover event", ["below 20", "recovered on day 1"]),
        (assess_recovery, "platelets 0:10 1-9:30", ["without known transfusions"]),
        (assess_recovery, "platelets 0-9:10; cover event", ["not recovered by day 9"]),
        (assess_cytopenia, "platelets 0-100:90; d5 event transfusion_platelets", ["transfused on day 5"]),
        (assess_cytopenia, "platelets 0-100:90", ["transfusions not recorded as complete"]),
        (
            assess_hlh,
            "d3 ferritin 900",
            ["1 of 8 criteria certain (5 needed)", "not known: NK activity", "common without HLH"],
        ),
        (score_hscore, "d3 ferritin 9000", ["ferritin 50", "sensitivity 93 %", "raised by lymphodepletion"]),
        (assess_iec_hs, "d3 ferritin 9000", ["possible IEC-HS", "9000 ug/L on day 3", "cut-offs unverified"]),
    ],
)
def test_why_says(grade: Any, rows: str, parts: list[str]) -> None:
    said = [row["why"] for row in findings(grade, rows)]
    assert any(all(part in why for part in parts) for why in said), said


def test_facts_name_the_value_and_its_baseline() -> None:
    assert findings(grade_ctcae, BASE)[0]["facts"] == "base; now"


def test_hscore_never_calls_the_cut_off_a_probability() -> None:
    why = findings(score_hscore, "d3 ferritin 9000; d3 hemophagocytosis yes")[0]["why"]
    assert "cut-off 169: sensitivity 93 %, specificity 86 %" in why


def test_iec_hs_shows_values_and_no_grade() -> None:
    row = findings(assess_iec_hs, "d3 ferritin 90000 uln=300; d3 hemophagocytosis yes; d4 fibrinogen 60")[0]
    assert (row["label"], row["low"], row["high"]) == ("unverified", None, None)
    raw = Raw()
    write_patient(raw, "a", "d3 ferritin 90000 uln=300; d4 fibrinogen 60")
    asked = assess_iec_hs(raw.course(), unverified=True).filter(~pl.col("default"))
    assert asked["label"].to_list() == ["UNVERIFIED grade 1 to 4"]
