"""The grade of one value by the rows of a CTCAE term: the mildest and the gravest that limits and baseline allow."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import polars as pl

from carsequel.side_effects.comparators import possibly, surely
from carsequel.side_effects.rules import TESTS


class Rule(NamedTuple):
    """A value of `name` that passes `test` against `factor` x `against` has this grade of `term`."""

    term: str
    name: str
    grade: int
    baseline: str
    against: str
    factor: float
    test: str
    paper: str


@cache
def grade_columns(own: tuple[Rule, ...]) -> list[pl.Expr]:
    """Give low and high (0-4) of a value by the rules of its term.

    The value has columns lower, upper (`comparators.with_ends`), lln, uln, baseline and the side of its own limits on
    which the baseline lies (high_base, low_base; null where not known).
    """
    special = "low" if _looks_low(own) else "abnormal"
    normal, other = _bounds(own, "normal"), _bounds(own, special)
    if all(rule.baseline == "any" for rule in own):
        return [grade.alias(name) for name, grade in zip(("low", "high"), normal, strict=True)]
    low, high = pl.min_horizontal(normal[0], other[0]), pl.max_horizontal(normal[1], other[1])
    if special == "abnormal":
        # An abnormal baseline lies beyond the limit, so that it never makes the grade graver than the limit alone.
        high = pl.when(pl.col("baseline").is_null()).then(normal[1]).otherwise(high)
    side = pl.col(side_of(own))
    return [
        pl.when(side).then(other[n]).when(~side).then(normal[n]).otherwise(unknown).alias(name)
        for n, (name, unknown) in enumerate({"low": low, "high": high}.items())
    ]


def gravest(own: tuple[Rule, ...]) -> int:
    """Give the gravest grade that rules can give."""
    return max(rule.grade for rule in own)


def side_of(own: tuple[Rule, ...]) -> str:
    """Give the column that says whether the baseline lies beyond its own limit."""
    return "low_base" if _looks_low(own) or any(rule.against == "lln" for rule in own) else "high_base"


def _looks_low(own: tuple[Rule, ...]) -> bool:
    """Whether a term has rules for a baseline below its lower limit."""
    return any(rule.baseline == "low" for rule in own)


def _passes(rule: Rule, how: Any) -> pl.Expr:
    passed: pl.Expr = how(rule.test, rule.factor if rule.against == "value" else rule.factor * pl.col(rule.against))
    return passed


def _bounds(own: tuple[Rule, ...], reading: str) -> tuple[pl.Expr, pl.Expr]:
    fitting = [rule for rule in own if rule.baseline in ("any", reading)]
    low, high = (
        [pl.when(_passes(rule, how)).then(rule.grade).otherwise(0) for rule in fitting] for how in (surely, possibly)
    )
    return pl.max_horizontal(low), pl.max_horizontal(high)


def with_paper(found: pl.DataFrame, asked: Mapping[int, tuple[Rule, ...]]) -> pl.DataFrame:
    """Add `paper`, the words of the first rule that sets `low` (null where it is 0), to the reported values.

    Columns: asked (a key of `asked`), low, lower, upper, limit (of normal), baseline, side (as `side_of`).
    """
    rows = [
        rule._asdict() | {"asked": number, "line": line, "low": rule.grade, "reading": rule.baseline}
        for number, own in asked.items()
        for line, rule in enumerate(own)
    ]
    rules = pl.DataFrame(rows).lazy().drop("baseline", "grade", "name", "term")
    number = pl.when(pl.col("against") == "value").then(1.0).when(pl.col("against") == "baseline").then("baseline")
    limit = pl.col("factor") * number.otherwise("limit")
    passes = pl.any_horizontal((pl.col("test") == test) & surely(test, limit) for test in TESTS)
    fits = (
        pl.when(pl.col("reading") == "any")
        .then(True)
        .otherwise(pl.col("reading").is_in(["abnormal", "low"]) == pl.col("side"))
    )
    setting = found.lazy().join(rules, on=["asked", "low"]).filter(passes & fits.fill_null(True)).sort("line")
    papers = setting.group_by("of", maintain_order=True).agg(pl.col("paper").first())
    return found.lazy().join(papers, on="of", how="left").collect(engine="in-memory")
