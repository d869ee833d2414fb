"""CAR T cells expand on tumour until a set day, then contract to persisting cells; expansion and killing saturate.

Chaudhury A et al. 2020, "EC50 expansion and killing"; curated model BIOMD0000001025 read (no DOI confirmed). A
factor of cure stops growth of the tumour below a critical size, so that it vanishes without ever being zero.
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.arithmetic import log, maximum, where_positive
from carsequel.mechanism.form import Parameter

SOURCE: Final = "chaudhury2020"
TINY: Final = 1e-30

PARAMETERS = (
    Parameter("rho", 8.8, 8.8, 8.8, "1/d", "highest expansion", "assumed", SOURCE),
    Parameter("ec50_rho", 1.0, 1.0, 1.0, "cells/uL", "half saturation of expansion", "assumed", SOURCE),
    Parameter("k_e", 0.16, 0.16, 0.16, "1/d", "death of expanding cells after the peak", "assumed", SOURCE),
    Parameter("k_ep", 0.0012, 0.0012, 0.0012, "1/d", "expanding cells that come to persist", "assumed", SOURCE),
    Parameter("beta", 0.0032, 0.0032, 0.0032, "1/d", "death of persisting cells", "assumed", SOURCE),
    Parameter("t_max", 9.3, 9.3, 9.3, "d", "end of expansion", "assumed", SOURCE),
    Parameter("g", 0.2, 0.2, 0.2, "1/d", "growth of tumour", "assumed", SOURCE),
    Parameter("u_max", 1000.0, 1000.0, 1000.0, "cells/uL", "largest tumour", "assumed", SOURCE),
    Parameter("d", 0.35, 0.35, 0.35, "1/d", "highest killing per CAR T cell", "assumed", SOURCE),
    Parameter("ec50_d", 10.0, 10.0, 10.0, "cells/uL", "half saturation of killing", "assumed", SOURCE),
    Parameter("u_crit", 0.1, 0.1, 0.1, "cells/uL", "tumour below which it cannot grow", "assumed", SOURCE),
    Parameter("h", 3.0, 3.0, 3.0, "1", "steepness of that threshold", "assumed", SOURCE),
    Parameter("c_0", 10.0, 10.0, 10.0, "cells/uL", "CAR T cells at infusion", "assumed", SOURCE),
    Parameter("u_0", 900.0, 900.0, 900.0, "cells/uL", "tumour at infusion", "assumed", SOURCE),
)


class State(NamedTuple):
    """Cells/uL: expanding and persisting CAR T cells, tumour."""

    expanding: Any
    persisting: Any
    tumour: Any


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    after = t - p.t_max
    both = now.expanding + now.tumour
    expansion = p.rho * now.expanding * now.tumour / (p.ec50_rho + both)
    tumour = maximum(now.tumour, TINY)
    cure = 1.0 / (1.0 + (p.u_crit / tumour) ** p.h)
    growth = cure * p.g * now.tumour * (1.0 - log(tumour) / log(p.u_max))
    return State(
        expanding=where_positive(after, -(p.k_ep + p.k_e) * now.expanding, expansion),
        persisting=where_positive(after, p.k_ep * now.expanding - p.beta * now.persisting, 0.0),
        tumour=growth - p.d * now.expanding * now.tumour / (p.ec50_d + both),
    )


def start(p: Any) -> State:
    """Give the state at infusion."""
    return State(p.c_0, 0.0, p.u_0)


OUTPUTS = {"car": lambda now, p: now.expanding + now.persisting}
