"""CAR T cells, tumour clones, lymphocytes, normal B cells and suppression in one patient, from lymphodepletion on.

The composite of the calibration of this project (source key composite_calibration; parts from kimmel2021,
leon_triana2021, singh2021, owens2021). Counts are whole-body cells, days run from the first infusion; 1 cell/uL is
5e8 cells. The shipped values are the simplest form that fits large B-cell lymphoma: no poorly reached share (fS = 0)
and no host clearance (ki = 0); both are hypotheses to switch on.

    phi  = seen / (KA + seen)                     antigen drive; seen = what carries an antigen that the CAR knows
    g    = max(0, ln(KN (1 + room) / (N + C))) / ln(KN / Nref)     room left by lymphodepletion
    kill = kk psi E / (KE + E + nu (P + R)),  psi = 1 / (1 + aS S)
    CAR T cells: infused I -> memory M <-> effector E -> exhausted X

Limits: a variant without the second antigen alone has no clone of its own; cells of a first and a second product
share one pool; a bispecific does not exhaust the lymphocytes it uses.
"""

from pathlib import Path
from typing import Any, NamedTuple

from carsequel.mechanism.arithmetic import log, maximum, minimum
from carsequel.mechanism.form import Turnover, read_parameters

PARAMETERS = read_parameters(Path(__file__).with_suffix(".csv"))
CELLS_PER_UL = 5e8  # kimmel2021
IL6_ELIMINATION, IFN_ELIMINATION = 3.96, 1.51  # per day, hardiansyah2019


class State(NamedTuple):
    """Cells in the whole body; S is a share of 0 to 1."""

    I: float  # infused CAR T cells, not yet engrafted  # noqa: E741
    M: float  # memory
    E: float  # effector
    X: float  # exhausted
    N: float  # normal lymphocytes
    P: float  # tumour with both antigens
    R: float  # the same, poorly reached
    Q: float  # tumour with little or none of the first antigen
    D: float  # tumour with neither antigen
    B: float  # normal B cells: what carries the target without being tumour
    S: float  # suppression by the tumour's surroundings


class Given(NamedTuple):
    """What is being given, each 0 (not) to 1 (in full)."""

    chemo: float = 0.0
    steroids: float = 0.0
    tocilizumab: float = 0.0  # moves no cell: `observe` reads it
    pd1: float = 0.0
    il15: float = 0.0
    bispecific: float = 0.0  # against the second antigen
    bispecific_same: float = 0.0  # against the first antigen
    second_target: float = 0.0  # the CAR sees the second antigen too
    other_target: float = 0.0  # the CAR sees the second antigen only
    resistant: float = 0.0  # cells that do not feel suppression
    allo: float = 0.0  # a donor's immune system
    rejection: float = 0.0  # immunity against the product given before


def _cells(now: Any) -> Any:
    return now.I + now.M + now.E + now.X


def _tumour(now: Any) -> Any:
    return now.P + now.R + now.Q + now.D


def _carriage(density: Any, half: Any) -> Any:
    """Effect of an antigen density relative to that of density 1, which gives 1; none gives 0 (singh2021)."""
    return density * (1 + half) / (half + density)


def _seen(given: Any, first: Any) -> Any:
    """How well cells are seen that carry so much of the first antigen and all of the second: by either, not twice."""
    second = maximum(given.second_target, given.other_target)
    return 1 - (1 - (1 - given.other_target) * first) * (1 - second)


def _struck(p: Any, given: Any, first: Any) -> Any:
    """Kill relative to that of a cell well seen: bystanders are struck too."""
    return p.sig + (1 - p.sig) * _seen(given, first)


def _suppressed(now: Any, p: Any, relief: Any) -> Any:
    return 1 / (1 + p.aS * now.S * relief)


def _relief(p: Any, given: Any) -> Any:
    return (1 - p.pd1_suppression * given.pd1) * (1 - p.resistant_suppression * given.resistant)


def _kill(now: Any, p: Any, given: Any) -> Any:
    busy = p.KE + now.E + p.nu * (now.P + now.R)
    return p.kk * _suppressed(now, p, _relief(p, given)) * now.E / busy


def _bispecific(now: Any, p: Any) -> Any:
    return p.bi_share * p.kk * now.N / (p.KBi + now.N)


