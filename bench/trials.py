"""Trials against a registry: seconds for patients x trials x criteria with three answers, and for reasons on demand.

    python bench/trials.py [--patients 10000] [--trials 200] [--criteria 20] [--reasons 1000]

The record is SYNTHETIC (counts, organ values, antigens, responses, drugs, transfusions, coverage for half of the
patients) and the trials are random rules over all facts of the format, every one with bounds of its own. Reading the
facts of all patients, asking every rule and joining the criteria is counted; making the record and the rules is not.
"""

import argparse
import os
import random
import resource
import time
from typing import Any, Final

import numpy as np
import polars as pl

from carsequel import __version__
from carsequel.options.trials import Moment, Trial, TrialMatch, read_trial
from carsequel.record import Course
from carsequel.record.normalise import course_from_tables

VALUES: Final = {
    "anc": (0.1, 6, "10^9/L"),
    "platelets": (5, 300, "10^9/L"),
    "hemoglobin": (6, 15, "g/dL"),
    "creatinine": (0.5, 3, "mg/dL"),
    "alt": (10, 200, "U/L"),
    "bilirubin": (0.2, 3, "mg/dL"),
    "igg": (100, 1500, "mg/dL"),
    "lvef": (30, 70, "%"),
    "ecog": (0, 4, "points"),
}
ANTIGENS: Final = ("CD19", "CD20", "CD22")


def make_record(patients: int, seed: int = 1) -> Course:
    """A SYNTHETIC record: per patient nine values, three antigens, two responses, three drugs, a transfusion."""
    dice = np.random.default_rng(seed)
    ids = np.array([f"s{at}" for at in range(patients)])
    parts = [_rows(ids, dice, name, value=dice.uniform(low, high, patients).round(1), unit=unit, uln=40)
             for name, (low, high, unit) in VALUES.items()]  # fmt: skip
    readings = np.array(["positive", "dim", "negative"])
    parts += [_rows(ids, dice, f"antigen_{a.lower()}", text=dice.choice(readings, patients)) for a in ANTIGENS]
    parts += [_rows(ids, dice, "response", text=dice.choice(np.array(["CR", "PR", "PD"]), patients)) for _ in range(2)]
    parts += [_rows(ids, dice, "event", text=np.repeat("transfusion_platelets", patients))]
    drugs = np.array(["lenalidomide", "glofitamab", "dexamethasone", "filgrastim", "allogeneic HSCT"])
    spans = []
    for _ in range(3):
        start = dice.integers(1, 150, patients)
        text = dice.choice(drugs, patients)
        spans.append(pl.DataFrame({"patient": ids, "name": "drug", "start": start, "end": start + 9, "text": text}))
    tables = {
        "patients": pl.DataFrame({"patient": ids, "disease": dice.choice(np.array(["LBCL", "FL"]), patients),
                                  "age": dice.integers(20, 85, patients)}),
        "infusions": pl.DataFrame({"patient": ids, "infusion": 1, "day": 0, "product": "axi-cel"}),
        "facts": pl.concat(parts, how="diagonal_relaxed"),
        "spans": pl.concat(spans).with_columns(role=pl.lit("next_line")),
        "coverage": pl.DataFrame({"patient": np.repeat(ids[::2], 3),
                                  "name": ["drug", "therapy", "event"] * len(ids[::2])}),
    }  # fmt: skip
    return course_from_tables({name: frame.with_columns(pl.all().cast(pl.String)) for name, frame in tables.items()})


def _rows(ids: Any, dice: Any, name: str, **cells: Any) -> pl.DataFrame:
    return pl.DataFrame({"patient": ids, "name": name, "day": dice.integers(90, 180, len(ids)), **cells})


