"""Would this patient have lasted, had a part been as in a durable responder? Shares of a failure by Shapley values.

Every subset of the six causes is taken away from the same virtual patient with the same chance. A subset that contains
one which already keeps the disease away is taken to do so too, one within a subset that does not is taken not to, and
neither is simulated (`exact` runs all).
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from carsequel.inference.bank import Bank
from carsequel.inference.particles import HORIZON, Particles
from carsequel.inference.paths import NO_DEATHS
from carsequel.mechanism.clinic import clinic_times, outcomes
from carsequel.mechanism.counterfactual import SIX, shapley_shares, without
from carsequel.mechanism.populations.runs import RTOL, composite_model, of_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import solve

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Subset = tuple[str, ...]
SUBSETS: Final = [part for size in range(len(SIX) + 1) for part in combinations(SIX, size)]
ORDER: Final = (0, 1, 5, 6, 2, 4, 3)  # sizes of subsets: what the small and the large settle spares the middle
PART: Final = 16_384


def failure_shares(bank: Bank, particles: Particles, exact: bool = False) -> dict[str, Floats]:
    """Give how much of each particle's failure each of the six causes accounts for: cause -> [n], and `undetermined`,
    what taking all six away does not mend. A particle that does not fail has shares that are not a number.

    Shares of a patient sum to one. Failing means: the disease, by the end of the simulation, if nobody dies.
    """
    lasts = _lasting(bank, particles, exact)
    failed = ~lasts[()]
    shares = shapley_shares(lambda away: lasts[away].astype(np.float64), SIX)
    found = {cause: np.where(failed, values, np.nan) for cause, values in shares.items()}
    return found | {"undetermined": np.where(failed, 1.0 - np.sum(list(shares.values()), axis=0), np.nan)}


def _lasting(bank: Bank, particles: Particles, exact: bool) -> Mapping[Subset, Flags]:
    """Whether each particle lasts with each subset of causes taken away."""
    n, lasts = particles.sets.size, dict[Subset, Flags]()
    parameters = {
        name: np.asarray(np.broadcast_to(values, (n,)), dtype=np.float64)
        for name, values in of_model(particles.drawn(bank.members).parameters).items()
    }
    for size in ORDER:
        subsets = [part for part in SUBSETS if len(part) == size]
        settled = [_settled(part, lasts, n, exact) for part in subsets]
        asked = [(part, np.flatnonzero(~known)) for part, (known, _) in zip(subsets, settled, strict=True)]
        answers = _run(bank, parameters, particles.numbers, asked)
        for (part, who), (_, answer), fresh in zip(asked, settled, answers, strict=True):
            lasts[part] = answer
            lasts[part][who] = fresh
    return lasts


def _settled(part: Subset, lasts: Mapping[Subset, Flags], n: int, exact: bool) -> tuple[Flags, Flags]:
    """For whom the answer for a subset follows from what was simulated [n], and that answer [n]: who lasts with less
    taken away lasts, who fails with more taken away fails."""
    own, nobody = set(part), np.zeros(n, dtype=bool)
    if exact:
        return nobody, nobody.copy()
    lasting = np.any([nobody, *(flags for other, flags in lasts.items() if own > set(other))], axis=0)
    failing = np.any([nobody, *(~flags for other, flags in lasts.items() if own < set(other))], axis=0)
    return lasting | failing, np.asarray(lasting)


def _run(
    bank: Bank, parameters: dict[str, Floats], numbers: NDArray[np.int64], asked: list[tuple[Subset, NDArray[Any]]]
) -> list[Flags]:
    """Simulate each subset for whom it is asked, all in one batch."""
    lots = []
    for part, who in asked:
        own = {name: values[who] for name, values in parameters.items()}
        changed = without(composite_model(), own, part, bank.durable)
        lots.append({name: np.broadcast_to(values, who.shape) for name, values in changed.items()})
    names = list(parameters)
    every = {name: np.concatenate([lot[name] for lot in lots]) for name in names}
    who = np.concatenate([each for _, each in asked])
    answers = [_solve(bank, {k: v[at : at + PART] for k, v in every.items()}, numbers[who[at : at + PART]])
               for at in range(0, who.size, PART)]  # fmt: skip
    lasting = np.concatenate(answers) if answers else np.empty(0, dtype=bool)
    return list(np.split(lasting, np.cumsum([each.size for _, each in asked])[:-1]))


def _solve(bank: Bank, parameters: dict[str, Floats], numbers: NDArray[np.int64]) -> Flags:
    model = composite_model()
    solution = solve(
        model, parameters, clinic_times(bank.disease, HORIZON), plan(model, bank.events), seed=bank.seed,
        rtol=RTOL, first_patient=numbers,
    )  # fmt: skip
    rows = outcomes(
        solution, parameters, bank.disease, seed=bank.seed, first_patient=numbers, hazards=NO_DEATHS
    )  # fmt: skip
    return rows["failure_day"].is_null().to_numpy()
