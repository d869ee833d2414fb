"""The evidence beside each option: n or a word that none is given, source, status, and how near it is."""

import orjson
import polars as pl
import pytest

from carsequel.evidence.rows import evidence_rows
from carsequel.options import prognosis_rows, weigh_options
from carsequel.options.match import in_stratum, match_words
from carsequel.options.patient import patient_context
from carsequel.options.selection import EVERYONE, TREATED, selected, time_zero, treated_shares, treated_words
from carsequel.options.table import options_table
from carsequel.options.weigh import NOT_BY_LDH, NOT_BY_TIME
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
        assert (option["projected"] is None) is (option["kind"] == "care")
        assert option["evidence"] or "no cohort" in option["note"]
    assert orjson.dumps(options)


def test_each_row_says_whom_it_counts_from_when_and_until_when_it_holds(course, verdicts):
    options = {option["option"]: option for option in weigh_options(course([]), verdicts(), "p")}
    for option in options.values():
        for row in option["evidence"]:
            assert row["review_by"] == "2027-11-22" and row["time_zero"] and row["selected"] == TREATED
        if option["kind"] != "care":
            assert [(share["value"], share["n"]) for share in option["treated"]] == [(64, 238), (76.5, 298), (74, None)]
    loncastuximab = options["loncastuximab"]
    assert any("21 US centres" in (row["conflict"] or "") for row in loncastuximab["evidence"])
    assert NOT_BY_TIME in loncastuximab["cautions"] and "cohorts disagree" in " ".join(loncastuximab["cautions"])
    assert NOT_BY_TIME not in options["bispecific_cd20"]["cautions"]
    assert any("64.0 %" in said and "of 238" in said for said in options["bispecific_cd20"]["cautions"])


def test_cohorts_of_everyone_say_so_and_start_at_progression():
    rows = {row["id"]: row for row in evidence_rows("options").to_dicts()}
    whole, part = rows["any-descar-t-lbcl/median-os"], rows["bispecific-cd20-elm-1-lbcl/orr"]
    assert (selected(whole), time_zero(whole)) == (EVERYONE, "progression")
    assert selected(part) == TREATED and "not counted" in time_zero(part)
    assert selected(rows["any-van-oekelen-mm/orr"]) not in (EVERYONE, TREATED)


@pytest.mark.parametrize(("disease", "value", "n"), [("MCL", 87.4, 135), ("B-ALL", 78.9, 38), ("MM", 85.3, 68)])
def test_the_share_that_was_treated_again_is_counted_where_it_was_published(disease, value, n):
    (share,) = treated_shares(disease)
    assert (round(share["value"], 1), share["n"]) == (value, n)
    assert share["low"] < value < share["high"] and share["interval"] == "exact"
    assert treated_shares("FL") == () and treated_words("FL") is None


def test_ldh_and_line_and_antigen_of_the_patient_are_compared(course, verdicts):
    rows = [{"name": "ldh", "day": 110, "value": "500", "unit": "U/L", "uln": "250"}]
    rows += [{"name": "prior_line", "value": "3", "text": "R-CHOP", "when": "before the infusion"}]
    rows += [{"name": "antigen_cd19", "day": 110, "text": "negative"}]
    verdict = verdicts().with_columns(needed=pl.lit(True), reason=pl.lit("")).row(0, named=True)
    here = patient_context(course(rows), verdict)
    assert (here["next_line"], here["line_recorded"], here["ldh_raised"]) == (5, True, True)
    own = {"disease": "LBCL", "population": "LBCL 3L+", "outcome": "HR PFS, LDH raised"}
    assert "3L+, this patient's next line is 5: as this patient" in match_words(own, here)
    assert "LDH raised here" in match_words(own, here)
    assert "unlike this patient" in match_words(own | {"population": "LBCL 2L"}, here)
    assert "CD19+, unlike this patient (CD19 absent)" in match_words({"population": "CD19+ relapse"}, here)
    assert "CD19-, as this patient" in match_words({"population": "CD19- relapse"}, here)
    blank = patient_context(course([]), verdict)
    assert "not recorded" in match_words(own, blank) and blank["antigens"] == {}
    options = {row["option"]: row for row in weigh_options(course(rows), verdicts(), "p")}
    assert NOT_BY_LDH in options["loncastuximab"]["cautions"]
    assert NOT_BY_LDH not in options["bispecific_cd20"]["cautions"]


def test_the_projection_follows_the_day_and_the_prognosis(course, verdicts):
    def value(day, rows=()):
        found = weigh_options(course(list(rows)), verdicts(day=day), "p")
        return {row["option"]: row["projected"] for row in found}["bispecific_cd20"]

    assert value(20.0)["value"] < value(60.0)["value"] < value(120.0)["value"]
    bad = [("ecog", 2, "points"), ("hemoglobin", 8, "g/dL"), ("extranodal_sites", 3, "1")]
    rows = [{"name": name, "day": 60, "value": str(number), "unit": unit} for name, number, unit in bad]
    rows.append({"name": "ldh", "day": 60, "value": "900", "unit": "U/L", "uln": "250"})
    assert value(60.0, rows)["stratum"] == "PC-PI high"
    assert value(60.0, rows[1:])["stratum"] == "failure D31-90"


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


@pytest.mark.parametrize(
    ("population", "type_", "said"),
    [
        (
            "B-ALL child/AYA, nonresponse to tisa-cel",
            "primary_refractory",
            "nonresponse, as this patient; same product",
        ),
        ("prior nonresponders", "relapse", "nonresponse, unlike this patient"),
        ("prior nonresponders", None, "type of failure not known"),
        ("LBCL, after axi-cel", "relapse", "another product"),
    ],
)
def test_type_of_failure_and_product_in_the_population_are_compared(verdicts, population, type_, said):
    verdict = verdicts(product="tisa-cel", disease="B-ALL", type=type_).row(0, named=True)
    assert said in match_words({"disease": "B-ALL", "population": population}, verdict)


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
