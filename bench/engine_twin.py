"""The scalar twin: the kernel's method (Tsit5, same controller and interpolant) in plain Numba, patient by patient."""

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from carsequel.mechanism.kernel.tsit5 import BETWEEN, ERROR, NODES, STAGES

Floats = NDArray[np.float64]
_A = np.array([[*row, *[0.0] * (7 - len(row))] for row in STAGES])
_C, _E, _B = np.array(NODES), np.array(ERROR), np.array(BETWEEN)


def twin_of(rates: Any) -> Any:  # noqa: C901
    """Give solve(patients, fixed, start, times, rtol, atol, out): states into out [n, k, s]."""

    @njit(error_model="numpy", nogil=True)
    def one(p: Floats, h: Floats, start: Floats, times: Floats, rtol: float, atol: Floats, out: Floats) -> None:  # noqa: C901
        s = start.size
        y, z, k = start.copy(), np.empty(s), np.empty((7, s))
        t, step, old, grow, done = 0.0, 1e-3, 0.0, 8.0, 0
        rates(t, y, p, h, k[0])
        while done < times.size and times[done] <= t:
            out[done] = y
            done += 1
        for _ in range(100_000):
            if done >= times.size:
                return
            used = min(step, times[-1] - t)
            for stage in range(1, 7):
                for row in range(s):
                    total = 0.0
                    for earlier in range(stage):
                        total += _A[stage, earlier] * k[earlier, row]
                    z[row] = y[row] + used * total
                rates(t + _C[stage] * used, z, p, h, k[stage])
            square = 0.0
            for row in range(s):
                wrong = 0.0
                for stage in range(7):
                    wrong += _E[stage] * k[stage, row]
                wrong *= used / (atol[row] + rtol * max(abs(y[row]), abs(z[row])))
                square += wrong * wrong
            square /= s
            size = 0.5 * np.log(max(square, 1e-20))
            if not square <= 1.0:
                step, grow = used * max(min(0.9 * np.exp(-0.2 * size), grow), 0.1), 1.0
                continue
            while done < times.size and times[done] <= t + used:
                x = (times[done] - t) / used
                for row in range(s):
                    total = 0.0
                    for stage in range(7):
                        b = _B[stage]
                        total += x * (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) * k[stage, row]
                    out[done, row] = y[row] + used * total
                done += 1
            t += used
            step = used * max(min(0.9 * np.exp(0.08 * old - 0.14 * size), grow), 0.1)
            old, grow = size, 8.0
            y[:] = z
            k[0] = k[6]

    @njit(parallel=True, error_model="numpy")
    def many(
        patients: Floats, fixed: Floats, start: Floats, times: Floats, rtol: float, atol: Floats, out: Floats
    ) -> None:
        for row in prange(patients.shape[0]):
            one(patients[row], fixed[row], start[row], times, rtol, atol, out[row])

    return many
