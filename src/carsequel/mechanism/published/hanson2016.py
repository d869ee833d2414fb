"""Cytokine release: killing feeds inflammation, inflammation wakes more CAR T cells (B-ALL).

Explains toxicity as positive feedback between tumour burden, effector cells and inflammation, and what blunts it.
Hanson S et al. 2016, bioRxiv, doi 10.1101/049908; curated model BIOMD0000000837 read. There the time is in hours; `t`
is in days here and every rate is multiplied by 24. Two constant inflows are left out by the public conversions of that
model: 200 /uL/h into inflammation (`p_0`) is published, 0.4 /uL/h into lymphocytes (`p_2`) is inferred.
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.arithmetic import maximum
from carsequel.mechanism.form import Parameter

SOURCE: Final = "hanson2016"
HOURS: Final = 24.0

PARAMETERS = (
    Parameter("n", 6.0, 6.0, 6.0, "1", "divisions of a woken memory cell", "assumed", SOURCE),
    Parameter("a_1", 4e-7, 4e-7, 4e-7, "uL/h", "waking of cytotoxic memory cells", "assumed", SOURCE),
    Parameter("a_2", 2.0, 2.0, 2.0, "uL", "support by helper cells", "assumed", SOURCE),
    Parameter("a_3", 8e-5, 8e-5, 8e-5, "uL/h", "waking of helper memory cells", "assumed", SOURCE),
    Parameter("b", 800.0, 800.0, 800.0, "1/uL", "inflammation of half the waking", "assumed", SOURCE),
    Parameter("p_0", 200.0, 200.0, 200.0, "1/(uL h)", "inflammation without tumour", "assumed", SOURCE),
    Parameter("p_1", 0.002, 0.002, 0.002, "uL/h", "inflammation from killing", "assumed", SOURCE),
    Parameter("p_2", 0.4, 0.4, 0.4, "1/(uL h)", "new lymphocytes; inferred", "assumed", SOURCE),
    Parameter("d_1", 2e-4, 2e-4, 2e-4, "uL/h", "killing of tumour", "assumed", SOURCE),
    Parameter("d_2", 1.5, 1.5, 1.5, "1/h", "decay of inflammation", "assumed", SOURCE),
    Parameter("d_3", 0.004, 0.004, 0.004, "1/h", "death of cytotoxic effector cells", "assumed", SOURCE),
    Parameter("d_4", 0.004, 0.004, 0.004, "1/h", "death of helper effector cells", "assumed", SOURCE),
    Parameter("d_5", 2e-4, 2e-4, 2e-4, "1/h", "death of lymphocytes", "assumed", SOURCE),
    Parameter("r_1", 0.003, 0.003, 0.003, "1/h", "growth of tumour", "assumed", SOURCE),
    Parameter("r_2", 0.1, 0.1, 0.1, "1/h", "growth of cytotoxic memory cells", "assumed", SOURCE),
    Parameter("r_3", 0.1, 0.1, 0.1, "1/h", "growth of helper memory cells", "assumed", SOURCE),
    Parameter("r_4", 0.1, 0.1, 0.1, "1/h", "growth of lymphocytes", "assumed", SOURCE),
    Parameter("k", 4800.0, 4800.0, 4800.0, "cells/uL", "largest tumour", "assumed", SOURCE),
    Parameter("room", 1600.0, 1600.0, 1600.0, "cells/uL", "lymphocytes that fill the room (l)", "assumed", SOURCE),
    Parameter("car_0", 10.0, 10.0, 10.0, "cells/uL", "each of the four kinds of CAR T cell", "assumed", SOURCE),
    Parameter("lymphocytes_0", 1600.0, 1600.0, 1600.0, "cells/uL", "lymphocytes at infusion", "assumed", SOURCE),
    Parameter("inflammation_0", 140.0, 140.0, 140.0, "1/uL", "inflammation at infusion", "assumed", SOURCE),
    Parameter("tumour_0", 300.0, 300.0, 300.0, "cells/uL", "malignant B cells at infusion", "assumed", SOURCE),
)


class State(NamedTuple):
    """Per uL: cytotoxic and helper CAR T cells (memory, effector), lymphocytes, inflammation, malignant B cells."""

    cytotoxic_memory: Any
    cytotoxic: Any
    helper_memory: Any
    helper: Any
    lymphocytes: Any
    inflammation: Any
    tumour: Any


class Given(NamedTuple):
    """What is being given: inflammation removed per uL and hour."""

    anti_inflammatory: Any = 0.0


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    inflamed = now.inflammation * now.inflammation
    woken = now.tumour * inflamed / (inflamed + p.b * p.b)
    cytotoxic_woken = p.a_1 * woken * now.cytotoxic_memory * (1.0 + p.a_2 * now.helper)
    helper_woken = p.a_3 * woken * now.helper_memory
    total = now.tumour + now.cytotoxic + now.cytotoxic_memory + now.helper + now.helper_memory + now.lymphocytes
    room = maximum(1.0 - total / p.room, 0.0)
    families = 2.0**p.n
    per_hour = State(
        cytotoxic_memory=p.r_2 * now.cytotoxic_memory * room - cytotoxic_woken,
        cytotoxic=families * cytotoxic_woken - p.d_3 * now.cytotoxic,
        helper_memory=p.r_3 * now.helper_memory * room - helper_woken,
        helper=families * helper_woken - p.d_4 * now.helper,
        lymphocytes=p.p_2 + p.r_4 * now.lymphocytes * room - p.d_5 * now.lymphocytes,
        inflammation=p.p_0
        + p.p_1 * now.tumour * (now.cytotoxic + now.helper)
        - p.d_2 * now.inflammation
        - given.anti_inflammatory,
        tumour=p.r_1 * now.tumour * (1.0 - now.tumour / p.k) - p.d_1 * now.tumour * now.cytotoxic,
    )
    return State(*(HOURS * each for each in per_hour))


def start(p: Any) -> State:
    """Give the state at infusion."""
    return State(p.car_0, p.car_0, p.car_0, p.car_0, p.lymphocytes_0, p.inflammation_0, p.tumour_0)
