"""Questions to the ward: every open grade asks for the records that would settle it."""

import polars as pl
import pytest
from golden_table import Raw, raw_of, read_cases, write_patient
from later_tables import TABLES

from carsequel.registry.gaps import SPANS
from carsequel.registry.queries import QUERY, needs, open_questions
from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans
from carsequel.terms.findings import criteria_table
from carsequel.terms.tables import read_table


def asked(rows: str) -> pl.DataFrame:
    raw = Raw()
    write_patient(raw, "a", rows)
    course = raw.course()
    found = pl.concat([grade_crs(course), grade_icans(course), grade_icaht_early(course), grade_icaht_late(course)])
    return open_questions(found, course)


def missing(rows: str, criterion: str) -> list[str]:
    return asked(rows).filter(pl.col("criterion").str.starts_with(criterion))["missing"].to_list()


def one(rows: str, criterion: str, record: str) -> dict[str, object]:
    own = pl.col("criterion").str.starts_with(criterion) & (pl.col("missing") == record)
    return asked(rows).filter(own).row(0, named=True)


def test_a_bounded_crs_asks_for_what_it_lacks() -> None:
    lacks = {"temperature", "systolic_bp", "vasopressor", "oxygen", "drug"}
    assert set(missing("d2 temperature 39", "crs")) == lacks
    assert set(missing("cover temperature; cover drug; d2 temperature 39", "crs")) == lacks - {"temperature", "drug"}


def test_a_row_that_does_not_say_enough_is_asked_about() -> None:
    assert missing("cover *; d2 temperature 39; d2 oxygen nasal_cannula", "crs") == ["oxygen"]
    row = one("cover *; d2 temperature 39; d2 oxygen nasal_cannula", "crs", "oxygen")
    assert (row["ask"], row["day"], row["days"]) == ("the flow of the oxygen (L/min)", 2, 1)
    assert missing("cover *; d2 temperature 39; d9 event death", "crs") == []
    assert missing("cover *; d2 temperature 39; d2 event death", "crs") == ["event"]
    assert missing("age=9; cover *; d2 temperature 39; d2 systolic_bp 85", "crs") == ["hypotension"]
    assert missing("age=40; cover *; d2 temperature 39; d2 systolic_bp 85", "crs") == []


def test_a_settled_grade_asks_nothing() -> None:
    assert missing("cover *; d2 temperature 39", "crs") == []


def test_the_days_are_told() -> None:
    row = one("cover vasopressor; cover oxygen; cover temperature; d2 temperature 39", "crs", "systolic_bp")
    assert (row["day"], row["days"], row["could_settle"]) == (2, 29, 1)
    row = one("cover vasopressor; cover oxygen; d2 temperature 39; d9-12 systolic_bp 120", "crs", "systolic_bp")
    assert (row["day"], row["days"]) == (2, 28)


def test_a_short_run_of_missing_counts_is_not_asked_for() -> None:
    values = "anc 0:0.4 8:0.4 17:0.4 18-30:2"
    row = one(values, "icaht_early", "anc")
    assert (row["day"], row["days"]) == (9, 8)


def test_a_follow_up_that_ends_early_is_asked_for() -> None:
    row = one("anc 0-20:2; d20 ldh 200", "icaht_late", "event")
    assert (row["low"], row["day"], row["days"]) == (None, 21, 80)
    assert "event" not in missing("anc 0-20:2; d20 event death site=disease", "icaht_late")


def test_a_grade_that_cannot_be_given_asks_too() -> None:
    row = one("age=60", "icaht_early", "anc")
    assert (row["low"], row["could_settle"], row["day"], row["days"]) == (None, None, 0, 31)


@pytest.mark.parametrize("table", [*TABLES, "crs", "icans", "icaht_early", "icaht_late"])
def test_every_open_finding_gives_a_row_and_nothing_else_does(table: str) -> None:
    raw = raw_of(read_cases(table))
    course = raw.course()
    others = {"crs": grade_crs, "icans": grade_icans, "icaht_early": grade_icaht_early, "icaht_late": grade_icaht_late}
    found = (TABLES | others)[table](course)
    questions = open_questions(found, course)
    assert questions.columns == list(QUERY)
    key = ["patient", "infusion", "criterion", "period"]
    top = found.filter((pl.col("kind") == "maximum") & pl.col("default"))
    unsettled = top.filter(pl.col("low").is_null() | (pl.col("low") < pl.col("high")))
    assert questions.select(key).unique().height == unsettled.height
    assert questions.join(unsettled, on=key, how="anti").is_empty()


def test_the_sentence_of_a_finding_is_not_read() -> None:
    raw = Raw()
    write_patient(raw, "a", "d2 temperature 39")
    course = raw.course()
    found = grade_crs(course)
    silent = found.with_columns(why=pl.lit(""))
    assert open_questions(silent, course).drop("why").equals(open_questions(found, course).drop("why"))


def test_the_needs_name_what_there_is() -> None:
    known = set(criteria_table()["id"])
    names = set(read_table("carsequel.terms", "quantities.csv")["name"]) | set(SPANS)
    words = {"event", "fever", "transfusion_platelets", "transfusion_red_cells", ""}
    fields = {None, "text", "value", "site", "specimen", "lln", "uln", "since"}
    for need in needs():
        assert need.criterion in known and need.ask, need
        assert set(need.names) <= names | words, need
        assert need.kind in ("days", "values", "complete", "any", "rows", "followed") and need.field in fields, need
    assert len({(need.criterion, need.missing, need.kind, need.names, need.only, need.ask) for need in needs()}) == len(
        needs()
    )
