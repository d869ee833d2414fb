"""Lymphodepleting chemotherapy makes room for CAR T cells, or kills them when they come too late or too early.

Explains why chemotherapy alone and CAR T cells alone fail where both together clear, and the cost of a longer rest.
Owens K, Bozic I 2021, Bull Math Biol 83:42, doi 10.1007/s11538-021-00869-5 (DOI recalled, to be confirmed before
printing); text read. As printed (77 uM/d for half an hour on 5 days, loss 0.9 /d) the drug peaks at 2.65 uM, not at
the quoted 3.34 uM, and the contrast of 3 against 5 days is lost; doses times QUOTED_PEAK restore both.
Ranges span the four patients of SETS.
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.arithmetic import exp, log, maximum
from carsequel.mechanism.form import Parameter

SOURCE: Final = "owens2021"
TINY: Final = 1e-9
INFUSION: Final = 1 / 48  # half an hour, in days
EFFECTIVE: Final = 0.01  # share of infused CAR T cells that count
REGIMENS: Final = {"C5": (77.0, 5), "C3": (125.0, 3)}  # uM/d while infused, days
QUOTED_PEAK: Final = 97 / 77  # factor on the dose that brings C5 to the quoted 3.34 uM

PARAMETERS = (
    Parameter("a", 0.255, 0.176, 0.514, "1/d", "growth of tumour", "fitted", SOURCE),
    Parameter("capacity", 2e12, 9.804e8, 2e12, "cells", "largest tumour (1/b)", "assumed", SOURCE),
    Parameter("d_e", 2.03, 2.03, 5.8, "1/d", "highest killing by effector cells", "fitted", SOURCE),
    Parameter("d_c", 2.25, 2.25, 2.25, "1/d", "highest killing by CAR T cells", "fitted", SOURCE),
    Parameter("l", 1.395, 1.36, 1.43, "1", "exponent of killing", "fitted", SOURCE),
    Parameter("s", 0.305, 0.25, 0.36, "1", "steepness of killing", "fitted", SOURCE),
    Parameter("g", 1.4e3, 1.4e3, 4.7e4, "cells/d", "new effector cells", "fitted", SOURCE),
    Parameter("j_e", 0.011, 0.00746, 0.027, "1/d", "recruitment of effector cells", "fitted", SOURCE),
    Parameter("j_c", 0.242, 0.165, 0.60, "1/d", "recruitment of CAR T cells", "fitted", SOURCE),
    Parameter("k_room", 1.65e9, 1.65e8, 1.65e9, "cells", "T cells that fill the room (K)", "fitted", SOURCE),
    Parameter("k", 2.019e5, 2.019e5, 7e7, "cells^2/d^2", "half saturation of recruitment", "fitted", SOURCE),
    Parameter("m_e", 0.007, 0.007, 0.034, "1/d", "death of effector cells", "fitted", SOURCE),
    Parameter("m_c", 0.0293, 0.0293, 0.0293, "1/d", "death of CAR T cells", "fitted", SOURCE),
    Parameter("q_e", 3.42e-11, 3.42e-11, 3.42e-10, "1/(cell d)", "effector cells lost to tumour", "fitted", SOURCE),
    Parameter("q_c", 3e-11, 3e-11, 1.53e-9, "1/(cell d)", "CAR T cells lost to tumour", "fitted", SOURCE),
    Parameter("k_t", 0.7, 0.7, 0.7, "1/d", "highest killing of tumour by the drug", "assumed", SOURCE),
    Parameter("k_e", 0.6, 0.6, 0.6, "1/d", "highest killing of effector cells by the drug", "assumed", SOURCE),
    Parameter("k_c", 0.6, 0.6, 0.6, "1/d", "highest killing of CAR T cells by the drug", "assumed", SOURCE),
    Parameter("gamma", 0.9, 0.9, 0.9, "1/d", "loss of the drug", "assumed", SOURCE),
    Parameter("t_0", 5e9, 1e9, 1e10, "cells", "tumour before chemotherapy", "assumed", SOURCE),
    Parameter("e_0", 4e5, 4e5, 4e5, "cells", "effector cells before chemotherapy", "assumed", SOURCE),
)
_MELANOMA: Final = {
    "a": 0.514, "capacity": 9.804e8, "g": 1.3e4, "j_e": 0.027, "j_c": 0.60, "k_room": 1.65e8, "k": 2e7,
    "m_e": 0.02, "m_c": 0.0293, "q_e": 3.42e-10, "q_c": 1.53e-9, "d_c": 2.25,
}  # fmt: skip
SETS: Final[dict[str, dict[str, float]]] = {
    "P1 DLBCL": {},
    "P2 CLL": {
        "a": 0.176, "l": 1.419, "g": 4.7e4, "j_e": 0.00746, "j_c": 0.165, "k": 7e7, "m_e": 0.034, "q_e": 6.716e-11,
    },
    "P3 melanoma": {**_MELANOMA, "d_e": 5.8, "l": 1.36, "s": 0.25},
    "P4 melanoma": {**_MELANOMA, "d_e": 4.23, "l": 1.43, "s": 0.36},
}  # fmt: skip


class State(NamedTuple):
    """Cells: tumour, effector cells, CAR T cells; and the drug in uM."""

    tumour: Any
    effector: Any
    car: Any
    drug: Any


class Given(NamedTuple):
    """What is being given: drug, in uM/d while it runs."""

    chemotherapy: Any = 0.0


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    by_effector = _killed(now.tumour, now.effector, p.d_e, p)
    by_car = _killed(now.tumour, now.car, p.d_c, p)
    drug = 1.0 - exp(-now.drug)
    room = log(maximum(now.effector + now.car, TINY) / p.k_room)
    return State(
        tumour=p.a * now.tumour * (1.0 - now.tumour / p.capacity) - by_effector - by_car - p.k_t * drug * now.tumour,
        effector=p.g
        - (p.m_e + p.j_e * room * _recruited(by_effector, p) + p.q_e * now.tumour + p.k_e * drug) * now.effector,
        car=-(p.m_c + p.j_c * room * _recruited(by_car, p) + p.q_c * now.tumour + p.k_c * drug) * now.car,
        drug=given.chemotherapy - p.gamma * now.drug,
    )


def start(p: Any) -> State:
    """Give the state before chemotherapy."""
    return State(p.t_0, p.e_0, 0.0, 0.0)


def _killed(tumour: Any, killers: Any, highest: Any, p: Any) -> Any:
    """Tumour cells killed per day: highest (i/T)^l / (s + (i/T)^l) T, finite where one of them is none."""
    ratio = maximum(tumour, 0.0) / maximum(killers, TINY)
    return highest * tumour / (1.0 + p.s * ratio**p.l)


def _recruited(killed: Any, p: Any) -> Any:
    return killed * killed / (p.k + killed * killed)


def _infuse(now: State, p: Any, amount: Any) -> State:
    """Add a product of `amount` CAR T cells, of which 1 % count."""
    return now._replace(car=now.car + EFFECTIVE * amount)


JUMPS = {"infuse": _infuse}
FLOORS = {"tumour": 1.0}
