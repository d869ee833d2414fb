"""Antigen decides as a toggle switch whether memory cells renew, effectors expand and tire, or memory comes back.

Explains why complete, partial and no responders differ in kinetics; turnover of memory and potency of effectors, both
of the product, are the main determinants. Kirouac DC et al. 2023, Nat Biotechnol, doi 10.1038/s41587-023-01687-x;
equations read in a public re-implementation. The 36 fitted vectors (12 complete, 12 partial, 12 no responders, CLL) are
rows of `kirouac2023.csv`; the values here are the medians of the complete responders, as printed.
The two dose compartments empty within an hour and are solved in closed form, so that nothing in `rates` is stiff.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.mechanism.arithmetic import exp, maximum
from carsequel.mechanism.form import ModelError, Parameter
from carsequel.terms.tables import read_table

SOURCE: Final = "kirouac2023"
TINY: Final = 1e-20

PARAMETERS = (
    Parameter("b50", 2.0e9, 1.0e6, 1.0e10, "cells", "antigen at which the switch is half on", "fitted", SOURCE),
    Parameter("u_b", 0.050, 0.050, 0.051, "1/d", "growth of tumour", "assumed", SOURCE),
    Parameter("k_kill", 0.94, 1e-3, 1.0, "1/d", "highest killing of tumour", "fitted", SOURCE),
    Parameter("f_loss", 494.0, 284.8, 1000.0, "1/d", "loss of infused cells before they engraft", "fitted", SOURCE),
    Parameter("tk50", 1.1e6, 1.0e5, 1.0e9, "cells", "effectors of half the highest killing", "fitted", SOURCE),
    Parameter("k_t", 0.55, 0.2, 3.0, "1", "steepness of killing", "fitted", SOURCE),
    Parameter("k_b1", 0.99, 1e-3, 1.0, "1/d", "antigen made by a tumour cell", "fitted", SOURCE),
    Parameter("k_b2", 0.60, 1e-3, 1.0, "1/d", "clearance of antigen", "fitted", SOURCE),
    Parameter("u_m", 0.90, 1e-3, 1.0, "1/d", "divisions of memory cells", "fitted", SOURCE),
    Parameter("k_m", 0.76, 0.2, 3.0, "1", "steepness of self-renewal", "fitted", SOURCE),
    Parameter("f_max", 0.59, 0.5, 0.99, "1", "highest self-renewal of memory cells", "fitted", SOURCE),
    Parameter("k_e", 2.5, 0.2, 3.0, "1", "steepness of effector expansion", "fitted", SOURCE),
    Parameter("u_e", 0.96, 1e-3, 1.0, "1/d", "activation of early effectors", "fitted", SOURCE),
    Parameter("n", 5.0, 2.37, 12.0, "1", "divisions of an activated effector", "fitted", SOURCE),
    Parameter("k_ex", 0.36, 1e-3, 1.0, "1/d", "exhaustion of effectors", "fitted", SOURCE),
    Parameter("d_m", 0.35, 1e-3, 1.0, "1/d", "death of memory cells", "fitted", SOURCE),
    Parameter("d_e1", 0.029, 1e-3, 1.0, "1/d", "death of early effectors", "fitted", SOURCE),
    Parameter("d_e2", 0.44, 1e-3, 1.0, "1/d", "death of effectors", "fitted", SOURCE),
    Parameter("d_x", 0.0059, 1e-3, 1.0, "1/d", "death of exhausted cells", "fitted", SOURCE),
    Parameter("b_max", 2.3e11, 1.0e8, 1.0e12, "cells", "largest tumour", "fitted", SOURCE),
    Parameter("k_x", 0.69, 0.2, 3.0, "1", "steepness of exhaustion", "fitted", SOURCE),
    Parameter("r_m", 0.99, 1e-3, 1.0, "1/d", "effectors that become memory without antigen", "fitted", SOURCE),
    Parameter("k_r", 2.7, 0.2, 3.0, "1", "steepness of return to memory", "fitted", SOURCE),
    Parameter(
        "f_tm", 3.75, 1.0, 10.0, "1/d", "memory share of the product, on the scale of the paper", "fitted", SOURCE
    ),
    Parameter("f_te1", 7.86, 1.0, 10.0, "1/d", "early effector share of the product", "fitted", SOURCE),
    Parameter("f_te2", 49.7, 30.0, 70.0, "1/d", "effector share of the product", "fitted", SOURCE),
    Parameter("f_tx", 23.6, 5.0, 30.0, "1/d", "exhausted share of the product", "fitted", SOURCE),
    Parameter("dose", 1.0e8, 1.0e8, 1.0e8, "cells", "CAR T cells infused on day 0", "assumed", SOURCE),
    Parameter("b_0", 1.0e10, 1.0e10, 1.0e10, "cells", "tumour, and its antigen, at infusion", "assumed", SOURCE),
)


class State(NamedTuple):
    """Cells: memory, early effectors, effectors, exhausted, tumour; and its antigen, counted in cells."""

    memory: Any
    early: Any
    effector: Any
    exhausted: Any
    tumour: Any
    antigen: Any


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    renewal = p.f_max * (1.0 - _hill(now.antigen, p.b50, p.k_m))
    activated = p.u_e * _hill(now.antigen, p.b50, p.k_e) * now.early
    tired = p.k_ex * _hill(now.antigen, p.b50, p.k_x) * now.effector
    back = p.r_m * (1.0 - _hill(now.antigen, p.b50, p.k_r)) * now.effector
    differentiated = p.u_m * (1.0 - renewal) * now.memory
    arriving = _arriving(t, p)
    return State(
        memory=p.u_m * renewal * now.memory - differentiated - p.d_m * now.memory + back + p.f_tm * arriving,
        early=2.0 * differentiated - activated - p.d_e1 * now.early + p.f_te1 * arriving,
        effector=2.0**p.n * activated - tired - p.d_e2 * now.effector - back + p.f_te2 * arriving,
        exhausted=tired - p.d_x * now.exhausted + p.f_tx * arriving,
        tumour=p.u_b * now.tumour * (1.0 - now.tumour / p.b_max)
        - p.k_kill * now.tumour * _hill(now.effector, p.tk50, p.k_t),
        antigen=p.k_b1 * now.tumour - p.k_b2 * now.antigen,
    )


def start(p: Any) -> State:
    """Give the state at infusion: no CAR T cell has engrafted yet."""
    return State(0.0, 0.0, 0.0, 0.0, p.b_0, p.b_0)


def _hill(x: Any, half: Any, steepness: Any) -> Any:
    return 1.0 / (1.0 + (half / maximum(x, TINY)) ** steepness)


def _emptying(p: Any) -> Any:
    return p.f_tm + p.f_te1 + p.f_te2 + p.f_tx


def _arriving(t: Any, p: Any) -> Any:
    """Cells of the dose that were not lost and have not engrafted: D' = -(f_loss + 1) D, D2' = D - emptying D2."""
    quick, slow = p.f_loss + 1.0, _emptying(p)
    return p.dose / (quick - slow) * (exp(-slow * t) - exp(-quick * t))


def _infuse(now: State, p: Any, amount: Any) -> State:
    """Add a later dose of `amount` cells, engrafted at once."""
    share = amount / (p.f_loss + 1.0) / _emptying(p)
    return now._replace(
        memory=now.memory + share * p.f_tm,
        early=now.early + share * p.f_te1,
        effector=now.effector + share * p.f_te2,
        exhausted=now.exhausted + share * p.f_tx,
    )


def read_vectors(group: str) -> dict[str, NDArray[np.float64]]:
    """Give the 12 fitted vectors of a group (CR, PR or NR) as name -> [12] values; raises ModelError for another group.

    >>> float(read_vectors("NR")["u_m"].min())
    0.001
    """
    table = read_table("carsequel.mechanism.published", "kirouac2023.csv").filter(pl.col("group") == group)
    if table.is_empty():
        raise ModelError("group is CR, PR or NR: complete, partial or no responders")
    return {name: table.get_column(name).cast(pl.Float64).to_numpy() for name in table.columns[2:-1]}


JUMPS = {"infuse": _infuse}
OUTPUTS = {"car": lambda now, p: now.memory + now.early + now.effector + now.exhausted}
