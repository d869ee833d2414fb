"""CAR T cells as predator, tumour as prey: the plainest of the models compared, with a quantity that never changes.

Chaudhury A et al. 2020, "Lotka-Volterra"; curated model BIOMD0000001024 read (no DOI confirmed).
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.arithmetic import log
from carsequel.mechanism.form import Parameter

SOURCE: Final = "chaudhury2020"

PARAMETERS = (
    Parameter("rho", 0.0018, 0.0018, 0.0018, "uL/d", "expansion on tumour", "assumed", SOURCE),
    Parameter("k_e", 0.16, 0.16, 0.16, "1/d", "death of CAR T cells", "assumed", SOURCE),
    Parameter("g", 0.15, 0.15, 0.15, "1/d", "growth of tumour", "assumed", SOURCE),
    Parameter("d", 1.5e-4, 1.5e-4, 1.5e-4, "uL/d", "killing of tumour", "assumed", SOURCE),
    Parameter("c_0", 10.0, 10.0, 10.0, "cells/uL", "CAR T cells at infusion", "assumed", SOURCE),
    Parameter("u_0", 900.0, 900.0, 900.0, "cells/uL", "tumour at infusion", "assumed", SOURCE),
)


class State(NamedTuple):
    """Cells/uL: CAR T cells and tumour."""

    car: Any
    tumour: Any


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    return State(
        car=(p.rho * now.tumour - p.k_e) * now.car,
        tumour=(p.g - p.d * now.car) * now.tumour,
    )


def start(p: Any) -> State:
    """Give the state at infusion."""
    return State(p.c_0, p.u_0)


OUTPUTS = {
    "conserved": lambda now, p: p.rho * now.tumour - p.k_e * log(now.tumour) + p.d * now.car - p.g * log(now.car)
}
