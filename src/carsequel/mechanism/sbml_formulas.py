"""Traced terms as formulas of SBML's infix notation; a term that is needed more than once gets a name of its own."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from carsequel.mechanism.kernel.graph import Term
from carsequel.mechanism.kernel.tangent import ordered

_SIGNS = {"add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "neg": "(-{})", "inverse": "(1 / {})"}
_CALLS = {"exp": "exp({})", "log": "ln({})", "sqrt": "sqrt({})", "abs": "abs({})"}
_BRANCHES = {
    "maximum": "piecewise({0}, {0} > {1}, {1})",
    "minimum": "piecewise({0}, {0} < {1}, {1})",
    "where_positive": "piecewise({1}, {0} > 0, {2})",
}
_FORMS = {**_SIGNS, **_CALLS, **_BRANCHES}


class Writer:
    """Formulas of terms, inputs named by `name(kind, index)`.

    >>> from carsequel.mechanism.kernel.graph import Graph
    >>> g = Graph(); x = g.input("state", 0, fixed=False)
    >>> Writer([x * 2 + 1], lambda kind, index: "x").formula(x * 2 + 1)
    '((x * 2.0) + 1.0)'
    """

    def __init__(self, outs: Sequence[Term], name: Callable[[str, int], str]) -> None:
        self._name = name
        terms = ordered(outs)
        uses = Counter(arg.number for term in terms for arg in _read(term))
        uses.update(term.number for term in outs)
        often = [term for term in terms if term.args and uses[term.number] > 1]
        self._shared = {term.number: (f"shared_{at}", term) for at, term in enumerate(often, 1)}

    def shared(self) -> Iterator[tuple[str, str]]:
        """Give name and formula of each term that has a name, arguments before what is made of them."""
        for name, term in self._shared.values():
            yield name, self._written(term)

    def formula(self, term: Term) -> str:
        """Give the formula of a term."""
        return self._shared[term.number][0] if term.number in self._shared else self._written(term)

    def _written(self, term: Term) -> str:
        if term.constant:
            return repr(term.value) if term.value >= 0 else f"({term.value!r})"
        if not term.args:
            return self._name(*term.name)
        return _FORMS[term.op].format(*(self.formula(arg) for arg in term.args))


def _read(term: Term) -> tuple[Term, ...]:
    """The arguments as often as the formula of a term reads them."""
    return (*term.args, *term.args) if term.op in ("maximum", "minimum") else term.args