def _losses(now: Any, p: Any, given: Any) -> tuple[Any, Any, Any, Any]:
    """Loss of P, R, Q and D per cell and day."""
    kill = _kill(now, p, given)
    engager = _bispecific(now, p) * _suppressed(now, p, 1 - p.pd1_suppression * given.pd1)
    full = _carriage(p.antigen_density, p.density_half)
    poor = _carriage(p.q * p.antigen_density, p.density_half)
    other = p.chemo_tumour * given.chemo + now.N / p.KN * (
        p.ki * p.KI / (p.KI + _tumour(now)) + p.allo_kill * given.allo
    )
    on_full = kill * _struck(p, given, full) + engager * (given.bispecific + given.bispecific_same * full)
    on_poor = kill * _struck(p, given, poor) + engager * (given.bispecific + given.bispecific_same * poor)
    return other + on_full, other + minimum(p.acc, 1.0) * on_full, other + on_poor, other + kill * p.sig


def _drive(now: Any, p: Any, given: Any) -> Any:
    half = p.density_half * p.density_drive
    full = _seen(given, _carriage(p.antigen_density, half))
    poor = _seen(given, _carriage(p.q * p.antigen_density, half))
    seen = full * (now.P + now.R) + poor * now.Q + now.B
    return seen / (p.KA + seen)


def _growth(now: Any, p: Any) -> Any:
    return p.r * (1 - _tumour(now) / p.Kt)


def _new_variants(p: Any, share: Any) -> Any:
    return share * p.r / p.divisions


def _room(now: Any, p: Any, given: Any) -> tuple[Any, Any]:
    """Room for normal lymphocytes (a logarithm) and for CAR T cells (1 after a usual lymphodepletion)."""
    room = log(p.KN / maximum(now.N + _cells(now), 1.0))
    support = log(1 + p.il15_room * given.il15)
    return room, maximum(room + support, 0.0) / log(p.KN / p.Nref)


def _exhausting(now: Any, p: Any, given: Any, phi: Any) -> Any:
    spared = (1 - p.pd1_exhaustion * given.pd1) * (1 - p.resistant_exhaustion * given.resistant)
    return p.xi * phi * (1 + now.S * _relief(p, given)) * spared


def _car_changes(now: Any, p: Any, given: Any, g: Any) -> tuple[Any, Any, Any, Any]:
    """Change of I, M, E and X per day, given the room g."""
    phi = _drive(now, p, given)
    rest, exhausting, turned = p.om * (1 - phi), _exhausting(now, p, given, phi), p.kap * phi
    expansion = p.rhoE * (1 + (p.steroid_expansion - 1) * given.steroids) * (p.f0 + (1 - p.f0) * phi) * g
    expansion = expansion * _suppressed(now, p, _relief(p, given))
    spared = 1 - p.il15_survival * given.il15
    chemo = p.chemo_lymphocytes * given.chemo
    away = (p.rej_first + p.rej * given.rejection) * now.N / p.KN + chemo
    growing = p.rhoM * (1 - phi) * g
    return (
        -(p.eta + p.loss + chemo) * now.I,
        p.fM * p.eta * now.I + rest * now.E + (growing - turned - p.dM * spared - away) * now.M,
        (1 - p.fM) * p.eta * now.I
        + 2 * turned * now.M
        + (expansion - rest - exhausting - p.dE * spared - away) * now.E,
        exhausting * now.E - (p.dX + chemo) * now.X,
    )


def rates(t: Any, now: Any, p: Any, given: Any) -> State:
    """Give the change of every state per day."""
    room, g = _room(now, p, given)
    car = _car_changes(now, p, given, g)
    growth, losses, tumour = _growth(now, p), _losses(now, p, given), _tumour(now)
    chemo = p.chemo_lymphocytes * given.chemo
    b_cells_killed = p.kBk * now.E / (p.KBE + now.E) + chemo
    b_cells_killed = b_cells_killed + _bispecific(now, p) * (given.bispecific + given.bispecific_same)
    return State(
        *car,
        N=(p.rN * room - chemo) * now.N,
        P=(growth - losses[0]) * now.P,
        R=(growth - losses[1]) * now.R,
        Q=(growth - losses[2]) * now.Q + _new_variants(p, p.fQ) * now.P,
        D=(growth - losses[3]) * now.D + _new_variants(p, p.f2) * now.Q,
        B=p.dB * (p.Bss * p.CB50 / (p.CB50 + _cells(now)) - now.B) - b_cells_killed * now.B,
        S=p.kS * tumour / (p.KST + tumour) * (1 - now.S) - p.dS * now.S,
    )


