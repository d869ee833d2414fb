"""A solid tumour that inhibits CAR T cells: with one target it is held, with a second on B cells it is cleared.

Explains how B cells, as a second target, feed CAR T cells where the tumour suppresses them.
Leon-Triana O et al. 2021, Cancers 13:703, doi 10.3390/cancers13040703 (DOI recalled, to be confirmed before printing);
curated models BIOMD0000001013 (single) and 1014 (dual) read. `SETS["single"]` leaves the second target out.
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.form import Parameter

SOURCE: Final = "leon_triana2021dual"

PARAMETERS = (
    Parameter("rho_c", 0.9, 0.9, 0.9, "1/d", "growth of CAR T cells on tumour", "assumed", SOURCE),
    Parameter("rho_b", 0.9, 0.9, 0.9, "1/d", "growth of CAR T cells on B cells", "assumed", SOURCE),
    Parameter("g_t", 1e10, 1e10, 1e10, "cells", "tumour of half the growth", "assumed", SOURCE),
    Parameter("g_b", 1e10, 1e10, 1e10, "cells", "B cells of half the growth", "assumed", SOURCE),
    Parameter("g_c", 2e9, 2e9, 2e9, "cells", "CAR T cells of half the inhibition", "assumed", SOURCE),
    Parameter("alpha_1", 0.02, 0.02, 0.04, "1/d", "inhibition by tumour, per CAR T cell", "assumed", SOURCE),
    Parameter("tau_c", 7.0, 7.0, 7.0, "d", "life of a CAR T cell", "assumed", SOURCE),
    Parameter("rho_t", 0.02, 0.02, 0.02, "1/d", "growth of tumour", "assumed", SOURCE),
    Parameter("alpha_2", 2.5e-10, 2.5e-10, 2.5e-10, "1/(cell d)", "killing by one CAR T cell", "assumed", SOURCE),
    Parameter("k", 0.2, 0.2, 0.2, "1/d", "CAR T cells that go from blood to tumour", "assumed", SOURCE),
    Parameter("alpha_b", 4.5e-11, 4.5e-11, 4.5e-11, "1/(cell d)", "killing of B cells", "assumed", SOURCE),
    Parameter("tau_b", 60.0, 60.0, 60.0, "d", "life of a B cell", "assumed", SOURCE),
    Parameter("c_0", 0.0, 0.0, 4e8, "cells", "CAR T cells in the tumour at the start", "assumed", SOURCE),
    Parameter("off_0", 2e8, 0.0, 2e8, "cells", "CAR T cells in blood at the start", "assumed", SOURCE),
    Parameter("t_0", 3.35e10, 6.7e9, 3.35e10, "cells", "tumour at the start", "assumed", SOURCE),
    Parameter("b_0", 2.5e10, 0.0, 2.5e10, "cells", "B cells at the start", "assumed", SOURCE),
)
SETS: Final[dict[str, dict[str, float]]] = {
    "dual": {},
    "single": {"alpha_1": 0.04, "c_0": 4e8, "off_0": 0.0, "t_0": 6.7e9, "b_0": 0.0},
}


class State(NamedTuple):
    """Cells: CAR T cells in the tumour, tumour, CAR T cells off the tumour, B cells."""

    car: Any
    tumour: Any
    off: Any
    b: Any


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    inhibited = p.alpha_1 * now.car * now.tumour / (p.g_c + now.car)
    return State(
        car=p.k * now.off + p.rho_c * now.car * now.tumour / (p.g_t + now.tumour) - inhibited - now.car / p.tau_c,
        tumour=(p.rho_t - p.alpha_2 * now.car) * now.tumour,
        off=(p.rho_b * now.b / (p.g_b + now.b) - 1.0 / p.tau_c - p.k) * now.off,
        b=-(p.alpha_b * now.off + 1.0 / p.tau_b) * now.b,
    )


def start(p: Any) -> State:
    """Give the state at infusion."""
    return State(p.c_0, p.t_0, p.off_0, p.b_0)


def _infuse(now: State, p: Any, amount: Any) -> State:
    """Add `amount` CAR T cells to the blood."""
    return now._replace(off=now.off + amount)


JUMPS = {"infuse": _infuse}
FLOORS = {"tumour": 1.0}
