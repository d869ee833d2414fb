"""Sums of points: readings side by side to points by rows of rules, bounds, groups in words, findings."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from operator import ge, gt, le, lt
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.terms.findings import as_findings

TESTS: Final = {"<": lt, "<=": le, ">": gt, ">=": ge}
FREE: Final = ("age", "months")
ENDS: Final = ("low", "high")


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


def summed(readings: pl.DataFrame, rules: Sequence[Point]) -> pl.DataFrame:
    """Add the sum of points of each moment: low, high (both null where nothing but age or time is known), `lead` (items
    that score), `rest` (items that do not), `missing`, `facts`. A missing reading has 0 to the item's most points."""
    items = list(dict.fromkeys(rule.item for rule in rules))
    sure = {item: pl.col(f"{item}_low") > 0 for item in items}
    wide = {item: pl.col(f"{item}_lo").is_null() | (pl.col(f"{item}_low") < pl.col(f"{item}_high")) for item in items}
    enough = pl.any_horizontal(pl.col(f"{item}_lo").is_not_null() for item in items if item not in FREE)
    said = told(
        readings,
        lead=sure,
        rest={item: ~(sure[item] | wide[item]) for item in items},
        missing={item: wide[item] & ~sure[item] for item in items},
    )
    sums = {side: pl.when(enough).then(pl.sum_horizontal(f"{item}_{side}" for item in items)) for side in ENDS}
    points = readings.lazy().with_columns(each for item in items for each in _points(item, tuple(rules)))
    summed_up = points.with_columns(**sums, **said, facts=gathered_sources(readings, items))
    return summed_up.drop(f"{item}_{side}" for item in items for side in ENDS).collect()


@cache
def _points(item: str, rules: tuple[Point, ...]) -> list[pl.Expr]:
    """The least and the most points of an item: at both ends of its reading those of the first rule that it passes."""
    rules = tuple(rule for rule in rules if rule.item == item)
    known, most = pl.col(f"{item}_lo").is_not_null(), float(max(rule.points for rule in rules))
    first, last = (
        pl.coalesce(
            *(
                pl.when(passes(pl.col(f"{item}_{side}"), rule.test, rule.limit)).then(float(rule.points))
                for rule in rules
            ),
            0.0,
        )
        for side in ("lo", "hi")
    )
    return [
        pl.when(known).then(pl.min_horizontal(first, last)).otherwise(0.0).alias(f"{item}_low"),
        pl.when(known).then(pl.max_horizontal(first, last)).otherwise(most).alias(f"{item}_high"),
    ]


def scored(readings: pl.DataFrame, rules: Sequence[Point], groups: Sequence[Group]) -> pl.DataFrame:
    """Add the sum of points of each moment (columns of `summed`) with its label and its reason."""
    return summed(readings, rules).with_columns(label=in_groups(groups), why=reasons())


def gathered_sources(readings: pl.DataFrame, items: Sequence[str]) -> pl.Expr:
    """The distinct sources of the readings of a moment joined with `; `, nothing where there are none."""
    columns = [f"{item}_source" for item in items]
    some = [name for name in columns if readings[name].null_count() < readings.height]
    if not some:
        return pl.lit(None, dtype=pl.String)
    every = pl.concat_list(pl.col(name).fill_null([]) for name in some)
    text = every.list.drop_nulls().list.unique().list.sort().list.join("; ")
    return pl.when(text != "").then(text)


def told(readings: pl.DataFrame, **which: Mapping[str, pl.Expr]) -> dict[str, pl.Expr]:
    """For each name, the notes of the readings that it asks for (a condition an item), joined with commas in the order
    of their words."""
    items = list(dict.fromkeys(item for each in which.values() for item in each))
    notes = [pl.col(f"{item}_note") for item in items]
    ends = zip(*(readings.select(end).row(0) for end in ([n.min() for n in notes], [n.max() for n in notes])), items)
    spans = sorted((first or "", last or "", item) for first, last, item in ends)
    apart = all(one[1] < other[0] for one, other in pairwise(spans) if other[0])
    said = {}
    for name, conditions in which.items():
        own = [pl.when(conditions[item]).then(f"{item}_note") for _, _, item in spans if item in conditions]
        ordered = pl.concat_list(own).list.drop_nulls().list.sort().list.join(", ")
        said[name] = pl.concat_str(own, separator=", ", ignore_nulls=True) if apart else ordered
    return said


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


def baseline_findings(found: pl.DataFrame, warning: pl.Expr, **fixed: Any) -> pl.DataFrame:
    """Bring moments with sums (low, high, label, why, facts, perhaps more columns of findings) into findings of period
    baseline: `definition` spells the moment and the `choices`; `default` and `start` are the moment's own. `warning`
    may read the moment and the sum."""
    choices = fixed.pop("choices")
    rows = found.with_columns(
        why=pl.concat_str("why", warning, separator="; ", ignore_nulls=True),
        start="ref",
        end="ref",
        definition=pl.format(f"at={{}} {choices}", "at"),
    )
    return as_findings(rows, **({"kind": "assessment", "period": "baseline"} | fixed))
