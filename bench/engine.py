"""The engine beside its peers on the same virtual patients: time at equal achieved error. `python bench/engine.py`.

Each solver runs at several tolerances; its median error and its time a patient make a curve, and the time at the error
that the kernel reaches at rtol 1e-6 is read off it (straight line of the logarithms). `--patients N` bounds how many
patients are timed (128 is a quick look), `--only WORD` names a peer.
"""

import argparse
import importlib.metadata as installed
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from carsequel.mechanism.solve import sensitivities
from engine_peers import Peer, diffrax_solver, kernel, peers
from engine_problem import TIMES, Floats, Problem, errors, make_problem, reference

TRUE, AT = 128, 1e-6
WRT = ("rhoE", "kk", "dE", "dM", "om", "xi", "N0", "r", "aS", "dose", "P0", "KE")
PACKAGES = ("carsequel", "numba", "llvmlite", "numpy", "scipy", "numbalsoda", "libroadrunner", "jax", "diffrax")


def main() -> None:
    """Run all that is there and print the tables."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--patients", type=int, default=2048)
    asked.add_argument("--only", default="")
    args = asked.parse_args()
    problem = make_problem(args.patients)
    true = reference(problem.some(min(TRUE, args.patients)))
    found, missing = peers(problem)
    print(_machine() + "; " + ", ".join(_versions()) + (f"; not there: {', '.join(missing)}" if missing else ""))
    curves = {}
    for peer in found:
        if args.only in peer.name or peer.run is kernel:
            curves[peer.name] = _curve(peer, problem, true)
    _compare(curves)
    _sensitivities(problem)


def _curve(peer: Peer, problem: Problem, true: Floats) -> list[tuple[float, float, float, dict[int, float]]]:
    """Give rtol, median and largest error, and seconds a patient by number of cores."""
    own = problem.some(min(peer.patients, problem.patients.shape[0]))
    n, rows = own.patients.shape[0], []
    for rtol in peer.rtols:
        peer.run(own.some(2), rtol, 1)
        seconds = {}
        for cores in peer.cores:
            states, seconds[cores] = _best(partial(peer.run, own, rtol, cores), n, cores)
        wrong = errors(problem, states[: true.shape[0]], true)
        rows.append((rtol, float(np.median(wrong)), float(wrong.max()), seconds))
        words = ", ".join(f"{1 / each:,.0f}/s on {cores}" for cores, each in seconds.items())
        print(
            f"{peer.name}: rtol {rtol:.0e}, error {rows[-1][1]:.1e} (max {rows[-1][2]:.1e}), {words}, n = {n}",
            flush=True,
        )
    return rows


def _best(run: Callable[[], Any], n: int, cores: int = 1, repeats: int = 5, most: float = 6.0) -> tuple[Any, float]:
    """Give the result and the median seconds a patient of a few runs: of the processor on one core, so that other
    programs count little, and of the clock on several."""
    clock, seconds = time.process_time if cores == 1 else time.perf_counter, list[float]()
    while len(seconds) < repeats and sum(seconds) < most:
        begin = clock()
        result = run()
        seconds.append(clock() - begin)
    return result, float(np.median(seconds)) / n


def _at(curve: list[tuple[float, float, float, dict[int, float]]], error: float, cores: int) -> float:
    """Give seconds a patient at this median error; not a number outside of what was reached."""
    points = sorted((np.log(row[1]), np.log(row[3][cores])) for row in curve if np.isfinite(row[1]))
    if not points or not points[0][0] <= np.log(error) <= points[-1][0]:
        return float("nan")
    return float(np.exp(np.interp(np.log(error), *zip(*points))))


def _compare(curves: dict[str, list[tuple[float, float, float, dict[int, float]]]]) -> None:
    ours = curves["carsequel kernel"]
    error = next(row[1] for row in ours if row[0] == AT)
    print(f"\nAt a median error of {error:.1e}:\n\n| solver | patients/s, 1 core | 2 cores | time / ours, 1 core |")
    print("|---|---|---|---|")
    for name, curve in curves.items():
        each = {cores: _at(curve, error, cores) for cores in curve[0][3]}
        two = f"{1 / each[2]:,.0f}" if 2 in each else ""
        print(f"| {name} | {1 / each[1]:,.0f} | {two} | {each[1] / _at(ours, error, 1):.1f} |")


def _sensitivities(problem: Problem) -> None:
    own, atol = problem.some(256), 1e-8 * problem.floors
    options: dict[str, Any] = {"wrt": WRT, "rtol": 1e-8, "atol": atol, "threads": 1}
    sensitivities(own.model, own.patients[:4], TIMES, own.schedule, **options)
    _, ours = _best(lambda: sensitivities(own.model, own.patients, TIMES, own.schedule, **options), 256)
    print(f"\nValues and 12 sensitivities at rtol 1e-8: {1e3 * ours:.3f} ms a patient on 1 core")
    try:
        import jax
        import jax.numpy as jnp

        one = diffrax_solver(problem)
    except ImportError:
        return
    columns = np.array([own.model.parameter_names.index(name) for name in WRT])

    def both(p: Any, start: Any) -> Any:
        def states(few: Any) -> Any:
            values = one(p.at[columns].set(few), start, 1e-8)
            return values, values

        return jax.jacfwd(states, has_aux=True)(p[columns])

    run, few = jax.jit(both), own.some(4)
    patients, start = jnp.asarray(few.patients), jnp.asarray(few.start)
    jax.block_until_ready(run(patients[0], start[0]))
    _, theirs = _best(lambda: [jax.block_until_ready(run(*each)) for each in zip(patients, start)], 4)
    print(f"diffrax forward mode, the start held fixed: {1e3 * theirs:.1f} ms; {theirs / ours:.0f} times ours")


def _versions() -> list[str]:
    there = {each.metadata["Name"].lower() for each in installed.distributions()}
    return [f"{name} {installed.version(name)}" for name in PACKAGES if name in there]


def _machine() -> str:
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    names = [line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name")]
    return f"{len(names)} x {names[0] if names else 'unknown'}, {'AVX-512' if 'avx512f' in info else 'no AVX-512'}"


if __name__ == "__main__":
    main()
