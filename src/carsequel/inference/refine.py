"""Where the bank is too coarse for a record: new virtual patients drawn near those that fit, in several rounds.

Adaptive multiple importance sampling (cornuet2012): every round proposes from a mixture of kernels about the patients
that fit so far (and, in part, from the prior), simulates them with their own chance, and weighs all rounds and the
bank together by the mixture of all proposals. In the first rounds the likelihood is tempered so that it keeps enough
patients. All happens in the standard normals of the prior, within each parameter set.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.inference.linear import local_model, moved, predictions, view_of
from carsequel.inference.observations import Observations
from carsequel.inference.particles import Particles, together, varying
from carsequel.inference.paths import Paths, joined
from carsequel.inference.weights import effective_size, normalised, systematic
from carsequel.mechanism.populations.ensemble import Member

Floats = NDArray[np.float64]
ROUNDS, EACH = 10, 2048  # one record in ten needs more than five rounds
ANCHORS: Final = 256  # kernels of a round
KEPT_TEMPER: Final = 120.0  # effective patients that a tempered likelihood keeps
FROM_PRIOR: Final = 0.1
WORTH: Final = 1e-4  # of the heaviest: patients below it move no kernel
FAR: Final = 25.0  # bank patients whose log-likelihood is this far below the best weigh nothing


class Weighed(NamedTuple):
    """Particles with their paths, log-likelihood and log-weight (proportional to the posterior), and how many rounds
    were made."""

    particles: Particles
    paths: Paths
    log_likelihood: Floats
    log_weights: Floats
    rounds: int


class _Kernels(NamedTuple):
    """One round's proposal: for each set its share, centres [m, d], their weights and a covariance; `n` were drawn."""

    n: int
    sets: tuple[tuple[float, Floats, Floats, Floats] | None, ...]


def refine(
    start: Weighed,
    bank_size: int,
    members: Sequence[Member],
    seen: Observations,
    simulate: Callable[[Particles], tuple[Paths, Floats]],
    first_number: int,
    seed: int,
    enough: float,
) -> Weighed:
    """Add rounds of particles until the effective size is enough or the rounds are used up.

    `start`: the bank's particles with their log-likelihood; `simulate` gives paths and log-likelihood of new ones,
    which are numbered from `first_number` on.
    """
    random = np.random.default_rng([seed, first_number])
    kept = start.log_likelihood > start.log_likelihood.max() - FAR
    now = Weighed(start.particles.only(kept), start.paths.only(kept), start.log_likelihood[kept],
                  start.log_likelihood[kept], 0)  # fmt: skip
    active, shares = varying(members, now.particles.names), np.array([member.weight for member in members])
    proposals, ratios = list[_Kernels](), np.empty((0, now.log_weights.size))
    while now.rounds < ROUNDS and effective_size(normalised(now.log_weights)) < enough:
        kernels = _kernels(now, seen, active, random)
        fresh = _propose(kernels, shares, active, now.particles.names, first_number + now.rounds * EACH, random)
        paths, fits = simulate(fresh)
        solved = np.isfinite(paths.cmax)
        fresh = fresh.only(solved)
        earlier = [_log_ratio(fresh, each, shares, active) for each in proposals]
        ratios = np.hstack([ratios, np.array(earlier).reshape(len(earlier), fresh.sets.size)])
        particles = together([now.particles, fresh])
        ratios = np.vstack([ratios, _log_ratio(particles, kernels, shares, active)])
        proposals.append(kernels)
        likelihood = np.concatenate([now.log_likelihood, fits[solved]])
        weights = likelihood - _log_mixture(ratios, bank_size)
        now = Weighed(particles, joined([now.paths, paths.only(solved)]), likelihood, weights, now.rounds + 1)
    return now


def _tempered(now: Weighed) -> tuple[Floats, float]:
    """Weights under the likelihood to a power of at most 1, the highest that keeps enough effective patients; and that
    power."""
    prior = now.log_weights - now.log_likelihood
    low, high = 0.0, 1.0
    if effective_size(normalised(now.log_weights)) >= KEPT_TEMPER:
        return normalised(now.log_weights), 1.0
    for _ in range(20):
        middle = (low + high) / 2
        enough = effective_size(normalised(prior + middle * now.log_likelihood)) >= KEPT_TEMPER
        low, high = (middle, high) if enough else (low, middle)
    return normalised(prior + low * now.log_likelihood), low


