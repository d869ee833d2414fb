"""Simulated courses as the likelihood reads them: logarithms of what can be measured, patient by patient and day."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carsequel.mechanism import observe
from carsequel.mechanism.clinic import clinic_rules, outcomes
from carsequel.mechanism.composite import OUTPUTS, State
from carsequel.mechanism.populations.runs import TUMOUR, composite_model
from carsequel.mechanism.solution import Solution, Status

Floats = NDArray[np.floating[Any]]
CAR: Final = ("I", "M", "E", "X")
NO_DEATHS: Final = {"death_year_1": 0.0, "death_later": 0.0}
LEAST: Final = 1e-3  # cells; below one cell all measurements are below their limits anyway


class Paths(NamedTuple):
    """n simulated patients: at `times` [k] the natural logarithms [k, n] of cells (`car`, `lymphocytes`, `tumour`,
    `b_cells`), of the IL-6 fold (`il6`) and, in myeloma, of the M-protein (`protein`, g/dL); the share of the tumour
    without the antigen (`negative`). Each patient's ln burden before lymphodepletion (`baseline`), day on which the
    disease failed if nobody died (`failure_day`, infinite = never), whether a complete response came first
    (`complete`), and the highest CAR T level (`cmax`, cells/uL; not a number where the solver gave the patient up)."""

    disease: str
    times: NDArray[np.float64]
    logs: Mapping[str, Floats]
    negative: Floats
    baseline: Floats
    failure_day: Floats
    complete: NDArray[np.bool_]
    cmax: Floats

    @property
    def n(self) -> int:
        """How many patients."""
        return int(self.baseline.size)

    def on(self, name: str, day: float) -> NDArray[np.float32]:
        """Give the logarithm [n] of a quantity on a day (log-linear between times; the last time beyond)."""
        return _between(self.times, self.logs[name], day)

    def tumour_on(self, day: float) -> NDArray[np.float32]:
        """Give the ln burden [n] on a day, before day 1 that before lymphodepletion."""
        return np.asarray(self.baseline, dtype=np.float32) if day < 1 else self.on("tumour", day)

    def negative_on(self, day: float) -> NDArray[np.float32]:
        """Give the share [n] of the tumour without the antigen on a day."""
        return _between(self.times, self.negative, max(day, 0.0))

    def only(self, kept: NDArray[Any]) -> "Paths":
        """Give the patients of an index or mask."""
        logs = {name: values[:, kept] for name, values in self.logs.items()}
        others = (part[kept] for part in (self.baseline, self.failure_day, self.complete, self.cmax))
        return Paths(self.disease, self.times, logs, self.negative[:, kept], *others)


def _between(times: NDArray[np.float64], values: Floats, day: float) -> NDArray[np.float32]:
    at = min(int(np.searchsorted(times, day)), times.size - 1)
    high = np.asarray(values[at], dtype=np.float32)
    if at == 0 or times[at] <= day:
        return high
    share = np.float32((day - times[at - 1]) / (times[at] - times[at - 1]))
    low = np.asarray(values[at - 1], dtype=np.float32)
    return np.asarray(low + share * (high - low), dtype=np.float32)


def paths_of(
    disease: str, solution: Solution, parameters: Mapping[str, NDArray[np.float64]], seed: int, numbers: Any
) -> Paths:
    """Read the paths off a solution of the composite model on `clinic_times`; `numbers` [n] are those of the
    patients' chance. Numbers are kept in half precision (1.6 % of a value), far below any noise of measurement."""
    at = {name: solution.state(name) for name in solution.model.state_names}
    tumour = np.sum([at[name] for name in TUMOUR], axis=0)
    cells = {"car": np.sum([at[name] for name in CAR], axis=0), "lymphocytes": at["N"], "tumour": tumour}
    cells |= {"b_cells": at["B"], "il6": _il6(at, parameters)}
    if clinic_rules(disease)["rules"] == "myeloma":
        cells["protein"] = observe.m_protein(tumour, solution.times)
    logs = {name: np.log(np.maximum(values, LEAST)).T.astype(np.float16) for name, values in cells.items()}
    share = (at["Q"] + at["D"]) / np.maximum(tumour, 1.0)
    rows = outcomes(solution, parameters, disease, seed=seed, first_patient=numbers, hazards=NO_DEATHS)
    failed = rows["failure_day"].fill_null(np.inf).to_numpy()
    solved = solution.status == Status.FINISHED
    return Paths(
        disease, solution.times, logs, share.T.astype(np.float16), np.log(parameters["P0"]),
        np.where(solved, failed, np.nan), rows["cr"].fill_null(False).to_numpy(),
        rows["cmax"].fill_null(np.nan).to_numpy(),
    )  # fmt: skip


def joined(parts: list[Paths]) -> Paths:
    """Give several sets of patients on the same times as one."""
    first = parts[0]
    logs = {name: np.concatenate([part.logs[name] for part in parts], axis=1) for name in first.logs}
    negative = np.concatenate([part.negative for part in parts], axis=1)
    rest = (np.concatenate([getattr(part, name) for part in parts]) for name in Paths._fields[4:])
    return Paths(first.disease, first.times, logs, negative, *rest)


def _il6(at: dict[str, Any], parameters: Mapping[str, NDArray[np.float64]]) -> Any:
    n = at["N"].shape[0]
    own = {row.name: parameters.get(row.name, row.value) for row in composite_model().parameters}
    values = SimpleNamespace(**{name: np.broadcast_to(value, (n,))[:, None] for name, value in own.items()})
    return np.asarray(OUTPUTS["il6"](State(**at), values))
