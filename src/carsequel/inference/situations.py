"""Data situations: what a centre would have seen of simulated patients, drawn from the law that the likelihood states.

They are how the inference is judged: known truth, seen through the same spreads, shifts, limits and errors.
"""

from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.inference.antigen import LOST, base_rate, outside_share
from carsequel.inference.categories import category, response_order
from carsequel.inference.likelihood import NORMAL_B_CELLS
from carsequel.inference.numbers import PACKAGE, measures, noise_scales, number
from carsequel.inference.observations import FailureSeen, Observations, as_rows
from carsequel.inference.paths import Paths
from carsequel.inference.predict import predicted
from carsequel.mechanism.clinic import clinic_rules
from carsequel.terms.tables import read_table

BURDEN: Final = {"lymphoma": "mtv", "leukemia": "marrow_blasts", "myeloma": "m_protein"}
FOLLOWED: Final = (30.0, 90.0, 180.0, 365.0)


class Plan(NamedTuple):
    """When a measure is taken in a situation; at failure where `at_failure`."""

    measure: str
    days: tuple[float, ...]
    at_failure: bool


def situations() -> tuple[str, ...]:
    """Give the names of the data situations.

    >>> situations()
    ('rich', 'routine', 'biopsy', 'scans')
    """
    return tuple(_table()["situation"].unique(maintain_order=True))


@cache
def _table() -> pl.DataFrame:
    return read_table(PACKAGE, "situations.csv")


def plans(situation: str, disease: str) -> list[Plan]:
    """Give what is measured when. `scans+car_cells` is a situation with measures of the rich one added.

    Raises KeyError for a situation or a measure that is not in situations.csv.

    >>> [plan.measure for plan in plans("scans+burden", "LBCL")]
    ['response', 'mtv']
    """
    name, *added = situation.split("+")
    burden = BURDEN[clinic_rules(disease)["rules"]]
    found = []
    for measure, days in [*_rows(name), *(row for each in added for row in _rows("rich", each))]:
        at_failure = days == "failure"
        when = () if at_failure else tuple(float(day) for day in days.split())
        found.append(Plan(burden if measure == "burden" else measure, when, at_failure))
    return found


def _rows(situation: str, measure: str | None = None) -> list[tuple[str, str]]:
    """Measure and days of a situation's rows, of all or of one measure."""
    rows = _table().filter(pl.col("situation") == situation)
    kept = rows if measure is None else rows.filter(pl.col("measure") == measure)
    if kept.is_empty():
        known = ", ".join(situations() if rows.is_empty() else rows["measure"])
        raise KeyError(f"situations.csv has no {measure or situation}; it has {known}")
    return list(kept.select("measure", "days").iter_rows())


def followed_days(n: int, seed: int) -> NDArray[np.float64]:
    """Give how long each of n patients is followed: one of FOLLOWED each."""
    return np.random.default_rng([seed, 1]).choice(FOLLOWED, n)


class Seen(NamedTuple):
    """What was seen of n patients, and, for scoring, whether the antigen is truly lost at the failure [n] and whether
    it was lost beside the model [n]."""

    observations: list[Observations]
    lost: NDArray[np.bool_]
    beside: NDArray[np.bool_]


def see(paths: Paths, situation: str, followed: NDArray[np.float64], seed: int) -> Seen:
    """Give what would be seen of each patient of the paths who is followed for so many days [n] or to failure."""
    random = np.random.default_rng([seed, 2])
    n = paths.n
    seen_failing = paths.failure_day <= followed
    jitter = number("failure_spread") * random.standard_normal(n)
    failure = np.where(seen_failing, np.where(seen_failing, paths.failure_day, 1.0) * np.exp(jitter), np.inf)
    as_of = np.minimum(failure, followed)
    as_of = np.where(seen_failing, failure, as_of)
    scales, shares = (np.array(part) for part in zip(*noise_scales(), strict=True))
    noise = random.choice(scales, n, p=shares)
    lost, beside = _antigen_at(paths, failure, random)
    rows: list[list[dict[str, Any]]] = [[] for _ in range(n)]
    for plan in plans(situation, paths.disease):
        for patient, row in _seen(paths, plan, as_of, failure, noise, lost, random):
            rows[patient].append(row | {"measure": plan.measure, "series": plan.measure, "source": "simulated"})
    found = [
        Observations(
            as_rows(rows[at]),
            FailureSeen("failed", float(failure[at])) if seen_failing[at] else FailureSeen("free", float(as_of[at])),
            float(as_of[at]),
        )
        for at in range(n)
    ]
    return Seen(found, lost, beside)


