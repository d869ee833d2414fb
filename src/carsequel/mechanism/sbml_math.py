"""Formulas of SBML as functions over `carsequel.mechanism.arithmetic`: numbers, arrays and traced terms alike.

A formula is read once from the library's tree, which is then no longer needed. What a model here cannot say (a delay, a
sine, a branch without an otherwise) is refused when it is read, by name.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from carsequel.mechanism.arithmetic import exp, log, maximum, minimum, where_positive
from carsequel.mechanism.form import ModelError

TIME: Final = "time of the model"  # no SBML id, because of its blanks
AVOGADRO: Final = 6.02214179e23  # the value that SBML fixes
Lookup = Callable[[str], Any]
Value = Callable[[Lookup], Any]
Branch = Callable[[Lookup, Callable[[], Any], Callable[[], Any]], Any]


@dataclass(frozen=True)
class Formula:
    """A formula: the names it reads, and its value for a lookup of names."""

    names: frozenset[str]
    value: Value


class Formulas:
    """Reads formulas of one model; `where` in errors is the element that holds the formula."""

    def __init__(self, library: Any, model: Any) -> None:
        self.library, self.model = library, model
        self.named: dict[int, str] = {getattr(library, name): name for name in dir(library) if name.startswith("AST_")}

    def read(self, node: Any, where: str, rename: dict[str, str] | None = None) -> Formula:
        """Read a formula; `rename` gives the model-wide name of a local one. Raises ModelError for what is unknown."""
        if node is None:
            raise ModelError(f"SBML: {where} has no formula; give it one")
        names: set[str] = set()
        value = _Reader(self, where, rename or {}, names).value(node)
        return Formula(frozenset(names), value)


class _Reader:
    """Reads one formula and collects the names in it."""

    def __init__(self, formulas: Formulas, where: str, rename: dict[str, str], names: set[str]) -> None:
        self.formulas, self.where, self.rename, self.names = formulas, where, rename, names

    def value(self, node: Any) -> Value:
        kind = self.formulas.named.get(node.getType(), "AST_UNKNOWN")
        if kind in ("AST_INTEGER", "AST_REAL", "AST_REAL_E", "AST_RATIONAL"):
            return _constant(float(node.getValue()))
        if kind in _CONSTANTS:
            return _constant(_CONSTANTS[kind])
        if kind in ("AST_NAME", "AST_NAME_TIME"):
            return self._name(TIME if kind == "AST_NAME_TIME" else self.rename.get(node.getName(), node.getName()))
        if kind == "AST_FUNCTION":
            return self._call(node)
        if kind == "AST_FUNCTION_PIECEWISE":
            return self._piecewise(node)
        operate = _OPERATIONS.get(kind)
        if operate is None:
            raise self._refused(node.getName() or kind.removeprefix("AST_").lower())
        parts = self._parts(node)
        return lambda lookup: operate([part(lookup) for part in parts])

    def _parts(self, node: Any) -> list[Value]:
        return [self.value(node.getChild(at)) for at in range(node.getNumChildren())]

    def _name(self, name: str) -> Value:
        self.names.add(name)
        return lambda lookup: lookup(name)

    def _call(self, node: Any) -> Value:
        definition = self.formulas.model.getFunctionDefinition(node.getName())
        if definition is None:
            raise ModelError(f"SBML: {self.where} uses the function {node.getName()}, which is not defined; define it")
        arguments = [definition.getArgument(at).getName() for at in range(definition.getNumArguments())]
        inner = self.formulas.read(definition.getBody(), f"function {node.getName()}")
        parts = self._parts(node)
        self.names |= inner.names - set(arguments)

        def call(lookup: Lookup) -> Any:
            given = dict(zip(arguments, [part(lookup) for part in parts]))
            return inner.value(lambda name: given[name] if name in given else lookup(name))

        return call

    def _piecewise(self, node: Any) -> Value:
        count = node.getNumChildren()
        if count % 2 == 0:
            raise self._refused("piecewise without otherwise")
        chosen = self.value(node.getChild(count - 1))
        for at in range(count - 3, -1, -2):
            chosen = _chosen(self._branch(node.getChild(at + 1)), self.value(node.getChild(at)), chosen)
        return chosen

    def _branch(self, node: Any) -> Branch:
        kind = self.formulas.named.get(node.getType(), "AST_UNKNOWN")
        if kind in ("AST_CONSTANT_TRUE", "AST_CONSTANT_FALSE"):
            return (lambda _, yes, no: yes()) if kind == "AST_CONSTANT_TRUE" else (lambda _, yes, no: no())
        children = [node.getChild(at) for at in range(node.getNumChildren())]
        if kind in ("AST_LOGICAL_AND", "AST_LOGICAL_OR") and children:
            branches = [self._branch(child) for child in children]
            return _all_of(branches) if kind == "AST_LOGICAL_AND" else _any_of(branches)
        if kind == "AST_LOGICAL_NOT":
            return _negated(self._branch(children[0]))
        if kind not in _RELATIONS or len(children) != 2:
            raise self._refused(f"condition {node.getName() or kind.removeprefix('AST_').lower()}")
        left, right = self.value(children[0]), self.value(children[1])
        swap, negate = _RELATIONS[kind]
        if swap is None:
            equal = _all_of([_negated(_greater(left, right)), _negated(_greater(right, left))])
            return _negated(equal) if negate else equal
        greater = _greater(right, left) if swap else _greater(left, right)
        return _negated(greater) if negate else greater

    def _refused(self, feature: str) -> ModelError:
        return ModelError(f"SBML: {feature} in {self.where} is not taken over; rewrite it without")


def _constant(number: float) -> Value:
    return lambda _: number


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(exponent, float) and exponent.is_integer():
        exponent = int(exponent)
    raised = base**exponent
    return math.nan if isinstance(raised, complex) else raised


def _sum(parts: list[Any]) -> Any:
    return sum(parts[1:], parts[0]) if parts else 0.0


def _product(parts: list[Any]) -> Any:
    return math.prod(parts[1:], start=parts[0]) if parts else 1.0


def _logarithm(parts: list[Any]) -> Any:
    return log(parts[1]) / log(parts[0]) if len(parts) == 2 else log(parts[0]) / math.log(10.0)


def _root(parts: list[Any]) -> Any:
    return _power(parts[-1], 1.0 / parts[0] if len(parts) == 2 else 0.5)


def _extreme(choose: Callable[[Any, Any], Any]) -> Callable[[list[Any]], Any]:
    def over(parts: list[Any]) -> Any:
        found = parts[0]
        for part in parts[1:]:
            found = choose(found, part)
        return found

    return over


def _decide(difference: Any, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
    if isinstance(difference, (int, float)):
        return yes() if difference > 0 else no()
    return where_positive(difference, yes(), no())


def _greater(left: Value, right: Value) -> Branch:
    return lambda lookup, yes, no: _decide(left(lookup) - right(lookup), yes, no)


def _negated(branch: Branch) -> Branch:
    return lambda lookup, yes, no: branch(lookup, no, yes)


def _all_of(branches: list[Branch]) -> Branch:
    def decide(lookup: Lookup, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
        if len(branches) == 1:
            return branches[0](lookup, yes, no)
        return branches[0](lookup, lambda: _all_of(branches[1:])(lookup, yes, no), no)

    return decide


def _any_of(branches: list[Branch]) -> Branch:
    return _negated(_all_of([_negated(branch) for branch in branches]))


def _chosen(branch: Branch, yes: Value, no: Value) -> Value:
    return lambda lookup: branch(lookup, lambda: yes(lookup), lambda: no(lookup))


_CONSTANTS: Final = {"AST_CONSTANT_PI": math.pi, "AST_CONSTANT_E": math.e, "AST_NAME_AVOGADRO": AVOGADRO}
# relation -> (compare right with left, negate); None: equality
_RELATIONS: Final[dict[str, tuple[bool | None, bool]]] = {
    "AST_RELATIONAL_GT": (False, False),
    "AST_RELATIONAL_LT": (True, False),
    "AST_RELATIONAL_GEQ": (True, True),
    "AST_RELATIONAL_LEQ": (False, True),
    "AST_RELATIONAL_EQ": (None, False),
    "AST_RELATIONAL_NEQ": (None, True),
}
_OPERATIONS: Final[dict[str, Callable[[list[Any]], Any]]] = {
    "AST_PLUS": _sum,
    "AST_TIMES": _product,
    "AST_MINUS": lambda parts: -parts[0] if len(parts) == 1 else parts[0] - parts[1],
    "AST_DIVIDE": lambda parts: parts[0] / parts[1],
    "AST_POWER": lambda parts: _power(parts[0], parts[1]),
    "AST_FUNCTION_POWER": lambda parts: _power(parts[0], parts[1]),
    "AST_FUNCTION_ROOT": _root,
    "AST_FUNCTION_EXP": lambda parts: exp(parts[0]),
    "AST_FUNCTION_LN": lambda parts: log(parts[0]),
    "AST_FUNCTION_LOG": _logarithm,
    "AST_FUNCTION_ABS": lambda parts: maximum(parts[0], -parts[0]),
    "AST_FUNCTION_MAX": _extreme(maximum),
    "AST_FUNCTION_MIN": _extreme(minimum),
}
