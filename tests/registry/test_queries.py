"""Questions to the ward: every open grade asks for the records that would settle it."""

import polars as pl
import pytest
from golden_table import Raw, raw_of, read_cases, write_patient
from later_tables import TABLES

from carsequel.registry.queries import QUERY, RULES, open_questions
from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans


def findings(rows: str) -> pl.DataFrame:
    raw = Raw()
    write_patient(raw, "a", rows)
    course = raw.course()
    return pl.concat([grade_crs(course), grade_icans(course), grade_icaht_early(course)])


def missing(rows: str, criterion: str) -> list[str]:
    return open_questions(findings(rows)).filter(pl.col("criterion").str.starts_with(criterion))["missing"].to_list()


def test_a_bounded_crs_asks_for_what_it_lacks() -> None:
    assert set(missing("d2 temperature 39", "crs")) == {"systolic_bp", "vasopressor", "oxygen"}
    assert missing("cover *; d2 temperature 39; d2 oxygen nasal_cannula", "crs") == ["oxygen"]


def test_a_settled_grade_asks_nothing() -> None:
    assert missing("cover *; d2 temperature 39", "crs") == []


def test_the_day_is_told() -> None:
    found = open_questions(findings("cover vasopressor; cover oxygen; d2 temperature 39; cover temperature"))
    row = found.filter(pl.col("missing") == "systolic_bp").row(0, named=True)
    assert (row["day"], row["could_settle"]) == (2, 1)


def test_a_grade_that_cannot_be_given_asks_too() -> None:
    row = open_questions(findings("age=60")).filter(pl.col("criterion") == "icaht_early.eha2023").row(0, named=True)
    assert (row["missing"], row["low"], row["could_settle"]) == ("anc", None, None)


@pytest.mark.parametrize("table", [*TABLES, "crs", "icans", "icaht_early", "icaht_late"])
def test_every_open_finding_gives_a_row_and_nothing_else_does(table: str) -> None:
    raw = raw_of(read_cases(table))
    course = raw.course()
    others = {"crs": grade_crs, "icans": grade_icans, "icaht_early": grade_icaht_early, "icaht_late": grade_icaht_late}
    found = (TABLES | others)[table](course)
    asked = open_questions(found)
    assert asked.columns == list(QUERY)
    key = ["patient", "infusion", "criterion", "period"]
    top = found.filter((pl.col("kind") == "maximum") & pl.col("default"))
    unsettled = top.filter(pl.col("low").is_null() | (pl.col("low") < pl.col("high")))
    assert asked.select(key).unique().height == unsettled.height
    assert asked.join(unsettled, on=key, how="anti").is_empty()


def test_every_rule_is_met_by_a_sentence() -> None:
    """The words stand in sentences that the criteria write; where they change, a rule goes silent."""
    graders = {"crs": grade_crs, "icans": grade_icans, "icaht_early": grade_icaht_early, "icaht_late": grade_icaht_late}
    sentences = pl.concat(
        [(TABLES | graders)[table](raw_of(read_cases(table)).course()).select("why") for table in TABLES | graders]
    )["why"]
    silent = [rule.words for rule in RULES if not sentences.str.contains(rule.words).any()]
    assert silent == []
