"""What a reported value says for sure and what it allows: `<5` is anything below 5, a missing limit allows anything."""

from typing import Final, TypeVar

import polars as pl

from carsequel.side_effects.rules import TESTS

BELOW: Final = ("<", "<=")
ABOVE: Final = (">", ">=")
DECIMALS: Final = 9  # 1.5 x 0.7 is 1.05 and not 1.0499999
JUST: Final = 0.5 * 10**-DECIMALS  # less than any two values differ by
Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)


def with_ends(rows: Rows) -> Rows:
    """Add `lower` and `upper`, between which a reported value (`value`, `comparator`) lies: `<5` ends just below 5.

    >>> rows = with_ends(pl.DataFrame({"value": [5.0, 9.0], "comparator": [None, "<="]}))
    >>> rows.select("lower", "upper").rows()
    [(5.0, 5.0), (-inf, 9.0)]
    """
    number, sign = pl.col("value").round(DECIMALS), pl.col("comparator").fill_null("")
    infinite = float("inf")
    return rows.with_columns(
        lower=pl.when(sign.is_in(BELOW)).then(-infinite).when(sign == ">").then(number + JUST).otherwise(number),
        upper=pl.when(sign.is_in(ABOVE)).then(infinite).when(sign == "<").then(number - JUST).otherwise(number),
    )


def surely(test: str, limit: pl.Expr | float) -> pl.Expr:
    """Tell whether a value (columns `lower`, `upper` of `with_ends`) passes a test for certain; a missing value or
    limit is false.

    >>> rows = with_ends(pl.DataFrame({"value": [5.0, 5.0, 9.0], "comparator": [None, "<", "<"]}))
    >>> rows.select(sure=surely("<", 5), open=possibly("<", 5)).rows()
    [(False, False), (True, True), (False, True)]
    """
    return _passes("upper" if test in BELOW else "lower", test, limit).fill_null(False)


def possibly(test: str, limit: pl.Expr | float) -> pl.Expr:
    """Tell whether a value could pass a test; a missing value or limit is true."""
    return _passes("lower" if test in BELOW else "upper", test, limit).fill_null(True)


def _passes(end: str, test: str, limit: pl.Expr | float) -> pl.Expr:
    rounded = limit.cast(pl.Float64).round(DECIMALS) if isinstance(limit, pl.Expr) else round(float(limit), DECIMALS)
    passed: pl.Expr = TESTS[test](pl.col(end), rounded)
    return passed


def as_reported(value: str = "value") -> pl.Expr:
    """Give the words of a value: `<0.1`, `7.5`."""
    number = pl.col(value).round(4).cast(pl.String).str.strip_suffix(".0")
    return pl.concat_str(pl.col("comparator").fill_null(""), number)
