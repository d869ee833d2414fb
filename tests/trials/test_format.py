"""The open format: what is refused and how, and that the shipped schema, the code and the page say the same."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from asking import asked, trial_of

from carsequel.options.trials import Moment, TrialError, TrialMatch, read_trial
from carsequel.options.trials.trial import BOUNDS, CONDITIONS, STATUSES, SUPPORT, known_facts

PLACE = files("carsequel.options.trials")
SCHEMA = json.loads(PLACE.joinpath("schema.json").read_text("utf-8"))
EXAMPLES = sorted(each.name for each in PLACE.joinpath("examples").iterdir())
PAGE = Path(__file__).parents[2] / "docs" / "trials.md"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"fact": "weather"}, "the fact is not known"),
        ({"fact": "age"}, "age needs one of at_least"),
        ({"fact": "age", "at_least": "18"}, "is not a number"),
        ({"fact": "age", "at_least": True}, "is not a number"),
        ({"fact": "age", "at_least": 18, "name": "x"}, "asks for something it cannot"),
        ({"fact": "measured", "at_least": 1}, "needs name as a word"),
        ({"fact": "antigen", "antigen": "CD19", "one_of": ["positive"]}, "one_of from present"),
        ({"fact": "active", "condition": "flu"}, "a condition from crs"),
        ({"fact": "given", "therapy": "magic", "ever": True}, "a therapy"),
        ({"fact": "washout", "therapy": "bispecific"}, "a therapy"),
        ({"fact": "measured", "name": "anc", "at_least": 1, "free_of": {"tea": 7}}, "free_of"),
        ({"all": []}, "all is not a list of rules"),
        ({"all": [{"fact": "not_read"}], "any": []}, "exactly one of"),
        ("age", "the rule is not an object"),
    ],
)
def test_a_faulty_rule_is_refused_with_its_place(rule, words):
    with pytest.raises(TrialError, match=words) as found:
        trial_of(rule)
    assert "trial T, criterion 1" in str(found.value)


def test_a_faulty_trial_is_refused():
    with pytest.raises(TrialError, match="carsequel-trial/1"):
        read_trial({"id": "T"})
    told = {"format": "carsequel-trial/1", "id": "T", "title": "t", "source": "s", "read_on": "d", "criteria": []}
    with pytest.raises(TrialError, match="at least one"):
        read_trial(told)
    row = {"id": "a", "kind": "inclusion", "text": "t", "status": "VERIFIED", "rule": {"fact": "not_read"}}
    with pytest.raises(TrialError, match="share an id"):
        read_trial(told | {"criteria": [row, row]})
    with pytest.raises(TrialError, match="status is not one of"):
        read_trial(told | {"criteria": [row | {"status": "sure"}]})
    with pytest.raises(TrialError, match="kind is not"):
        read_trial(told | {"criteria": [row | {"kind": "maybe"}]})


def test_schema_and_code_hold_the_same_lists():
    leaf = SCHEMA["$defs"]["leaf"]["properties"]
    assert set(leaf["fact"]["enum"]) == set(known_facts())
    assert tuple(leaf["condition"]["enum"]) == CONDITIONS
    assert tuple(SCHEMA["$defs"]["criterion"]["properties"]["status"]["enum"]) == STATUSES
    assert tuple(leaf["free_of"]["properties"]) == SUPPORT
    asks = {name for row in known_facts().values() for name in str(row["asks"] or "").split()}
    assert asks | {"fact", "name", "antigen", "therapy", "condition"} == set(leaf)
    assert set(BOUNDS) < set(leaf)


def test_the_page_names_every_fact():
    text = PAGE.read_text("utf-8")
    for fact, row in known_facts().items():
        assert f"| `{fact}` |" in text, fact
        assert str(row["meaning"]) in text, fact


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_names_its_source_and_is_marked(name):
    told = json.loads(PLACE.joinpath("examples", name).read_text("utf-8"))
    trial = read_trial(told)
    assert trial.about["example"] is True
    assert trial.read_on == "2026-11-22"
    assert all(each.applied == (each.status != "UNVERIFIED") for each in trial.criteria)
    assert any("not in the text that was read" in each.text for each in trial.criteria)


def test_what_is_unverified_is_shown_and_not_applied(course, verdicts):
    rule = {"fact": "disease", "one_of": ["MM"]}
    off = trial_of(rule, status="UNVERIFIED")
    match = TrialMatch(Moment(course([]), verdicts()), [off, trial_of(rule)])
    assert match.table()["match"].to_list() == ["unknown", "no"]
    row = match.reasons("p", off)[0]
    assert (row["verdict"], row["applied"], row["status"]) == ("no", False, "UNVERIFIED")


def test_the_parts_that_carry_the_verdict_are_named(course, verdicts):
    rule = {"any": [{"fact": "disease", "one_of": ["MM"]}, {"fact": "disease", "one_of": ["LBCL"]}]}
    why = asked(course([]), verdicts(), rule)["why"]
    assert "asked: disease LBCL" in why
    assert "asked: disease MM" not in why


def test_a_patient_who_is_not_there(course, verdicts):
    trial = trial_of({"fact": "not_read"})
    with pytest.raises(KeyError, match="no such patient"):
        TrialMatch(Moment(course([]), verdicts()), [trial]).reasons("q", trial)
