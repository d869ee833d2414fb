"""Arrays that carry their derivatives: NumPy functions act on the values and, by the chain rule, on the slopes."""

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray
from scipy.special import log_ndtr

Floats = NDArray[np.float64]


class Dual(NDArrayOperatorsMixin):
    """Values [...] with their slopes [..., d], the change of each value per change of d variables.

    Comparisons compare values. A NumPy function without a rule raises TypeError.

    >>> x = Dual(np.array([2.0]), np.array([[1.0]]))
    >>> (x * x + 1.0).value, (x * x + 1.0).slope
    (array([5.]), array([[4.]]))
    """

    __slots__ = ("slope", "value")

    def __init__(self, value: Any, slope: Any) -> None:
        self.value: Floats = np.asarray(value, dtype=np.float64)
        self.slope: Floats = np.asarray(slope, dtype=np.float64)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Apply a NumPy function."""
        if method != "__call__" or options:
            return NotImplemented
        values = [each.value if isinstance(each, Dual) else each for each in inputs]
        if ufunc in COMPARISONS:
            return ufunc(*values)
        if ufunc not in PARTIALS:
            return NotImplemented
        found = ufunc(*values)
        partials = PARTIALS[ufunc](found, *values)
        parts = [
            np.asarray(part)[..., None] * each.slope
            for part, each in zip(partials, inputs, strict=True)
            if isinstance(each, Dual)
        ]
        slope = reduce(np.add, parts)
        whole = (*found.shape, slope.shape[-1])
        return Dual(found, slope if slope.shape == whole else np.broadcast_to(slope, whole))

    def __getitem__(self, at: Any) -> "Dual":
        """Give a part of the values with its slopes."""
        whole = isinstance(at, tuple) and any(each is Ellipsis for each in at)
        return Dual(self.value[at], self.slope[(*at, slice(None)) if whole else at])

    def sum(self, axis: int = -1) -> "Dual":
        """Give the sum over an axis counted from the end (-1 = the last of the values)."""
        return Dual(self.value.sum(axis=axis), self.slope.sum(axis=axis - 1))

    def along(self, change: Callable[[Floats], Floats]) -> "Dual":
        """Give what a linear change of the last axis makes of the values, and so of their slopes."""
        return Dual(change(self.value), np.moveaxis(change(np.moveaxis(self.slope, -1, 0)), 0, -1))


def log_of_sum(x: Any) -> Any:
    """Give the logarithm of the sum of exponentials along the last axis.

    >>> round(float(log_of_sum(np.log([1.0, 2.0]))) / float(np.log(3.0)), 6)
    1.0
    """
    top = (x.value if isinstance(x, Dual) else x).max(axis=-1, keepdims=True)
    return np.log(np.exp(x - top).sum(axis=-1)) + top[..., 0]


def stacked(parts: Sequence[Dual]) -> Dual:
    """Give duals of one shape [n, ...] put side by side, [n, parts, ...]."""
    return Dual(np.stack([part.value for part in parts], axis=1), np.stack([part.slope for part in parts], axis=1))


def _normal_tail(found: Floats, x: Floats) -> tuple[Floats]:
    return (np.exp(-0.5 * x * x - found) / np.sqrt(2 * np.pi),)


def _logaddexp(found: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.exp(a - found)), np.nan_to_num(np.exp(b - found))


PARTIALS: Final[dict[Any, Callable[..., tuple[Any, ...]]]] = {
    np.add: lambda found, a, b: (1.0, 1.0),
    np.subtract: lambda found, a, b: (1.0, -1.0),
    np.multiply: lambda found, a, b: (b, a),
    np.divide: lambda found, a, b: (1 / b, -found / b),
    np.negative: lambda found, a: (-1.0,),
    np.square: lambda found, a: (2 * a,),
    np.exp: lambda found, a: (found,),
    np.expm1: lambda found, a: (found + 1,),
    np.log: lambda found, a: (1 / a,),
    np.log1p: lambda found, a: (1 / (1 + a),),
    np.maximum: lambda found, a, b: (np.greater_equal(a, b) * 1.0, np.less(a, b) * 1.0),
    np.minimum: lambda found, a, b: (np.less_equal(a, b) * 1.0, np.greater(a, b) * 1.0),
    np.logaddexp: _logaddexp,
    log_ndtr: _normal_tail,
}
COMPARISONS: Final = {np.less, np.less_equal, np.greater, np.greater_equal}
