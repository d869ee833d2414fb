"""One adaptive step of all lanes in LLVM text, repeated until some lane needs attention.

Error is the root mean square over the integrated rows in units of atol + rtol |y|. The length of the step follows the
proportional-integral controller of Gustafsson 1991 (ACM Trans Math Softw 17:533), exponents 0.7 / 5 and 0.4 / 5.
"""

import math

from carsequel.mechanism.kernel import layout as at
from carsequel.mechanism.kernel.ir import Body
from carsequel.mechanism.kernel.layout import Layout
from carsequel.mechanism.kernel.program_columns import Columns
from carsequel.mechanism.kernel.tsit5 import ERROR, NODES, STAGES

_SAFETY, _LEAST = 0.9, 0.1
_STRETCH = 1.05  # a stop this little beyond the step is taken with it


def print_advance(place: Layout, columns: Columns) -> str:
    """advance: steps, until a lane has an output, a stop or a crossing, or cannot go on; gives these lanes as bits."""
    body = Body(place.lanes)
    body.store("zeroinitializer", at.PENDING)
    body.line("br label %step")
    body.line("step:")
    used, hits = _length(body)
    _stages(body, place, used)
    squared = _error(body, place, used)
    taken, new_time = _control(body, used, hits, squared)
    columns.call(body, "step")
    crossed = _crossed(body, place)
    tried = body.two("fadd", body.load(at.TRIED), body.number(1.0))
    body.store(tried, at.TRIED)
    bad = _bad(body, used, taken, tried)
    reached = body.both(body.test("oge", new_time, body.load(at.NEXT_OUTPUT)), body.both(hits, crossed, "or"), "or")
    need = body.both(body.both(taken, reached), bad, "or")
    need = body.both(need, body.test("ogt", body.load(at.ACTIVE), "zeroinitializer"))
    some = body.let(f"bitcast {body.bits} {need} to i{place.lanes}")
    whole = body.let(f"zext i{place.lanes} {some} to i64")
    body.line(f"%none = icmp eq i64 {whole}, 0")
    body.line("br i1 %none, label %go_on, label %attend")
    body.line("go_on:")
    body.line("call void @take_over(ptr %S)")
    body.store(body.load(at.TAKEN), at.PENDING)
    body.line("br label %step")
    body.line("attend:")
    for test, row in ((hits, at.HIT), (crossed, at.CROSSED), (bad, at.BAD)):
        body.store(body.select(test, body.number(1.0), "zeroinitializer"), row)
    body.line(f"ret i64 {whole}")
    return body.function("advance", result="i64")


def _length(body: Body) -> tuple[str, str]:
    wanted = body.load(at.STEP)
    left = body.two("fsub", body.load(at.STOP), body.load(at.TIME))
    hits = body.test("oge", body.two("fmul", wanted, body.number(_STRETCH)), left)
    used = body.select(hits, left, wanted)
    body.store(used, at.USED)
    return used, hits


def _stages(body: Body, place: Layout, used: str) -> None:
    for stage in range(2, 8):
        weights = STAGES[stage - 1]
        for row in range(place.integrated):
            change = body.weighted(weights, [place.k(earlier) + row for earlier in range(1, stage)])
            body.store(body.fma(used, change, body.load(place.y + row)), place.z + row)
        moment = body.fma(body.number(NODES[stage - 1]), used, body.load(at.TIME))
        body.store(moment, at.STAGE_TIME)
        body.line(f"call void @rates(ptr %S, i64 {place.k(stage) * place.lanes}, i64 {stage - 2})")


def _error(body: Body, place: Layout, used: str) -> str:
    """Give the mean square of error over tolerance; two rows share one division."""
    rtol = body.load(at.RTOL)
    parts = []
    for row in range(place.integrated):
        wrong = body.two("fmul", used, body.weighted(ERROR, [place.k(stage) + row for stage in range(1, 8)]))
        before, after = (body.call("llvm.fabs", body.load(block + row)) for block in (place.y, place.z))
        largest = body.select(body.test("ogt", before, after), before, after)
        parts.append((wrong, body.fma(rtol, largest, body.load(place.atol + row))))
    squares = []
    for first, second in zip(parts[::2], parts[1::2]):
        a, b = body.two("fmul", first[0], second[1]), body.two("fmul", second[0], first[1])
        below = body.two("fmul", first[1], second[1])
        above = body.fma(a, a, body.two("fmul", b, b))
        squares.append(body.two("fdiv", above, body.two("fmul", below, below)))
    if len(parts) % 2:
        ratio = body.two("fdiv", *parts[-1])
        squares.append(body.two("fmul", ratio, ratio))
    return body.two("fmul", body.sum(squares), body.number(1.0 / place.integrated))


def _control(body: Body, used: str, hits: str, squared: str) -> tuple[str, str]:
    """Decide whether the step holds and how long the next one is; what is not a number shortens it."""
    taken = body.test("ole", squared, body.number(1.0))
    positive = body.select(body.test("ogt", squared, body.number(1e-20)), squared, body.number(1e-20))
    twice = body.call("log_v", positive)
    size, safety = body.two("fmul", body.number(0.5), twice), body.number(math.log(_SAFETY))
    steady = body.fma(body.number(-0.07), twice, body.fma(body.number(0.08), body.load(at.OLD_SIZE), safety))
    refused = body.fma(body.number(-0.1), twice, safety)
    factor = body.call("exp_v", body.select(taken, steady, refused))
    most = body.load(at.GROW)
    factor = body.select(body.test("olt", factor, most), factor, most)
    sound = body.both(body.test("olt", squared, body.number(1e30)), body.test("ogt", factor, body.number(_LEAST)))
    factor = body.select(sound, factor, body.number(_LEAST))
    following = body.two("fmul", used, factor)
    wanted = body.load(at.STEP)
    longer = body.select(body.test("ogt", following, wanted), following, wanted)
    body.store(body.select(body.both(taken, hits), longer, following), at.NEW_STEP)
    new_time = body.select(hits, body.load(at.STOP), body.two("fadd", body.load(at.TIME), used))
    body.store(new_time, at.NEW_TIME)
    body.store(size, at.NEW_SIZE)
    body.store(body.select(taken, body.number(1.0), "zeroinitializer"), at.TAKEN)
    return taken, new_time


def _crossed(body: Body, place: Layout) -> str:
    watched = sorted({*place.traced.clone_rows, *place.floored, *range(place.states, place.integrated)})
    found = ""
    for row in watched:
        level, before, after = (body.load(block + row) for block in (place.level, place.y, place.z))
        lower, upper = (after, before) if row < place.states else (before, after)
        one = body.both(body.test("oge", upper, level), body.test("olt", lower, level))
        found = body.both(found, one, "or") if found else one
    return found or "zeroinitializer"


def _bad(body: Body, used: str, taken: str, tried: str) -> str:
    least = body.fma(body.number(1e-14), body.load(at.TIME), body.number(1e-15))
    stuck = body.select(taken, body.number(1.0), used)
    return body.both(body.test("ole", stuck, least), body.test("oge", tried, body.load(at.MOST_STEPS)), "or")
