"""One patient's posterior: the bank weighed by the record, refined where too few of its patients fit."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.inference.bank import OWN, Bank
from carsequel.inference.likelihood import log_likelihood
from carsequel.inference.observations import Observations
from carsequel.inference.particles import Particles, run_particles
from carsequel.inference.paths import Paths
from carsequel.inference.refine import FAR, ROUNDS, Weighed, refine
from carsequel.inference.treatments import moving, under_treatments
from carsequel.inference.weights import effective_size, normalised, smoothed, systematic

Floats = NDArray[np.float64]
MOST: Final = 4000
WORTH: Final = 1e-6


class Fit(NamedTuple):
    """What a record says about the mechanism in one patient: weighted virtual patients (`weights` sum to one) with
    their paths, and how they were obtained (`method`, effective size, k-hat of the weights, rounds of refinement)."""

    disease: str
    product: str
    seen: Observations
    bank: Bank
    particles: Particles
    paths: Paths
    weights: Floats
    effective: float
    k_hat: float
    rounds: int

    @property
    def method(self) -> str:
        """How the posterior was obtained, in a sentence."""
        bank = f"{self.bank.paths.n:,} simulated patients ({self.disease} {self.product}, bank {self.bank.hash})"
        given = "".join(f", given {arm} on day {day:g}" for arm, day in moving(self.seen.treatments))
        more = f"{given}, refined in {self.rounds} rounds of importance sampling" if self.rounds else given
        return f"{bank} weighed by the record{more}; {self.effective:.0f} effective, k-hat {self.k_hat:.2f}"

    def parameters(self) -> dict[str, Floats]:
        """Give the parameters [n] of the weighted patients."""
        return self.particles.drawn(self.bank.members).parameters

    def draws(self, n: int) -> NDArray[np.int64]:
        """Give n places of weighted patients, each as often as its weight says."""
        return systematic(self.weights, n)


def fit_patient(bank: Bank, seen: Observations, number: int = 0, enough: float | None = None) -> Fit:
    """Fit one patient: weigh the bank by the record, and refine where fewer than `enough` (by default as the
    bank says) effective patients remain.

    `number` keeps the random numbers of several patients apart. Raises ValueError where no simulated patient can
    explain the record at all.
    """
    bank = under_treatments(bank, seen.treatments)
    likelihood = log_likelihood(bank.paths, seen, FAR)
    start = Weighed(bank.particles, bank.paths, likelihood, likelihood, 0)

    def simulate(particles: Particles) -> tuple[Paths, Floats]:
        paths = run_particles(bank.disease, bank.members, particles, bank.seed, bank.events)
        return paths, log_likelihood(paths, seen)

    first, wanted = OWN + number * ROUNDS * 4096, bank.enough if enough is None else enough
    found = refine(start, bank.particles.sets.size, bank.members, seen, simulate, first, bank.seed, wanted)
    logs, k_hat = smoothed(found.log_weights)
    kept, own = _kept(normalised(logs))
    return Fit(bank.disease, bank.product, seen, bank, found.particles.only(kept), found.paths.only(kept), own,
               effective_size(own), k_hat, found.rounds)  # fmt: skip


def _kept(weights: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Places and weights of the patients to keep: those that weigh anything, or as many drawn in proportion."""
    heavy = np.flatnonzero(weights > WORTH * weights.max())
    if heavy.size > MOST:
        places, counts = np.unique(systematic(weights, MOST), return_counts=True)
        return places, counts / MOST
    return heavy, weights[heavy] / weights[heavy].sum()
