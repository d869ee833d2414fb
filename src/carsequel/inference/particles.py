"""Particles: virtual patients as standard normals about their parameter set, so that all share one prior."""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.inference.paths import Paths, joined, paths_of
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.clinic import clinic_times
from carsequel.mechanism.populations.draw import Drawn, parameters_of
from carsequel.mechanism.populations.ensemble import Member
from carsequel.mechanism.populations.runs import RTOL, composite_model, of_model
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import solve

PART: Final = 8192
HORIZON: Final = 1095.0
Progress = Callable[[int, int], None]


class Particles(NamedTuple):
    """n virtual patients: number of the parameter set [n], standard normals [n, d] of the parameters `names`, and the
    numbers [n] by which they draw their chance."""

    names: tuple[str, ...]
    sets: NDArray[np.int64]
    normals: NDArray[np.float64]
    numbers: NDArray[np.int64]

    def only(self, kept: NDArray[Any]) -> "Particles":
        """Give the patients of an index or mask."""
        return Particles(self.names, self.sets[kept], self.normals[kept], self.numbers[kept])

    def drawn(self, members: Sequence[Member]) -> Drawn:
        """Give the parameters of the patients."""
        columns = {name: self.normals[:, at] for at, name in enumerate(self.names)}
        return parameters_of(members, self.sets, columns)


def together(parts: Sequence[Particles]) -> Particles:
    """Give several lots of particles of one population as one."""
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in Particles._fields[1:])
    return Particles(parts[0].names, *columns)


def varying(members: Sequence[Member], names: Sequence[str]) -> NDArray[np.bool_]:
    """Say which parameters vary in which set, [sets, d]."""
    rows = [{spread.parameter for spread in member.spreads if spread.spread > 0} for member in members]
    return np.array([[name in row for name in names] for row in rows])


def run_particles(
    disease: str,
    members: Sequence[Member],
    particles: Particles,
    seed: int,
    events: Sequence[Event] | None = None,
    progress: Progress | None = None,
) -> Paths:
    """Simulate particles through a first course (a single infusion, or the events given) and give their paths."""
    model, times = composite_model(), clinic_times(disease, HORIZON)
    schedule = plan(model, events_of("single") if events is None else events)
    total, parts = particles.sets.size, []
    for first in range(0, total, PART):
        own = particles.only(np.arange(first, min(first + PART, total)))
        parameters = own.drawn(members).parameters
        solution = solve(
            model, of_model(parameters), times, schedule, seed=seed, rtol=RTOL, first_patient=own.numbers
        )  # fmt: skip
        parts.append(paths_of(disease, solution, parameters, seed, own.numbers))
        if progress is not None:
            progress(min(first + PART, total), total)
    return joined(parts)
