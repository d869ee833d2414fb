"""Effector and memory CAR T cells against a tumour that inhibits them: elimination, memory, and escape (mice).

Explains inhibition by the tumour (IDO) and rescue by memory on re-challenge. Barros LRC et al. 2021 (CARTmath),
Cancers 13:2941, doi 10.3390/cancers13122941 (DOI recalled, to be confirmed before printing); curated models
BIOMD0000001019 and 1020 read. The curated HDLM-2 model infuses on day 45, the paper on day 42. Ranges span the
cell lines of SETS. Raji is stiff while tumour wakes memory cells (theta T above 1e5 /d): an implicit solver is needed.
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.form import Parameter

SOURCE: Final = "barros2021"

PARAMETERS = (
    Parameter("phi", 0.265, 0.265, 0.83, "1/d", "proliferation of effector cells", "fitted", SOURCE),
    Parameter("rho", 0.350, 0.350, 0.8300536, "1/d", "death and differentiation of effector cells", "fitted", SOURCE),
    Parameter("eps", 0.150, 0.150, 1.59795, "1/d", "effector cells that become memory", "fitted", SOURCE),
    Parameter("theta", 6e-6, 6e-6, 2.3e-4, "1/(cell d)", "memory cells that tumour wakes", "fitted", SOURCE),
    Parameter(
        "alpha", 4.5e-8, 1.248506e-8, 4.5e-8, "1/(cell d)", "inhibition of effector cells by tumour", "fitted", SOURCE
    ),
    Parameter("mu", 5e-3, 6.89e-7, 5e-3, "1/d", "death of memory cells", "fitted", SOURCE),
    Parameter("r", 0.05650026, 0.05650026, 0.5071721, "1/d", "growth of tumour", "fitted", SOURCE),
    Parameter("b", 1.404029e-12, 0.0, 1.404029e-12, "1/cell", "inverse of the largest tumour", "fitted", SOURCE),
    Parameter(
        "gamma", 3.715843e-6, 3.365388e-8, 3.715843e-6, "1/(cell d)", "killing by one effector cell", "fitted", SOURCE
    ),
    Parameter("t_0", 2e6, 2e6, 3e6, "cells", "tumour on day 0", "measured", SOURCE),
)
_RAJI: Final = {
    "phi": 0.83, "rho": 0.8300536, "eps": 1.59795, "theta": 2.3e-4, "alpha": 1.248506e-8, "mu": 6.89e-7,
    "r": 0.5071721, "b": 0.0, "gamma": 3.365388e-8, "t_0": 3e6,
}  # fmt: skip
SETS: Final[dict[str, dict[str, float]]] = {
    "HDLM-2": {},
    "Raji": _RAJI,
    "Raji IDO+": {**_RAJI, "alpha": 1.461699e-8},
    "Raji IDO+ with 1-MT": {**_RAJI, "alpha": 1.26166e-8},
}
DOSES: Final = {"HDLM-2": (42.0, 2e6), "Raji": (7.0, 1e7)}  # day and cells of the infusion


class State(NamedTuple):
    """Cells: effector and memory CAR T cells, tumour."""

    effector: Any
    memory: Any
    tumour: Any


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    woken = p.theta * now.tumour * now.memory
    return State(
        effector=(p.phi - p.rho - p.alpha * now.tumour) * now.effector + woken,
        memory=p.eps * now.effector - woken - p.mu * now.memory,
        tumour=(p.r * (1.0 - p.b * now.tumour) - p.gamma * now.effector) * now.tumour,
    )


def start(p: Any) -> State:
    """Give the state on the day of the graft: tumour only."""
    return State(0.0, 0.0, p.t_0)


def _infuse(now: State, p: Any, amount: Any) -> State:
    """Add `amount` CAR T cells."""
    return now._replace(effector=now.effector + amount)


def _challenge(now: State, p: Any, amount: Any) -> State:
    """Add `amount` tumour cells."""
    return now._replace(tumour=now.tumour + amount)


JUMPS = {"infuse": _infuse, "challenge": _challenge}
FLOORS = {"effector": 1.0, "memory": 1.0, "tumour": 1.0}
