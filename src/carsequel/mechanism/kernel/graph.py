"""Expressions as a graph: plain arithmetic run on `Term`s writes itself down, equal parts once, constants folded.

A term knows whether it is fixed (built of parameters and of what is given, which stay as they are between events) or
moving (built of the state or of time). Division is kept as one reciprocal per denominator, so that it is shared and,
where the denominator is fixed, computed once a patient.
"""

import math
from collections.abc import Callable
from typing import Any, NoReturn

_FOLD: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "neg": lambda a: -a,
    "abs": abs,
    "inverse": lambda a: 1.0 / a,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "maximum": max,
    "minimum": min,
    "where_positive": lambda a, b, c: b if a > 0 else c,
}


class TracingError(TypeError):
    """A model that does something with a value which cannot be written down as an expression."""


class Term:
    """One node: an operation on other terms, a constant (`value`), or an input (`name`)."""

    __array_ufunc__ = None
    __slots__ = ("args", "fixed", "graph", "name", "number", "op", "value")

    def __init__(self, graph: "Graph", op: str, args: tuple["Term", ...], number: int, fixed: bool) -> None:
        self.graph, self.op, self.args, self.number, self.fixed = graph, op, args, number, fixed
        self.value: float = math.nan
        self.name: tuple[str, int] = ("", 0)

    @property
    def constant(self) -> bool:
        """Whether this is a plain number."""
        return self.op == "constant"

    def traced(self, op: str, *values: Any) -> "Term":
        """Write down one of the functions of `mechanism.arithmetic`."""
        return self.graph.make(op, *values)

    def __add__(self, other: Any) -> "Term":
        return self.graph.make("add", self, other)

    def __radd__(self, other: Any) -> "Term":
        return self.graph.make("add", other, self)

    def __sub__(self, other: Any) -> "Term":
        return self.graph.make("sub", self, other)

    def __rsub__(self, other: Any) -> "Term":
        return self.graph.make("sub", other, self)

    def __mul__(self, other: Any) -> "Term":
        return self.graph.make("mul", self, other)

    def __rmul__(self, other: Any) -> "Term":
        return self.graph.make("mul", other, self)

    def __truediv__(self, other: Any) -> "Term":
        return self.graph.divide(self, other)

    def __rtruediv__(self, other: Any) -> "Term":
        return self.graph.divide(other, self)

    def __pow__(self, other: Any) -> "Term":
        return self.graph.power(self, other)

    def __rpow__(self, other: Any) -> "Term":
        return self.graph.power(other, self)

    def __neg__(self) -> "Term":
        return self.graph.make("neg", self)

    def __pos__(self) -> "Term":
        return self

    def __abs__(self) -> "Term":
        return self.graph.make("abs", self)

    def _refuse(self, *_: Any) -> NoReturn:
        raise TracingError(
            "the model branches on a value (if, and, or, max, min, a comparison); values differ between patients, "
            "use where_positive, maximum or minimum of carsequel.mechanism.arithmetic"
        )

    def _no_number(self, *_: Any) -> NoReturn:
        raise TracingError(
            "the model asks for a plain number (float, int, round, math or numpy functions); "
            "use exp, log, sqrt, maximum, minimum or where_positive of carsequel.mechanism.arithmetic"
        )

    __bool__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __float__ = __int__ = __index__ = __round__ = __floordiv__ = __mod__ = __trunc__ = _no_number


