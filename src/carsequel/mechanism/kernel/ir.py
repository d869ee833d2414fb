"""LLVM text of vector code: rows of memory, one patient a lane, and expressions printed from their graph."""

from collections import Counter
from collections.abc import Callable, Iterable

from carsequel.mechanism.kernel.functions import exp_text, log_text, vector
from carsequel.mechanism.kernel.graph import Term
from carsequel.mechanism.kernel.tangent import ordered

Leaf = Callable[[Term], int | None]


class Body:
    """The lines of one function under construction; values are SSA names, rows are numbered from a base pointer."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.kind = f"<{lanes} x double>"
        self.bits = f"<{lanes} x i1>"
        self.lines: list[str] = []
        self._count = 0
        self._align = min(64, 8 * lanes)

    def name(self) -> str:
        """Give a fresh SSA name."""
        self._count += 1
        return f"%v{self._count}"

    def line(self, text: str) -> None:
        """Add one line as it is."""
        self.lines.append(text)

    def let(self, text: str) -> str:
        """Add a line that makes a value; give its name."""
        name = self.name()
        self.lines.append(f"{name} = {text}")
        return name

    def number(self, value: float) -> str:
        """Give a constant in all lanes."""
        return vector(value, self.lanes)

    def _at(self, row: int, base: str) -> str:
        return self.let(f"getelementptr inbounds double, ptr {base}, i64 {row * self.lanes}") if row else base

    def load(self, row: int, base: str = "%S") -> str:
        """Give a row of memory."""
        return self.let(f"load {self.kind}, ptr {self._at(row, base)}, align {self._align}")

    def store(self, value: str, row: int, base: str = "%S") -> None:
        """Write a row of memory."""
        self.line(f"store {self.kind} {value}, ptr {self._at(row, base)}, align {self._align}")

    def put(self, test: str, value: str, row: int, base: str = "%S") -> None:
        """Write a row in the lanes where the test holds: the whole row, because a store under a mask costs some
        processors as much as a dozen plain ones (what is loaded as volatile is not made one)."""
        where = self._at(row, base)
        old = self.let(f"load volatile {self.kind}, ptr {where}, align {self._align}")
        self.line(f"store {self.kind} {self.select(test, value, old)}, ptr {where}, align {self._align}")

    def two(self, op: str, a: str, b: str) -> str:
        """Give fadd, fsub, fmul or fdiv of two values."""
        return self.let(f"{op} {self.kind} {a}, {b}")

    def fma(self, a: str, b: str, c: str) -> str:
        """Give a * b + c."""
        return self.call("llvm.fmuladd", a, b, c)

    def call(self, function: str, *values: str) -> str:
        """Give a function of values, ours (exp_v, log_v) or LLVM's own."""
        arguments = ", ".join(f"{self.kind} {value}" for value in values)
        name = f"{function}.v{self.lanes}f64" if function.startswith("llvm.") else function
        return self.let(f"call {self.kind} @{name}({arguments})")

    def test(self, how: str, a: str, b: str) -> str:
        """Give a comparison (olt, oge, uno ...) in each lane."""
        return self.let(f"fcmp {how} {self.kind} {a}, {b}")

    def both(self, a: str, b: str, how: str = "and") -> str:
        """Give `and`, `or` or `xor` of two comparisons."""
        return self.let(f"{how} {self.bits} {a}, {b}")

    def select(self, test: str, yes: str, no: str) -> str:
        """Give `yes` in the lanes where the test holds, else `no`."""
        return self.let(f"select {self.bits} {test}, {self.kind} {yes}, {self.kind} {no}")

    def larger(self, a: str, b: str) -> str:
        """Give the larger value; not a number if either is."""
        either = self.select(self.test("ogt", a, b), a, b)
        return self.select(self.test("uno", a, a), a, either)

    def sum(self, values: list[str]) -> str:
        """Give the sum of values, pairwise, so that few additions wait for each other."""
        while len(values) > 1:
            pairs = [self.two("fadd", *pair) for pair in zip(values[::2], values[1::2])]
            values = pairs + ([values[-1]] if len(values) % 2 else [])
        return values[0]

    def weighted(self, weights: Iterable[float], rows: Iterable[int], base: str = "%S") -> str:
        """Give the sum of weight times row, leaving out weights of 0."""
        total = ""
        for weight, row in zip(weights, rows):
            if weight != 0.0:
                value, factor = self.load(row, base), self.number(weight)
                total = self.fma(factor, value, total) if total else self.two("fmul", factor, value)
        return total or "zeroinitializer"

    def function(self, name: str, arguments: str = "ptr noalias %S", result: str = "void", how: str = "") -> str:
        """Give the finished function."""
        body = "\n  ".join(self.lines)
        return f"define {how} {result} @{name}({arguments}) nounwind {{\n  {body}\n}}\n"


