"""Antigen density and burden drive BCMA CAR T cells: receptor complexes set both expansion and killing (myeloma).

Explains why density of antigen and baseline burden matter more than the dose. Singh AP et al. 2021, CPT Pharmacometrics
Syst Pharmacol 10:362, doi 10.1002/psp4.12598; abstract and a public re-implementation read. Where that departs from the
paper's algebra (memory cells gain on leaving the marrow, killing is multiplied by effectors once more, dissociation ten
times faster) the algebra of the paper is used. Concentrations are per litre of blood or marrow.
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.arithmetic import maximum
from carsequel.mechanism.form import Parameter

SOURCE: Final = "singh2021"
AVOGADRO: Final = 6.02214076e23
SECONDS: Final = 86400.0
TINY: Final = 1e-12

PARAMETERS = (
    Parameter("k_12", 1.71, 1.71, 1.71, "1/d", "from blood to marrow", "fitted", SOURCE),
    Parameter("k_21", 0.176, 0.176, 0.176, "1/d", "from marrow to blood", "fitted", SOURCE),
    Parameter("v_b", 5.0, 5.0, 5.0, "L", "blood", "assumed", SOURCE),
    Parameter("v_t", 3.65, 3.65, 3.65, "L", "marrow", "assumed", SOURCE),
    Parameter("kel_e", 113.0, 113.0, 113.0, "1/d", "loss of effector cells from blood", "fitted", SOURCE),
    Parameter("kel_m", 0.219, 0.219, 0.219, "1/d", "loss of memory cells from blood", "fitted", SOURCE),
    Parameter("kexp_max", 1.73, 0.9168, 1.73, "1/d", "highest expansion", "fitted", SOURCE),
    Parameter("ec50", 1.15, 1.15, 10.0, "1/cell", "complexes per CAR T cell of half the expansion", "fitted", SOURCE),
    Parameter("r_m", 2e-5, 2e-5, 2e-5, "1/d", "effector cells that become memory", "fitted", SOURCE),
    Parameter("ag_car", 15000.0, 15000.0, 15000.0, "1/cell", "receptors on a CAR T cell", "measured", SOURCE),
    Parameter("ag_taa", 12590.0, 222.0, 12590.0, "1/cell", "antigen on a tumour cell", "measured", SOURCE),
    Parameter("kon", 7.1e4, 7.1e4, 7.1e4, "1/(M s)", "binding", "measured", SOURCE),
    Parameter("koff", 2.39e-3, 2.39e-3, 2.39e-2, "1/s", "dissociation", "measured", SOURCE),
    Parameter("kkill_max", 0.343, 0.343, 0.612, "1/d", "highest killing", "fitted", SOURCE),
    Parameter("kc50", 2.24, 2.24, 2.24, "1/cell", "complexes per tumour cell of half the killing", "fitted", SOURCE),
    Parameter("kg", 0.008, 0.008, 0.0888, "1/d", "growth of tumour", "fitted", SOURCE),
    Parameter("k_m_protein", 0.117, 0.117, 0.117, "1/d", "turnover of M-protein", "fitted", SOURCE),
    Parameter("g_m_protein", 0.215, 0.215, 0.215, "1", "power of burden in making M-protein", "fitted", SOURCE),
    Parameter("k_sbcma", 0.7, 0.7, 0.7, "1/d", "turnover of soluble BCMA", "fitted", SOURCE),
    Parameter("dose", 4.5e8, 5e7, 8e8, "cells", "CAR T cells infused", "measured", SOURCE),
    Parameter(
        "tumour_0", 1e9, 1e8, 2.5e9, "cells/L", "tumour in marrow; range of the re-implementation", "assumed", SOURCE
    ),
)


class State(NamedTuple):
    """CAR T cells (effector, memory) in blood and marrow, complexes and tumour per litre; M-protein and soluble BCMA
    relative to the start."""

    effector_blood: Any
    memory_blood: Any
    effector: Any
    memory: Any
    complexes: Any
    tumour: Any
    m_protein: Any
    sbcma: Any


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    bound_per_car = now.complexes / maximum(now.effector + now.memory, TINY)
    bound_per_tumour = now.complexes / maximum(now.tumour, TINY)
    expansion = p.kexp_max * bound_per_car / (p.ec50 + bound_per_car)
    killing = p.kkill_max * bound_per_tumour / (p.kc50 + bound_per_tumour)
    in_e, in_m = _inflow(now.effector_blood, now.effector, p), _inflow(now.memory_blood, now.memory, p)
    per_cell = p.kon * SECONDS / AVOGADRO
    free_car = (now.effector + now.memory) * p.ag_car - now.complexes
    free_antigen = now.tumour * p.ag_taa - now.complexes
    burden = maximum(now.tumour, 0.0) / p.tumour_0
    return State(
        effector_blood=-in_e / p.v_b - p.kel_e * now.effector_blood,
        memory_blood=-in_m / p.v_b - p.kel_m * now.memory_blood,
        effector=in_e / p.v_t + (expansion - p.r_m) * now.effector,
        memory=in_m / p.v_t + p.r_m * now.effector,
        complexes=per_cell * free_car * free_antigen - p.koff * SECONDS * now.complexes,
        tumour=(p.kg - killing) * now.tumour,
        m_protein=p.k_m_protein * (maximum(burden, TINY) ** p.g_m_protein - now.m_protein),
        sbcma=p.k_sbcma * (burden - now.sbcma),
    )


def start(p: Any) -> State:
    """Give the state at infusion."""
    return State(p.dose / p.v_b, 0.0, 0.0, 0.0, 0.0, p.tumour_0, 1.0, 1.0)


def _inflow(blood: Any, marrow: Any, p: Any) -> Any:
    """Cells per day that go from blood to marrow, net."""
    return p.k_12 * p.v_b * blood - p.k_21 * p.v_t * marrow


def _infuse(now: State, p: Any, amount: Any) -> State:
    """Add `amount` CAR T cells to the blood."""
    return now._replace(effector_blood=now.effector_blood + amount / p.v_b)


JUMPS = {"infuse": _infuse}
FLOORS = {"tumour": 0.27}
OUTPUTS = {"car_blood": lambda now, p: now.effector_blood + now.memory_blood}
