"""One line of a graded table, and the grade that a value gets from such lines."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import polars as pl

TESTS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
# How a stated HLH-like syndrome is recognised in the words of a toxicity span.
HLH_WORDS: Final = r"(?i)\bHLH\b|\bMAS\b|IEC-?HS|hyperinflammat|ha?emophagocyt"


class Rule(NamedTuple):
    """A finding of a domain that passes the test (none: any value) has this grade; lines stand worst first."""

    domain: str
    finding: str
    grade: int
    paper: str
    test: str = ""
    limit: float | None = None


def rules_of(rules: Sequence[Rule], domain: str, finding: str | None = None) -> list[Rule]:
    """Give the lines of one domain (and one finding of it), worst first."""
    return [rule for rule in rules if rule.domain == domain and finding in (None, rule.finding)]


def grade_of(rules: Sequence[Rule], value: pl.Expr) -> pl.Expr:
    """Give the grade of the first line whose test the value passes, null where it passes none.

    >>> lines = [Rule("hypoxia", "nasal_cannula", 3, "above 6 L/min", ">", 6), Rule("hypoxia", "nasal_cannula", 2, "")]
    >>> pl.DataFrame({"flow": [6.0, 6.1]}).select(grade=grade_of(lines, pl.col("flow")))["grade"].to_list()
    [2, 3]
    """
    cases = [
        pl.when(TESTS[rule.test](value, rule.limit) if rule.test else pl.lit(True)).then(rule.grade) for rule in rules
    ]
    return pl.coalesce(cases)
