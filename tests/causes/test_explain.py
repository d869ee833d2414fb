"""The shape of one patient's causes, and the next test."""

import polars as pl
import pytest

from carsequel.causes import explain_causes
from carsequel.causes.antigen import RULES as ANTIGEN
from carsequel.causes.expansion import RULES as EXPANSION
from carsequel.causes.microenvironment import RULES as MICROENVIRONMENT
from carsequel.causes.patient_treatment import RULES as TREATMENT
from carsequel.causes.tumour import RULES as TUMOUR
from carsequel.causes.weigh import MISSING
from carsequel.evidence.rows import evidence_rows
from carsequel.terms.lists import CAUSES
from carsequel.terms.sources import source_row, split_keys

RULES = (*ANTIGEN, *EXPANSION, *MICROENVIRONMENT, *TUMOUR, *TREATMENT)


def test_probabilities_stay_empty_and_say_why(course, verdicts):
    answer = explain_causes(course([]), verdicts(), "p")
    assert set(answer["present"]) == set(CAUSES)
    assert set(answer["shares"]) == {*CAUSES, "undetermined"}
    for probability in [*answer["present"].values(), *answer["shares"].values()]:
        assert (probability["p"], probability["low"], probability["high"], probability["level"]) == (None,) * 4
        assert probability["why"]
    loss = answer["present"]["antigen_loss"]
    assert loss["n"] == loss["base_rate"]["denominator"]
    assert {"numerator", "denominator", "evaluable_of", "biopsied_only", "cohort", "source", "status"} <= set(
        loss["base_rate"]
    )
    assert answer["present"]["sanctuary_site"]["base_rate"] is None


def test_a_disease_without_evidence_has_no_base_rate(course, verdicts):
    answer = explain_causes(course([], disease="other"), verdicts(disease=None), "p")
    assert all(cell["base_rate"] is None for cell in answer["present"].values())


def test_a_row_that_counts_two_causes_together_says_so(course, verdicts):
    answer = explain_causes(course([]), verdicts(), "p")
    rates = [answer["present"]["antigen_loss"]["base_rate"], *answer["present"]["antigen_loss"]["other_base_rates"]]
    assert rates[0]["cause"] == "antigen_loss"
    assert "antigen_loss;antigen_low" in [row["cause"] for row in rates]


@pytest.mark.parametrize("state", ["not_failed", "died_without_progression", "second_malignancy", "not_evaluable"])
def test_causes_do_not_apply_without_failure(course, verdicts, state):
    answer = explain_causes(course([{"name": "car_t", "day": 9, "text": "none"}]), verdicts(state=state), "p")
    assert (answer["applicable"], answer["evidence"]) == (False, [])
    assert "causes do not apply" in answer["method"]


def test_suspected_failure_shows_evidence_as_if(course, verdicts):
    answer = explain_causes(course([]), verdicts(state="suspected"), "p")
    assert answer["evidence"]
    assert answer["method"].startswith("Failure is suspected")


def test_an_unknown_patient_is_an_error_without_the_id(course, verdicts):
    with pytest.raises(KeyError, match="no verdict"):
        explain_causes(course([]), verdicts(), "someone")


def test_next_test_follows_the_stated_order(course, verdicts):
    rows: list[dict] = []
    asked = []
    for more in (
        {"name": "antigen_cd19", "day": 110, "text": "positive"},
        {"name": "car_t", "day": 110, "value": 3, "unit": "cells/uL"},
        {"name": "b_cells", "day": 110, "value": 3, "unit": "cells/uL"},
        {"name": "deauville", "day": 110, "value": 5, "unit": "points"},
    ):
        asked.append(explain_causes(course(rows), verdicts(), "p")["next_test"]["test"])
        rows.append(more)
    last = explain_causes(course(rows), verdicts(), "p")["next_test"]
    assert [test.split(" ")[0] for test in asked] == ["biopsy", "CAR", "B", "PET-CT"]
    assert (last["test"], last["why"].startswith("nothing on the list")) == (None, True)


@pytest.mark.parametrize("row", [{"text": "not_biopsied"}, {"text": "positive", "day": 20}])
def test_an_old_or_absent_antigen_test_does_not_count(course, verdicts, row):
    record = course([{"name": "antigen_cd19", "day": 110} | row])
    assert explain_causes(record, verdicts(), "p")["next_test"]["test"].startswith("biopsy")


def test_b_cells_are_not_asked_for_after_bcma_cells(course, verdicts):
    rows = [{"name": "antigen_bcma", "day": 110, "text": "positive"}, {"name": "car_t", "day": 110, "text": "none"}]
    answer = explain_causes(
        course(rows, disease="MM", product="ide-cel"), verdicts(disease="MM", product="ide-cel"), "p"
    )
    assert answer["next_test"]["test"].startswith("marrow")


def test_every_rule_names_a_cause_and_a_known_paper():
    assert set(MISSING) == set(CAUSES)
    for rule in RULES:
        assert rule.cause in CAUSES
        assert rule.direction in ("for", "against", "missing")
        assert (rule.source is None) == (rule.status is None)
        assert [source_row(key) for key in split_keys(rule.source)] or rule.source is None


def test_the_numbers_in_a_rule_stand_in_the_evidence_of_its_paper():
    """Every number of a rule whose papers are all in the evidence tables is found in a row of one of them."""
    tables = [
        evidence_rows(name).with_columns(pl.all().cast(pl.String)) for name in ("mechanisms", "prognosis", "options")
    ]
    rows = pl.concat(tables, how="diagonal")
    columns = [name for name in rows.columns if name not in ("id", "date_read", "source")]
    text = rows.select("source", words=pl.concat_str(columns, separator=" ", ignore_nulls=True))
    checked = 0
    for rule in RULES:
        keys = [key for key in split_keys(rule.source) if key.startswith("S0") or key.startswith("S1")]
        if not keys or len(keys) != len(split_keys(rule.source)):
            continue
        mentioned = [*keys, *pl.Series([rule.strength]).str.extract_all(r"\bS\d{3}\b").item()]
        body = " ".join(text.filter(pl.col("source").str.contains("|".join(mentioned)))["words"])
        plain = pl.Series([rule.strength]).str.replace_all(r"\bS\d{3}\b|HLA-DR|day[- ]-?\d+|\d+-month|\d+ months?", " ")
        for number in plain.str.extract_all(r"\d+(?:\.\d+)?").item():
            assert any(
                float(number) == float(found) for found in pl.Series([body]).str.extract_all(r"\d*\.?\d+").item()
            ), (
                rule.cause,
                number,
                mentioned,
            )
            checked += 1
    assert checked > 30


def test_the_gates_a_test_decides_are_options_of_that_disease():
    from carsequel.causes.next_test import GATES
    from carsequel.terms.lists import OPTIONS

    for words in GATES.values():
        assert set(words.replace(";", ",").replace(" ", "").split(",")) <= set(OPTIONS)
