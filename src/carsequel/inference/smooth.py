"""Courses without chance, smooth in the standard normals of a patient: each number with its derivatives.

The composite runs without floors for its clones and carries their lineages (`cure`); what the tumour does splits into
four fates: cells with the antigen left or not on the last day, cells without it left or not. All else follows the one
deterministic course, also where a fate is less likely; clones that begin small differ by chance from their mean.
"""

from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.inference.cure import TINIEST, Clones, fates, founders, with_lineages
from carsequel.inference.dual import Dual, stacked
from carsequel.inference.paths import CAR, LEAST
from carsequel.mechanism import observe
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.clinic import clinic_rules
from carsequel.mechanism.composite import OUTPUTS, State
from carsequel.mechanism.form import Model
from carsequel.mechanism.populations.draw import parameters_of
from carsequel.mechanism.populations.ensemble import Member
from carsequel.mechanism.populations.runs import HAZARDS, composite_model
from carsequel.mechanism.schedule import Schedule, plan
from carsequel.mechanism.solution import Status
from carsequel.mechanism.solve import sensitivities

Floats = NDArray[np.float64]
RTOL: Final = 1e-6
CLONES: Final = ("P", "R", "Q")
GROUPS: Final = (0, 0, 1)  # clones with the antigen share one fate
UNSEEN: Final = np.array([[0.0], [0.0], [1.0]])  # new cells arrive in the clone without it
# Both left, that with the antigen alone, that without it alone, neither: places of [left or gone, group].
SEEN: Final = (slice(None), np.array([0, 0, 1, 1]), 0)
NOT_SEEN: Final = (slice(None), np.array([0, 1, 0, 1]), 1)
_NAMES: Final = (*State._fields, *(f"{what}_{name}" for name in CLONES for what in ("growth", "spent")))
PLACES: Final = {
    "car": np.array([_NAMES.index(name) for name in CAR]),
    "cells": np.array([_NAMES.index(name) for name in CLONES]),
    **{what: np.array([_NAMES.index(f"{what}_{name}") for name in CLONES]) for what in ("growth", "spent")},
}


class Course(NamedTuple):
    """Courses of n patients over `times` [k] as duals: logarithms [n, 1, k] of what is measured beside the tumour, ln
    burden [n, 4, k] in each fate with the probability of the fate, ln [n, 4], M-protein (ln g/dL, in myeloma), the ln
    burden before lymphodepletion and the growth rate [n]; `solved` [n]."""

    times: Floats
    logs: dict[str, Dual]
    tumour: Dual
    log_fates: Dual
    baseline: Dual
    growth: Dual
    solved: NDArray[np.bool_]


@cache
def smooth_model() -> Model:
    """Give the composite without floors for clones, carrying the lineages of the clones that a first course has."""
    return with_lineages(composite_model(), CLONES)


@cache
def _schedule() -> Schedule:
    return plan(smooth_model(), events_of("single"))


def movable(member: Member) -> tuple[str, ...]:
    """Give the parameters of the model that vary between the patients of a set."""
    own = set(composite_model().parameter_names)
    return tuple(each.parameter for each in member.spreads if each.spread > 0 and each.parameter in own)


def smooth_course(
    disease: str, member: Member, names: Sequence[str], normals: Floats, moved: tuple[str, ...], times: Floats,
    rtol: float = RTOL,
) -> Course:  # fmt: skip
    """Give the courses of patients of one set, normals [n, d] of the parameters `names`, after a single infusion, with
    derivatives by the normals of the parameters `moved`."""
    values, slopes = _parameters(member, names, normals, moved)
    wrt, model = tuple(slopes), smooth_model()
    atol = np.full(len(model.state_names), rtol)
    found = sensitivities(model, values, times, _schedule(), wrt=wrt, rtol=rtol, atol=atol)
    chain = np.stack([slopes[name] for name in wrt], axis=1)
    tangents = found.tangents @ chain[:, None]
    whole = Dual(found.solution.states.swapaxes(1, 2), tangents.swapaxes(1, 2))
    own = {name: Dual(values[name], slopes[name]) for name in wrt}
    solved = found.solution.status == Status.FINISHED
    return _course(disease, times, whole, {**values, **own}, solved)


