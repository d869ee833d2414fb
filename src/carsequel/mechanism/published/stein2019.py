"""Tisagenlecleucel in blood: exponential growth to a peak, then a fast and a slow decline (90 children with B-ALL).

Stein AM et al. 2019, CPT Pharmacometrics Syst Pharmacol 8:285, doi 10.1002/psp4.12388; read in a public
re-implementation (equations and table). Ranges are the 5-95 % band of the random effects read as variances. Neither
tocilizumab nor steroids were judged to change expansion: their factors act only while given.
"""

from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.mechanism.arithmetic import log, where_positive
from carsequel.mechanism.form import ModelError, Parameter

SOURCE: Final = "stein2019"
RESIDUAL: Final = 0.56  # SD of the natural log of one measurement

PARAMETERS = (
    Parameter("foldx", 3900.0, 305.0, 49900.0, "1", "peak over the level right after infusion", "fitted", SOURCE),
    Parameter("tmax", 9.3, 3.37, 25.7, "d", "day of the peak", "fitted", SOURCE),
    Parameter("cmax", 24000.0, 6370.0, 90500.0, "copies/ug", "level at the peak", "fitted", SOURCE),
    Parameter("alpha", 0.16, 0.0333, 0.769, "1/d", "fast decline", "fitted", SOURCE),
    Parameter("fb", 0.0079, 0.00181, 0.0345, "1", "share of the peak that declines slowly", "fitted", SOURCE),
    Parameter("beta", 0.0032, 0.00069, 0.0148, "1/d", "slow decline", "fitted", SOURCE),
    Parameter("f_toci", 1.2, 1.0, 1.2, "1", "factor on growth under tocilizumab, not judged real", "fitted", SOURCE),
    Parameter("f_ster", 1.0, 1.0, 1.0, "1", "factor on growth under steroids", "fitted", SOURCE),
)
# Printed beside the estimates without saying whether they are variances or SDs of the natural log.
RANDOM_EFFECTS: Final = {"foldx": 2.4, "tmax": 0.38, "cmax": 0.65, "alpha": 0.91, "fb": 0.80, "beta": 0.86}


class State(NamedTuple):
    """Effector and memory CAR T cells, in transgene copies per ug of DNA."""

    effector: Any
    memory: Any


class Given(NamedTuple):
    """What is being given; 1 while it lasts."""

    tocilizumab: Any = 0.0
    steroids: Any = 0.0


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    comedication = (1.0 + (p.f_toci - 1.0) * given.tocilizumab) * (1.0 + (p.f_ster - 1.0) * given.steroids)
    growth = log(p.foldx) / p.tmax * comedication
    after = t - p.tmax
    return State(
        effector=where_positive(after, -p.alpha, growth) * now.effector,
        memory=where_positive(after, p.fb * (p.alpha - p.beta) * now.effector - p.beta * now.memory, 0.0),
    )


def start(p: Any) -> State:
    """Give the state right after infusion."""
    return State(p.cmax / p.foldx, 0.0)


def draw_patients(
    n: int, generator: np.random.Generator, *, read_as: Literal["variance", "sd"]
) -> dict[str, NDArray[np.float64]]:
    """Draw n patients from the printed random effects, read as variances or as SDs of the natural log.

    Gives name -> [n] values. The paper does not say which; the caller must. Raises ModelError for another word.
    """
    if read_as not in ("variance", "sd"):
        raise ModelError("read_as is variance or sd: how the printed random effects are to be read")
    middle = {row.name: row.value for row in PARAMETERS}
    spread = {name: effect**0.5 if read_as == "variance" else effect for name, effect in RANDOM_EFFECTS.items()}
    return {name: middle[name] * np.exp(sd * generator.standard_normal(n)) for name, sd in spread.items()}


OUTPUTS = {"copies": lambda now, p: now.effector + now.memory}