def declarations(lanes: int) -> str:
    """Give what every module begins with."""
    kind = f"<{lanes} x double>"
    three = f"({kind}, {kind}, {kind})"
    return (
        f"declare {kind} @llvm.fmuladd.v{lanes}f64{three}\n"
        f"declare {kind} @llvm.sqrt.v{lanes}f64({kind})\n"
        f"declare {kind} @llvm.fabs.v{lanes}f64({kind})\n" + exp_text(lanes) + log_text(lanes)
    )


def print_terms(body: Body, outs: list[Term], leaf: Leaf, known: dict[int, str] | None = None) -> list[str]:
    """Add the lines that compute `outs`; `leaf` gives the row of a term that is read from memory, else None.

    `known` are values that stand already, by the number of their term.
    """
    wanted = _wanted(outs, leaf)
    uses = Counter(arg.number for term in wanted if leaf(term) is None for arg in term.args)
    uses.update(term.number for term in outs)
    fused = {
        arg.number: term.number
        for term in wanted
        if leaf(term) is None and term.op in ("add", "sub")
        for arg in [_product_of(term, uses, leaf)]
        if arg is not None
    }
    values = dict(known or {})
    for term in wanted:
        row = leaf(term)
        if term.number in values:
            continue
        if term.constant:
            values[term.number] = body.number(term.value)
        elif row is not None:
            values[term.number] = body.load(row)
        elif term.number not in fused:
            values[term.number] = _print_one(body, term, values, fused)
    return [values[term.number] for term in outs]


def _wanted(outs: list[Term], leaf: Leaf) -> list[Term]:
    seen: dict[int, Term] = {}
    open_terms = list(outs)
    while open_terms:
        term = open_terms.pop()
        if term.number not in seen:
            seen[term.number] = term
            if leaf(term) is None:
                open_terms.extend(term.args)
    return [seen[number] for number in sorted(seen)]


def _product_of(term: Term, uses: Counter[int], leaf: Leaf) -> Term | None:
    """Give the product inside a sum that nothing else needs, to be computed together with the sum."""
    for arg in term.args:
        if arg.op == "mul" and uses[arg.number] == 1 and leaf(arg) is None:
            return arg
    return None


def _print_one(body: Body, term: Term, values: dict[int, str], fused: dict[int, int]) -> str:
    if term.op in ("add", "sub"):
        for at, arg in enumerate(term.args):
            if fused.get(arg.number) == term.number:
                return _print_fused(body, term, at, values)
    args = [values[arg.number] for arg in term.args]
    if term.op in ("add", "sub", "mul"):
        return body.two("f" + term.op, *args)
    if term.op == "inverse":
        return body.two("fdiv", body.number(1.0), args[0])
    if term.op in ("exp", "log"):
        return body.call(f"{term.op}_v", args[0])
    if term.op in ("abs", "sqrt"):
        return body.call("llvm.fabs" if term.op == "abs" else "llvm.sqrt", args[0])
    if term.op == "neg":
        return body.let(f"fneg {body.kind} {args[0]}")
    if term.op == "where_positive":
        return body.select(body.test("ogt", args[0], "zeroinitializer"), args[1], args[2])
    first, second = args if term.op == "maximum" else (args[1], args[0])
    either = body.select(body.test("ogt", first, second), args[0], args[1])
    number = body.select(body.test("uno", args[0], args[0]), args[0], either)
    return body.select(body.test("uno", args[1], args[1]), args[1], number)


def _print_fused(body: Body, term: Term, at: int, values: dict[int, str]) -> str:
    a, b = (values[arg.number] for arg in term.args[at].args)
    other = values[term.args[1 - at].number]
    if term.op == "sub" and at == 0:
        other = body.let(f"fneg {body.kind} {other}")
    if term.op == "sub" and at == 1:
        a = body.let(f"fneg {body.kind} {a}")
    return body.fma(a, b, other)


__all__ = ["Body", "Leaf", "declarations", "ordered", "print_terms"]
