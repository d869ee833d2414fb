"""The functions of a model in LLVM text, each over all lanes at once: rates, one step, acceptance, output, jumps.

The memory is described in `layout`. Every function takes its address and gives a whole number, so that one caller
serves all of them: `advance` gives the lanes that need attention as bits, the others nothing.
"""

from carsequel.mechanism.kernel import layout as at
from carsequel.mechanism.kernel.graph import Term
from carsequel.mechanism.kernel.ir import Body, Leaf, declarations, print_terms
from carsequel.mechanism.kernel.layout import Layout
from carsequel.mechanism.kernel.program_columns import Columns
from carsequel.mechanism.kernel.program_step import print_advance
from carsequel.mechanism.kernel.tsit5 import BETWEEN

FUNCTIONS = ("advance", "accept", "interpolate", "prepare", "jump", "fresh", "guess", "turnover")


def print_module(place: Layout, columns: Columns) -> str:
    """Give the module of a model; fixed terms get their rows in `place` while the others are printed."""
    parts = [
        declarations(place.lanes),
        _rates(place, columns),
        _turnover(place),
        print_advance(place, columns),
        _accept(place, columns),
        _fresh(place, columns),
        _guess(place),
        _interpolate(place, columns),
        _jump(place, columns),
        columns.functions(),
        _prepare(place),
        _take(),
    ]
    return "\n".join(parts)


def leaf_of(place: Layout, states: int, time: int, *, hoist: bool = True) -> Leaf:
    """Give where a term is read from memory: inputs, and fixed terms in rows of their own."""

    def leaf(term: Term) -> int | None:
        if term.op == "input":
            return place.input_row(*term.name, states, time)
        if hoist and term.fixed and not term.constant:
            return place.fixed + place.hoisted.setdefault(term.number, len(place.hoisted))
        return None

    return leaf


def _finish(body: Body, name: str) -> str:
    body.line("ret i64 0")
    return body.function(name, result="i64")


def _rates(place: Layout, columns: Columns) -> str:
    """rates: from z and STAGE_TIME to the rows at the given place, derivatives to those of the given stage (0 = the
    second); whole clones stand still."""
    body = Body(place.lanes)
    traced = place.traced
    outs = traced.rates + [traced.turnover[clone][2] for clone in place.influx] + columns.outs
    values = print_terms(body, outs, leaf_of(place, place.z, at.STAGE_TIME))
    still = {row: clone for clone, row in enumerate(traced.clone_rows)}
    body.line("%K = getelementptr inbounds double, ptr %S, i64 %to")
    for row in range(place.integrated):
        value = values[row]
        if row in still or row >= place.states:
            clone = still[row] if row in still else place.influx[row - place.states]
            whole = body.test("ogt", body.load(place.whole + clone), "zeroinitializer")
            yes, no = ("zeroinitializer", value) if row in still else (value, "zeroinitializer")
            value = body.select(whole, yes, no)
        body.store(value, row, "%K")
    columns.store_outs(body, values[place.integrated :])
    body.line("ret void")
    return body.function("rates", "ptr noalias %S, i64 %to, i64 %stage", how="internal")


def _turnover(place: Layout) -> str:
    body = Body(place.lanes)
    outs = [term for clone in place.traced.turnover for term in clone]
    for row, value in enumerate(print_terms(body, outs, leaf_of(place, place.y, at.TIME))):
        body.store(value, place.turnover + row)
    return _finish(body, "turnover")


def _prepare(place: Layout) -> str:
    """prepare: the fixed terms, in the lanes to be renewed."""
    body = Body(place.lanes)
    from_number = {term.number: term for term in place.traced.graph.terms()}
    outs = [from_number[number] for number in place.hoisted]
    values = print_terms(body, outs, leaf_of(place, place.y, at.TIME, hoist=False))
    _store_renewed(body, dict(zip(range(place.fixed, place.rows()), values)))
    return _finish(body, "prepare")


def _store_renewed(body: Body, values: dict[int, str]) -> None:
    renew = body.test("ogt", body.load(at.RENEW), "zeroinitializer")
    for row, value in values.items():
        body.put(renew, value, row)


def _accept(place: Layout, columns: Columns) -> str:
    """accept: `take_over`, for the columns too."""
    body = Body(place.lanes)
    body.line("call void @take_over(ptr %S)")
    columns.call(body, "accept")
    return _take_over(place) + "\n" + _finish(body, "accept")


