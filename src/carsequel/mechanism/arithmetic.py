"""The few functions a model may use beside + - * / and **: each works on numbers, on arrays and on traced terms.

A traced term brings its own method of the same name, so that a model never learns who reads it.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Value = Any  # a float, an array, or a traced term


def _apply(name: str, plain: Callable[..., float], many: Callable[..., Any], *values: Value) -> Value:
    for value in values:
        if hasattr(value, "traced"):
            return value.traced(name, *values)
    if any(isinstance(value, np.ndarray) for value in values):
        return many(*values)
    return plain(*values)


def exp(x: Value) -> Value:
    """Give e to the power of x.

    >>> exp(0.0)
    1.0
    """
    return _apply("exp", math.exp, np.exp, x)


def log(x: Value) -> Value:
    """Give the natural logarithm of x > 0.

    >>> log(1.0)
    0.0
    """
    return _apply("log", math.log, np.log, x)


def sqrt(x: Value) -> Value:
    """Give the square root of x >= 0.

    >>> sqrt(4.0)
    2.0
    """
    return _apply("sqrt", math.sqrt, np.sqrt, x)


def maximum(x: Value, y: Value) -> Value:
    """Give the larger of two values; not a number stays not a number.

    >>> maximum(1.0, 2.0)
    2.0
    """
    return _apply("maximum", lambda a, b: math.nan if a != a or b != b else max(a, b), np.maximum, x, y)


def minimum(x: Value, y: Value) -> Value:
    """Give the smaller of two values; not a number stays not a number.

    >>> minimum(1.0, 2.0)
    1.0
    """
    return _apply("minimum", lambda a, b: math.nan if a != a or b != b else min(a, b), np.minimum, x, y)


def where_positive(x: Value, yes: Value, no: Value) -> Value:
    """Give `yes` where x > 0, else `no`: the one branch a model may take on a value.

    >>> where_positive(-1.0, 10.0, 20.0)
    20.0
    """
    return _apply(
        "where_positive",
        lambda a, b, c: b if a > 0 else c,
        lambda a, b, c: np.where(np.asarray(a) > 0, b, c),
        x,
        yes,
        no,
    )