def _seen(
    paths: Paths, plan: Plan, as_of: Any, failure: Any, noise: Any, lost: Any, random: np.random.Generator
) -> Any:
    if plan.at_failure:
        return _antigen(failure, lost, random)
    if plan.measure == "response":
        return _response(paths, plan, as_of, failure, random)
    if plan.measure == "aplasia":
        return _aplasia(paths, plan, as_of, random)
    return _measured(paths, plan, as_of, noise, random)


def _measured(paths: Paths, plan: Plan, as_of: Any, noise: Any, random: np.random.Generator) -> Any:
    measure = measures()[plan.measure]
    shift = measure.shift * random.standard_normal(paths.n)
    limit = -np.inf if measure.limit is None else np.log(measure.limit)
    for day in plan.days:
        errors = shift + noise * measure.spread * random.standard_normal(paths.n)
        logs = predicted(paths, plan.measure, day) + errors
        for patient in np.flatnonzero(day <= as_of):
            below = bool(logs[patient] < limit)
            value = float(np.exp(max(logs[patient], limit)))
            yield int(patient), {"day": day, "value": value, "bound": -1 if below else 0, "text": None}


def _response(paths: Paths, plan: Plan, as_of: Any, failure: Any, random: np.random.Generator) -> Any:
    order, same = response_order(paths.disease), number("response_same")
    for at, day in enumerate(plan.days):
        truly = category(paths, list(plan.days[: at + 1]))
        wrong, up = random.random(paths.n) > same, random.random(paths.n) < 0.5
        last = len(order) - 1
        other = np.where(truly == 0, 1, np.where(truly == last, last - 1, np.where(up, truly + 1, truly - 1)))
        said = np.where(wrong, other, truly)
        for patient in np.flatnonzero((day <= as_of) & (day < failure)):
            yield int(patient), {"day": day, "value": None, "bound": 0, "text": order[said[patient]]}


def _aplasia(paths: Paths, plan: Plan, as_of: Any, random: np.random.Generator) -> Any:
    level = np.log(number("aplasia_share") * NORMAL_B_CELLS)
    for day in plan.days:
        absent = predicted(paths, "b_cells", day) < level
        said = absent != (random.random(paths.n) < number("aplasia_error"))
        for patient in np.flatnonzero(day <= as_of):
            yield int(patient), {"day": day, "value": None, "bound": 0, "text": "yes" if said[patient] else "no"}


def _antigen_at(paths: Paths, failure: Any, random: np.random.Generator) -> tuple[Any, Any]:
    """Whether the antigen is lost at the failure, and whether it was lost beside the model."""
    outside = random.random(paths.n) < outside_share(paths.disease)
    beside = outside & (random.random(paths.n) < base_rate(paths.disease))
    lost = np.zeros(paths.n, dtype=bool)
    for patient in np.flatnonzero(np.isfinite(failure)):
        share = paths.only(np.array([patient])).negative_on(float(failure[patient]))[0]
        lost[patient] = beside[patient] if outside[patient] else share > LOST
    return lost, beside


def _antigen(failure: Any, lost: Any, random: np.random.Generator) -> Any:
    error = number("antigen_error")
    wrong = random.random(failure.size) < error
    for patient in np.flatnonzero(np.isfinite(failure)):
        said = "negative" if lost[patient] != wrong[patient] else "positive"
        yield int(patient), {"day": float(failure[patient]), "value": error, "bound": 0, "text": said}
