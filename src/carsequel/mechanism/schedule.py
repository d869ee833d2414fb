"""What happens when, for many patients: jumps of the state and changes of what is given, at exact days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.mechanism.form import Model, ModelError


class Event(NamedTuple):
    """One event: on `day` (a number, or one a patient; not a number = never) the jump acts with `amount`, and `given`
    is set from then on."""

    day: float | NDArray[np.float64]
    jump: str | None = None
    amount: float | NDArray[np.float64] = 1.0
    given: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Schedule:
    """Events of n patients (or of one row for all), ordered by day: days, kinds (index into the model's jumps, -1 =
    none) and amounts are [n, events]; given is [n, events, given], not a number = unchanged."""

    days: NDArray[np.float64]
    kinds: NDArray[np.int64]
    amounts: NDArray[np.float64]
    given: NDArray[np.float64]


def plan(model: Model, events: Sequence[Event], patients: int = 1) -> Schedule:
    """Order events into a Schedule for so many patients.

    Events of one day keep the order in which they were listed. Raises ModelError for a jump or a treatment that the
    model does not know.
    """
    jumps = list(model.jumps)
    days = np.full((patients, len(events)), np.nan)
    kinds = np.full((patients, len(events)), -1, dtype=np.int64)
    amounts = np.ones((patients, len(events)))
    given = np.full((patients, len(events), len(model.given_names)), np.nan)
    for at, event in enumerate(events):
        days[:, at] = event.day
        amounts[:, at] = event.amount
        kinds[:, at] = _index(model, "jump", jumps, event.jump) if event.jump else -1
        for name, value in event.given:
            given[:, at, _index(model, "treatment", list(model.given_names), name)] = value
    order: NDArray[Any] = np.argsort(days, axis=1, kind="stable")
    return Schedule(
        days=np.take_along_axis(days, order, 1),
        kinds=np.take_along_axis(kinds, order, 1),
        amounts=np.take_along_axis(amounts, order, 1),
        given=np.take_along_axis(given, order[:, :, None], 1),
    )


def _index(model: Model, what: str, known: list[str], name: str) -> int:
    if name not in known:
        raise ModelError(f"model {model.name} knows no {what} {name}; it knows {', '.join(known) or 'none'}")
    return known.index(name)