class Graph:
    """The terms of one model; making the same term twice gives the same one."""

    def __init__(self) -> None:
        self._known: dict[Any, Term] = {}
        self.powers: dict[Term, tuple[Term, Term]] = {}

    def constant(self, value: float) -> Term:
        """Give the term of a number."""
        return self._node(("constant", float(value).hex()), "constant", (), True, value=float(value))

    def input(self, kind: str, index: int, *, fixed: bool) -> Term:
        """Give the term of an input, such as ("state", 3)."""
        return self._node(("input", kind, index), "input", (), fixed, name=(kind, index))

    def terms(self) -> list[Term]:
        """Give all terms, arguments before what is made of them."""
        return list(self._known.values())

    def _node(self, key: Any, op: str, args: tuple[Term, ...], fixed: bool, **more: Any) -> Term:
        if key not in self._known:
            node = Term(self, op, args, len(self._known), fixed)
            for name, value in more.items():
                setattr(node, name, value)
            self._known[key] = node
        return self._known[key]

    def term(self, value: Any) -> Term:
        """Give a value as a term of this graph."""
        if isinstance(value, Term):
            return value
        try:
            return self.constant(value)
        except (TypeError, ValueError):
            raise TracingError(
                f"the model computes with a {type(value).__name__}; only numbers and values may be used"
            ) from None

    def make(self, op: str, *values: Any) -> Term:
        """Give the term of an operation, simplified where that is exact for finite numbers."""
        args = tuple(self.term(value) for value in values)
        if all(arg.constant for arg in args):
            folded = _folded(op, args)
            if folded is not None:
                return self.constant(folded)
        simpler = self._simpler(op, args)
        if simpler is not None:
            return simpler
        if op in ("add", "mul", "maximum", "minimum"):
            args = tuple(sorted(args, key=lambda arg: arg.number))
        key = (op, *(arg.number for arg in args))
        return self._node(key, op, args, all(arg.fixed for arg in args))

    def divide(self, a: Any, b: Any) -> Term:
        """Give a / b as a times the reciprocal of b."""
        return self.make("mul", a, self.make("inverse", b))

    def power(self, base: Any, exponent: Any) -> Term:
        """Give base ** exponent: products for small whole exponents, else exp(exponent log(base)), base >= 0."""
        x, y = self.term(base), self.term(exponent)
        if y.constant and y.value == 0.5:
            return self.make("sqrt", x)
        if y.constant and y.value == int(y.value) and abs(y.value) <= 16:
            whole = self._product(x, abs(int(y.value)))
            return whole if y.value >= 0 else self.make("inverse", whole)
        result = self.make("exp", self.make("mul", y, self.make("log", x)))
        if not result.constant:
            self.powers[result] = (x, y)
        return result

    def _product(self, x: Term, times: int) -> Term:
        if times == 0:
            return self.constant(1.0)
        half = self._product(x, times // 2)
        square = self.make("mul", half, half)
        return self.make("mul", square, x) if times % 2 else square

    def _simpler(self, op: str, args: tuple[Term, ...]) -> Term | None:
        if op in ("add", "sub"):
            return self._simpler_sum(op, *args)
        if op == "mul":
            return self._simpler_product(*args)
        if op == "neg" and args[0].op == "neg":
            return args[0].args[0]
        if op == "inverse" and args[0].op == "inverse":
            return args[0].args[0]
        if op == "log" and args[0].op == "mul":
            return self._simpler_log(*args[0].args)
        if op == "where_positive":
            if args[0].constant:
                return args[1] if args[0].value > 0 else args[2]
            return args[1] if args[1] is args[2] else None
        return None

    def _simpler_sum(self, op: str, a: Term, b: Term) -> Term | None:
        if b.constant and b.value == 0:
            return a
        if a.constant and a.value == 0:
            return b if op == "add" else self.make("neg", b)
        if b.op == "neg":
            return self.make("sub" if op == "add" else "add", a, b.args[0])
        if a.op == "neg" and op == "add":
            return self.make("sub", b, a.args[0])
        return self.constant(0.0) if op == "sub" and a is b else None

    def _simpler_product(self, a: Term, b: Term) -> Term | None:
        for one, other in ((a, b), (b, a)):
            if one.constant and one.value == 0:
                return one
            if one.constant and one.value == 1:
                return other
            if one.constant and one.value == -1:
                return self.make("neg", other)
            if one.op == "neg":
                return self.make("neg", self.make("mul", one.args[0], other))
        first = self._gathered(a, b)
        return first if first is not None else self._gathered(b, a)

    def _simpler_log(self, a: Term, b: Term) -> Term | None:
        """Make log(a / b) log(a) - log(b) where b is certainly positive: nothing then waits for a division."""
        for one, other in ((a, b), (b, a)):
            below = other.args[0] if other.op == "inverse" else None
            if (
                below is not None
                and below.op == "maximum"
                and any(arg.constant and arg.value > 0 for arg in below.args)
            ):
                return self.make("sub", self.make("log", one), self.make("log", below))
        return None

    def _gathered(self, a: Term, b: Term) -> Term | None:
        """Bring fixed factors together: fixed * (fixed * moving) becomes (fixed * fixed) * moving."""
        if a.fixed and not b.fixed and b.op == "mul" and b.args[0].fixed != b.args[1].fixed:
            fixed, moving = sorted(b.args, key=lambda arg: not arg.fixed)
            return self.make("mul", self.make("mul", a, fixed), moving)
        return None


def _folded(op: str, args: tuple[Term, ...]) -> float | None:
    try:
        return _FOLD[op](*(arg.value for arg in args))
    except (ArithmeticError, ValueError):
        return None
