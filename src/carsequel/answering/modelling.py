"""The model's part of the answer: the fit of one patient, forecast, what was known when, projections of options."""

from collections.abc import Callable
from typing import Any, Final

import polars as pl

from carsequel.causes.joined import join_model
from carsequel.inference.bank import Bank
from carsequel.inference.fit import Fit, fit_patient
from carsequel.inference.forecast import expected_course, forecast
from carsequel.inference.knowing import time_to_know
from carsequel.inference.numbers import measures
from carsequel.inference.reading import read_observations
from carsequel.inference.trust import Trust, trust_of
from carsequel.mechanism.arms import arm_of, arm_rows
from carsequel.mechanism.clinic import ClinicError
from carsequel.mechanism.populations.ensemble import PopulationError
from carsequel.record.course import Course
from carsequel.research.what_if import NOTHING, compare_arms_for

Banks = Callable[[str, str], Bank]
NOT_FITTED: Final = ("not_infused", "not_evaluable", "died_without_progression", "second_malignancy")
EXPLORED: Final = (
    "resistant_second",
    "dual_target_second",
    "second_infusion+pd1",
    "second_infusion+il15",
    "bispecific+radiotherapy",
)
TOLD: Final = {"complete_response": "complete response", "controlled_180": "controlled 180 days after the failure"}
DELAYS: Final = (0.0, 28.0)
HYPOTHESIS: Final = "model projection: a hypothesis, no evidence about patients"


class Modelled:
    """The fit of one patient, or the reason why there is none."""

    def __init__(self, course: Course, verdict: dict[str, Any] | None, banks: Banks | None) -> None:
        self.fit: Fit | None = None
        self.trust: Trust | None = None
        self.why = "no model was asked for"
        if banks is not None:
            self.why = self._fitted(course, verdict, banks)

    def _fitted(self, course: Course, verdict: dict[str, Any] | None, banks: Banks) -> str:
        if verdict is None or verdict["state"] in NOT_FITTED:
            return "not fitted: no infusion that can be judged, or what came is no failure of the cells"
        try:
            bank = banks(str(verdict["disease"]), str(verdict["product"]))
            self.fit = fit_patient(bank, read_observations(course, verdict))
        except (PopulationError, ClinicError) as error:
            return f"the model is silent: {error}"
        self.trust = trust_of(self.fit)
        return ""

    def causes(self, causes: dict[str, Any]) -> dict[str, Any]:
        """Give the causes with the model's numbers, or with the reason why it has none."""
        if self.fit is None or self.trust is None:
            return causes | {"model": {"method": None, "why": self.why}} if causes else causes
        return join_model(causes, self.fit, self.trust)

    def part(self) -> dict[str, Any]:
        """Give the `model` part of the answer: forecast, time_to_know and courses (predicted bands with what was
        measured), or the reason why there is none."""
        if self.fit is None or self.trust is None:
            return {"why": self.why}
        fit = self.fit
        known = time_to_know(fit.bank, fit.seen)
        return {
            "method": fit.method,
            "trust": self.trust.mark,
            "reasons": list(self.trust.reasons),
            "forecast": forecast(fit).to_dicts(),
            "time_to_know": known.to_dicts(),
            "courses": [_course(fit, name) for name in _shown(fit)],
            "failure_day": fit.seen.failure.day if fit.seen.failure.state == "failed" else None,
            "as_of": fit.seen.as_of,
            "not_read": list(fit.seen.notes),
        }

    def provenance(self) -> dict[str, Any]:
        """Give the seed and hash of the bank; nothing where no model was fitted."""
        return {} if self.fit is None else {"seed": self.fit.bank.seed, "bank": self.fit.bank.hash}

    def research(self) -> list[dict[str, Any]]:
        """Give what-ifs beyond the listed options, for a patient who failed: what_if, result, hypothesis, source."""
        if self.fit is None or self.fit.seen.failure.state != "failed":
            return []
        rows = compare_arms_for(self.fit, EXPLORED)
        return [_explored(arm, rows.filter(pl.col("arm") == arm)) for arm in EXPLORED]

    def options(self, options: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give the options with the model's projection where it has an arm for them, now and four weeks later."""
        if self.fit is None or self.fit.seen.failure.state != "failed":
            return options
        arms = {row["option"]: arm for row in options if (arm := arm_of(row["option"])) not in (None, NOTHING)}
        if not arms:
            return options
        tables = [compare_arms_for(self.fit, sorted(set(arms.values())), delay) for delay in DELAYS]
        every = pl.concat(tables)
        return [row | _projected(row, arms.get(row["option"]), every) for row in options]


def _explored(arm: str, rows: pl.DataFrame) -> dict[str, Any]:
    meanings = arm_rows().filter(pl.col("arm").is_in(arm.split("+")) & (pl.col("step") == 1))["meaning"].to_list()
    said = []
    for name, words in TOLD.items():
        row = rows.filter(pl.col("outcome") == name).row(0, named=True)
        more = f"{100 * row['gain']:+.0f} points against observation"
        said.append(f"{words} {100 * row['p']:.0f} % ({100 * row['low']:.0f} to {100 * row['high']:.0f}; {more})")
    result = f"{'; '.join(said)}; n = {rows['n'][0]} virtual patients like this one"
    return {"what_if": " with ".join(meanings), "arm": arm, "result": result, "hypothesis": True, "source": None}


def _projected(row: dict[str, Any], arm: str | None, every: pl.DataFrame) -> dict[str, Any]:
    if arm is None:
        return {}
    notes = arm_rows().filter(pl.col("arm") == arm)["note"].drop_nulls().to_list()
    own = {"kind": "model", "arm": arm, "label": HYPOTHESIS, "caution": "; ".join(notes) or None,
           "rows": every.filter(pl.col("arm") == arm).to_dicts()}  # fmt: skip
    return {"projected_model": own}


def _shown(fit: Fit) -> list[str]:
    """What is worth a picture: everything measured, and the CAR T level."""
    seen = [name for name in fit.seen.rows["measure"].unique(maintain_order=True) if name in measures()]
    return list(dict.fromkeys(["car_cells", *seen]))[:6]


def _course(fit: Fit, measure: str) -> dict[str, Any]:
    end = max(fit.seen.as_of + 60.0, 90.0)
    days = [float(day) for day in fit.paths.times if day <= end]
    band = expected_course(fit, measure, days[:: max(len(days) // 40, 1)])
    rows = fit.seen.rows.filter(pl.col("measure") == measure).select("day", "value", "bound")
    return {"measure": measure, "unit": measures()[measure].unit, "band": band.to_dicts(), "observed": rows.to_dicts()}
