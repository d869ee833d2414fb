"""The solvers of bench/engine.py: each takes a Problem and a tolerance and gives the states [n, k, s].

Absolute tolerances are `rtol` of one cell (of 1e-6 for the share S) for everyone; where a program takes one number for
all states, S is counted in millionths. A peer that is not installed says so and is left out.
"""

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from carsequel.mechanism.form import Model
from carsequel.mechanism.sbml_export import write_sbml
from carsequel.mechanism.solve import solve
from engine_problem import TIMES, Floats, Problem
from engine_source import print_rates
from engine_twin import twin_of

Run = Callable[[Problem, float, int], Floats]


class Peer(NamedTuple):
    """A solver: name, how many patients it is timed on, the tolerances it is run at, how many cores it can use, and how
    it is run with (problem, rtol, cores)."""

    name: str
    patients: int
    rtols: tuple[float, ...]
    cores: tuple[int, ...]
    run: Run


LOOSE, TIGHT = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8), (1e-5, 1e-6, 1e-7, 1e-8, 1e-9)


def kernel(problem: Problem, rtol: float, cores: int) -> Floats:
    """Ours."""
    atol = rtol * problem.floors
    return solve(problem.model, problem.patients, TIMES, problem.schedule, rtol=rtol, atol=atol, threads=cores).states


def twin(problem: Problem) -> Peer:
    """Give the scalar Numba twin of our method."""
    import numba

    many = twin_of(problem.rates)

    def run(asked: Problem, rtol: float, cores: int) -> Floats:
        numba.set_num_threads(cores)
        out = np.full((asked.patients.shape[0], TIMES.size, asked.floors.size), np.nan)
        many(asked.patients, asked.fixed, asked.start, TIMES, rtol, rtol * asked.floors, out)
        return out

    return Peer("scalar Numba twin (Tsit5)", 256, LOOSE, (1, 2), run)


def _one_by_one(problem: Problem, solved: Callable[[Any, Floats], Floats]) -> Floats:
    states = np.full((problem.patients.shape[0], TIMES.size, problem.floors.size), np.nan)
    for row in range(states.shape[0]):
        p, h = problem.patients[row], problem.fixed[row]
        out = np.empty(problem.floors.size)

        def change(t: float, y: Floats, p: Floats = p, h: Floats = h, out: Floats = out) -> Floats:
            problem.rates(t, y, p, h, out)
            return out.copy()

        with contextlib.suppress(ValueError):
            states[row] = solved(change, problem.start[row])
    return states


def solve_ivp_lsoda(problem: Problem, rtol: float, cores: int) -> Floats:
    """SciPy solve_ivp, method LSODA, with the compiled right-hand side."""
    from scipy.integrate import solve_ivp

    def solved(change: Any, start: Floats) -> Floats:
        found = solve_ivp(change, (0, 730.0), start, "LSODA", TIMES, rtol=rtol, atol=rtol * problem.floors)
        return np.asarray(found.y.T)

    return _one_by_one(problem, solved)


def odeint(problem: Problem, rtol: float, cores: int) -> Floats:
    """SciPy odeint with the compiled right-hand side."""
    from scipy import integrate

    def solved(change: Any, start: Floats) -> Floats:
        atol = rtol * problem.floors
        found = integrate.odeint(change, start, TIMES, rtol=rtol, atol=atol, tfirst=True, mxstep=100_000)
        return np.asarray(found)

    return _one_by_one(problem, solved)


def numbalsoda(problem: Problem) -> Peer:
    """Give numbalsoda's LSODA, called from a compiled loop over patients."""
    import numba
    from numba import carray, cfunc, njit, prange
    from numbalsoda import lsoda, lsoda_sig

    rates, states, size = problem.rates, problem.floors.size, problem.fixed.shape[1]
    parameters, scale = problem.patients.shape[1], problem.floors.copy()

    @cfunc(lsoda_sig)
    def change(t: float, u: Any, du: Any, data: Any) -> None:
        y, out, both = carray(u, (states,)), carray(du, (states,)), carray(data, (parameters + size,))
        real = np.empty(states)
        for row in range(states):
            real[row] = y[row] * scale[row]
        rates(t, real, both[:parameters], both[parameters:], out)
        for row in range(states):
            out[row] /= scale[row]

    address = change.address

    @njit(parallel=True)
    def many(start: Floats, both: Floats, times: Floats, rtol: float, out: Floats) -> None:
        for row in prange(start.shape[0]):
            found, good = lsoda(address, start[row] / scale, times, both[row], rtol, rtol, 100_000)
            if good:
                out[row] = found * scale

    def run(asked: Problem, rtol: float, cores: int) -> Floats:
        numba.set_num_threads(cores)
        out = np.full((asked.patients.shape[0], TIMES.size, states), np.nan)
        many(asked.start, np.hstack([asked.patients, asked.fixed]), TIMES, rtol, out)
        return out

    return Peer("numbalsoda LSODA", 128, TIGHT, (1, 2), run)


