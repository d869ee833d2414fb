"""The law of small clones: whole cells that divide, die and arrive by chance, and counts drawn where cells are few.

The linear birth-death process has a closed form over any interval (Kendall 1948, "On the generalized birth-and-death
process", Ann Math Stat 19:1): a cell leaves none with probability `alpha`, else a geometric family of ratio `beta`.
Every draw maps uniform numbers through a quantile, so that a small change of a rate changes few counts.
"""

import math

from carsequel.mechanism.kernel.jit import compiled

WHOLE_BELOW = 100.0  # a continuous clone that falls to this many cells becomes a whole number
CONTINUOUS_FROM = 200.0  # a whole clone that reaches this many cells is handed back
DRAWN_BELOW = 1e6  # an amount below this is drawn where it starts or is added
GRID = 0.25  # days between the draws of a whole clone, until CALM days after the latest event
CALM = 60.0
CALM_GRID = 1.0  # days between them from then on

_UNDERFLOW = 1e-260
_SQUARED_TO = 1024.0  # powers up to this one are found by squaring


@compiled
def _down(x: float) -> float:
    return float(math.floor(x))


@compiled
def next_draw(t: float, latest_event: float) -> float:
    """Give the next day after t at which whole clones are drawn."""
    cell = CALM_GRID if t >= latest_event + CALM else GRID
    return (math.floor(t / cell) + 1.0) * cell


@compiled
def normal(u: float) -> float:
    """Give the u-quantile of the normal law to about 4.5e-4 (Abramowitz and Stegun 1964, 26.2.23)."""
    t = math.sqrt(-2.0 * math.log(min(u, 1.0 - u)))
    above = 2.515517 + t * (0.802853 + t * 0.010328)
    size = t - above / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
    return -size if u < 0.5 else size


@compiled
def _none_of(n: float, share: float) -> float:
    """Give (1 - share) to the power of the whole number n, by squaring where that is exact enough and faster."""
    if n > _SQUARED_TO:
        return math.exp(n * math.log1p(-share))
    left, square, result = int(n), 1.0 - share, 1.0
    while left > 0:
        if left & 1:
            result *= square
        square *= square
        left >>= 1
    return result


@compiled
def _few_of(n: float, share: float, u: float) -> float:
    chance = _none_of(n, share)
    if chance < _UNDERFLOW:
        return min(n, max(0.0, _down(n * share + math.sqrt(n * share * (1.0 - share)) * normal(u) + 0.5)))
    odds = share / (1.0 - share)
    below, taken = chance, 0.0
    while u > below and taken < n and chance > 0.0:
        chance *= odds * (n - taken) / (taken + 1.0)
        taken += 1.0
        below += chance
    return taken


@compiled
def binomial(n: float, share: float, u: float) -> float:
    """Give the u-quantile of the number among n that are taken with probability `share`."""
    if n <= 0.0 or share <= 0.0:
        return 0.0
    if share >= 1.0:
        return n
    if share > 0.5:
        return n - _few_of(n, 1.0 - share, 1.0 - u)
    return _few_of(n, share, u)


@compiled
def poisson(mean: float, u: float, v: float) -> float:
    """Give a Poisson count: the u-quantile below a mean of 100, else the normal form of it with u and v.

    The second is `Q_N2` of Giles 2016 (ACM Trans Math Softw 42:7, Algorithm 955), with a Box-Muller normal number.
    """
    if mean < 100.0:
        chance = math.exp(-mean)
        below, count = chance, 0.0
        while u > below and chance > 0.0:
            count += 1.0
            chance *= mean / count
            below += chance
        return count
    w = math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)
    root = math.sqrt(mean)
    return max(0.0, _down(mean + root * w + 1.0 / 3.0 + w * w / 6.0 - (w / 36.0 + w**3 / 72.0) / root))


@compiled
def family(birth: float, death: float, days: float) -> tuple[float, float]:
    """Give alpha (a cell leaves none) and beta (ratio of its family's size) after so many days."""
    net = birth - death
    grown = days if abs(net * days) < 1e-12 else math.expm1(net * days) / net
    return death * grown / (1.0 + birth * grown), birth * grown / (1.0 + birth * grown)


@compiled
def family_of_one(birth: float, death: float, days: float, u: float) -> float:
    """Give the u-quantile of what one cell has become after so many days."""
    alpha, beta = family(max(birth, 0.0), max(death, 0.0), days)
    if u <= alpha:
        return 0.0
    if beta <= 0.0:
        return 1.0
    return 1.0 + _down(math.log((1.0 - u) / (1.0 - alpha)) / math.log(beta))


@compiled
def divide_and_die(n: float, birth: float, death: float, days: float, u: float, v: float) -> float:
    """Give how many cells n whole cells have become: those that died by u, extra descendants by v."""
    if n <= 0.0 or days <= 0.0:
        return n
    alpha, beta = family(max(birth, 0.0), max(death, 0.0), days)
    left = n - binomial(n, alpha, u)
    if left <= 0.0 or beta <= 0.0:
        return left
    chance = _none_of(left, beta)
    if chance < _UNDERFLOW:
        spread = math.sqrt(left * beta) / (1.0 - beta)
        return left + max(0.0, _down(left * beta / (1.0 - beta) + spread * normal(v) + 0.5))
    below, extra = chance, 0.0
    while v > below and chance > 0.0 and extra < 1e7:
        chance *= beta * (left + extra) / (extra + 1.0)
        extra += 1.0
        below += chance
    return left + extra


@compiled
def after_jump(before: float, after: float, whole: bool, u: float, v: float) -> float:
    """Give the count of a clone that an event moved from `before` to `after`: thinned, or joined by a Poisson number.

    A continuous clone that stays at 100 or more, and an added amount of a million or more, keep the event's own value.
    """
    if after == before or not (whole or after < WHOLE_BELOW):
        return after
    if after < before:
        return binomial(_down(before + 0.5), max(after, 0.0) / before, 1.0 - u)
    added = after - before
    return after if added >= DRAWN_BELOW else _down(before + 0.5) + poisson(added, u, v)
