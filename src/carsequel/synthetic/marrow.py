"""Blood counts of synthetic patients: a fall after lymphodepletion and one of three recoveries, day by day.

The values are what the laboratory reports: they change from day to day, and nothing is added to them on recording.
"""

from typing import Final

import numpy as np

from carsequel.synthetic.chance import Chance
from carsequel.synthetic.numbers import number
from carsequel.synthetic.virtual import Floats

FIRST, LAST = -5, 730
KINDS: Final = ("quick", "biphasic", "aplastic")
LOW_TO: Final = {"quick": (4.5, 2.0), "biphasic": (4.5, 2.0), "aplastic": (12.0, 20.0)}
DECIMALS: Final = {"anc": 2, "platelets": 0, "hemoglobin": 1}


def recovery_kinds(chance: Chance) -> list[str]:
    """Give for each patient how the marrow recovers: quick, biphasic or aplastic."""
    draw = chance.uniform("recovery")[:, 0]
    late, twice = number("recovery_aplastic"), number("recovery_twice")
    return [KINDS[2] if u < late else KINDS[1] if u < late + twice else KINDS[0] for u in draw]


def counts(name: str, kinds: list[str], chance: Chance, last: int) -> Floats:
    """Give the values [n, last + 6] of `anc`, `platelets` (10^9/L) or `hemoglobin` (g/dL) from day -5 to `last`."""
    n = len(kinds)
    spread = number("wobble") if name == "hemoglobin" else number("before_spread")
    before = number(f"{name}_before") * np.exp(spread * chance.normal(f"{name} before")[:, 0])
    nadir = number(f"{name}_nadir") * np.exp(number(f"{name}_nadir_spread") * chance.normal(f"{name} nadir")[:, 0])
    nadir = np.minimum(nadir, 0.8 * before)
    draws = chance.uniform("marrow days", 3)
    days = np.arange(FIRST, last + 1, dtype=np.float64)
    logs = np.empty((n, days.size))
    for patient in range(n):
        knots, levels = _knots(kinds[patient], draws[patient], before[patient], nadir[patient])
        logs[patient] = np.interp(days, knots, np.log(levels))
    wobble = number("wobble") * (0.3 if name == "hemoglobin" else 1.0)
    wave = wobble * chance.normal(f"{name} wobble", LAST - FIRST + 1)[:, : days.size]
    return np.asarray(np.round(np.exp(logs + wave), DECIMALS[name]), dtype=np.float64)


def _knots(kind: str, draw: Floats, before: float, nadir: float) -> tuple[list[float], list[float]]:
    """Days and levels between which the logarithm of a count runs straight (all assumed)."""
    fall = 2 + 2 * draw[0]
    least, more = LOW_TO[kind]
    up = least + more * draw[1]
    back = before**0.7 * nadir**0.3
    if kind == "biphasic":
        dip = np.sqrt(nadir * back)
        again = up + 5 + 3 * draw[2]
        return (
            [-5, fall, up, up + 4, again + 3, again + 6, again + 12],
            [before, nadir, nadir, back, dip, dip, 0.8 * before],
        )
    slow = 12 if kind == "aplastic" else 3
    return [-5, fall, up, up + slow, up + 4 * slow], [before, nadir, nadir, back, 0.8 * before]
