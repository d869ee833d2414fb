"""The example trials against the published patients: what the record excludes, and what it leaves open."""

import json
from importlib.resources import files

import polars as pl

import published
from carsequel.options.trials import Moment, TrialMatch, read_trial

PLACE = files("carsequel.options.trials").joinpath("examples")
TRIALS = [read_trial(json.loads(each.read_text("utf-8"))) for each in sorted(PLACE.iterdir(), key=lambda e: e.name)]


def match():
    graded = published.graded()
    return TrialMatch(Moment(published.course(), graded.verdicts, graded.side_effects), TRIALS)


def found(made):
    return {(row["patient"], row["trial"]): row["match"] for row in made.table().to_dicts()}


def test_diseases_and_failures_exclude():
    answers = found(match())
    assert answers["mm-carbcma-relapse-17w", "BiCAR cohort 1"] == "no"
    assert answers["lbcl-tisacel-cd19neg-bulky", "CARTITUDE-2 cohort C"] == "no"
    assert answers["lbcl-tisacel-control-bca-2y", "Penn pembrolizumab"] == "no"


def test_nothing_is_open_while_criteria_were_not_read():
    assert set(found(match()).values()) == {"no", "unknown"}


def test_the_bulky_lymphoma_waits_for_cd20():
    made = match()
    rows = {row["id"]: row for row in made.reasons("lbcl-tisacel-cd19neg-bulky", TRIALS[0])}
    assert rows["disease"]["verdict"] == "yes"
    assert rows["cd20"] | {"why": ""} == rows["cd20"] | {
        "why": "",
        "verdict": "unknown",
        "decides": "CD20 present or reduced",
    }
    assert rows["failure"]["facts"] == "haradhvala2022 Tisa-N-24"


def test_many_patients_at_once_give_what_one_alone_gives():
    made = match()
    for at, patient in enumerate(published.course().patients["patient"].head(6)):
        graded = published.graded()
        own = [frame.filter(pl.col("patient") == patient) for frame in (graded.verdicts, graded.side_effects)]
        alone = TrialMatch(Moment(published.course().only(patient), *own), TRIALS)
        assert alone.verdicts[:, 0].tolist() == made.verdicts[:, at].tolist()
