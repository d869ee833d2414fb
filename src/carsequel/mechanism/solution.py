"""What a solver gives back: the states of many patients at the asked times, and how each patient ended."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from carsequel.mechanism.form import Model, ModelError

Floats = NDArray[np.float64]


class Status(IntEnum):
    """How the run of one patient ended; in every case but FINISHED its states are not a number from there on."""

    FINISHED = 0
    STEP_LIMIT = 1
    NOT_FINITE = 2
    STEP_TOO_SMALL = 3


@dataclass(frozen=True)
class Solution:
    """States [n, k, s] of n patients at k times (days); status and steps (tried, refused ones too) are [n]."""

    model: Model
    times: Floats
    states: Floats
    status: NDArray[np.int8]
    steps: NDArray[np.int64]

    def state(self, name: str) -> Floats:
        """One state by its name, [n, k], in the model's own unit; raises ModelError for a name it does not have."""
        if name not in self.model.state_names:
            known = ", ".join(self.model.state_names)
            raise ModelError(f"model {self.model.name} has no state {name}; it has {known}")
        view: Floats = self.states[:, :, self.model.state_names.index(name)]
        return view


@dataclass(frozen=True)
class Sensitivities:
    """A solution and its derivatives: tangents [n, k, s, len(wrt)], change of a state per change of a parameter."""

    solution: Solution
    wrt: tuple[str, ...]
    tangents: Floats
