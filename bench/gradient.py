"""One patient's log-likelihood and its gradient by 12 normals, beside diffrax. `python bench/gradient.py`.

Ours is the whole: the composite with its lineages, and the law of about 20 observations, value and gradient. diffrax
(jit, forward mode, float64, one CPU) solves the same equations with the same 12 derivatives and does no more: the
likelihood is left out for it, and the derivatives of the state after the events of day 0 are handed to it. Both run at
several tolerances; the time of diffrax is read off at the error that ours reaches at its default one. An error is the
worst over days, states and scaled derivatives p dy/dp, each over |y| + 1; the median of the patients counts. Errors are
those without the floors of the CAR T cells, which diffrax does not know; the value and gradient have them.
"""

import importlib.metadata as installed
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from carsequel.inference.gradient import Problem, log_likelihood_and_gradient, problem_of
from carsequel.inference.observations import FailureSeen, Observations, as_rows
from carsequel.inference.smooth import RTOL, smooth_model
from carsequel.mechanism.arms import events_of
from carsequel.mechanism.form import Model
from carsequel.mechanism.populations.draw import draw_normals, parameters_of
from carsequel.mechanism.populations.ensemble import ensemble
from carsequel.mechanism.populations.runs import of_model
from carsequel.mechanism.schedule import plan
from carsequel.mechanism.solve import sensitivities
from engine_peers import jax_rates

WRT = ("rhoE", "kk", "dE", "dM", "om", "xi", "aS", "r", "P0", "fQ", "N0", "dose")
PATIENTS, SEED, BATCH = 5, 5, 64
RTOLS = (1e-5, 1e-6, 1e-7, 1e-8)
PACKAGES = ("carsequel", "numba", "numpy", "scipy", "jax", "jaxlib", "diffrax")
SEEN = (
    *(("car_cells", day, value) for day, value in ((3, 5), (7, 60), (10, 80), (14, 40), (21, 12), (28, 6))),
    *(("car_cells", day, value) for day, value in ((60, 1), (90, 0.3))),
    *(("mtv", day, value) for day, value in ((-3, 90), (30, 20), (90, 30))),
    *(("ldh", day, value) for day, value in ((0, 400), (7, 500), (14, 300), (30, 250))),
    *(("ferritin", day, value) for day, value in ((0, 400), (7, 1500), (14, 900))),
    *(("b_cells", day, value) for day, value in ((0, 1), (30, 1))),
)  # fmt: skip


def main() -> None:
    """Run both and print the table."""
    problem, normals, parameters = _asked()
    true = _ours(parameters, problem.times, 1e-11)
    print(", ".join(f"{name} {installed.version(name)}" for name in PACKAGES))
    print(f"{len(SEEN)} measurements and a day of failure, {problem.times.size} days, {PATIENTS} patients\n")
    rows = []
    for rtol in RTOLS:
        error = _error(_ours(parameters, problem.times, rtol), true, parameters)
        rows.append((rtol, error, *_timed(problem._replace(rtol=rtol), normals, parameters)))
        print(f"ours: rtol {rtol:.0e}, error {error:.1e}, {rows[-1][2]:.2f} ms, without the law {rows[-1][3]:.2f} ms")
    theirs = _diffrax(parameters, problem.times, true)
    mine = next(row for row in rows if row[0] == RTOL)
    curve = sorted((np.log(error), np.log(ms)) for _, error, ms in theirs)
    at = float(np.exp(np.interp(np.log(mine[1]), *zip(*curve))))
    print(f"\nAt error {mine[1]:.1e} diffrax takes {at:.0f} ms: {at / mine[2]:.0f} times our value and gradient,")
    print(f"{at / mine[3]:.0f} times our states and derivatives")
    _batch(min(theirs, key=lambda row: abs(np.log(row[1] / mine[1])))[0])


def _batch(rtol: float) -> None:
    """Many starts at once, as a search for modes asks for them: each filled lane counts. One processor each."""
    import jax
    import jax.numpy as jnp

    problem, normals, parameters = _asked(BATCH)
    ours = _median(lambda: log_likelihood_and_gradient(problem, normals), 5) * PATIENTS / BATCH
    start = _ours(parameters, problem.times, problem.rtol)
    own = {row.name: row.value for row in _model().parameters}
    table = np.stack([np.broadcast_to(parameters.get(name, own[name]), BATCH) for name in own], axis=1)
    run = jax.jit(jax.vmap(_jax_solver(problem.times), in_axes=(0, 0, 0, None)))
    each = (jnp.asarray(table), jnp.asarray(start[:, 0, :, 0]), jnp.asarray(start[:, 0, :, 1:]))
    theirs = _median(lambda: jax.block_until_ready(run(*each, rtol)), 3) * PATIENTS / BATCH
    print(f"\n{BATCH} starts at once: ours {ours:.2f} ms each, value and gradient; diffrax (vmap, rtol {rtol:.0e}, no "
          f"likelihood) {theirs:.1f} ms: {theirs / ours:.0f} times")  # fmt: skip


