"""From parameter sets to what a clinic would have seen: draw, solve an arm, read it off."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from carsequel.mechanism import composite
from carsequel.mechanism.arms import arm_rows, events_of
from carsequel.mechanism.clinic import clinic_times, from_day, outcomes, salvage_days
from carsequel.mechanism.form import Model, read_model
from carsequel.mechanism.populations.draw import Drawn, draw_members
from carsequel.mechanism.populations.ensemble import Member
from carsequel.mechanism.populations.measures import Seen
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solution import Solution
from carsequel.mechanism.solve import solve

HORIZON: Final[dict[str, float]] = {"LBCL": 1830.0, "B-ALL": 1110.0, "MCL": 1110.0, "MM": 1110.0}
RTOL: Final = 1e-4
HAZARDS: Final = ("death_year_1", "death_later")
SALVAGE_TO: Final = 365.0
TUMOUR: Final = ("P", "R", "Q", "D")
SALVAGE: Final = ("best_response", "cr", "orr", "failure_day", "failure_kind", "antigen_negative", "cmax")


class Simulated(NamedTuple):
    """Virtual patients of one arm: one row each (columns of `clinic.outcomes`; with a treatment at failure those of
    the salvage course too, `salvage_` before their names), and the states over time."""

    rows: pl.DataFrame
    solution: Solution


@cache
def composite_model() -> Model:
    """Give the composite model, read once."""
    return read_model(composite)


def run_arm(
    disease: str,
    drawn: Drawn,
    arm: str = "single",
    *,
    seed: int,
    first: int | NDArray[np.int64] = 0,
    horizon: float = 730.0,
    delay: float = 0.0,
    rtol: float = RTOL,
    threads: int = 0,
) -> Simulated:
    """Run drawn patients through an arm; the same seed gives every arm the same patients and the same chances,
    which are those of the patients from number `first` on, or of the numbers listed, [n].

    What an arm gives at failure begins `delay` days after it, and is followed for a year from then on. Raises ArmError
    for an unknown arm, ClinicError for a disease without rules.
    """
    parameters, hazards = of_model(drawn.parameters, arm), hazards_of(drawn.parameters)
    model, times = composite_model(), clinic_times(disease, horizon)
    before = first_course(arm)
    solution = solve(
        model, parameters, times, plan(model, events_of(before)), seed=seed, rtol=rtol, first_patient=first,
        threads=threads,
    )  # fmt: skip
    rows = outcomes(solution, parameters, disease, seed=seed, first_patient=first, hazards=hazards)
    if before == arm:
        return Simulated(rows, solution)
    failed = salvage_days(rows)
    events = events_of(arm, failure_day=failed, delay=delay)
    longer = clinic_times(disease, horizon + delay + SALVAGE_TO)
    whole = solve(
        model, parameters, longer, plan(model, events, failed.size), seed=seed, rtol=rtol, first_patient=first,
        threads=threads,
    )  # fmt: skip
    own = from_day(whole, failed + delay, clinic_times(disease, SALVAGE_TO))
    burden = np.sum([own.state(name)[:, 0] for name in TUMOUR], axis=0)
    after = outcomes(own, parameters, disease, seed=seed + 1, first_patient=first, hazards=hazards, baseline=burden)
    renamed = after.select(pl.col(name).alias(f"salvage_{name}") for name in SALVAGE)
    return Simulated(pl.concat([rows, renamed], how="horizontal"), whole)


def first_course(arm: str) -> str:
    """Give the part of an arm that needs no failure: its base and what is given from the infusion on.

    >>> first_course("second_infusion+il15_early")
    'single+il15_early'
    """
    late = set(arm_rows().filter(relative_to="failure")["arm"])
    early = [part.strip() for part in arm.split("+") if part.strip() not in late]
    if len(early) == len(arm.split("+")):
        return arm
    base = set(arm_rows().filter(role="base")["arm"])
    return "+".join(early if base & set(early) else ["single", *early])


def simulate_members(disease: str, members: Sequence[Member], patients: int, seed: int) -> Seen:
    """Simulate so many patients of weighted sets through a single infusion and give what was seen of them."""
    drawn = draw_members(members, patients, seed)
    run = run_arm(disease, drawn, seed=seed, horizon=HORIZON.get(disease, 1110.0))
    return Seen(run.rows, drawn.parameters["P0"])


def of_model(parameters: Mapping[str, NDArray[np.float64]], arm: str = "single") -> dict[str, ArrayLike]:
    """Give the drawn parameters that the model itself takes.

    Where no treatment of the arm sees a second antigen, cells that lack both change nothing and are left out.
    """
    own: dict[str, ArrayLike] = {name: values for name, values in parameters.items() if name not in HAZARDS}
    return own if _second_antigen(arm) else {"f2": 0.0, **own}


def _second_antigen(arm: str) -> bool:
    given = arm_rows().filter(pl.col("arm").is_in([part.strip() for part in arm.split("+")]))["given"]
    return bool(given.fill_null("").str.contains(r"second_target=1|other_target=1|bispecific=1").any())


def hazards_of(parameters: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Give the drawn hazards of a death without progression, per year."""
    return {name: values for name, values in parameters.items() if name in HAZARDS}
