"""Comparisons of values that are known only within bounds: true, false, or null where the record leaves both open.

Polars combines such booleans as a physician would: true or unknown is true, true and unknown is unknown.
"""

from typing import Final, NamedTuple

import polars as pl

TOLERANCE: Final = 1e-9
WIDEST: Final = float("inf")


class Range(NamedTuple):
    """The lowest and the highest value that the record allows; both null where nothing is recorded."""

    low: pl.Expr
    high: pl.Expr


def number(value: float) -> Range:
    """Give a number as a range without width."""
    return Range(pl.lit(value), pl.lit(value))


def column(name: str) -> Range:
    """Give the range held by the columns NAME_low and NAME_high."""
    return Range(pl.col(f"{name}_low"), pl.col(f"{name}_high"))


def known(value: Range) -> pl.Expr:
    """Tell whether anything is recorded of a value."""
    return value.low.is_not_null() & value.high.is_not_null()


def times(value: Range, factor: float) -> Range:
    """Give a range multiplied by a factor that is not negative."""
    return Range(value.low * factor, value.high * factor)


def minus(value: Range, other: Range) -> Range:
    """Give the difference of two ranges."""
    return Range(value.low - other.high, value.high - other.low)


def settled(yes: pl.Expr, no: pl.Expr) -> pl.Expr:
    """Give true where `yes` holds, false where `no` holds, else null (open)."""
    yes, no = yes.fill_null(False), no.fill_null(False)
    return pl.when(yes | no).then(yes)


def at_most(value: Range, other: Range) -> pl.Expr:
    """Tell whether a value is at most another: true, false or null (open).

    >>> frame = pl.DataFrame({"a_low": [0.0, 0.0, None], "a_high": [1.0, 3.0, None]})
    >>> frame.select(at_most(column("a"), number(2)).alias("x"))["x"].to_list()
    [True, None, None]
    """
    sure = value.high <= other.low + TOLERANCE
    never = value.low > other.high + TOLERANCE
    return settled(sure, never)


def below(value: Range, other: Range) -> pl.Expr:
    """Tell whether a value is below another: true, false or null (open)."""
    return ~at_least(value, other)


def at_least(value: Range, other: Range) -> pl.Expr:
    """Tell whether a value is at least another: true, false or null (open)."""
    return settled(value.low >= other.high - TOLERANCE, value.high < other.low - TOLERANCE)


def above(value: Range, other: Range) -> pl.Expr:
    """Tell whether a value is above another: true, false or null (open)."""
    return ~at_most(value, other)


def measured_range() -> tuple[pl.Expr, pl.Expr]:
    """Give `low` and `high` of a row of facts: `<` leaves everything from 0 open, `>` everything above."""
    sign = pl.col("comparator").fill_null("")
    bound = pl.coalesce("value", "limit")
    under, over = sign.is_in(["<", "<="]), sign.is_in([">", ">="])
    low = pl.when(under & bound.is_not_null()).then(0.0).when(over).then(bound).otherwise("value")
    high = pl.when(over & bound.is_not_null()).then(WIDEST).when(under).then(bound).otherwise("value")
    return low.alias("low"), high.alias("high")
