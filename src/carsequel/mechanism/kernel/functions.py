"""Exponential and logarithm of a whole vector, as LLVM text, from their series; what is not a number stays so.

exp: x = n ln 2 + r with |r| <= ln 2 / 2, the series of exp(r) to r^13, and n put into the exponent; 0 below -708.3 and
infinity above 709.4. log: x = 2^n m with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1) / (m + 1)) by its series
to the 21st power; minus infinity at 0, not a number below; numbers under 2.2e-308 are not resolved.
"""

import math
import struct

_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")
_ROUNDER = 6755399441055744.0  # 1.5 * 2^52: adding it leaves the nearest whole number in the low bits


def number(value: float) -> str:
    """Give a double as LLVM writes it exactly.

    >>> number(1.0)
    '0x3FF0000000000000'
    """
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def vector(value: float, lanes: int) -> str:
    """Give a vector of equal numbers as an LLVM constant."""
    return "<" + ", ".join([f"double {number(value)}"] * lanes) + ">"


def whole_vector(value: int, lanes: int) -> str:
    """Give a vector of equal 64-bit whole numbers as an LLVM constant."""
    return "<" + ", ".join([f"i64 {value}"] * lanes) + ">"


def _polynomial(lines: list[str], kind: str, lanes: int, x: str, coefficients: list[float], name: str) -> str:
    """Evaluate sum c_i x^i pairwise (Estrin), so that few steps wait for each other."""
    level = [vector(c, lanes) for c in coefficients]
    power, round_ = x, 0
    while len(level) > 1:
        paired = []
        for at in range(0, len(level) - 1, 2):
            lines.append(
                f"%{name}{round_}.{at} = call {kind} @llvm.fmuladd.v{lanes}f64"
                f"({kind} {power}, {kind} {level[at + 1]}, {kind} {level[at]})"
            )
            paired.append(f"%{name}{round_}.{at}")
        level = paired + ([level[-1]] if len(level) % 2 else [])
        if len(level) > 1:
            lines.append(f"%{name}p{round_} = fmul {kind} {power}, {power}")
            power = f"%{name}p{round_}"
        round_ += 1
    return level[0]


def exp_text(lanes: int) -> str:
    """Give the LLVM text of @exp_v."""
    kind, whole = f"<{lanes} x double>", f"<{lanes} x i64>"

    def v(value: float) -> str:
        return vector(value, lanes)

    fma = f"call {kind} @llvm.fmuladd.v{lanes}f64"
    lines = [
        f"%n0 = {fma}({kind} %x, {kind} {v(1 / math.log(2))}, {kind} {v(_ROUNDER)})",
        f"%n = fsub {kind} %n0, {v(_ROUNDER)}",
        f"%r0 = {fma}({kind} %n, {kind} {v(-_LN2_HIGH)}, {kind} %x)",
        f"%r = {fma}({kind} %n, {kind} {v(-_LN2_LOW)}, {kind} %r0)",
    ]
    result = _polynomial(lines, kind, lanes, "%r", [1 / math.factorial(k) for k in range(14)], "q")
    lines += [
        f"%b0 = bitcast {kind} %n0 to {whole}",
        f"%b1 = shl {whole} %b0, {whole_vector(52, lanes)}",
        f"%b2 = add {whole} %b1, {whole_vector(0x3FF << 52, lanes)}",
        f"%scale = bitcast {whole} %b2 to {kind}",
        f"%e0 = fmul {kind} {result}, %scale",
        f"%low = fcmp olt {kind} %x, {v(-708.3)}",
        f"%e1 = select <{lanes} x i1> %low, {kind} zeroinitializer, {kind} %e0",
        f"%high = fcmp ogt {kind} %x, {v(709.4)}",
        f"%e2 = select <{lanes} x i1> %high, {kind} {v(math.inf)}, {kind} %e1",
        f"ret {kind} %e2",
    ]
    return _function(kind, "exp_v", lines)


def log_text(lanes: int) -> str:
    """Give the LLVM text of @log_v."""
    kind, whole = f"<{lanes} x double>", f"<{lanes} x i64>"

    def v(value: float) -> str:
        return vector(value, lanes)

    bits = struct.unpack("<Q", struct.pack("<d", math.sqrt(0.5)))[0]
    fma = f"call {kind} @llvm.fmuladd.v{lanes}f64"
    lines = [
        f"%i0 = bitcast {kind} %x to {whole}",
        f"%i1 = add {whole} %i0, {whole_vector((0x3FF << 52) - bits, lanes)}",
        f"%i2 = lshr {whole} %i1, {whole_vector(52, lanes)}",
        f"%i3 = or {whole} %i2, {whole_vector(0x433 << 52, lanes)}",
        f"%n0 = bitcast {whole} %i3 to {kind}",
        f"%n = fsub {kind} %n0, {v(2.0**52 + 1023)}",
        f"%m0 = and {whole} %i1, {whole_vector((1 << 52) - 1, lanes)}",
        f"%m1 = add {whole} %m0, {whole_vector(bits, lanes)}",
        f"%m = bitcast {whole} %m1 to {kind}",
        f"%f = fsub {kind} %m, {v(1.0)}",
        f"%g = fadd {kind} %m, {v(1.0)}",
        f"%s = fdiv {kind} %f, %g",
        f"%z = fmul {kind} %s, %s",
    ]
    series = _polynomial(lines, kind, lanes, "%z", [2 / (2 * k + 1) for k in range(1, 11)], "q")
    lines += [
        f"%zs = fmul {kind} %z, %s",
        f"%t0 = fadd {kind} %s, %s",
        f"%t1 = {fma}({kind} %n, {kind} {v(_LN2_HIGH)}, {kind} %t0)",
        f"%t2 = fmul {kind} %n, {v(_LN2_LOW)}",
        f"%t_low = {fma}({kind} {series}, {kind} %zs, {kind} %t2)",
        f"%t3 = fadd {kind} %t1, %t_low",
        f"%finite = fcmp olt {kind} %x, {v(math.inf)}",
        f"%r0 = select <{lanes} x i1> %finite, {kind} %t3, {kind} %x",
        f"%zero = fcmp oeq {kind} %x, zeroinitializer",
        f"%r1 = select <{lanes} x i1> %zero, {kind} {v(-math.inf)}, {kind} %r0",
        f"%below = fcmp olt {kind} %x, zeroinitializer",
        f"%r2 = select <{lanes} x i1> %below, {kind} {v(math.nan)}, {kind} %r1",
        f"ret {kind} %r2",
    ]
    return _function(kind, "log_v", lines)


def _function(kind: str, name: str, lines: list[str]) -> str:
    body = "\n  ".join(lines)
    return f"define internal {kind} @{name}({kind} %x) alwaysinline {{\n  {body}\n}}\n"