def _take_over(place: Layout) -> str:
    """take_over: where the step holds the end becomes the beginning; the length of the next step is set everywhere."""
    body = Body(place.lanes)
    taken = body.test("ogt", body.load(at.TAKEN), "zeroinitializer")
    pairs = [(at.TIME, at.NEW_TIME), (at.OLD_SIZE, at.NEW_SIZE)]
    pairs += [(place.y + row, place.z + row) for row in range(place.integrated)]
    pairs += [(place.k(1) + row, place.k(7) + row) for row in range(place.integrated)]
    for old, new in pairs:
        body.put(taken, body.load(new), old)
    body.store(body.load(at.NEW_STEP), at.STEP)
    body.store(body.select(taken, body.number(8.0), body.number(1.0)), at.GROW)
    body.line("ret void")
    return body.function("take_over", how="internal")


def _fresh(place: Layout, columns: Columns) -> str:
    """fresh: the first stage, in the lanes to be renewed."""
    body = Body(place.lanes)
    for row in range(place.integrated):
        body.store(body.load(place.y + row), place.z + row)
    body.store(body.load(at.TIME), at.STAGE_TIME)
    body.line(f"call void @rates(ptr %S, i64 {place.k(7) * place.lanes}, i64 0)")
    changes = {place.k(1) + row: body.load(place.k(7) + row) for row in range(place.integrated)}
    _store_renewed(body, changes)
    columns.call(body, "fresh")
    return _finish(body, "fresh")


def _guess(place: Layout) -> str:
    """guess: a hundredth of the time in which the state would change by its own size, from 1e-6 to 1 day."""
    body = Body(place.lanes)
    rtol = body.load(at.RTOL)
    sizes = [body.number(0.0), body.number(0.0)]
    for row in range(place.states):
        y, change = body.load(place.y + row), body.load(place.k(1) + row)
        scale = body.fma(rtol, body.call("llvm.fabs", y), body.load(place.atol + row))
        for which, value in enumerate((y, change)):
            part = body.two("fdiv", value, scale)
            sizes[which] = body.fma(part, part, sizes[which])
    guess = body.two("fmul", body.number(0.01), body.call("llvm.sqrt", body.two("fdiv", sizes[0], sizes[1])))
    guess = body.select(body.test("ogt", guess, body.number(1e-6)), guess, body.number(1e-6))
    guess = body.select(body.test("olt", guess, body.number(1.0)), guess, body.number(1.0))
    body.store(guess, at.GUESS)
    return _finish(body, "guess")


def _interpolate(place: Layout, columns: Columns) -> str:
    """interpolate: the state at NEXT_OUTPUT inside the step just tried."""
    body = Body(place.lanes)
    used = body.load(at.USED)
    share = body.two("fdiv", body.two("fsub", body.load(at.NEXT_OUTPUT), body.load(at.TIME)), used)
    weights = []
    for polynomial in BETWEEN:
        total = body.number(polynomial[3])
        for coefficient in reversed(polynomial[:3]):
            total = body.fma(share, total, body.number(coefficient))
        weights.append(body.two("fmul", used, body.two("fmul", share, total)))
    for row in range(place.states):
        value = body.load(place.y + row)
        for stage, weight in enumerate(weights, 1):
            value = body.fma(weight, body.load(place.k(stage) + row), value)
        body.store(value, place.out + row)
    columns.interpolate(body, weights)
    return _finish(body, "interpolate")


def _jump(place: Layout, columns: Columns) -> str:
    """jump: what KIND says, or the start of a patient, in the lanes where it says something."""
    body = Body(place.lanes)
    columns.call(body, "jump")
    kind = body.load(at.KIND)
    after = [body.load(place.y + row) for row in range(place.states)]
    for which, outs in enumerate([*place.traced.jumps, place.traced.start]):
        acts = body.test("oeq", kind, body.number(float(which)))
        values = print_terms(body, outs, leaf_of(place, place.y, at.TIME, hoist=False))
        after = [body.select(acts, new, old) for new, old in zip(values, after)]
    for row, value in enumerate(after):
        body.store(value, place.y + row)
    return _finish(body, "jump")


def _take() -> str:
    """take: the next number of the queue that all threads share."""
    return (
        "define i64 @take(ptr %queue) nounwind {\n"
        "  %next = atomicrmw add ptr %queue, i64 1 monotonic\n  ret i64 %next\n}\n"
    )
