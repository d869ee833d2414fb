"""Cured or not: the chance that no cell of a clone is left, from the path that the clone follows on average.

A clone of m(0) cells (a Poisson number of them, or many) divides at the rate b(t) and follows, on average,
m(0) exp(l(t)). The founders whose families last until day T are a Poisson number (Kendall 1948, Ann Math Stat 19:1)
with mean

    K(T) = m(0) / (exp(-l(T)) + A(T)),   A(T) = integral of b(s) exp(-l(s)) from 0 to T

and the clone is gone with probability exp(-K). `with_lineages` lets the solver carry l and A of each clone, so that all
is smooth in the parameters however few cells are left. Cells that arrive on day s found families in the same way.
Everything here works on arrays and on `Dual` alike.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from carsequel.inference.dual import Dual
from carsequel.mechanism.arithmetic import exp, log, maximum, minimum
from carsequel.mechanism.form import Model

STEEPEST: Final = 200.0  # logarithm of a decline after which nothing is left, kept from overflowing
TINIEST: Final = 1e-250
CERTAIN: Final = 500.0  # lineages at which a clone is surely left


class Clones(NamedTuple):
    """Clones [c] over the times [k] that the solver gave: `founders` [n, c, k] = cells that came until then, each as
    many as it would have been on day 0; `growth` l and `spent` A, [n, c, k]."""

    founders: Any
    growth: Any
    spent: Any


class Fates(NamedTuple):
    """Groups [g] of clones that share one fate: `lineages` [n, g] = founders with a family on the last day, and the
    cells [n, g, k] expected on each day if some are left on the last day (`alive`) and if none is (`dead`)."""

    lineages: Any
    alive: Any
    dead: Any


def with_lineages(model: Model, clones: Sequence[str]) -> Model:
    """Give the model without floors for clones and with two more states a clone, `growth_NAME` and `spent_NAME`.

    Jumps that cut one clone cut all of them by the same share.
    """
    size = len(model.state_names)
    fields = [(f"{what}_{name}", float) for name in clones for what in ("growth", "spent")]
    inner = [(name, float) for name in model.state_names]
    state: Any = NamedTuple("Lineages", [*inner, *fields])  # type: ignore[misc]

    def own(now: Any) -> Any:
        return model.state(*tuple(now)[:size])

    def rates(t: Any, now: Any, p: Any, given: Any) -> Any:
        more = []
        for name in clones:
            law = model.clones[name](t, own(now), p, given)
            decline = minimum(-getattr(now, f"growth_{name}"), STEEPEST)
            more += [law.birth - law.death, law.birth * exp(decline)]
        return state(*model.rates(t, own(now), p, given), *more)

    def cut(name: str) -> Any:
        def jump(now: Any, p: Any, amount: Any) -> Any:
            after = model.jumps[name](own(now), p, amount)
            first = clones[0]
            left = log(maximum(getattr(after, first), TINIEST) / maximum(getattr(now, first), TINIEST))
            more = [value + left if at % 2 == 0 else value for at, value in enumerate(tuple(now)[size:])]
            return state(*after, *more)

        return jump

    return replace(
        model, state=state, rates=rates, start=lambda p: state(*model.start(p), *([0.0] * len(fields))),
        jumps={name: cut(name) for name in model.jumps}, clones={},
        floors={name: floor for name, floor in model.floors.items() if name not in clones},
    )  # fmt: skip


def founders(times: Any, first: Any, arriving: Any, growth: Any) -> Any:
    """Give the founders [n, c, k] until each day: those of day 0 [n, c], and cells arriving at a rate [n, c, k] per
    day."""
    each = arriving * np.exp(np.minimum(-growth, STEEPEST))
    pieces = (each[..., 1:] + each[..., :-1]) * (0.5 * np.diff(times))
    return _linear(pieces, _running) + first[..., None]


def _running(pieces: Any) -> Any:
    return np.concatenate([np.zeros((*pieces.shape[:-1], 1)), np.cumsum(pieces, axis=-1)], axis=-1)


def _linear(x: Any, change: Callable[[Any], Any]) -> Any:
    return x.along(change) if isinstance(x, Dual) else change(x)


def lineages(clones: Clones) -> Any:
    """Give the founders [n, c] of each clone whose families last until the last of the times.

    >>> grown = np.array([[[0.0, np.log(0.5)]]])  # birth 1, death 2, until half are left
    >>> lineages(Clones(np.full((1, 1, 2), 3.0), grown, np.array([[[0.0, 1.0]]])))
    array([[1.]])
    """
    came, _, spent = clones
    decline = np.exp(np.minimum(-clones.growth[..., -1:], STEEPEST)) + spent[..., -1:]
    late = (came[..., 1:] - came[..., :-1]) / (decline - 0.5 * (spent[..., 1:] + spent[..., :-1]))
    return late.sum(axis=-1) + (came[..., :1] / decline)[..., 0]


def fates(clones: Clones, groups: Sequence[int] = (0,)) -> Fates:
    """Give what becomes of clones by the last of their times; `groups`: which fate each clone shares.

    The mean of a clone that is left, or gone, on the last day follows from its generating function on the days before;
    there, cells that came later count as if descended from day 0.
    """
    shared = np.array(groups)[None, :] == np.arange(max(groups) + 1)[:, None]
    total = _linear(lineages(clones)[..., None], lambda x: shared @ x)[..., 0]
    odds = (1 / np.expm1(np.minimum(total, CERTAIN) + TINIEST))[..., np.array(groups)]
    decline = np.exp(np.minimum(-clones.growth, STEEPEST))
    mean = clones.founders / decline
    kept = 1 / (decline[..., -1:] + clones.spent[..., -1:] - clones.spent)
    share, more = decline * kept, kept * clones.spent
    lasting = mean * ((more * (2 + more) + share) / np.square(1 + more))
    alive, dead = mean + lasting * odds[..., None], mean - lasting
    return Fates(total, _linear(alive, lambda x: shared @ x), _linear(dead, lambda x: shared @ x))
