"""A small model for the tests of the solvers: effector cells, a tumour, a resistant variant that arises from it."""

from typing import NamedTuple

from carsequel.mechanism.arithmetic import maximum
from carsequel.mechanism.form import Parameter, Turnover


def _row(name: str, value: float, low: float, high: float) -> Parameter:
    return Parameter(name, value, low, high, "1", "test", "assumed", "assumed")


PARAMETERS = (
    _row("r", 0.1, 0, 1),
    _row("k", 1.2, 0, 9),
    _row("d", 0.15, 0, 1),
    _row("dose", 1e7, 0, 1e12),
    _row("KE", 1e9, 1, 1e12),
    _row("P0", 1e8, 0, 1e13),
    _row("mu", 1e-7, 0, 1),
    _row("turn", 2.0, 1, 5),
)


class State(NamedTuple):
    E: float
    P: float
    Q: float


class Given(NamedTuple):
    chemo: float = 0.0


def _kill(now, p):
    return p.k * now.E / (p.KE + now.E)


def rates(t, now, p, given):
    seen = now.P / (1e8 + now.P)
    return State(
        E=(1.2 * seen - p.d) * now.E,
        P=(p.r - _kill(now, p) - given.chemo) * now.P,
        Q=(p.r - 0.05 * _kill(now, p) - given.chemo) * now.Q + p.mu * maximum(now.P, 0.0),
    )


def start(p):
    return State(E=0.0, P=p.P0, Q=p.P0 * 1e-7)


JUMPS = {
    "infuse": lambda now, p, amount: now._replace(E=now.E + amount * p.dose),
    "cut": lambda now, p, amount: now._replace(P=now.P * amount, Q=now.Q * amount),
}


def _turnover(share):
    def turnover(t, now, p, given):
        death = (p.turn - 1) * p.r + (0.05 if share else 1.0) * _kill(now, p) + given.chemo
        return Turnover(p.turn * p.r, death, p.mu * now.P if share else 0.0)

    return turnover


CLONES = {"P": _turnover(0), "Q": _turnover(1)}
FLOORS = {"E": 1.0}
