"""CAR T cells grow in the space that lymphodepletion made, compete with normal T cells, and cure by chance.

Explains expansion as recovery of a depleted compartment, decline as a disadvantage against normal T cells, cure as
extinction of the last tumour cells, and why lymphodepletion is needed before a second infusion.
Kimmel GJ, Locke FL, Altrock PM 2021, Proc R Soc B 288:20210229, doi 10.1098/rspb.2021.0229 (CC BY); text and curated
model BIOMD0000001041 read. The formula of `r_c` in the prose has a stray bracket; figure and curated model agree on
the form here. The tumour is kept in cells (1 mL = 1e9), so that its last cells are whole.
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.arithmetic import log, maximum
from carsequel.mechanism.form import Parameter, Turnover

SOURCE: Final = "kimmel2021"
CELLS_PER_UL: Final = 5e8  # whole-body cells in 1 cell/uL, as the paper counts
PROGRESSION: Final = 1.2  # times baseline burden, as the paper counts
TINY: Final = 1e-30

PARAMETERS = (
    Parameter("k_n", 500.0, 500.0, 500.0, "cells/uL", "normal T cells at rest", "assumed", SOURCE),
    Parameter("k_c", 139.0, 123.0, 193.0, "cells/uL", "T cells at which CAR T cells stop growing", "fitted", SOURCE),
    Parameter("r_n", 0.170, 0.165, 0.170, "1/d", "recovery of normal T cells", "fitted", SOURCE),
    Parameter("rho_c", 0.0251, 0.0208, 0.0354, "1/d", "growth of CAR T cells at rest", "fitted", SOURCE),
    Parameter(
        "a", 0.423, 0.100, 0.423, "1", "width of the growth signal; printed quartiles 0.100-0.302", "fitted", SOURCE
    ),
    Parameter(
        "b",
        0.525,
        0.467,
        0.525,
        "1/d",
        "growth signal after depletion; printed quartiles 0.467-0.522",
        "fitted",
        SOURCE,
    ),
    Parameter("g_b", 1.15, 0.64, 1.35, "1/d", "highest killing of tumour", "fitted", SOURCE),
    Parameter("k_b", 4.05, 2.80, 6.25, "cells/uL", "CAR T cells of half the highest killing", "fitted", SOURCE),
    Parameter(
        "r_b", 0.01, 0.01, 0.5, "1/d", "net growth of tumour; curves drawn for 0.105, 0.19, 0.265", "assumed", SOURCE
    ),
    Parameter("n_0", 6.0, 2.0, 12.0, "cells/uL", "normal T cells at infusion", "fitted", SOURCE),
    Parameter("c_0", 0.36, 0.36, 0.36, "cells/uL", "CAR T cells infused", "assumed", SOURCE),
    Parameter("b_0", 9.486e10, 2.3e9, 1.3e12, "cells", "tumour at infusion", "fitted", SOURCE),
)


class State(NamedTuple):
    """Normal T cells and CAR T cells in cells/uL, tumour in cells."""

    normal: Any
    car: Any
    tumour: Any


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    total = now.normal + now.car
    lack = total - p.k_n
    r_c = p.rho_c + p.b * lack * lack / (p.a * total * total + lack * lack)
    return State(
        normal=-p.r_n * now.normal * log(maximum(total, TINY) / p.k_n),
        car=-r_c * now.car * log(maximum(total, TINY) / p.k_c),
        tumour=(p.r_b - _killing(now, p)) * now.tumour,
    )


def start(p: Any) -> State:
    """Give the state at infusion."""
    return State(p.n_0, p.c_0, p.b_0)


def _killing(now: State, p: Any) -> Any:
    return p.g_b * now.car / (p.k_b + now.car)


def _tumour_turnover(t: Any, now: State, p: Any, given: Any) -> Turnover:
    return Turnover(p.r_b, _killing(now, p), 0.0)


def _lymphodeplete(now: State, p: Any, amount: Any) -> State:
    """Leave `amount` of the T cells."""
    return State(now.normal * amount, now.car * amount, now.tumour)


def _infuse(now: State, p: Any, amount: Any) -> State:
    """Add `amount` doses of CAR T cells."""
    return State(now.normal, now.car + amount * p.c_0, now.tumour)


JUMPS = {"lymphodeplete": _lymphodeplete, "infuse": _infuse}
CLONES = {"tumour": _tumour_turnover}
OUTPUTS = {"car_cells": lambda now, p: CELLS_PER_UL * now.car, "lymphocytes": lambda now, p: now.normal + now.car}
