"""What a centre's own choices ask of grading: runs that no criterion gives unasked, and what cannot be graded."""

from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl

from carsequel.grading.rooms import ON_REQUEST
from carsequel.terms.choices import Choices, ChoicesError, changing, contradicts, departing
from carsequel.terms.defaults import NAMED
from carsequel.terms.findings import join_findings

Run = tuple[Callable[..., pl.DataFrame], tuple[Any, ...]]
Rooms = list[list[Run]]


def requested(chosen: Choices, rooms: Rooms) -> Rooms:
    """Give the runs that a centre's choices ask for and that no criterion gives unasked, each in its room."""
    wanted: dict[Callable[..., pl.DataFrame], dict[str, Any]] = {}
    for (criterion, name, choice), (function, given) in ON_REQUEST.items():
        if chosen.get(criterion, {}).get(name) == choice:
            wanted.setdefault(function, {}).update(given)
    return [[(partial(run[0], **wanted[run[0]]), run[1]) for run in room if run[0] in wanted] for room in rooms]


def added(found: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Add the findings of definitions that are not among `found`."""
    if asked.is_empty():
        return found
    return join_findings([found, asked.join(found.select(NAMED).unique(), on=NAMED, how="anti")])


def departing_only(chosen: Choices) -> Choices:
    """Give the choices that are not the shipped ones: only they can move a default."""
    told: Choices = {}
    for criterion, name, choice in departing(chosen):
        told.setdefault(criterion, {})[name] = choice
    return told


def refuse_ungraded(findings: pl.DataFrame, chosen: Choices) -> None:
    """Raise ChoicesError where definitions of one kind spell the choices that depart from the shipped ones, each of
    them some, but none all: a default that follows one would leave the others out without a word."""
    departed = departing_only(chosen)
    if not departed:
        return
    named = findings.filter(pl.col("criterion").is_in(list(departed))).select(NAMED).unique().drop_nulls().sort(NAMED)
    for (criterion, _), own in named.group_by("criterion", "kind", maintain_order=True):
        wanted = changing(chosen[str(criterion)], str(criterion))
        words = {f"{name}={choice}" for name, choice in departed[str(criterion)].items()}
        spelled = {definition: words & set(definition.split()) for definition in own["definition"]}
        told = set[str]().union(*spelled.values())
        if told and not any(spelled[each] == told and not contradicts(each, wanted) for each in spelled):
            together = ", ".join(f"{name} = {choice}" for name, choice in wanted.items())
            raise ChoicesError(f"{criterion} is not graded with {together} together", "choose one of them")
