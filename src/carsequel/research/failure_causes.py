"""Why a virtual patient failed: each cause taken away in every combination, and the failure shared among them.

The label of a failure is the cause with the largest Shapley share of what taking all causes away brings, or those that
share the first place, `;` between them (a failure that each of two, or only both together, would have kept away has no
larger half). It is the model's cause of a SYNTHETIC failure: known exactly there, and no evidence about any patient.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from carsequel.mechanism.counterfactual import SIX, durable_reference, shapley_shares, without
from carsequel.mechanism.populations.draw import Drawn, draw_patients
from carsequel.mechanism.populations.runs import composite_model, first_course, hazards_of, of_model, run_arm

OF_DISEASE: Final = ("progression", "relapse", "no CR")
UNDETERMINED: Final = "undetermined"
MOST: Final = 20_000  # patients up to whom causes are computed unasked: 63 runs for each failure
REFERENCE, REFERENCE_SEED = 256, 20_170
_EQUAL = 1e-9  # shares this near are equal: they are fractions of 720


def explain_failures(
    disease: str,
    product: str,
    drawn: Drawn,
    failed: NDArray[np.bool_],
    numbers: NDArray[np.int64],
    arm: str,
    seed: int,
    horizon: float,
) -> list[str | None]:
    """Give the cause of each failure of drawn patients [n] in an arm's first course: None where the disease did not
    fail, `undetermined` where taking all causes away changes nothing. `failed` says whose disease failed, `numbers` by
    which number each draws its chance, which is the same in every combination.

    Raises CauseError where nobody of the population lasts, PopulationError or ArmError for what is not there.
    """
    cause: list[str | None] = [None] * failed.size
    if not failed.any():
        return cause
    ours = Drawn({name: values[failed] for name, values in drawn.parameters.items()}, drawn.sets[failed], drawn.names)
    lasts = _Lasting(disease, product, ours, numbers[failed], first_course(arm), seed, horizon)
    shares = shapley_shares(lasts, SIX)
    table = np.stack([np.broadcast_to(shares[name], ours.sets.shape) for name in SIX], axis=1)
    largest = (table >= table.max(axis=1, keepdims=True) - _EQUAL) & (table > _EQUAL)
    for row, patient in enumerate(np.flatnonzero(failed).tolist()):
        cause[patient] = ";".join(name for name, top in zip(SIX, largest[row]) if top) or UNDETERMINED
    return cause


class _Lasting:
    """Whether the disease stays away from each of these patients with some causes taken away."""

    def __init__(
        self, disease: str, product: str, drawn: Drawn, numbers: NDArray[np.int64], arm: str, seed: int, horizon: float
    ) -> None:
        self.disease, self.drawn, self.numbers = disease, drawn, numbers
        self.arm, self.seed, self.horizon = arm, seed, horizon
        self.reference = durable_values(disease, product, horizon)

    def __call__(self, away: tuple[str, ...]) -> NDArray[np.float64]:
        if not away:
            return np.zeros(self.numbers.size)
        own, hazards = of_model(self.drawn.parameters, self.arm), hazards_of(self.drawn.parameters)
        changed = without(composite_model(), own, away, self.reference) | hazards
        every = {name: np.broadcast_to(values, self.numbers.shape) for name, values in changed.items()}
        rows = run_arm(
            self.disease, Drawn(every, *self.drawn[1:]), self.arm, seed=self.seed, first=self.numbers,
            horizon=self.horizon,
        ).rows  # fmt: skip
        lasted: NDArray[np.bool_] = ~rows["failure_kind"].is_in(OF_DISEASE).fill_null(False).to_numpy()
        return lasted.astype(np.float64)


@cache
def durable_values(disease: str, product: str, horizon: float) -> dict[str, float]:
    """Give the parameters of the durable responder: medians of those who last in a fixed sample of a population."""
    drawn = draw_patients(disease, product, REFERENCE, REFERENCE_SEED)
    run = run_arm(disease, drawn, seed=REFERENCE_SEED, horizon=horizon)
    lasted = run.rows["failure_day"].is_null() & run.rows["cmax"].is_not_null()
    return durable_reference(composite_model(), of_model(drawn.parameters), lasted.to_numpy())
