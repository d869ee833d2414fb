"""CAR T cells, CD19-positive leukaemia and normal B cells as one predator with two kinds of prey.

Explains CD19-positive relapse once CAR T cells are lost, B-cell aplasia and its end, and why the dose hardly matters.
Leon-Triana O et al. 2021, Commun Nonlinear Sci Numer Simul 94:105570, doi 10.1016/j.cnsns.2020.105570 (DOI recalled,
to be confirmed before printing); curated models BIOMD0000001011 and 1012 read. Of 1012 the algebra of the paper is
used: there the progenitors grow without limit and one expansion term lacks the CAR T cells.
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.form import Parameter, Turnover

SOURCE: Final = "leon_triana2021"

PARAMETERS = (
    Parameter("rho_l", 1 / 30, 1 / 60, 1 / 20, "1/d", "growth of leukaemia; range recalled", "assumed", SOURCE),
    Parameter("tau_b", 60.0, 60.0, 60.0, "d", "life of a B cell", "assumed", SOURCE),
    Parameter("tau_c", 14.0, 14.0, 14.0, "d", "life of a CAR T cell", "assumed", SOURCE),
    Parameter("alpha", 4.5e-11, 4.5e-11, 4.5e-11, "1/(cell d)", "killing by one CAR T cell", "assumed", SOURCE),
    Parameter("k", 0.25, 0.25, 0.25, "1", "new CAR T cells per cell killed", "assumed", SOURCE),
    Parameter("tau_i", 6.0, 6.0, 6.0, "d", "time in which progenitors mature", "assumed", SOURCE),
    Parameter("beta", 0.1, 0.1, 0.1, "1", "CD19-positive share of the progenitors", "assumed", SOURCE),
    Parameter("c50", 1e9, 1e9, 1e9, "cells", "CAR T cells that halve the progenitors", "assumed", SOURCE),
    Parameter("i_0", 1e7, 0.0, 1e7, "cells", "B-cell progenitors; 0 leaves them out", "assumed", SOURCE),
    Parameter("c_0", 1e7, 1e6, 1e8, "cells", "CAR T cells infused", "assumed", SOURCE),
    Parameter("l_0", 5e10, 5e10, 5e10, "cells", "leukaemia at infusion", "assumed", SOURCE),
    Parameter("b_0", 2.5e10, 2.5e10, 2.5e10, "cells", "normal B cells at infusion", "assumed", SOURCE),
)


class State(NamedTuple):
    """Cells: CAR T cells, leukaemia, normal B cells."""

    car: Any
    leukaemia: Any
    b: Any


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    progenitors = p.i_0 / (1.0 + now.car / p.c50)
    prey = now.leukaemia + now.b + p.beta * progenitors
    return State(
        car=p.k * p.alpha * prey * now.car - now.car / p.tau_c,
        leukaemia=p.rho_l * now.leukaemia - p.alpha * now.leukaemia * now.car,
        b=progenitors / p.tau_i - p.alpha * now.b * now.car - now.b / p.tau_b,
    )


def start(p: Any) -> State:
    """Give the state at infusion."""
    return State(p.c_0, p.l_0, p.b_0)


def largest_car(p: Any) -> Any:
    """Give the bound that the CAR T cells can never pass where no cell is born: all prey turned into CAR T cells."""
    return p.c_0 + p.k * (p.l_0 + p.b_0)


def _leukaemia_turnover(t: Any, now: State, p: Any, given: Any) -> Turnover:
    return Turnover(p.rho_l, p.alpha * now.car, 0.0)


def _infuse(now: State, p: Any, amount: Any) -> State:
    """Add `amount` CAR T cells."""
    return now._replace(car=now.car + amount)


JUMPS = {"infuse": _infuse}
CLONES = {"leukaemia": _leukaemia_turnover}