def _course(disease: str, times: Floats, whole: Dual, p: dict[str, Any], solved: Any) -> Course:
    n, d = whole.value.shape[0], whole.slope.shape[-1]
    at: dict[str, Any] = {name: whole[:, place] for place, name in enumerate(State._fields)}
    rest = {row.name: np.full(n, row.value) for row in composite_model().parameters if row.name not in p}
    given = SimpleNamespace(**{name: value[:, None] for name, value in {**rest, **p}.items()})
    cells = {"car": whole[:, PLACES["car"]].sum(axis=-2), "lymphocytes": at["N"], "b_cells": at["B"]}
    cells["il6"] = OUTPUTS["il6"](State(**at), given)
    burden, log_fates = _fates(times, whole, (given.fQ * given.r / given.divisions) * np.maximum(at["P"], 0.0))
    logs = {name: _log(value)[:, None, :] for name, value in cells.items()}
    if clinic_rules(disease)["rules"] == "myeloma":
        logs["protein"] = _log(burden.along(lambda cells: observe.m_protein(cells, times)))
    baseline, growth = (each if isinstance(each, Dual) else Dual(each, np.zeros((n, d))) for each in (p["P0"], p["r"]))
    return Course(times, logs, _log(burden), log_fates, np.log(baseline), growth, solved)


def _fates(times: Floats, whole: Dual, arriving: Any) -> tuple[Dual, Dual]:
    """Cells of the tumour [n, 4, k] in each fate, and the ln probability [n, 4] of the fates."""
    cells, growth, spent = (whole[:, PLACES[what]] for what in ("cells", "growth", "spent"))
    first = cells[..., 0] * np.exp(-growth[..., 0])
    came = founders(times, first, arriving[:, None, :] * UNSEEN, growth)
    found = fates(Clones(came, growth, spent), GROUPS)
    total = found.lineages + TINIEST
    log_left = np.log(-np.expm1(-total))
    burden = stacked([found.alive, found.dead])
    logs = stacked([log_left, -total])
    return burden[SEEN] + burden[NOT_SEEN], logs[SEEN] + logs[NOT_SEEN]


def _log(cells: Any) -> Any:
    return np.log(np.maximum(cells, LEAST))


def _parameters(
    member: Member, names: Sequence[str], normals: Floats, moved: tuple[str, ...]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Parameters [n] of patients, and the change [n, moved] per normal of those that any of them changes; at a bound
    of its range none changes. Cells without the second antigen are left out, as in `of_model`."""
    columns = {name: normals[:, at] for at, name in enumerate(names)}
    drawn = parameters_of([member], np.zeros(normals.shape[0], dtype=np.int64), columns).parameters
    slopes = {}
    for name, low, high, steps in _steps(member, moved):
        inside = drawn[name] * ((drawn[name] > low) & (drawn[name] < high))
        slopes[name] = inside[:, None] * steps
    values = {name: value for name, value in drawn.items() if name not in HAZARDS}
    return {"f2": np.zeros(normals.shape[0]), **values}, slopes


@cache
def _steps(member: Member, moved: tuple[str, ...]) -> tuple[tuple[str, float, float, Floats], ...]:
    """Name, range and change [moved] of the logarithm per normal, of each parameter that changes."""
    found = []
    for spread in member.spreads:
        own = float(np.sqrt(1.0 - spread.correlation**2)) if spread.follows else 1.0
        share = {spread.parameter: own, spread.follows: spread.correlation}
        steps = spread.spread * np.array([share.get(name, 0.0) for name in moved])
        if steps.any() and spread.parameter not in HAZARDS:
            found.append((spread.parameter, spread.low, spread.high, steps))
    return tuple(found)
