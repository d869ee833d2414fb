"""Sums of points: rows of rules to points per item, sums with bounds, groups in words, findings."""

from collections.abc import Sequence
from functools import cache
from operator import ge, gt, le, lt
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.risks.moments import MOMENT
from carsequel.terms.findings import as_findings

TESTS: Final = {"<": lt, "<=": le, ">": gt, ">=": ge}
FREE: Final = ("age", "months")


class Point(NamedTuple):
    """An item has these points where its number passes the test; rows of one item worst first."""

    item: str
    points: int
    test: str
    limit: float
    paper: str


class Group(NamedTuple):
    """A score of at least `floor` has this name; rows worst first."""

    name: str
    floor: float


def passes(number: pl.Expr, test: str, limit: float) -> pl.Expr:
    """Whether a number passes `<`, `<=`, `>` or `>=` of a limit, compared without rounding."""
    found: pl.Expr = TESTS[test](number, limit)
    return found


def points_of(readings: pl.DataFrame, rules: tuple[Point, ...]) -> pl.DataFrame:
    """Add `low` and `high` (points the reading allows) and `known`; a missing reading is 0 to the item's most."""
    most = {item: float(max(r.points for r in rules if r.item == item)) for item in {r.item for r in rules}}
    known, first, last = pl.col("lo").is_not_null(), _points(rules, "lo"), _points(rules, "hi")
    worst = pl.col("item").replace_strict(most, default=0.0, return_dtype=pl.Float64)
    return readings.with_columns(
        low=pl.when(known).then(pl.min_horizontal(first, last)).otherwise(0.0),
        high=pl.when(known).then(pl.max_horizontal(first, last)).otherwise(worst),
        known=known,
    )


@cache
def _points(rules: tuple[Point, ...], side: str) -> pl.Expr:
    """The points of a reading at its lowest or highest number: those of the first rule of its item that it passes."""
    return pl.coalesce(
        *(
            pl.when((pl.col("item") == rule.item) & passes(pl.col(side), rule.test, rule.limit)).then(
                float(rule.points)
            )
            for rule in rules
        ),
        pl.lit(0.0),
    )


def summed(scored: pl.DataFrame) -> pl.DataFrame:
    """Sum the points per moment: low, high (both null where nothing but age or time is known), `lead` (items that
    score), `rest` (items that do not), `missing`, `facts`."""
    certain, open_ = pl.col("low") > 0, ~pl.col("known") | (pl.col("low") < pl.col("high"))
    enough = (pl.col("known") & ~pl.col("item").is_in(FREE)).any()
    return scored.group_by(MOMENT).agg(
        low=pl.when(enough).then(pl.col("low").sum()),
        high=pl.when(enough).then(pl.col("high").sum()),
        lead=told(certain),
        rest=told(~certain & ~open_),
        missing=told(open_ & ~certain),
        facts=gathered_sources(),
    )


def scored(readings: pl.DataFrame, rules: tuple[Point, ...], groups: Sequence[Group]) -> pl.DataFrame:
    """Give the sum of points of each moment (columns of `summed`) with its label and its reason."""
    return summed(points_of(readings, rules)).with_columns(label=in_groups(groups), why=reasons())


def gathered_sources() -> pl.Expr:
    """The distinct sources of all readings of a group joined with `; `, nothing where there are none."""
    text = pl.col("source").explode().drop_nulls().unique().sort().str.join("; ")
    return pl.when(text != "").then(text)


def told(which: pl.Expr) -> pl.Expr:
    """The notes of these readings of a group, in order, joined with commas."""
    return pl.col("note").filter(which).sort().str.join(", ")


def group_of(score: pl.Expr, groups: Sequence[Group]) -> pl.Expr:
    """The name of the group of a score."""
    return pl.coalesce(*(pl.when(score >= g.floor).then(pl.lit(g.name)) for g in groups))


def in_groups(groups: Sequence[Group], unit: str = "points") -> pl.Expr:
    """The label of a sum: `high (3 points)`, `low to high (1 to 3 points)`, `not gradable`."""
    low, high = (pl.col(side).cast(pl.Int64).cast(pl.String) for side in ("low", "high"))
    first, last = group_of(pl.col("low"), groups), group_of(pl.col("high"), groups)
    name = pl.when(first == last).then(first).otherwise(pl.format("{} to {}", first, last))
    size = pl.when(pl.col("low") == pl.col("high")).then(low).otherwise(pl.format("{} to {}", low, high))
    return pl.coalesce(pl.format(f"{{}} ({{}} {unit})", name, size), pl.lit("not gradable"))


def reasons(of: str = "points", *, rest: bool = True) -> pl.Expr:
    """The sentence of a sum: what scores, with `rest` also what does not, and what is missing."""
    none = pl.col("low").is_null()
    return pl.concat_str(
        pl.when(none).then(pl.lit("nothing recorded that decides it")),
        pl.when(~none & (pl.col("lead") != "")).then(pl.format(f"{of} for {{}}", "lead")),
        pl.when(pl.lit(rest) & ~none & (pl.col("rest") != "")).then(pl.format("none for {}", "rest")),
        pl.when(pl.col("missing") != "").then(pl.format("open: {}", "missing")),
        separator="; ",
        ignore_nulls=True,
    )


def caution(validated: Sequence[str], *notes: str | pl.Expr) -> pl.Expr:
    """The warning about a moment: outside the disease of the score, disease not given, lymphodepletion not dated, and
    the `notes`; nothing where there is none."""
    known = pl.col("disease").is_in(list(validated))
    words = ", ".join(validated)
    undated = pl.col("default") & (pl.col("at") == "before_infusion")
    said = pl.concat_str(
        pl.when(pl.col("disease").is_null()).then(pl.lit(f"disease not given (built in {words})")),
        pl.when(~known).then(pl.format(f"built in {words}, not validated in {{}}", "disease")),
        pl.when(undated).then(pl.lit("lymphodepletion not dated: values before the infusion")),
        *(pl.lit(note) if isinstance(note, str) else note for note in notes),
        separator="; ",
        ignore_nulls=True,
    )
    return pl.when(said != "").then(said)


def answers_for(moments: pl.DataFrame, diseases: Sequence[str], everyone: bool) -> pl.DataFrame:
    """Keep the moments a score answers for: its own diseases and patients without a disease, or everyone."""
    return moments.filter(pl.lit(everyone) | pl.col("disease").is_null() | pl.col("disease").is_in(list(diseases)))


def baseline_findings(found: pl.DataFrame, moments: pl.DataFrame, warning: pl.Expr, **fixed: Any) -> pl.DataFrame:
    """Bring sums (MOMENT, low, high, label, why, facts, perhaps more columns of findings) into findings of period
    baseline: `definition` spells the moment and the `choices`; `default` and `start` are the moment's own. `warning`
    may read the moment and the sum."""
    choices = fixed.pop("choices")
    rows = found.join(moments, on=MOMENT, how="inner").with_columns(
        why=pl.concat_str("why", warning, separator="; ", ignore_nulls=True),
        start="ref",
        end="ref",
        definition=pl.format(f"at={{}} {choices}", "at"),
    )
    return as_findings(rows, **({"kind": "assessment", "period": "baseline"} | fixed))