def make_verdicts(course: Course) -> pl.DataFrame:
    """A failure on day 90 for everyone."""
    people = course.patients.select("patient", "disease")
    return people.with_columns(
        infusion=pl.lit(1), state=pl.lit("failed"), type=pl.lit("relapse"), why=pl.lit("relapse"),
        target=pl.lit("CD19"), product=pl.lit("axi-cel"), definition=pl.lit("stated"),
        day=pl.lit(90.0), day_low=pl.lit(90.0), day_high=pl.lit(90.0),
    )  # fmt: skip


def random_rule(dice: random.Random) -> dict[str, Any]:
    """A rule over any fact of the format, with bounds of its own."""
    name, (low, high, _) = dice.choice(list(VALUES.items()))
    support = dice.choice([{}, {"free_of": {"transfusion_platelets": dice.randint(3, 14)}}])
    choices: list[dict[str, Any]] = [
        {"fact": "measured", "name": name, "at_least": dice.uniform(low, high), "within_days": dice.randint(5, 60)}
        | support,
        {"fact": "measured", "name": name, "at_most": dice.uniform(low, high)},
        {"fact": "age", "at_least": dice.randint(18, 40), "at_most": dice.randint(60, 85)},
        {"fact": "days_since_infusion", "at_least": dice.randint(20, 170)},
        {
            "fact": "antigen",
            "antigen": dice.choice(ANTIGENS),
            "one_of": ["present"],
            "within_days": dice.randint(10, 90),
        },
        {
            "fact": "washout",
            "therapy": dice.choice(["systemic_therapy", "corticosteroid"]),
            "at_least": dice.randint(7, 60),
        },
        {"not": {"fact": "given", "therapy": dice.choice(["allo_hct", "bispecific", "auto_hct"]), "ever": True}},
        {"fact": "best_response", "one_of": dice.sample(["CR", "PR", "PD"], 2)},
        {"not": {"fact": "active", "condition": dice.choice(["crs", "gvhd", "infection"])}},
    ]
    return dice.choice(choices)


def make_trials(count: int, criteria: int, seed: int = 2) -> list[Trial]:
    """Random trials; every fourth criterion joins two rules by any."""
    dice = random.Random(seed)
    made = []
    for at in range(count):
        rules = [
            random_rule(dice) if n % 4 else {"any": [random_rule(dice), random_rule(dice)]} for n in range(criteria)
        ]
        rows = [
            {
                "id": str(n),
                "kind": dice.choice(["inclusion", "exclusion"]),
                "text": "rule",
                "status": "VERIFIED",
                "rule": r,
            }
            for n, r in enumerate(rules)
        ]
        head = {"format": "carsequel-trial/1", "id": f"T{at}", "title": "t", "source": "s", "read_on": "2026-11-22"}
        made.append(read_trial(head | {"criteria": rows}))
    return made


def main() -> None:
    """Print the machine, the sizes and the seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("patients", 10_000), ("trials", 200), ("criteria", 20), ("reasons", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    course, trials = make_record(asked.patients), make_trials(asked.trials, asked.criteria)
    verdicts = make_verdicts(course)
    print(f"carsequel {__version__}, polars {pl.__version__}, {os.cpu_count()} CPU, load {os.getloadavg()[0]:.1f}")
    started = time.perf_counter()
    match = TrialMatch(Moment(course, verdicts), trials)
    matched = time.perf_counter() - started
    print(f"{asked.patients} patients x {asked.trials} trials x {asked.criteria} criteria: {matched:.2f} s")
    sample = np.stack([match.criterion(each) for trial in trials[:10] for each in trial.criteria])
    shares = {word: f"{(sample == code).mean():.2f}" for code, word in enumerate(("no", "unknown", "yes"))}
    print(f"criteria of ten trials: {shares}; trials: {np.unique(match.verdicts, return_counts=True)}")
    dice, people = random.Random(3), course.patients["patient"].to_list()
    started = time.perf_counter()
    for _ in range(asked.reasons):
        match.reasons(dice.choice(people), dice.choice(trials))
    print(f"reasons of {asked.reasons} pairs, {asked.criteria} criteria each: {time.perf_counter() - started:.2f} s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
