"""The kernel against the plain solver on virtual patients of the composite: `python bench/engine_reference.py`.

LBCL, axi-cel, one infusion, 25 outputs to day 730, chance off; the kernel at its default tolerance, SciPy's DOP853 at
rtol 1e-12. An error is |y - y*| / (|y*| + 1 cell), for the share S + 1e-6; the worst over outputs and states.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from carsequel.mechanism.arms import events_of
from carsequel.mechanism.populations.draw import draw_patients
from carsequel.mechanism.populations.runs import composite_model, of_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import solve

TIMES, SEED, PART = np.linspace(0.0, 730.0, 25), 5, 16


def states(method: str, first: int, n: int, rtol: float) -> NDArray[np.float64]:
    """Give the states [n, k, s] of patients first .. first + n - 1."""
    model = composite_model()
    drawn = of_model(draw_patients("LBCL", "axi-cel", n, SEED, first).parameters)
    options = {"method": method, "rtol": rtol, "chance": False}
    return solve(model, drawn, TIMES, plan(model, events_of("single")), **options).states  # type: ignore[arg-type]


def errors(found: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the error of each patient [n]."""
    floor = np.where(np.array(composite_model().state_names) == "S", 1e-6, 1.0)
    worst: NDArray[np.float64] = (np.abs(found - true) / (np.abs(true) + floor)).max(axis=(1, 2))
    return worst


def main() -> None:
    """Print the errors and the time of both."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--patients", type=int, default=256)
    n = asked.parse_args().patients
    begin = time.perf_counter()
    with ProcessPoolExecutor(2) as pool:
        true = np.concatenate(list(pool.map(partial(states, "scipy", n=PART, rtol=1e-12), range(0, n, PART))))[:n]
    plain = time.perf_counter() - begin
    found = states("kernel", 0, n, 1e-6)
    wrong = errors(found, true)
    shares = {f"p{q}": np.quantile(wrong, q / 100) for q in (50, 90, 99, 100)}
    print(f"{n} patients, error: " + ", ".join(f"{name} {value:.1e}" for name, value in shares.items()))
    print(f"the plain solver took {plain:.0f} s on 2 cores")


if __name__ == "__main__":
    main()
