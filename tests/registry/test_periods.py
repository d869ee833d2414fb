"""Reporting periods: no gap, no overlap, and what a draft says of an episode in each of them."""

from typing import Any

import polars as pl
import pytest
from golden_table import Raw, write_patient

from carsequel.registry import periods
from carsequel.registry.cells import as_cells
from carsequel.registry.periods import period_grid, reaction_cells, reporting_periods
from carsequel.side_effects.crs import crs_resolved, grade_crs
from carsequel.side_effects.day_findings import RESOLVED
from carsequel.side_effects.icans import grade_icans, icans_resolved
from carsequel.terms.findings import as_findings


@pytest.mark.parametrize("form", ["ebmt", "cibmtr"])
def test_periods_follow_each_other_without_gap_or_overlap(form: str) -> None:
    rows = reporting_periods(form)
    assert rows["first"][0] == 0
    assert rows["first"].to_list()[1:] == [last + 1 for last in rows["last"].to_list()[:-1]]
    assert rows["period"].n_unique() == rows.height == 17
    assert rows.row(0) == ("d0-100", 0, 100)


@pytest.mark.parametrize(("years", "day"), [(1, 365), (2, 730), (4, 1461), (15, 5479)])
def test_years_end_where_the_calendar_says(years: int, day: int) -> None:
    assert reporting_periods("ebmt")["last"][years + 1] == day


def test_half_a_year_is_182_or_183_days() -> None:
    assert reporting_periods("ebmt")["last"][1] in (182, 183)
    assert pytest.approx(365.25 / 12) == periods.CHOICES.month


def test_another_form_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="ebmt, cibmtr"):
        reporting_periods("ctn")


def drafted(
    rows: str, form: str = "ebmt", window: int = 100, last: float = 200
) -> dict[tuple[str, str], dict[str, Any]]:
    raw = Raw()
    write_patient(raw, "a", rows)
    course = raw.course()
    findings = pl.concat([grade_crs(course, window=window), grade_icans(course, window=window)])
    resolved = pl.concat([crs_resolved(course, window=window), icans_resolved(course, window=window)])
    return said(findings, form, last, resolved)


def said(
    findings: pl.DataFrame, form: str, last: float, resolved: pl.DataFrame
) -> dict[tuple[str, str], dict[str, Any]]:
    followed = pl.DataFrame({"patient": ["a"], "infusion": [1], "last": [last]})
    cells = reaction_cells(findings, period_grid(followed, form), form, resolved)
    settled = pl.when(pl.col("low") == pl.col("high")).then("low")
    return {
        (meaning, row["period"]): row
        for meaning, rows in cells.items()
        for row in as_cells(rows).with_columns(value=settled).iter_rows(named=True)
    }


CRS = "cover *; d2-4 vasopressor norepinephrine; d2 temperature 39; d3 temperature 39; d4 temperature 39; d200 anc 1.0"


def test_an_episode_has_onset_resolution_and_maximum() -> None:
    found = drafted(CRS)
    values = {
        name: found[f"crs_{name}", "d0-100"]["value"] for name in ("onset_day", "resolution_day", "maximum_grade")
    }
    assert values == {"onset_day": 2, "resolution_day": 5, "maximum_grade": 3}
    assert not any(found[f"crs_{name}", "d0-100"]["needs_person"] for name in values)
    assert found["icans_maximum_grade", "d0-100"]["value"] == 0
    assert found["icans_onset_day", "d0-100"]["value"] is None
    assert not found["icans_onset_day", "d0-100"]["needs_person"]


def test_a_window_shorter_than_the_period_needs_a_person() -> None:
    row = drafted(CRS, window=30)["crs_maximum_grade", "d0-100"]
    assert (row["value"], row["needs_person"]) == (3, True)
    assert "graded on day 0 to 30 only" in row["why"]


def test_a_period_that_was_not_looked_at_has_no_value() -> None:
    row = drafted(CRS)["crs_maximum_grade", "d101-6m"]
    assert row["value"] is None and row["needs_person"]
    assert "graded on day 0 to 100 only" in row["why"]


def test_periods_end_with_the_follow_up() -> None:
    assert {period for _, period in drafted(CRS, last=100)} == {"d0-100"}
    assert {period for _, period in drafted(CRS, last=101)} == {"d0-100", "d101-6m"}


def test_a_bounded_grade_stays_open() -> None:
    row = drafted("d2 temperature 39; d200 anc 1.0")["crs_maximum_grade", "d0-100"]
    assert (row["low"], row["high"], row["value"], row["needs_person"]) == (1, 4, None, True)


def test_nothing_recorded_needs_a_person() -> None:
    row = drafted("d200 anc 1.0", "cibmtr")["crs_occurred_or_persisted", "d0-100"]
    assert row["low"] is None and row["needs_person"]


def test_an_episode_over_two_periods_is_reported_before_in_the_second() -> None:
    rows = "cover *; d99-103 vasopressor norepinephrine; " + "; ".join(
        f"d{day} temperature 39" for day in range(99, 104)
    )
    found = drafted(rows, "cibmtr", window=180)
    assert found["crs_onset_day", "d0-100"]["value"] == 99
    assert (
        found["crs_resolution_day", "d0-100"]["value"] is None and found["crs_resolution_day", "d0-100"]["needs_person"]
    )
    assert found["crs_onset_reported_before", "d0-100"]["value"] == 0
    assert found["crs_onset_reported_before", "d101-6m"]["value"] == 1
    assert found["crs_occurred_or_persisted", "d101-6m"]["value"] == 1
    assert found["crs_onset_day", "d101-6m"]["value"] is None
    assert found["crs_resolution_day", "d101-6m"]["value"] == 104
    # The first of the gravest days is in the first period; whether one is in the second, the findings do not tell.
    grades = [
        (found["crs_maximum_grade", p]["low"], found["crs_maximum_grade", p]["high"]) for p in ("d0-100", "d101-6m")
    ]
    assert grades == [(3, 3), (1, 3)]


def test_findings_of_nobody_give_open_rows() -> None:
    none = as_findings(pl.DataFrame(schema={"patient": pl.String}))
    found = said(none, "ebmt", 50.0, pl.DataFrame(schema=RESOLVED))
    assert len(found) == 6 and all(row["needs_person"] for row in found.values())


def test_a_later_period_is_not_free_because_the_maximum_was_earlier() -> None:
    rows = "cover * 0-20; d2 oxygen ventilator; d2 temperature 39; d200 anc 1.0"
    row = drafted(rows, window=180)["crs_maximum_grade", "d101-6m"]
    assert (row["low"], row["high"], row["needs_person"]) == (0, 4, True)


def test_resolution_is_read_from_the_graded_days_and_not_from_words() -> None:
    raw = Raw()
    write_patient(raw, "a", CRS)
    course = raw.course()
    findings = grade_crs(course, window=100).with_columns(why=pl.lit("resolved on day 77"))
    found = said(findings, "ebmt", 200, crs_resolved(course, window=100))
    assert found["crs_resolution_day", "d0-100"]["value"] == 5
    assert said(findings, "ebmt", 200, crs_resolved(course).clear())["crs_resolution_day", "d0-100"]["needs_person"]


def test_a_resolution_between_two_days_is_no_day() -> None:
    rows = "cover * 0-2; cover * 6-100; d2 temperature 39; d200 anc 1.0"
    raw = Raw()
    write_patient(raw, "a", rows)
    assert crs_resolved(raw.course(), window=100).select("resolved_low", "resolved_high").rows() == [(3, 6)]
    assert drafted(rows)["crs_resolution_day", "d0-100"]["value"] is None