def _kernels(now: Weighed, seen: Observations, active: NDArray[np.bool_], random: np.random.Generator) -> _Kernels:
    weights, power = _tempered(now)
    heavy = np.flatnonzero(weights > WORTH * weights.max())
    weights = weights[heavy] / weights[heavy].sum()
    view, expected = view_of(seen), predictions(now.paths.only(heavy), seen)
    sets, normals = now.particles.sets[heavy], now.particles.normals[heavy]
    local = local_model(normals, expected, view, sets, weights)
    picked = systematic(weights, ANCHORS, float(random.random()))
    found: list[tuple[float, Floats, Floats, Floats] | None] = []
    for number in range(active.shape[0]):
        mine = picked[sets[picked] == number]
        if mine.size == 0:
            found.append(None)
            continue
        own, varies = np.flatnonzero(sets == number), np.ix_(active[number], active[number])
        spread = _covariance(normals[own], weights[own], local.posterior)
        points = moved(normals[mine], expected[mine], view, local, spread, 1 - power, random)[:, active[number]]
        if power < 1:
            spread = _shrunk(spread, local.posterior)
        shrink, width = _bandwidth(effective_size(weights[own]), points.shape[1])
        middle = points.mean(axis=0)
        equal = np.full(mine.size, 1 / mine.size)
        found.append((mine.size / ANCHORS, middle + shrink * (points - middle), equal, width**2 * spread[varies]))
    return _Kernels(EACH, tuple(found))


def _covariance(points: Floats, weights: Floats, otherwise: Floats) -> Floats:
    """Weighted covariance, drawn to that of the linear model the more, the fewer patients it rests on."""
    effective, d = effective_size(weights), points.shape[1]
    centred = points - np.average(points, axis=0, weights=weights)
    spread = (centred * (weights / weights.sum())[:, None]).T @ centred
    trust = effective / (effective + 2 * d)
    return np.asarray(trust * spread + (1 - trust) * otherwise + 1e-4 * np.eye(d))


def _shrunk(tempered: Floats, linear: Floats) -> Floats:
    """The covariance to propose with while the likelihood is tempered: halfway to that of the linear model."""
    return np.asarray((tempered + linear) / 2)


def _bandwidth(effective: float, d: int) -> tuple[float, float]:
    """Shrinkage of centres and width of kernels that together keep mean and covariance (liu2001)."""
    width = min((4 / (d + 2) / max(effective, 2.0)) ** (1 / (d + 4)), 0.95)
    return float(np.sqrt(1 - width**2)), float(width)


def _propose(
    kernels: _Kernels, shares: Floats, active: NDArray[np.bool_], names: tuple[str, ...], first: int,
    random: np.random.Generator,
) -> Particles:  # fmt: skip
    """Draw from the prior (a tenth) and from the kernels; what does not vary in a set is drawn from the prior too."""
    n, d = kernels.n, len(names)
    normals = random.standard_normal((n, d))
    from_prior = random.random(n) < FROM_PRIOR
    weights = np.array([0.0 if own is None else own[0] for own in kernels.sets])
    sets = np.where(from_prior, random.choice(shares.size, n, p=shares), random.choice(shares.size, n, p=weights))
    for number, own in enumerate(kernels.sets):
        mine = np.flatnonzero((sets == number) & ~from_prior)
        if own is None or mine.size == 0:
            continue
        _, centres, mix, spread = own
        chosen = random.choice(centres.shape[0], mine.size, p=mix)
        steps = normals[np.ix_(mine, active[number])] @ np.linalg.cholesky(spread).T
        normals[np.ix_(mine, active[number])] = centres[chosen] + steps
    return Particles(names, sets.astype(np.int64), normals, np.arange(first, first + n, dtype=np.int64))


def _log_mixture(ratios: Floats, bank: int) -> Floats:
    """ln of (mixture of all proposals / prior) [n]; ratios [rounds, n] are those of the rounds' kernels, and the bank
    counts as draws from the prior."""
    drawn = EACH * ratios.shape[0]
    prior = np.full(ratios.shape[1], np.log(bank + FROM_PRIOR * drawn))
    rounds = list(ratios + np.log((1 - FROM_PRIOR) * EACH))
    return np.asarray(np.logaddexp.reduce([prior, *rounds], axis=0) - np.log(bank + drawn))


def _log_ratio(particles: Particles, kernels: _Kernels, shares: Floats, active: NDArray[np.bool_]) -> Floats:
    """ln of (kernels of a round / prior) at each particle [n]."""
    found = np.full(particles.sets.size, -np.inf)
    for number, own in enumerate(kernels.sets):
        mine = particles.sets == number
        if own is not None and mine.any():
            points = particles.normals[mine][:, active[number]]
            found[mine] = np.log(own[0] / shares[number]) + _log_kernels(points, *own[1:])
    return found


def _log_kernels(points: Floats, centres: Floats, mix: Floats, spread: Floats) -> Floats:
    """ln of (mixture of normals / standard normal) at points."""
    root = np.linalg.cholesky(spread)
    z, c = np.linalg.solve(root, points.T).T, np.linalg.solve(root, centres.T).T
    square = (z**2).sum(1)[:, None] - 2 * z @ c.T + (c**2).sum(1)[None, :]
    logs = (np.log(mix) - 0.5 * square).astype(np.float32)
    top = logs.max(axis=1, keepdims=True)
    total = np.log(np.exp(logs - top).sum(axis=1)) + top[:, 0] - np.log(np.diag(root)).sum()
    return np.asarray(total + 0.5 * (points**2).sum(1), dtype=np.float64)
