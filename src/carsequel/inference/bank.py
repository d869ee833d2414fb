"""The bank: a whole population simulated once, against which every patient's record is weighed."""

import hashlib
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from carsequel.inference.particles import HORIZON, Particles, Progress, run_particles
from carsequel.inference.paths import Paths
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.counterfactual import durable_reference
from carsequel.mechanism.populations.draw import draw_normals
from carsequel.mechanism.populations.ensemble import Member, ensemble
from carsequel.mechanism.populations.runs import composite_model, of_model
from carsequel.mechanism.schedule import Event

SIZE: Final = 100_000
SEED: Final = 20_261_122
OWN: Final = 1 << 40  # numbers from here on are those of particles made for one patient
MADE_OF: Final = ("composite.py", "composite.csv", "arms.csv", "clinic.csv", "clinic.py", "clinic_courses.py",
                  "observe.csv",
    "kernel/births.py",
    "kernel/clones.py",
    "populations/draw.py", "populations/sets.csv", "populations/values.csv")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Bank:
    """A simulated population: its particles and paths, the parameters of its durable responder, and the hash of
    everything that it was made of (files of the model, size, seed)."""

    disease: str
    product: str
    seed: int
    particles: Particles
    paths: Paths
    durable: dict[str, float]
    hash: str
    enough: float = 200.0  # effective patients below which a fit is refined
    events: tuple[Event, ...] = field(default_factory=lambda: tuple(events_of("single")))  # of everybody's course
    shares: dict[int, tuple[float, ...]] = field(default_factory=dict)  # of failures already looked at, by number

    @property
    def members(self) -> tuple[Member, ...]:
        """The parameter sets of the population."""
        return ensemble(self.disease, self.product)

    @cached_property
    def parameters(self) -> dict[str, NDArray[np.float64]]:
        """The parameters [n] of every patient."""
        return self.particles.drawn(self.members).parameters

    @cached_property
    def lasting(self) -> NDArray[np.bool_]:
        """Who responded and did not fail by the end of the simulation [n]: the durable responders."""
        return np.isinf(self.paths.failure_day)

    @cached_property
    def failing(self) -> NDArray[np.bool_]:
        """Whose disease failed within the simulation [n]."""
        return np.isfinite(self.paths.failure_day)


def build_bank(disease: str, product: str, n: int = SIZE, seed: int = SEED, progress: Progress | None = None) -> Bank:
    """Simulate a population of n patients over three years, without deaths from other causes.

    Patients whom the solver could not follow are left out. `progress` is told how many of how many are done. Raises
    PopulationError where no population is shipped for the disease and product.
    """
    members = ensemble(disease, product)
    sets, normals = draw_normals(members, n, seed)
    particles = Particles(tuple(normals), sets, np.stack(list(normals.values()), axis=1), np.arange(n, dtype=np.int64))
    paths = run_particles(disease, members, particles, seed, progress=progress)
    solved = np.isfinite(paths.cmax)
    return bank_of(disease, product, seed, n, particles.only(solved), paths.only(solved))


def bank_of(disease: str, product: str, seed: int, n: int, particles: Particles, paths: Paths) -> Bank:
    """Put a bank together from its parts."""
    parameters = of_model(particles.drawn(ensemble(disease, product)).parameters)
    durable = durable_reference(composite_model(), parameters, np.isinf(paths.failure_day))
    return Bank(disease, product, seed, particles, paths, durable, bank_hash(disease, product, n, seed))


def bank_hash(disease: str, product: str, n: int = SIZE, seed: int = SEED) -> str:
    """Give the hash of everything that a bank is made of: two banks with one hash are the same."""
    return hashlib.sha256(f"{_files()} {disease} {product} {n} {seed} {HORIZON}".encode()).hexdigest()[:16]


@cache
def _files() -> str:
    mechanism: Any = files("carsequel.mechanism")
    return hashlib.sha256(b"".join(mechanism.joinpath(name).read_bytes() for name in MADE_OF)).hexdigest()
