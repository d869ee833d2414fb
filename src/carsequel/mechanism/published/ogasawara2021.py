"""Lisocabtagene maraleucel in blood: a lag, exponential growth to a peak, a fast and a slow decline (261 patients).

Ogasawara K et al. 2021, Clin Pharmacokinet, doi 10.1007/s40262-021-01039-5; abstract read (population means with 95 %
intervals; 2524 samples; covariates not meaningful). The abstract prints neither the peak nor the share that declines
slowly: levels are relative to the peak, and the share is borrowed from Stein 2019. `tmax` is taken as counted from
infusion, the lag included; counted from the end of the lag the peak would come on day 12.6.
"""

from typing import Any, Final, NamedTuple

from carsequel.mechanism.arithmetic import exp, log, maximum, where_positive
from carsequel.mechanism.form import Parameter

SOURCE: Final = "ogasawara2021"
LN2: Final = 0.6931471805599453

PARAMETERS = (
    Parameter("lag", 3.27, 2.71, 3.97, "d", "time before growth", "fitted", SOURCE),
    Parameter("doubling", 0.755, 0.667, 0.821, "d", "doubling time", "fitted", SOURCE),
    Parameter("tmax", 9.29, 8.81, 9.70, "d", "day of the peak, from infusion", "fitted", SOURCE),
    Parameter("half_life_fast", 5.00, 4.15, 5.90, "d", "half-life of the fast decline", "fitted", SOURCE),
    Parameter("half_life_slow", 352.0, 241.0, 647.0, "d", "half-life of the slow decline", "fitted", SOURCE),
    Parameter("cmax", 1.0, 1.0, 1.0, "of the peak", "level at the peak; not printed", "assumed", SOURCE),
    Parameter("fb", 0.0079, 0.0079, 0.0079, "1", "share of the peak that declines slowly", "assumed", "stein2019"),
)


class State(NamedTuple):
    """Effector and memory CAR T cells, relative to the peak."""

    effector: Any
    memory: Any


def rates(t: Any, now: State, p: Any, given: Any) -> State:
    """Give the change per day."""
    fast, slow = LN2 / p.half_life_fast, LN2 / p.half_life_slow
    after = t - p.tmax
    growth = where_positive(t - p.lag, LN2 / p.doubling, 0.0)
    return State(
        effector=where_positive(after, -fast, growth) * now.effector,
        memory=where_positive(after, p.fb * (fast - slow) * now.effector - slow * now.memory, 0.0),
    )


def start(p: Any) -> State:
    """Give the state right after infusion: the peak less the doublings that lead to it."""
    return State(p.cmax * exp(-LN2 * maximum(p.tmax - p.lag, 0.0) / p.doubling), 0.0)


OUTPUTS = {
    "level": lambda now, p: now.effector + now.memory,
    "log_level": lambda now, p: log(now.effector + now.memory),
}
