"""What was given between the infusion and the failure, as arms of the model laid on a patient's own days.

A therapy without an arm ends the reading of a record; one with an arm does not, because the simulated patients get it
too, on the same day. A new infusion of cells is a course of its own and no treatment of this one.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from carsequel.inference.bank import Bank
from carsequel.inference.numbers import PACKAGE
from carsequel.inference.observations import Treatment
from carsequel.inference.particles import run_particles
from carsequel.mechanism.arms import arm_of, arm_rows, events_of
from carsequel.mechanism.schedule import Event
from carsequel.terms.tables import read_table

AGAINST_TOXICITY: Final = ("tocilizumab", "steroids")  # given against the disease, they are no such arm
UNMOVED: Final = ("observation", *AGAINST_TOXICITY)  # arms that move no cell of the shipped sets
COURSE: Final = ("infusion", "lymphodepletion")
SIZE: Final = 30_000  # simulated again under treatments: two to three seconds


def arm_given(text: str) -> str | None:
    """Give the arm that stands for an option or a single drug by its generic name; None where the model has no term
    for it, as for a regimen of several drugs.

    >>> arm_given("checkpoint_inhibitor"), arm_given("Nivolumab"), arm_given("radiotherapy"), arm_given("lenalidomide")
    ('pd1', 'pd1', 'radiotherapy', None)
    """
    own = arm_of(text)
    if own is None:
        rows = read_table(PACKAGE, "drugs.csv")
        named = rows.filter(pl.lit(text.strip().lower()).str.contains("^(?:" + pl.col("pattern") + ")$"))
        own = named["arm"][0] if named.height else None
    jumps = set(arm_rows().filter(arm=own)["jump"]) if own else set()
    return None if jumps & set(COURSE) else own


def events_with(treatments: Iterable[Treatment]) -> tuple[Event, ...]:
    """Give the events of a single infusion with treatments on their days."""
    first = events_of("single")
    added = [event for arm, day in treatments for event in events_of(arm, failure_day=day)[len(first) :]]
    return (*first, *added)


def moving(treatments: Iterable[Treatment]) -> tuple[Treatment, ...]:
    """Give the treatments that move any cell of the model.

    >>> moving([Treatment("steroids", 4.0), Treatment("pd1", 60.0)])
    (Treatment(arm='pd1', day=60.0),)
    """
    return tuple(each for each in treatments if each.arm not in UNMOVED)


def under_treatments(bank: Bank, treatments: Iterable[Treatment]) -> Bank:
    """Give a bank whose first patients have had the treatments too, each on its day; the bank itself where none of
    them moves anything. The durable responder stays that of the untreated population."""
    given = moving(treatments)
    if not given:
        return bank
    events = events_with(given)
    particles = bank.particles.only(np.arange(min(SIZE, bank.particles.sets.size)))
    paths = run_particles(bank.disease, bank.members, particles, bank.seed, events)
    solved = np.isfinite(paths.cmax)
    return replace(bank, particles=particles.only(solved), paths=paths.only(solved), events=events, shares={})
