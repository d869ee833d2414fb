"""Hazards of death after failure, fitted to the anchors by weighted least squares, with their uncertainty as draws."""

from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.options.after_failure.anchors import PC_PI, Anchor, anchor, anchors

Draws = NDArray[np.float64]
DRAWS: Final = 400
SEED: Final = 20261122
STEPS: Final = 40
FITTED: Final = ("late", "step", "bispecific", *PC_PI, "other")
CLASSES: Final = ("D0-30", "D31-90", ">90")
_HALVINGS: Final = 45
_SMALL: Final = 1e-5


class Hazards(NamedTuple):
    """Hazards of death a month; each array holds the best fit first and then the draws. `time` has one row a class of
    time to failure, `group` one a PC-PI group; `mix` their shares; `treated` shares (0-1). `bispecific` is the ratio of
    that drug; `untreated` the ratio for those never treated again, by proxy: earliest failures against everyone."""

    time: Draws
    group: Draws
    bispecific: Draws
    untreated: Draws
    other: Draws
    mix: Draws
    treated: Draws
    treated_late: Draws


@cache
def fitted_hazards() -> Hazards:
    """Give the hazards that pass nearest to the anchors, and the same for 400 redrawn sets of anchors.

    Weighted least squares (weight: the square of one over the anchor's standard error) by Gauss-Newton steps on all
    draws at once. Each anchor is redrawn from its own interval; the seed is fixed.
    """
    dice = np.random.default_rng(SEED)
    drawn = {row.parameter: _drawn(row, dice) for row in anchors()}
    mix = np.stack([_share(drawn[name]) for name in ("share_d0_30", "share_d31_90", "share_late")])
    mix /= mix.sum(axis=0)
    rows = [anchor(name) for name in FITTED]
    goal = np.stack([drawn[row.parameter] for row in rows])
    theta = _gauss_newton(np.stack([_start(row, goal[at]) for at, row in enumerate(rows)]), rows, goal, mix)
    time, group, bispecific, other = unpacked(theta)
    untreated = time[0] * median_of(time, mix) / np.log(2)
    shares = _share(drawn["treated_all"]), _share(drawn["treated_late"])
    return Hazards(time, group, bispecific, untreated, other, mix, *shares)


def unpacked(theta: Draws) -> tuple[Draws, Draws, Draws, Draws]:
    """Give the hazards by time class and PC-PI group, the ratio of a bispecific and the hazard of other death."""
    named = {name: np.exp(theta[at]) for at, name in enumerate(FITTED)}
    time = np.stack([named["late"] * named["step"] ** steps for steps in (2, 1, 0)])
    return time, np.stack([named[name] for name in PC_PI]), named["bispecific"], named["other"]


def mixture(hazards: Draws, mix: Draws, months: float | Draws) -> Draws:
    """Give the survival (0-1) of a mixture of classes with constant hazards at so many months."""
    survival: Draws = (mix * np.exp(-hazards * months)).sum(axis=0)
    return survival


def died_of_other(hazards: Draws, mix: Draws, other: Draws, months: float) -> Draws:
    """Give the cumulative incidence (0-1) of death from other causes, with death from the disease as its competitor."""
    shared = np.minimum(other, hazards) / hazards
    died: Draws = (mix * shared * -np.expm1(-hazards * months)).sum(axis=0)
    return died


def median_of(hazards: Draws, mix: Draws) -> Draws:
    """Give the month at which half of a mixture of classes has died, by halving a bracket."""
    low, high = np.zeros(hazards.shape[1]), np.log(2) / hazards.min(axis=0) * 1.01
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = mixture(hazards, mix, middle) > 0.5
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    middle = (low + high) / 2
    return np.asarray(middle, dtype=np.float64)


def _predicted(theta: Draws, rows: list[Anchor], mix: Draws) -> Draws:
    time, group, bispecific, other = unpacked(theta)
    return np.stack([_one(row, time, group, bispecific, other, mix) for row in rows])


def _one(row: Anchor, time: Draws, group: Draws, bispecific: Draws, other: Draws, mix: Draws) -> Draws:
    """What the model says of one anchor, on the anchor's scale."""
    if row.quantity == "other_death_at":
        return _logit(-np.expm1(-other * (row.months or 0)))
    if row.parameter in PC_PI:
        return _log(np.log(2) / group[PC_PI.index(row.parameter)])
    if row.stratum == ">90":
        return _log(np.log(2) / time[2])
    if row.quantity == "median_os":
        return _log(median_of(time * bispecific, mix))
    return _logit(mixture(time, mix, row.months or 0.0))


def _gauss_newton(theta: Draws, rows: list[Anchor], goal: Draws, mix: Draws) -> Draws:
    weight = np.array([1 / row.spread for row in rows])[:, None]
    for _ in range(STEPS):
        now = _predicted(theta, rows, mix)
        slopes = np.empty((theta.shape[1], len(rows), len(theta)))
        for at in range(len(theta)):
            moved = theta.copy()
            moved[at] += _SMALL
            slopes[:, :, at] = (weight * (_predicted(moved, rows, mix) - now) / _SMALL).T
        gap = (weight * (goal - now)).T
        square = np.einsum("dri,drj->dij", slopes, slopes)
        step = np.linalg.solve(square, np.einsum("dri,dr->di", slopes, gap)[:, :, None])[:, :, 0].T
        theta = theta + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    return theta


def _start(row: Anchor, goal: Draws) -> Draws:
    """Where the search begins: the hazard that a median says, no step and no effect of a drug, a small other hazard."""
    if row.parameter in ("step", "bispecific"):
        return np.zeros_like(goal)
    return np.log(np.log(2)) - goal if row.quantity == "median_os" else np.full_like(goal, np.log(0.005))


def _drawn(row: Anchor, dice: np.random.Generator) -> Draws:
    return np.concatenate([[row.centre], row.centre + row.spread * dice.standard_normal(DRAWS)])


def _share(logit: Draws) -> Draws:
    return 1 / (1 + np.exp(-logit))


def _logit(share: Draws) -> Draws:
    share = np.clip(share, 1e-12, 1 - 1e-12)
    return np.asarray(np.log(share / (1 - share)), dtype=np.float64)


def _log(value: Draws) -> Draws:
    return np.asarray(np.log(value), dtype=np.float64)
