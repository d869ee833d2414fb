"""Derivatives of expressions, forward through the graph: each term's change for a change of the seeds."""

from collections.abc import Iterable, Mapping

from carsequel.mechanism.kernel.graph import Graph, Term


def ordered(outs: Iterable[Term]) -> list[Term]:
    """Give every term that `outs` need, arguments before what is made of them."""
    seen: set[int] = set()
    found: list[Term] = []
    open_terms = list(outs)
    while open_terms:
        term = open_terms.pop()
        if term.number not in seen:
            seen.add(term.number)
            found.append(term)
            open_terms.extend(term.args)
    return sorted(found, key=lambda term: term.number)


def derivatives(graph: Graph, outs: list[Term], seeds: Mapping[Term, Term]) -> list[Term]:
    """Give the change of each of `outs` when each key of `seeds` changes by its value.

    >>> g = Graph(); x = g.input("state", 0, fixed=False)
    >>> derivatives(g, [x * x], {x: g.constant(1.0)})[0] is x + x
    True
    """
    zero = graph.constant(0.0)
    change: dict[Term, Term] = {}
    for term in ordered(outs):
        if term in seeds:
            change[term] = seeds[term]
        elif term.args:
            moved = [change[arg] for arg in term.args]
            change[term] = zero if all(each is zero for each in moved) else _rule(graph, term, change)
        else:
            change[term] = zero
    return [change[out] for out in outs]


def _rule(graph: Graph, term: Term, change: Mapping[Term, Term]) -> Term:
    if term in graph.powers:
        return _power(graph, term, change)
    args = term.args
    moved = [change[arg] for arg in args]
    if term.op in ("add", "sub", "neg"):
        return graph.make(term.op, *moved)
    if term.op == "mul":
        return moved[0] * args[1] + args[0] * moved[1]
    if term.op == "inverse":
        return -(moved[0] * term * term)
    if term.op == "exp":
        return moved[0] * term
    if term.op == "log":
        return moved[0] / args[0]
    if term.op == "sqrt":
        return moved[0] * 0.5 / term
    if term.op == "abs":
        return graph.make("where_positive", args[0], moved[0], -moved[0])
    if term.op in ("maximum", "minimum"):
        first, second = args if term.op == "maximum" else (args[1], args[0])
        return graph.make("where_positive", first - second, *moved)
    return graph.make("where_positive", args[0], moved[1], moved[2])


def _power(graph: Graph, term: Term, change: Mapping[Term, Term]) -> Term:
    """The derivative of x ** y is right at x = 0 too, where log x is not finite."""
    base, exponent = graph.powers[term]
    by_base, by_exponent = change.get(base, graph.constant(0.0)), change.get(exponent, graph.constant(0.0))
    slope = exponent * graph.power(base, exponent - 1.0)
    return slope * by_base + graph.make("where_positive", base, term * graph.make("log", base), 0.0) * by_exponent
