"""A cause of failure is a change of parameters: take it away and see whether the patient would have lasted.

counterfactual.csv says for each cause which parameters are brought to those of the durable responder. Shares are
Shapley values: every order of taking the causes away counts alike, and the shares of all causes add up to what all of
them together bring.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from carsequel.mechanism.form import Model
from carsequel.terms.tables import read_table

Floats = NDArray[np.float64]
Values = Mapping[str, ArrayLike]
Outcome = Callable[[tuple[str, ...]], ArrayLike]

SIX = (
    "antigen_loss",
    "poor_expansion",
    "suppressive_microenvironment",
    "short_persistence+t_cell_dysfunction",
    "high_burden",
    "tumor_intrinsic_resistance",
)
MOST = 10


class CauseError(ValueError):
    """A cause that the model cannot express or a reference that is missing; says what is allowed."""


@cache
def cause_rows() -> pl.DataFrame:
    """Give the changes: cause, parameter, change (set, at_least, at_most), reference (value, durable), value, meaning,
    status, source."""
    return read_table("carsequel.mechanism", "counterfactual.csv").with_columns(pl.col("value").cast(pl.Float64))


@cache
def _changes_of(cause: str) -> tuple[dict[str, Any], ...]:
    return tuple(cause_rows().filter(cause=cause).iter_rows(named=True))


def expressible_causes() -> tuple[str, ...]:
    """Give the causes that the model has a parameter for.

    >>> "lineage_switch" in expressible_causes()
    False
    """
    return tuple(cause_rows()["cause"].unique(maintain_order=True))


def durable_reference(model: Model, parameters: Values, durable: NDArray[np.bool_]) -> dict[str, float]:
    """Give the median of every parameter that some cause needs among the patients who lasted.

    `durable` is true for them, [n]; parameters left out take the model's own value. Raises CauseError if nobody lasted.
    """
    if not durable.any():
        raise CauseError("nobody lasted; give a population with durable responders")
    own = {row.name: row.value for row in model.parameters}
    needed = cause_rows().filter(reference="durable")["parameter"].unique(maintain_order=True)
    each = {name: np.broadcast_to(np.asarray(parameters.get(name, own[name])), durable.shape) for name in needed}
    return {name: float(np.median(values[durable])) for name, values in each.items()}


def as_durable(model: Model, parameters: Values, cause: str, reference: Mapping[str, float]) -> dict[str, Floats]:
    """Give the parameters with a cause taken away; several causes are joined with `+`.

    parameters: name -> number or [n]; reference: name -> value of the durable responder (`durable_reference`).
    Raises CauseError for a cause without a parameter or a value missing in the reference.
    """
    own = {row.name: row.value for row in model.parameters}
    changed = {name: np.asarray(values, dtype=np.float64) for name, values in parameters.items()}
    for part in cause.split("+"):
        if not _changes_of(part):
            raise CauseError(f"the model has no parameter for {part!r}; it has {', '.join(expressible_causes())}")
        for row in _changes_of(part):
            name = row["parameter"]
            if row["reference"] == "durable" and name not in reference:
                raise CauseError(f"the reference has no {name}; make it with durable_reference")
            level = reference[name] if row["reference"] == "durable" else row["value"]
            changed[name] = _changed(changed.get(name, np.asarray(own[name])), row["change"], level)
    return changed


def _changed(values: Floats, change: str, level: float) -> Floats:
    if change == "at_least":
        return np.maximum(values, level)
    if change == "at_most":
        return np.minimum(values, level)
    return np.full_like(values, level)


def without(
    model: Model, parameters: Values, causes: Iterable[str], reference: Mapping[str, float]
) -> dict[str, Floats]:
    """Give the parameters with all these causes taken away."""
    changed = {name: np.asarray(values, dtype=np.float64) for name, values in parameters.items()}
    for cause in causes:
        changed = as_durable(model, changed, cause, reference)
    return changed


def shapley_shares(outcome: Outcome, causes: Sequence[str] = SIX) -> dict[str, Floats]:
    """Share what taking all causes away brings among them: cause -> number or [n], like the outcome.

    outcome(causes taken away, in the order of `causes`) -> number or [n], larger is better (1 = lasted); it is asked
    once for each of the 2^k subsets. Raises CauseError for more than ten causes or one that stands twice.

    >>> shapley_shares(lambda away: float(len(away) == 2), ("a", "b"))
    {'a': array(0.5), 'b': array(0.5)}
    """
    if len(causes) > MOST or len(set(causes)) < len(causes):
        raise CauseError(f"at most {MOST} different causes can be shared: every subset of them is run")
    names = tuple(causes)
    subsets = [part for size in range(len(names) + 1) for part in combinations(names, size)]
    worth = {frozenset(part): np.asarray(outcome(part), dtype=np.float64) for part in subsets}
    orders = factorial(len(names))
    shares = {}
    for name in names:
        parts = [
            factorial(len(part)) * factorial(len(names) - len(part) - 1) / orders * (worth[part | {name}] - worth[part])
            for part in worth
            if name not in part
        ]
        shares[name] = np.asarray(sum(parts[1:], parts[0]))
    return shares
