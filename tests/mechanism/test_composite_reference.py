"""The kernel against the plain solver on patients of a shipped population (256 in bench/engine_reference.py)."""

import numpy as np

from carsequel.mechanism.arms import events_of
from carsequel.mechanism.populations.draw import draw_patients
from carsequel.mechanism.populations.runs import composite_model, of_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import Status, solve

TIMES = np.linspace(0.0, 730.0, 25)
N = 14


def test_the_kernel_agrees_with_the_plain_solver_on_patients_of_a_population() -> None:
    model = composite_model()
    drawn = of_model(draw_patients("LBCL", "axi-cel", N, 5).parameters)
    schedule = plan(model, events_of("single"))
    fast = solve(model, drawn, TIMES, schedule, chance=False)
    plain = solve(model, drawn, TIMES, schedule, chance=False, rtol=1e-10, method="scipy")
    assert set(fast.status) == set(plain.status) == {Status.FINISHED}
    floor = np.where(np.array(model.state_names) == "S", 1e-6, 1.0)
    wrong = (np.abs(fast.states - plain.states) / (np.abs(plain.states) + floor)).max(axis=(1, 2))
    assert np.median(wrong) <= 1e-5
    assert np.sort(wrong)[-2] <= 1e-4
    assert wrong.max() <= 2e-3  # one patient: a clone that began below one cell comes back from 1e-19 of it
