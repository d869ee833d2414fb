"""Derivatives carried along: for each wanted parameter a column of tangents, stepped with the state's own steps.

The rates' derivatives by the state (the rows `jacobian`) and by the parameters (blocks f of a column) are computed and
kept for every stage of a step; then d k = J d z + f for each column, one column after the other. Jumps and the start
are differentiated the same way.
"""

from carsequel.mechanism.kernel import layout as at
from carsequel.mechanism.kernel.graph import Term
from carsequel.mechanism.kernel.ir import Body, print_terms
from carsequel.mechanism.kernel.layout import Layout
from carsequel.mechanism.kernel.tangent import derivatives
from carsequel.mechanism.kernel.tsit5 import STAGES


class Columns:
    """The tangent columns of a model for the parameters with these numbers; none of them makes every method empty."""

    def __init__(self, place: Layout, wrt: tuple[int, ...]) -> None:
        self.place, self.wrt = place, wrt
        self.by_state: dict[tuple[int, int], Term] = {}
        self.by_parameter: dict[tuple[int, int], Term] = {}
        if wrt:
            self._differentiate()
        moving = {term.number: term for term in self.by_state.values() if not term.fixed}
        for number in moving:
            place.jacobian[number] = len(place.jacobian)
        self.outs = [*moving.values(), *self.by_parameter.values()]

    def _differentiate(self) -> None:
        graph, rates = self.place.traced.graph, self.place.traced.rates
        one, zero = graph.constant(1.0), graph.constant(0.0)
        for kind, fixed, indices, found in (
            ("state", False, range(self.place.states), self.by_state),
            ("parameter", True, self.wrt, self.by_parameter),
        ):
            for at_, index in enumerate(indices):
                change = derivatives(graph, rates, {graph.input(kind, index, fixed=fixed): one})
                found.update({(row, at_): term for row, term in enumerate(change) if term is not zero})

    def store_outs(self, body: Body, values: list[str]) -> None:
        """Write the derivatives that a call of the rates has computed."""
        place, moving = self.place, len(self.place.jacobian)
        if not self.wrt:
            return
        for base, rows in (("J", moving), ("F", place.states)):
            body.line(f"%{base}0 = mul i64 %stage, {rows * place.lanes}")
            body.line(f"%{base} = getelementptr inbounds double, ptr %S, i64 %{base}0")
        for row, value in enumerate(values[:moving]):
            body.store(value, place.shared + row, "%J")
        for (row, column), value in zip(self.by_parameter, values[moving:]):
            body.store(value, place.column + column * place.stride + at.TANGENT_DIRECT * place.states + row, "%F")

    def call(self, body: Body, name: str) -> None:
        """Call the function that does for the columns what the caller does for the state."""
        if self.wrt:
            body.line(f"call void @columns_{name}(ptr %S)")

    def functions(self) -> str:
        """Give all functions over columns."""
        if not self.wrt:
            return ""
        return "\n".join([self._step(), self._accept(), self._fresh(), self._jump()])

    def _loop(self, body: Body) -> None:
        """Begin a loop over columns; %C is the address of the column."""
        step = self.place.stride * self.place.lanes
        body.line("br label %column")
        body.line("column:")
        body.line("%at = phi i64 [0, %entry], [%following, %column]")
        body.line(f"%offset = mul i64 %at, {step}")
        body.line("%following = add i64 %at, 1")
        body.line(f"%shifted = add i64 %offset, {self.place.column * self.place.lanes}")
        body.line("%C = getelementptr inbounds double, ptr %S, i64 %shifted")

    def _end(self, body: Body, name: str) -> str:
        body.line(f"%more = icmp ult i64 %following, {len(self.wrt)}")
        body.line("br i1 %more, label %column, label %done")
        body.line("done:")
        body.line("ret void")
        return body.function(f"columns_{name}", "ptr %S", how="internal")

    def _begin(self) -> Body:
        body = Body(self.place.lanes)
        body.line("entry:")
        return body

    def _change(self, body: Body, moved: list[str], stage: int) -> list[str]:
        """Give J d z + f of a stage for one column, row by row, so that few values wait in registers."""
        states = self.place.states
        direct = (at.TANGENT_DIRECT + stage - 2) * states
        own = {row for row, _ in self.by_parameter}
        changes = [body.load(direct + row, "%C") if row in own else "" for row in range(states)]
        for (row, by), term in sorted(self.by_state.items()):
            product = (self._factor(body, term, stage), moved[by])
            changes[row] = body.fma(*product, changes[row]) if changes[row] else body.two("fmul", *product)
        return [value or body.number(0.0) for value in changes]

    def _factor(self, body: Body, term: Term, stage: int) -> str:
        place = self.place
        if term.constant:
            return body.number(term.value)
        if term.number in place.jacobian:
            return body.load(place.shared + (stage - 2) * len(place.jacobian) + place.jacobian[term.number])
        if term.op == "input":
            return body.load(place.input_row(*term.name, place.z, at.STAGE_TIME))
        return body.load(place.fixed + place.hoisted.setdefault(term.number, len(place.hoisted)))

    def _step(self) -> str:
        """All stages of one column, then of the next: what a column works on stays in the nearest memory. First the
        column takes over what `advance` has accepted."""
        body, states = self._begin(), self.place.states
        used = body.load(at.USED)
        pending = body.test("ogt", body.load(at.PENDING), "zeroinitializer")
        self._loop(body)
        self._take_over(body, pending)
        for stage in range(2, 8):
            moved = [self._moved(body, used, stage, row) for row in range(states)]
            for row, value in enumerate(self._change(body, moved, stage)):
                body.store(value, stage * states + row, "%C")
        return self._end(body, "step")

    def _moved(self, body: Body, used: str, stage: int, row: int) -> str:
        states = self.place.states
        change = body.weighted(STAGES[stage - 1], [states * k + row for k in range(1, stage)], "%C")
        value = body.fma(used, change, body.load(row, "%C"))
        if stage == 7:
            body.store(value, at.TANGENT_Z * states + row, "%C")
        return value

    def _take_over(self, body: Body, taken: str) -> None:
        states = self.place.states
        for row in range(states):
            for new, old in ((at.TANGENT_Z * states + row, row), (7 * states + row, states + row)):
                body.put(taken, body.load(new, "%C"), old, "%C")

    def _accept(self) -> str:
        body = self._begin()
        taken = body.test("ogt", body.load(at.TAKEN), "zeroinitializer")
        self._loop(body)
        self._take_over(body, taken)
        return self._end(body, "accept")

    def _fresh(self) -> str:
        body, states = self._begin(), self.place.states
        renew = body.test("ogt", body.load(at.RENEW), "zeroinitializer")
        self._loop(body)
        values = self._change(body, [body.load(row, "%C") for row in range(states)], 2)
        for row, value in enumerate(values):
            body.put(renew, value, states + row, "%C")
        return self._end(body, "fresh")

    def interpolate(self, body: Body, weights: list[str]) -> None:
        """Add the loop that gives the tangents at an output, with the weights of the stages."""
        if not self.wrt:
            return
        states = self.place.states
        body.lines.insert(0, "entry:")
        self._loop(body)
        for row in range(states):
            value = body.load(row, "%C")
            for stage, weight in enumerate(weights, 1):
                value = body.fma(weight, body.load(stage * states + row, "%C"), value)
            body.store(value, at.TANGENT_OUT * states + row, "%C")
        body.line(f"%more = icmp ult i64 %following, {len(self.wrt)}")
        body.line("br i1 %more, label %column, label %done")
        body.line("done:")

    def _jump(self) -> str:
        """One column's own change is an input here (kind `tangent`), and so is that of each parameter (`seed`)."""
        place, graph = self.place, self.place.traced.graph
        body = self._begin()
        kind = body.load(at.KIND)
        self._loop(body)
        seeds = {
            graph.input("parameter", index, fixed=True): graph.input("seed", which, fixed=True)
            for which, index in enumerate(self.wrt)
        }
        moves = {
            graph.input("state", row, fixed=False): graph.input("tangent", row, fixed=False)
            for row in range(place.states)
        }
        values = [body.load(row, "%C") for row in range(place.states)]
        for which, outs in enumerate([*place.traced.jumps, place.traced.start]):
            acts = body.test("oeq", kind, body.number(float(which)))
            change = derivatives(graph, outs, seeds | moves)
            values = [body.select(acts, new, old) for new, old in zip(self._print(body, change), values)]
        for row, value in enumerate(values):
            body.store(value, row, "%C")
        return self._end(body, "jump")

    def _print(self, body: Body, outs: list[Term]) -> list[str]:
        place = self.place
        own = {"tangent": 0, "seed": at.TANGENT_SEEDS * place.states}

        def leaf(term: Term) -> int | None:
            if term.op != "input" or term.name[0] in own:
                return None
            return place.input_row(*term.name, place.y, at.TIME)

        wanted = {term.number: term for term in place.traced.graph.terms() if term.name[0] in own}
        inner = {number: body.load(own[term.name[0]] + term.name[1], "%C") for number, term in wanted.items()}
        return print_terms(body, outs, leaf, inner)