def libroadrunner(problem: Problem) -> Peer:
    """Give libroadrunner's CVODE on the exported SBML (start given as numbers, so that only the solver is timed)."""
    import roadrunner

    runner = roadrunner.RoadRunner(write_sbml(problem.model))
    names = list(problem.model.parameter_names)
    places = [runner.model.getGlobalParameterIds().index(name) for name in names]
    states = [runner.model.getGlobalParameterIds().index(name) for name in problem.model.state_names]
    runner.timeCourseSelections = list(problem.model.state_names)
    runner.integrator.setValue("maximum_num_steps", 1_000_000)

    def run(asked: Problem, rtol: float, cores: int) -> Floats:
        runner.integrator.setValue("relative_tolerance", rtol)
        runner.integrator.setValue("absolute_tolerance", rtol * 1e-6)
        out = np.full((asked.patients.shape[0], TIMES.size, asked.floors.size), np.nan)
        for row in range(out.shape[0]):
            runner.reset()
            runner.model.setGlobalParameterValues(places + states, [*asked.patients[row], *asked.start[row]])
            with contextlib.suppress(RuntimeError):
                out[row] = runner.simulate(times=TIMES.tolist())
        return out

    return Peer("libroadrunner CVODE", 32, TIGHT, (1,), run)


def jax_rates(model: Model) -> Any:
    """Give (t, y, p) -> change as a function of JAX, printed from the same expressions."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    words: dict[str, Any] = {name: getattr(jnp, name) for name in ("exp", "log", "sqrt", "maximum", "minimum")}
    words["where_positive"] = lambda a, b, c: jnp.where(a > 0, b, c)
    fixed, rates, size = print_rates(model)
    exec(fixed + rates, words)

    def change(t: Any, y: Any, p: Any) -> Any:
        h: list[Any] = [None] * size
        out: list[Any] = [None] * len(model.state_names)
        words["fixed"](p, h)
        words["rates"](t, y, p, h, out)
        return jnp.stack([jnp.asarray(each, dtype=jnp.float64) for each in out])

    return change


def diffrax_solver(problem: Problem) -> Any:
    """Give (p, start, rtol) -> states [k, s] by diffrax's Tsit5 with its own controller."""
    import diffrax
    import jax.numpy as jnp

    term, times = diffrax.ODETerm(jax_rates(problem.model)), jnp.asarray(TIMES)

    def one(p: Any, start: Any, rtol: Any) -> Any:
        control = diffrax.PIDController(rtol=rtol, atol=rtol * jnp.asarray(problem.floors))
        return diffrax.diffeqsolve(
            term, diffrax.Tsit5(), 0.0, 730.0, 1e-3, start, p, saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=control, max_steps=20_000, adjoint=diffrax.ForwardMode(), throw=False,
        ).ys  # fmt: skip

    return one


def diffrax_peer(problem: Problem) -> Peer:
    """Give diffrax, jitted and mapped over all patients at once."""
    import jax
    import jax.numpy as jnp

    many = jax.jit(jax.vmap(diffrax_solver(problem), in_axes=(0, 0, None)))

    def run(asked: Problem, rtol: float, cores: int) -> Floats:
        return np.asarray(many(jnp.asarray(asked.patients), jnp.asarray(asked.start), rtol))

    return Peer("diffrax Tsit5 (jit, vmap)", 32, (1e-4, 1e-6, 1e-8), (1,), run)


def peers(problem: Problem) -> tuple[list[Peer], list[str]]:
    """Give the solvers that are there, ours first, and the names of those that are not."""
    found = [Peer("carsequel kernel", 2048, LOOSE, (1, 2), kernel), twin(problem)]
    found.append(Peer("SciPy odeint, compiled rates", 16, TIGHT, (1,), odeint))
    found.append(Peer("SciPy solve_ivp LSODA, compiled rates", 8, TIGHT, (1,), solve_ivp_lsoda))
    missing = []
    for name, make in (("numbalsoda", numbalsoda), ("libroadrunner", libroadrunner), ("diffrax", diffrax_peer)):
        try:
            found.append(make(problem))
        except (ImportError, OSError) as error:
            missing.append(f"{name}: {type(error).__name__}")
    return found, missing
