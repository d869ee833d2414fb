"""A model read once: its functions run on terms, so that what they compute is known as expressions."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from carsequel.mechanism.form import Model
from carsequel.mechanism.kernel.graph import Graph, Term, TracingError


@dataclass(frozen=True)
class Traced:
    """The expressions of a model: rates [s], turnover of each clone [c][birth, death, influx], jumps [j][s], start [s].

    Inputs are named (kind, index) with kind time, state, parameter, given or amount.
    """

    model: Model
    graph: Graph
    rates: list[Term]
    turnover: list[list[Term]]
    jumps: list[list[Term]]
    start: list[Term]

    @property
    def clone_rows(self) -> list[int]:
        """The column of each clone in the state."""
        return [self.model.state_names.index(name) for name in self.model.clones]


def trace(model: Model) -> Traced:
    """Write down what a model computes.

    Raises TracingError where it branches on a value, calls outside arithmetic, or returns something else than it must.
    """
    graph = Graph()
    t = graph.input("time", 0, fixed=False)
    now = model.state(*_inputs(graph, "state", len(model.state_names), fixed=False))
    given = model.given(*_inputs(graph, "given", len(model.given_names), fixed=True))
    values: Any = namedtuple("Parameters", model.parameter_names)  # type: ignore[misc]
    p = values(*_inputs(graph, "parameter", len(model.parameters), fixed=True))
    amount = graph.input("amount", 0, fixed=True)
    size = len(model.state_names)

    def read(what: str, wanted: int, function: Callable[..., Any], *arguments: Any) -> list[Term]:
        return _read(graph, f"model {model.name}: {what}", wanted, function, *arguments)

    return Traced(
        model,
        graph,
        rates=read("rates", size, model.rates, t, now, p, given),
        turnover=[read(f"CLONES[{name!r}]", 3, law, t, now, p, given) for name, law in model.clones.items()],
        jumps=[read(f"JUMPS[{name!r}]", size, jump, now, p, amount) for name, jump in model.jumps.items()],
        start=read("start", size, model.start, p),
    )


def _inputs(graph: Graph, kind: str, count: int, *, fixed: bool) -> list[Term]:
    return [graph.input(kind, index, fixed=fixed) for index in range(count)]


def _read(graph: Graph, what: str, wanted: int, function: Callable[..., Any], *arguments: Any) -> list[Term]:
    try:
        result = function(*arguments)
        terms = [graph.term(value) for value in result]
    except TracingError as error:
        raise TracingError(f"{what}: {error}") from None
    except (TypeError, ValueError, ArithmeticError) as error:
        raise TracingError(f"{what} cannot be run on values to be: {error}") from error
    if len(terms) != wanted:
        raise TracingError(f"{what} gives {len(terms)} values where {wanted} are needed")
    return terms
