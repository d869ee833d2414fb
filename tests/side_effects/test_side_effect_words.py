"""The sentences of the findings say what a clinician needs to check them, and name the records."""

from typing import Any

import pytest
from golden_table import Raw, write_patient

from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans


def finding(grade: Any, rows: str, kind: str = "maximum") -> dict[str, Any]:
    raw = Raw()
    write_patient(raw, "a", rows)
    found = grade(raw.course())
    return next(row for row in found.iter_rows(named=True) if row["default"] and row["kind"] == kind)


@pytest.mark.parametrize(
    ("grade", "rows", "parts"),
    [
        (
            grade_crs,
            "cover *; d2 temperature 39.1; d2 vasopressor norepinephrine",
            ["grade 3 on day 2", "norepinephrine", "39.1"],
        ),
        (
            grade_crs,
            "d2 temperature 39.1",
            ["up to grade 4", "vasopressors not recorded", "oxygen not recorded", "blood pressure"],
        ),
        (
            grade_crs,
            "cover *; d2 temperature 39; d3 drug tocilizumab; d4 oxygen blow_by",
            ["no fever", "after tocilizumab"],
        ),
        (grade_crs, "cover *; d15 temperature 39", ["new after day 14: check attribution"]),
        (
            grade_crs,
            "cover *; d3 temperature 39; d3 infection",
            ["an infection or HLH-like syndrome on that day may explain the fever"],
        ),
        (
            grade_crs,
            "cover *; d3 temperature 39; d-9- oxygen nasal_cannula 2 role=chronic",
            ["oxygen from before the infusion"],
        ),
        (
            grade_crs,
            "cover *; d3 temperature 39; d2 oxygen nasal_cannula; d2 temperature 39",
            ["flow of oxygen not given"],
        ),
        (
            grade_crs,
            "age=60",
            ["no temperature, blood pressure, oxygen or vasopressor recorded or covered on day 0 to 30"],
        ),
        (grade_crs, "cover *", ["no fever with its signs on day 0 to 30"]),
        (grade_icans, "cover *; d3 ice 5", ["grade 2 on day 3: ICE 5"]),
        (grade_icans, "d3 ice 5", ["seizures not recorded", "consciousness not recorded"]),
        (grade_icans, "cover *; d3 ice 0; d3 sedated yes", ["sedated"]),
        (grade_icaht_early, "anc 0-4:2.0 5-11:0.5 12-30:2.0", ["7 days with ANC at most 0.5", "day 5 to 11"]),
        (grade_icaht_early, "anc 0-30:2.0; d3-6 drug filgrastim role=growth_factor", ["growth factor given"]),
        (grade_icaht_early, "anc 0:0.4 4:0.3; d4 event death", ["died on day 4", "interpolated"]),
        (grade_icaht_early, "age=60", ["no ANC on day 0 to 30"]),
        (grade_icaht_late, "anc 31-49:1.2 50:0.4 51-60:1.2", ["lowest ANC 0.4 x 10^9/L on day 50"]),
        (grade_icaht_late, "anc 0-20:1.2", ["not followed beyond day 30"]),
        (grade_icaht_late, "anc 31-49:2.0 50:0.4 51-60:2.0", ["second-lowest value is not low"]),
    ],
)
def test_why_says(grade: Any, rows: str, parts: list[str]) -> None:
    why = finding(grade, rows)["why"]
    assert all(part in why for part in parts), why


def test_day_14_is_not_late() -> None:
    assert "attribution" not in finding(grade_crs, "cover *; d14 temperature 39")["why"]


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        ("cover *; d2 temperature 39", "resolved on day 3"),
        ("cover * 5-; cover vasopressor; d2 temperature 39; d2 hypotension no", "resolved between day 3 and day 5"),
        ("cover * 0-3; d2 temperature 39; d3 temperature 39", "resolution not seen by day 30"),
        ("cover *; d2 temperature 39; d2 event death site=disease", "not resolved at death on day 2"),
    ],
)
def test_episode_says_whether_resolution_was_seen(rows: str, part: str) -> None:
    assert part in finding(grade_crs, rows, "episode")["why"]


def test_facts_name_the_records_of_the_leading_day() -> None:
    rows = "cover *; d1 temperature 38.2 source=x1; d2 temperature 39 source=x3; d2 systolic_bp 80 source=x2"
    assert finding(grade_crs, rows)["facts"] == "x2; x3"


def test_another_reading_of_hypotension_is_refused_by_name() -> None:
    raw = Raw()
    write_patient(raw, "a", "d2 temperature 39")
    with pytest.raises(ValueError, match="sbp90"):
        grade_crs(raw.course(), hypotension="map65")  # type: ignore[arg-type]


def test_an_empty_course_gives_no_findings() -> None:
    raw = Raw()
    write_patient(raw, "a", "d2 temperature 39")
    nobody = raw.course().only("b")
    for grade in (grade_crs, grade_icans, grade_icaht_early, grade_icaht_late):
        assert grade(nobody).is_empty()
