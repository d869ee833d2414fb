"""Kimmel 2021: cure by chance, when cure and progression come, and why lymphodepletion precedes a second infusion."""

import numpy as np

from carsequel.mechanism.published import read_published
from carsequel.mechanism.published.kimmel2021 import PROGRESSION
from carsequel.mechanism.schedule import Event, plan
from carsequel.mechanism.solve import solve

MODEL = read_published("kimmel2021")
DAYS = np.arange(0.0, 600.0)
N = 300


def spread(growth: float, seed: int = 3) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    rows = {row.name: row.value for row in MODEL.parameters} | {"r_b": growth}
    return {name: value * (1 + 0.05 * generator.standard_normal(N)) for name, value in rows.items() if name != "k_n"}


def test_cure_comes_early_and_progression_late() -> None:
    found = solve(MODEL, spread(0.105), DAYS, seed=11)
    tumour = found.state("tumour")
    cured = (tumour == 0).any(axis=1)
    cure_day = DAYS[np.argmax(tumour[cured] == 0, axis=1)]
    assert np.mean((cure_day >= 20) & (cure_day <= 80)) > 0.85
    assert np.mean(cure_day > 140) < 0.03
    back = tumour > PROGRESSION * tumour[:, :1]
    fail_day = DAYS[np.argmax(back[~cured], axis=1)]
    assert np.mean((fail_day >= 200) & (fail_day <= 500)) > 0.9
    assert not np.any(back[cured] & (DAYS > 150)), "a cured patient stays cured"


def test_chance_belongs_to_the_patient() -> None:
    first = solve(MODEL, {"r_b": np.full(40, 0.105)}, DAYS[::50], seed=5)
    again = solve(MODEL, {"r_b": np.full(30, 0.105)}, DAYS[::50], seed=5, first_patient=10)
    other = solve(MODEL, {"r_b": np.full(40, 0.105)}, DAYS[::50], seed=6)
    assert np.array_equal(first.states[10:], again.states)
    assert not np.array_equal(first.states, other.states)
    cured = first.state("tumour")[:, -1] == 0
    assert 0 < cured.sum() < 40, "the same patient is cured by chance, not by his parameters"


def test_a_second_infusion_needs_lymphodepletion() -> None:
    events = {
        "none": [],
        "infusion": [Event(180.0, "infuse", 1.0)],
        "both": [Event(180.0, "lymphodeplete", 6 / 500), Event(180.0, "infuse", 1.0)],
    }
    runs = {
        name: solve(MODEL, {"r_b": 0.19}, [180.0, 187.0, 240.0], plan(MODEL, each), chance=False)
        for name, each in events.items()
    }
    car = {name: run.state("car")[0] for name, run in runs.items()}
    assert car["infusion"][1] < car["infusion"][0] < 0.5, "without it the new cells only decline"
    assert car["both"][1] > 50 * car["both"][0], "with it they expand again"
    left = {name: run.state("tumour")[0, 2] for name, run in runs.items()}
    assert left["infusion"] < left["none"]
    before = runs["infusion"].state("tumour")[0, 0]
    assert left["infusion"] > before > 1e6 * left["both"], "without it the tumour grows on"
