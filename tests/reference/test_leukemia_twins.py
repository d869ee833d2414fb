"""The responses of B-ALL agree with a plain reading; worse is never milder, and what is left out never misleads."""

import random
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from golden_table import Raw, unit_of
from response_twins import eln, leukemia_patient, nci

from carsequel.record.course import Course
from carsequel.signs.leukemia import assess_ball_cibmtr, assess_ball_eln, assess_ball_nci

N = 400
People = dict[str, dict[str, Any]]
ASSESS: dict[str, Callable[[Course], pl.DataFrame]] = {
    "eln": assess_ball_eln,
    "cibmtr": assess_ball_cibmtr,
    "nci": assess_ball_nci,
}
PEOPLE: People = {f"p{seed}": leukemia_patient(seed) for seed in range(N)}


def leukemia_course(everyone: People) -> Course:
    """Day 28 of each patient, with a marrow in remission on day 90; transfusions and blasts in blood are covered."""
    raw = Raw()
    for name, p in everyone.items():
        raw.patients.append({"patient": name, "disease": "B-ALL", "age": "30"})
        raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
        raw.coverage.append({"patient": name, "name": "event", "start": None, "end": None})
        outside = None if p["outside"] is None else "yes" if p["outside"] else "no"
        rows = [("marrow_blasts", -3, p["before"], None), ("extramedullary", 28, None, outside)]
        rows += [("marrow_blasts", 28, p["marrow"], None), ("blood_blasts", 28, p["blood"], None)]
        rows += [("anc", 30, p["anc"], None), ("platelets", 27, p["platelets"], None), ("mrd", 28, p["mrd"], None)]
        rows += [("marrow_blasts", 90, 1.0, None)]
        for fact, day, value, text in rows:
            if value is not None or text is not None:
                given = None if value is None else str(value)
                cells = {"patient": name, "name": fact, "day": str(day), "value": given, "text": text}
                raw.facts.append(cells | {"unit": unit_of(fact, given)})
    return raw.course()


def day_28(criterion: str, everyone: People) -> pl.DataFrame:
    found = ASSESS[criterion](leukemia_course(everyone)).filter((pl.col("period") == "day 28") & pl.col("default"))
    return found.select("patient", "low", "high", "label")


@pytest.mark.parametrize(("criterion", "plain"), [("eln", eln), ("nci", nci)])
def test_leukemia_as_in_a_plain_reading(criterion: str, plain: Callable[[dict[str, Any]], str]) -> None:
    given = dict(day_28(criterion, PEOPLE).select("patient", "label").iter_rows())
    assert given == {name: plain(p) for name, p in PEOPLE.items()}


WORSE: dict[str, Callable[[Any], Any]] = {
    "marrow": lambda blasts: min(blasts * 1.5 + 1, 100.0),
    "blood": lambda blasts: blasts + 1,
    "outside": lambda _: True,
    "anc": lambda count: count * 0.6,
    "platelets": lambda count: count * 0.6,
    "mrd": lambda share: None if share is None else min(share * 20, 1.0),
}


@pytest.mark.parametrize("criterion", ASSESS)
def test_a_worse_value_is_never_milder(criterion: str) -> None:
    worse = {
        f"{name} {key}": p | {key: change(p[key])}
        for key, change in WORSE.items()
        for name, p in list(PEOPLE.items())[:150]
    }
    found = day_28(criterion, worse).with_columns(
        pl.col("patient").str.split(" ").list.to_struct(fields=["patient", "key"])
    )
    both = found.unnest("patient").join(day_28(criterion, PEOPLE), on="patient", suffix="_before")
    assert both.height == len(worse)
    milder = (pl.col("low") < pl.col("low_before")) | (pl.col("high") < pl.col("high_before"))
    assert both.filter(milder).is_empty()
    graver = both.filter(pl.col("high") > pl.col("high_before"))["key"]
    assert set(graver) >= {"marrow", "outside", "anc", "platelets"} | ({"blood"} if criterion == "nci" else set())


@pytest.mark.parametrize("criterion", ASSESS)
def test_what_is_not_recorded_widens_and_never_misleads(criterion: str) -> None:
    dice = random.Random(7)
    parts = ("outside", "blood", "anc", "platelets", "before", "marrow")
    less = {name: p | {key: None for key in parts if dice.random() < 0.3} for name, p in PEOPLE.items()}
    both = day_28(criterion, less).join(day_28(criterion, PEOPLE), on="patient", suffix="_whole").drop_nulls("low")
    narrower = (pl.col("low") > pl.col("low_whole")) | (pl.col("high") < pl.col("high_whole"))
    assert both.filter(narrower).is_empty()
    wider = (pl.col("low") < pl.col("low_whole")) | (pl.col("high") > pl.col("high_whole"))
    assert both.filter(wider).height > N / 20
