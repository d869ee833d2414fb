"""The sentences of the responses: what was measured, what is missing, what does not count."""

from typing import Any

import pytest
from response_table import course_of_rows

from carsequel.signs.ball_mrd import assess_ball_mrd
from carsequel.signs.cll import assess_iwcll
from carsequel.signs.imwg import assess_imwg
from carsequel.signs.imwg_mrd import assess_imwg_mrd
from carsequel.signs.leukemia import assess_ball_cibmtr, assess_ball_eln, assess_ball_nci

MM = "disease=MM; d-3 m_protein_serum 4.0; d-3 m_protein_urine 0; "
CLL = "disease=CLL; d-3 spd 40; d-3 spleen 18; d-3 lymphocytes 50; d-3 platelets {}; d-3 hemoglobin {}; d28 spd 40; "
MRD = MM + "d28 m_protein_serum 2; d28 mrd negative method=ngs limit=0.00001; "
CLONAL = "mrd negative method=ngs limit=0.00001"


def why(assess: Any, rows: str, period: str) -> str:
    found = assess(course_of_rows({"a": rows}))
    told = {row["period"]: row["why"] for row in found.iter_rows(named=True) if row["default"]}
    return str(told[period])


@pytest.mark.parametrize(
    ("assess", "rows", "period", "parts"),
    [
        (assess_imwg, MM + "d28 m_protein_serum 2", "day 28", ["PR on day 28: serum M-protein 4.0 to 2.0 g/dL"]),
        (assess_imwg, MM + "d28 m_protein_serum 0.4", "day 28", ["VGPR to PR", "not recorded: urine M-protein"]),
        (assess_imwg, MM + "d28 m_protein_serum 2; d56 m_protein_serum 2", "day 28", ["confirmed on day 56"]),
        (assess_imwg, MM + "d28 m_protein_serum 2", "since infusion", ["no second test"]),
        (assess_imwg, MM, "since infusion", ["no assessment after the infusion"]),
        (assess_imwg, "disease=MM; d28 m_protein_serum 2", "day 28", ["not gradable", "serum M-protein before"]),
        (assess_imwg_mrd, MRD + f"d393 {CLONAL}", "day 393", ["sustained: negative since day 28"]),
        (assess_imwg_mrd, MM + "d28 m_protein_serum 2; d28 mrd negative method=ngs", "day 28", ["sensitivity", "ngs"]),
        (assess_ball_eln, "disease=B-ALL; d28 marrow_blasts 1", "day 28", ["extramedullary disease, ANC, platelets"]),
        (assess_ball_cibmtr, "disease=B-ALL; d28 marrow_blasts 1", "day 28", ["transfusions as complete", "4 weeks"]),
        (assess_ball_nci, "disease=B-ALL; d28 marrow_blasts 1", "day 28", ["blasts in blood"]),
        (assess_ball_mrd, "disease=B-ALL; d28 mrd negative method=flow", "day 28", ["flow; sensitivity not given"]),
        (assess_iwcll, CLL.format(100, 12) + "d28 spleen 15", "day 28", ["UNVERIFIED"]),
        (assess_iwcll, CLL.format(100, 12) + "d28 platelets 50", "day 28", ["only if due to CLL"]),
        (assess_iwcll, CLL.format(100, 12) + "d28 hemoglobin 10", "day 28", ["only if due to CLL"]),
        (assess_iwcll, CLL.format(100, 12) + "d28 lymphocytes 80", "day 28", ["may be CAR T cells"]),
    ],
)
def test_why_says(assess: Any, rows: str, period: str, parts: list[str]) -> None:
    told = why(assess, rows, period)
    assert all(part in told for part in parts), told


@pytest.mark.parametrize("counts", ["d28 platelets 50.1", "d28 hemoglobin 10.01"])
def test_a_smaller_fall_is_not_mentioned(counts: str) -> None:
    assert "due to CLL" not in why(assess_iwcll, CLL.format(100, 12) + counts, "day 28")


def test_a_year_less_a_day_is_not_sustained() -> None:
    assert "sustained" not in why(assess_imwg_mrd, MRD + f"d392 {CLONAL}", "day 392")


def test_a_positive_test_between_ends_the_run() -> None:
    assert "sustained" not in why(assess_imwg_mrd, MRD + f"d200 mrd positive; d393 {CLONAL}", "day 393")


def test_facts_name_the_rows() -> None:
    rows = "disease=MM; d-3 m_protein_serum 4 source=b; d28 m_protein_serum 2 source=x; d28 immunofixation_serum positive source=y"
    found = assess_imwg(course_of_rows({"a": rows})).filter(kind="assessment")
    assert found["facts"].to_list() == ["b; x; y"]


@pytest.mark.parametrize("assess", [assess_ball_eln, assess_ball_cibmtr, assess_ball_nci])
def test_another_reading_is_refused_by_name(assess: Any) -> None:
    with pytest.raises(ValueError, match="if_recorded"):
        assess(course_of_rows({"a": "disease=B-ALL"}), extramedullary="no")
    with pytest.raises(ValueError, match="if_measured"):
        assess_imwg(course_of_rows({"a": "disease=MM"}), urine="no")  # type: ignore[arg-type]