def start(p: Any) -> State:
    """Give the patient before lymphodepletion: suppression settled, lymphocytes as in health."""
    reached_poorly = minimum(p.fS, 0.95)
    variants = p.fQ * p.P0
    return State(
        *(0.0, 0.0, 0.0, 0.0),
        N=p.KN,
        P=(1 - reached_poorly) * p.P0,
        R=reached_poorly * p.P0,
        Q=variants,
        D=p.f2 * variants,
        B=p.B0,
        S=p.kS * p.P0 / (p.kS * p.P0 + p.dS * (p.KST + p.P0)),
    )


def _changed(now: Any, **states: Any) -> State:
    return State(**{**now._asdict(), **states})


def _cut(now: Any, left: Any) -> State:
    """Leave this share of every tumour clone."""
    return _changed(now, P=now.P * left, R=now.R * left, Q=now.Q * left, D=now.D * left)


def _depleted(now: Any, p: Any, left: Any, lymphocytes: Any, b_cells: Any) -> State:
    """Leave a share of the tumour, so many lymphocytes and B cells, and of the CAR T cells as of the lymphocytes."""
    kept = minimum(now.N, lymphocytes) / maximum(now.N, 1.0)
    car = {name: getattr(now, name) * kept for name in ("I", "M", "E", "X")}
    return _changed(_cut(now, left), **car, N=minimum(now.N, lymphocytes), B=minimum(now.B, b_cells))


def lymphodepletion(now: Any, p: Any, amount: Any) -> State:
    """Lymphodepletion; an amount below 1 is a weaker one. Suppression stays as it was: only so do the peaks printed in
    the calibration come out (settled at the smaller burden, the median peak is half as high again)."""
    full = _depleted(now, p, p.ld, p.N0, p.B0)
    return State(*(was + amount * (then - was) for was, then in zip(now, full)))


def infusion(now: Any, p: Any, amount: Any) -> State:
    """Infuse this share of the dose."""
    return _changed(now, I=now.I + amount * p.dose)


def radiotherapy(now: Any, p: Any, amount: Any) -> State:
    """Irradiate this share of the tumour."""
    return _cut(now, 1 - amount * (1 - p.rt_left))


def conditioning(now: Any, p: Any, amount: Any) -> State:
    """Condition for a transplant: CAR T cells and B cells end, few lymphocytes remain."""
    full = _changed(_depleted(now, p, p.hd_left, p.hd_N, 0.0), I=0.0, M=0.0, E=0.0, X=0.0)
    return State(*(was + amount * (then - was) for was, then in zip(now, full)))


JUMPS = {
    "lymphodepletion": lymphodepletion,
    "infusion": infusion,
    "radiotherapy": radiotherapy,
    "conditioning": conditioning,
}


def _turnover(clone: int, parent: str | None, share: str | None) -> Any:
    def turnover(t: Any, now: Any, p: Any, given: Any) -> Turnover:
        birth = p.turn * p.r
        death = birth - _growth(now, p) + _losses(now, p, given)[clone]
        if parent is None or share is None:
            return Turnover(birth, death, 0.0)
        return Turnover(birth, death, _new_variants(p, getattr(p, share)) * getattr(now, parent))

    return turnover


CLONES = {
    "P": _turnover(0, None, None),
    "R": _turnover(1, None, None),
    "Q": _turnover(2, "P", "fQ"),
    "D": _turnover(3, "Q", "f2"),
}
FLOORS = {"I": 1.0, "M": 1.0, "E": 1.0, "X": 1.0}
NOTHING = Given()
OUTPUTS = {
    "car": lambda now, p: _cells(now) / CELLS_PER_UL,
    "tumour": lambda now, p: _tumour(now),
    "antigen_negative": lambda now, p: (now.Q + now.D) / maximum(_tumour(now), 1.0),
    "il6": lambda now, p: 1 + p.il6_per_kill * _kill(now, p, NOTHING) * (now.P + now.R) / IL6_ELIMINATION,
    "ifn": lambda now, p: 1 + p.ifn_per_cell * _drive(now, p, NOTHING) * now.E / IFN_ELIMINATION,
}
