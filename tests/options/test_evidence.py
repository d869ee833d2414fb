"""The evidence beside each option: n or a word that none is given, source, status, and how near it is."""

import orjson
import polars as pl
import pytest

from carsequel.options import prognosis_rows, weigh_options
from carsequel.options.match import in_stratum, match_words
from carsequel.options.table import options_table
from carsequel.terms.diseases import disease_ids
from carsequel.terms.sources import source_row, split_keys


@pytest.mark.parametrize("disease", disease_ids())
def test_every_row_has_n_or_says_none_source_and_status(course, verdicts, disease):
    product = {"MM": "ide-cel", "B-ALL": "tisa-cel"}.get(disease, "axi-cel")
    record, verdict = course([], disease=disease, product=product), verdicts(disease=disease, product=product)
    options = weigh_options(record, verdict, "p")
    rows = [row for option in options for row in option["evidence"]] + prognosis_rows(record, verdict, "p")
    for row in rows:
        assert row["n"] is not None or row["n_note"]
        assert row["status"] in ("VERIFIED", "SECONDARY")
        assert all(source_row(key) for key in split_keys(row["source"]))
        assert row["match"]
    for option in options:
        assert option["title"]
        assert option["projected"] is None
        assert option["evidence"] or "no cohort" in option["note"]
    assert orjson.dumps(options)


def test_unverified_rows_come_only_when_asked_for(course, verdicts):
    record = course([])
    status = {
        row["status"]
        for option in weigh_options(record, verdicts(), "p", unverified=True)
        for row in option["evidence"]
    }
    assert "UNVERIFIED" in status


def test_sources_of_the_table_are_known():
    for cell in options_table()["source"]:
        assert [source_row(key) for key in split_keys(cell)]


@pytest.mark.parametrize(
    ("text", "day", "fits"),
    [
        ("relapse <=3 mo", 91, True),
        ("relapse <=3 mo", 92, False),
        ("relapse 4-6 mo", 92, True),
        ("relapse 4-6 mo", 91, False),
        ("relapse 4-6 mo", 183, False),
        ("relapse >6 mo", 183, True),
        ("late relapse (>180 d)", 181, True),
        ("late relapse (>180 d)", 180, False),
        ("failure D0-30", 30, True),
        ("failure D0-D30", 31, False),
        ("LBCL, late failure (>3 mo)", 92, True),
        ("B-ALL, relapse after CD19 CAR", 50, None),
        ("LBCL, after CAR-T", 50, None),
        ("relapse >6 mo", None, None),
    ],
)
def test_strata(text, day, fits):
    assert in_stratum(text, day) is fits


def test_match_says_when_a_cohort_is_unlike_the_patient(verdicts):
    verdict = verdicts(day=31.0).row(0, named=True)
    row = {"disease": "LBCL;FL", "population": "relapse >6 mo"}
    assert match_words(row, verdict) == "this disease among LBCL, FL; relapse >6 mo, unlike this patient"
    early = {"disease": "LBCL", "population": "all patients of the trial, not only after CAR-T"}
    assert "not, or not only, after CAR-T" in match_words(early, verdict)
    assert match_words({"disease": "MM", "population": "MM"}, verdict).startswith("another disease")


def test_prognosis_follows_the_time_of_failure(course, verdicts):
    def populations(day):
        return {row["population"] for row in prognosis_rows(course([]), verdicts(day=day), "p")}

    assert "failure D0-30" in populations(20.0)
    assert "failure D0-30" not in populations(120.0)
    assert any("late failure" in text for text in populations(120.0))
    assert not any("late failure" in text for text in populations(20.0))


def test_prognosis_is_empty_without_failure(course, verdicts):
    assert prognosis_rows(course([]), verdicts(state="not_failed"), "p") == []
    with pytest.raises(KeyError, match="no verdict"):
        prognosis_rows(course([]), verdicts().filter(pl.lit(False)), "p")
