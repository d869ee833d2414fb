"""The composite model as plain scalar functions, printed from the same traced expressions that the kernel compiles.

`fixed(p, h)` fills the terms that stay as they are for a patient, `rates(t, s, p, h, out)` the change of every state;
so every peer computes what the kernel computes, and no more.
"""

from typing import Any

from carsequel.mechanism.form import Model
from carsequel.mechanism.kernel.graph import Term
from carsequel.mechanism.kernel.tangent import ordered
from carsequel.mechanism.kernel.trace import trace

_FORMS = {
    "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "neg": "-{}", "inverse": "1.0 / {}", "exp": "exp({})",
    "log": "log({})", "sqrt": "sqrt({})", "abs": "abs({})", "maximum": "maximum({}, {})", "minimum": "minimum({}, {})",
    "where_positive": "where_positive({}, {}, {})",
}  # fmt: skip


def print_rates(model: Model) -> tuple[str, str, int]:
    """Give the texts of `fixed` and `rates`, and how many fixed terms there are; what is given is at its default."""
    traced = trace(model)
    nothing = [float(value) for value in model.given()]
    moving = [term for term in ordered(traced.rates) if not term.fixed]
    border = {arg.number: arg for term in [*moving] for arg in term.args if arg.fixed}
    border |= {term.number: term for term in traced.rates if term.fixed}
    hoisted = {n: at for at, (n, term) in enumerate(sorted(border.items())) if term.args}
    order = {number: at for at, number in enumerate(hoisted)}

    def name(term: Term) -> str:
        if term.constant:
            return repr(term.value)
        if term.number in order and not inside:
            return f"h[{order[term.number]}]"
        if not term.args:
            kind, index = term.name
            return {"time": "t", "given": repr(nothing[index] if kind == "given" else 0.0)}.get(
                kind, f"{kind[0]}[{index}]"
            )
        return f"v{term.number}"

    def lines(terms: list[Term]) -> list[str]:
        return [f"    v{term.number} = " + _FORMS[term.op].format(*map(name, term.args)) for term in terms if term.args]

    inside = True
    wanted = ordered([border[number] for number in order])
    fixed = ["def fixed(p, h):", *lines(wanted), *(f"    h[{at}] = {name(border[n])}" for n, at in order.items())]
    inside = False
    rates = ["def rates(t, s, p, h, out):", *lines(moving)]
    rates += [f"    out[{row}] = {name(term)}" for row, term in enumerate(traced.rates)]
    return "\n".join(fixed) + "\n", "\n".join(rates) + "\n", len(order)


def compiled_rates(model: Model) -> tuple[Any, Any, int]:
    """Give `fixed` and `rates` compiled by Numba, and the number of fixed terms."""
    import math

    from numba import njit

    words: dict[str, Any] = {"exp": math.exp, "log": math.log, "sqrt": math.sqrt}
    words["maximum"] = njit(inline="always")(lambda a, b: a if a > b else b)
    words["minimum"] = njit(inline="always")(lambda a, b: a if a < b else b)
    words["where_positive"] = njit(inline="always")(lambda a, b, c: b if a > 0 else c)
    fixed, rates, size = print_rates(model)
    exec(fixed + rates, words)
    options = {"error_model": "numpy", "nogil": True}
    return njit(**options)(words["fixed"]), njit(**options)(words["rates"]), size
