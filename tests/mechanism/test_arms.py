"""Arms are rows laid on the calendar: first courses, what is added, combinations, delays, failures of one's own."""

import numpy as np
import pytest

from carsequel.mechanism import composite
from carsequel.mechanism.arms import ArmError, arm_names, arm_of, arm_rows, events_of
from carsequel.mechanism.form import read_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import Status, solve
from carsequel.terms.lists import OPTIONS

MODEL = read_model(composite)


@pytest.mark.parametrize("arm", arm_names())
def test_every_arm_can_be_run(arm: str) -> None:
    schedule = plan(MODEL, events_of(arm, failure_day=60.0))
    solution = solve(MODEL, {}, [0.0, 60.0, 100.0], schedule, chance=False)
    assert solution.status[0] == Status.FINISHED


@pytest.mark.parametrize("arm", arm_names("added"))
def test_the_first_course_stands_before_what_is_added(arm: str) -> None:
    jumps = [event.jump for event in events_of(arm, failure_day=60.0)]
    assert jumps[:2] == ["lymphodepletion", "infusion"]


def test_a_base_arm_replaces_the_single_infusion() -> None:
    assert [event.jump for event in events_of("no_lymphodepletion")] == ["infusion"]
    assert events_of("untreated") == []
    (depletion, infusion) = events_of("pd1+dual_target", failure_day=np.nan)[:2]
    assert depletion.given == (("second_target", 1.0),)
    assert infusion.day == 0.0


def test_a_delay_shifts_what_comes_after_the_failure_and_nothing_else() -> None:
    days = [event.day for event in events_of("second_infusion", failure_day=90.0, delay=30.0)]
    assert days == [0.0, 0.0, 120.0, 120.0]
    early = [event.day for event in events_of("pd1_early", failure_day=90.0, delay=30.0)]
    assert early == [0.0, 0.0, 7.0, 97.0]


def test_each_patient_has_a_failure_day_of_their_own_or_none() -> None:
    events = events_of("chemotherapy", failure_day=np.array([30.0, np.nan]), delay=np.array([5.0, 5.0]))
    schedule = plan(MODEL, events, patients=2)
    assert schedule.days[0, 2] == 35.0
    assert np.isnan(schedule.days[1, 2:]).all()


def test_what_is_given_for_a_time_is_taken_back() -> None:
    on, off = events_of("il15", failure_day=50.0)[2:]
    assert (on.day, on.given) == (50.0, (("il15", 1.0),))
    assert (off.day, off.given, off.jump) == (78.0, (("il15", 0.0),), None)


def test_combinations_keep_their_order() -> None:
    events = events_of("second_infusion+pd1", failure_day=90.0)
    assert [event.jump for event in events] == ["lymphodepletion", "infusion"] * 2 + [None, None]
    assert events[3].given == (("rejection", 1.0),)


@pytest.mark.parametrize(
    ("arm", "says"),
    [
        ("prayer", "no arm 'prayer'; known are single"),
        ("single+dual_target", "are both a first course"),
        ("pd1", "give failure_day"),
    ],
)
def test_what_cannot_be_laid_on_the_calendar_is_refused(arm: str, says: str) -> None:
    with pytest.raises(ArmError, match=says):
        events_of(arm)


def test_options_of_the_contract_have_an_arm_or_none() -> None:
    named = {part for cell in arm_rows()["options"].drop_nulls() for part in cell.split(";")}
    assert named <= set(OPTIONS)
    assert {option for option in OPTIONS if arm_of(option) is None} == {
        *("tafasitamab_lenalidomide", "loncastuximab", "lenalidomide", "btk_inhibitor", "brentuximab_based"),
        *("inotuzumab", "tki", "menin_inhibitor", "belantamab", "clinical_trial"),
    }
    assert arm_of("bispecific_cd20") == "bispecific"


def test_jumps_and_treatments_are_those_of_the_model() -> None:
    rows = arm_rows()
    assert set(rows["jump"].drop_nulls()) <= set(MODEL.jumps)
    given = {part.split("=")[0] for cell in rows["given"].drop_nulls() for part in cell.split(";")}
    assert given <= set(MODEL.given_names)
    assert set(rows["relative_to"]) == {"infusion", "failure"}
