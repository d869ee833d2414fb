"""Cohorts that disagree are named, and rows past their review date are stale; both by a rule that can fail."""

from datetime import date, timedelta

import polars as pl
import pytest

import carsequel.evidence.conflicts as room
from carsequel.evidence.conflicts import SUBJECT, conflict_words, conflicting_rows
from carsequel.evidence.review import is_stale, review_period, with_review
from carsequel.evidence.rows import TABLES, evidence_rows
from carsequel.services.library import run_evidence


def slowly(table: str) -> set[tuple[str, str]]:
    """The rule in plain Python: same disease, subject, outcome, time and unit; other cohort and source; limits apart."""
    rows = [
        row
        for row in evidence_rows(table).to_dicts()
        if row["low"] is not None
        and row["high"] is not None
        and row["interval"] != "none"
        and row["status"] != "UNVERIFIED"
        and not row["outcome"].startswith(("note", "HR ", "received", "treated", "share of", "follow-up", "lines"))
        and row[SUBJECT[table]]
    ]
    found = set()
    for at, one in enumerate(rows):
        for other in rows[at + 1 :]:
            same = all(one[name] == other[name] for name in ("outcome", "unit", "time_months"))
            near = set(one["disease"].split(";")) & set(other["disease"].split(";"))
            like = set(one[SUBJECT[table]].split(";")) & set(other[SUBJECT[table]].split(";"))
            apart = one["low"] > other["high"] or other["low"] > one["high"]
            if (
                same
                and near
                and like
                and apart
                and one["source"] != other["source"]
                and one["cohort"] != other["cohort"]
            ):
                found.add((one["id"], other["id"]))
    return found


@pytest.mark.parametrize("table", TABLES)
def test_conflicts_are_those_of_the_slow_rule(table: str) -> None:
    assert set(conflicting_rows(table).select("id", "id_other").iter_rows()) == slowly(table)


def test_known_conflicts_are_found() -> None:
    words = conflict_words()
    assert "21 US centres" in words["loncastuximab-lotis-2-lbcl/orr"]
    assert "LOTIS-2" in words["loncastuximab-21-us-centres-lbcl/orr"]
    assert "bispecific-cd20-elm-1-lbcl/orr" not in words


def test_strata_of_one_cohort_are_no_conflict() -> None:
    for table in TABLES:
        assert not (conflicting_rows(table)["source"] == conflicting_rows(table)["source_other"]).any()


def test_two_rows_conflict_when_their_intervals_come_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = evidence_rows("options").filter(pl.col("outcome") == "ORR", pl.col("cohort").is_in(["Shumilov", "ELM-1"]))
    two = rows.filter(pl.col("population") == "LBCL, after CAR-T")
    assert two.height == 2
    elm = pl.col("cohort") == "ELM-1"
    for low, high, expected in ((10.0, 30.0, 1), (10.0, 40.0, 0), (60.0, 70.0, 1)):
        changed = two.with_columns(
            low=pl.when(elm).then(pl.lit(low)).otherwise("low"), high=pl.when(elm).then(pl.lit(high)).otherwise("high")
        )
        monkeypatch.setattr(room, "evidence_rows", lambda _, kept=changed: kept)
        assert conflicting_rows("options").height == expected


def test_a_row_is_stale_the_day_after_its_period() -> None:
    read = date(2026, 11, 22)
    last = read + timedelta(days=review_period())
    rows = pl.DataFrame({"date_read": [read.isoformat(), None]})
    assert with_review(rows, last)["stale"].to_list() == [False, None]
    assert with_review(rows, last + timedelta(days=1))["stale"].to_list() == [True, None]
    assert is_stale(last.isoformat(), last + timedelta(days=1))
    assert all(evidence_rows(table)["review_by"].null_count() == 0 for table in TABLES)


def test_the_verb_prints_interval_source_conflict_and_staleness(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_evidence(["loncastuximab", "orr", "lotis-2"], today=date(2026, 12, 1)) == 0
    fresh = capsys.readouterr().out
    assert "48.3 % (39.9 to 56.7, exact binomial, computed here), n=145" in fresh
    assert "Caimi" in fresh and "CONFLICT with 21 US centres" in fresh and "[UNVERIFIED]" in fresh
    assert "STALE" not in fresh
    run_evidence(["loncastuximab", "orr", "lotis-2"], today=date(2028, 1, 1))
    assert "STALE: due for another look since 2027-11-22" in capsys.readouterr().out
    run_evidence(["bicar", "median", "os", "14.7"])
    assert "14.7 months (8.8 to not reached), n=46" in capsys.readouterr().out
    assert run_evidence(["no such words at all"]) == 1
