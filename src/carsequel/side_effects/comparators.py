"""What a reported value says for sure and what it allows: `<5` is anything below 5, a missing limit allows anything."""

from typing import Final

import polars as pl

from carsequel.side_effects.rules import TESTS

BELOW: Final = ("<", "<=")
ABOVE: Final = (">", ">=")
DECIMALS: Final = 9  # 1.5 x 0.7 is 1.05 and not 1.0499999


def surely(test: str, limit: pl.Expr, value: str = "value") -> pl.Expr:
    """Tell whether a reported value (columns `value`, `comparator`) passes a test for certain; a missing value or
    limit is false.

    >>> frame = pl.DataFrame({"value": [5.0, 5.0, 9.0], "comparator": [None, "<", "<"]})
    >>> frame.select(sure=surely("<", pl.lit(5)), open=possibly("<", pl.lit(5))).rows()
    [(False, False), (True, True), (False, True)]
    """
    number, limit = pl.col(value).round(DECIMALS), limit.cast(pl.Float64).round(DECIMALS)
    downward = test in BELOW
    on_limit = number <= limit if downward else number >= limit
    beyond = number < limit if downward else number > limit
    loose = beyond if test in ("<", ">") else on_limit
    sure = (
        pl.when(_reported("<" if downward else ">"))
        .then(on_limit)
        .when(_reported("<=" if downward else ">="))
        .then(loose)
        .when(_reported(*(ABOVE if downward else BELOW)))
        .then(pl.lit(False))
        .otherwise(TESTS[test](number, limit))
    )
    return sure.fill_null(False)


def possibly(test: str, limit: pl.Expr, value: str = "value") -> pl.Expr:
    """Tell whether a reported value could pass a test; a missing value or limit is true."""
    opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[test]
    return ~surely(opposite, limit, value)


def as_reported(value: str = "value") -> pl.Expr:
    """Give the words of a value: `<0.1`, `7.5`."""
    number = pl.col(value).round(4).cast(pl.String).str.strip_suffix(".0")
    return pl.concat_str(pl.col("comparator").fill_null(""), number)


def _reported(*comparators: str) -> pl.Expr:
    return pl.col("comparator").fill_null("").is_in(comparators)