def _asked(patients: int = 5) -> tuple[Problem, Any, dict[str, Any]]:
    member = ensemble("LBCL", "axi-cel")[0]
    _, drawn = draw_normals([member], patients, SEED)
    names, normals = tuple(drawn), np.stack(list(drawn.values()), axis=1)
    rows = [{"measure": name, "series": name, "day": float(day), "value": float(value), "bound": 0, "text": None,
             "source": "bench"} for name, day, value in SEEN]  # fmt: skip
    seen = Observations(as_rows(rows), FailureSeen("failed", 95.0), 95.0)
    own = of_model(parameters_of([member], np.zeros(patients, dtype=np.int64), drawn).parameters)
    parameters = {name: np.broadcast_to(np.asarray(value, float), patients).copy() for name, value in own.items()}
    return problem_of("LBCL", member, names, seen, WRT), normals, parameters


@cache
def _model() -> Model:
    return replace(smooth_model(), floors={})


def _ours(parameters: dict[str, Any], times: Any, rtol: float) -> Any:
    model = _model()
    schedule, atol = plan(model, events_of("single")), np.full(len(model.state_names), rtol)
    found = sensitivities(model, parameters, times, schedule, wrt=WRT, rtol=rtol, atol=atol, threads=1)
    return np.concatenate([found.solution.states[..., None], found.tangents], axis=-1)


def _timed(problem: Problem, normals: Any, parameters: dict[str, Any]) -> tuple[float, float]:
    """Milliseconds a patient of the whole, and of states and derivatives alone."""
    one = [{name: value[at : at + 1] for name, value in parameters.items()} for at in range(PATIENTS)]
    whole = _median(lambda: [log_likelihood_and_gradient(problem, normals[at : at + 1]) for at in range(PATIENTS)], 9)
    return whole, _median(lambda: [_ours(each, problem.times, problem.rtol) for each in one], 9)


def _median(run: Callable[[], Any], repeats: int) -> float:
    run()
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return 1e3 * float(np.median(seconds)) / PATIENTS


def _error(found: Any, true: Any, parameters: dict[str, Any]) -> float:
    kept = np.array([not name.startswith("spent") for name in _model().state_names])
    scale = np.concatenate([np.ones((PATIENTS, 1)), np.stack([parameters[name] for name in WRT], axis=1)], axis=1)
    wrong = np.abs(found - true) * scale[:, None, None, :] / (np.abs(true[..., :1]) + 1.0)
    return float(np.median(wrong[:, :, kept].max(axis=(1, 2, 3))))


def _diffrax(parameters: dict[str, Any], times: Any, true: Any) -> list[tuple[float, float, float]]:
    """Give rtol, error and milliseconds a patient."""
    import jax
    import jax.numpy as jnp

    run, rows = jax.jit(_jax_solver(times)), []
    model = _model()
    own = {row.name: row.value for row in model.parameters}
    table = np.stack([np.broadcast_to(parameters.get(name, own[name]), PATIENTS) for name in own], axis=1)
    starts = [
        (jnp.asarray(table[at]), jnp.asarray(true[at, 0, :, 0]), jnp.asarray(true[at, 0, :, 1:]))
        for at in range(PATIENTS)
    ]
    for rtol in RTOLS:
        found = []
        for each in starts:
            tangents, states = run(*each, rtol)
            found.append(np.concatenate([np.asarray(states)[..., None], np.asarray(tangents)], axis=-1))
        ms = _median(lambda rtol=rtol: [jax.block_until_ready(run(*each, rtol)) for each in starts], 3)  # type: ignore[misc]
        rows.append((rtol, _error(np.stack(found), true, parameters), ms))
        print(f"diffrax: rtol {rtol:.0e}, error {rows[-1][1]:.1e}, {ms:.1f} ms", flush=True)
    return rows


def _jax_solver(times: Any) -> Any:
    """Give (parameters, start [s], its derivatives [s, 12], rtol) -> derivatives [k, s, 12] and states [k, s]."""
    import diffrax
    import jax
    import jax.numpy as jnp

    model = _model()
    change = jax_rates(model)
    columns, saved = np.array([model.parameter_names.index(name) for name in WRT]), jnp.asarray(times)

    def both(p: Any, start: Any, slopes: Any, rtol: Any) -> Any:
        def states(few: Any) -> Any:
            moved = start + slopes @ (few - p[columns])
            control = diffrax.PIDController(rtol=rtol, atol=rtol)
            values = diffrax.diffeqsolve(
                diffrax.ODETerm(change), diffrax.Tsit5(), 0.0, float(times[-1]), 1e-3, moved, p.at[columns].set(few),
                saveat=diffrax.SaveAt(ts=saved), stepsize_controller=control, max_steps=20_000,
                adjoint=diffrax.ForwardMode(), throw=False,
            ).ys  # fmt: skip
            return values, values

        return jax.jacfwd(states, has_aux=True)(p[columns])

    return both


if __name__ == "__main__":
    main()
