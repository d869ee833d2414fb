"""The values a risk score reads: the last one before its moment, or the nearest to it, as an interval with its source.

A reading is one row per moment and item: `lo` and `hi` (equal where the value is known, both null where it is not),
`note` (words for the explanation), `source` (list) and `method`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import MOMENT, inside

LABORATORY: Final = 30
STAGING: Final = 90
EVER: Final = 36500
FAR: Final = 10.0**9
TINY: Final = 1e-9
BASELINE_WORDS: Final = (
    r"(?i)\bbaseline\b|\bscreening\b|\b(?:before|prior to|at) (?:lymphodepletion|infusion|treatment)"
    r"|\bpre-?(?:infusion|treatment|lymphodepletion|car)"
)
ROMAN: Final = {"I": 1.0, "II": 2.0, "III": 3.0, "IV": 4.0, "1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0}


class Item(NamedTuple):
    """One thing to read: the item's name in the rules, the quantity, its words, how a number is made of a row, how far
    back, whether a row without a day counts (`baseline` where its words say so, or `never`), what is missing
    where a row gives no number, how many days after the moment still count, and whether 1 and 0 mean yes and no."""

    item: str
    name: str
    words: str
    number: pl.Expr
    back: int = LABORATORY
    undated: str = "baseline"
    lacks: str = "without a number"
    forward: int = 0
    yes_no: bool = False


def _whole(number: pl.Expr) -> pl.Expr:
    """Take away the last bits: a division by a constant is not exact to the last one, and 98 / 49 must be 2."""
    return number.round(12)


def value_of(per: float = 1.0) -> pl.Expr:
    """The row's number, divided by `per` kept units in one unit of the rule (10 mg/L in 1 mg/dL)."""
    return _whole(pl.col("value") / per)


def per_limit() -> pl.Expr:
    """The row's number over the laboratory's own upper limit of normal; nothing where the row has no such limit."""
    return pl.when(pl.col("uln") > 0).then(_whole(pl.col("value") / pl.col("uln")))


def ann_arbor() -> pl.Expr:
    """The Ann Arbor stage 1-4 from a number or a Roman numeral.

    >>> rows = pl.DataFrame({"value": [None, 3.0, None], "text": ["stage IVB", None, "Rai 2"]})
    >>> rows.select(ann_arbor()).to_series().to_list()
    [4.0, 3.0, None]
    """
    word = pl.col("text").str.extract(r"(?i)^\s*(?:ann arbor\s*)?(?:stage\s*)?(IV|III|II|I|[1-4])(?:[ABESX, ]|$)", 1)
    return pl.coalesce("value", word.str.to_uppercase().replace_strict(ROMAN, default=None, return_dtype=pl.Float64))


def yes_or_no() -> pl.Expr:
    """1 for `yes`, 0 for `no`, nothing for other words."""
    return pl.col("text").replace_strict({"yes": 1.0, "no": 0.0}, default=None, return_dtype=pl.Float64)


LDH_RATIO: Final = Item(
    "ldh", "ldh", "LDH over its upper limit", per_limit(), lacks="(the laboratory's own limit is missing)"
)
ECOG: Final = Item("ecog", "ecog", "ECOG", value_of())
STAGE: Final = Item("stage", "stage", "stage", ann_arbor(), STAGING, "baseline", "not readable as I to IV")


def read_items(course: Course, moments: pl.DataFrame, items: Sequence[Item]) -> pl.DataFrame:
    """Give the readings of `items` at each moment: MOMENT columns, item, lo, hi, note, source (list), method.

    Of several rows the last before the moment decides (with `forward` days: the nearest calendar day, the earlier of
    equals); rows of the same time that disagree give an interval. `<` and `>` give open intervals.
    """
    rows = course.facts_since(*{item.name for item in items}, before=EVER, undated=True)
    return pl.concat([_read_one(rows, moments, item) for item in items])


def read_age(moments: pl.DataFrame) -> pl.DataFrame:
    """Give the reading `age` in completed years (an interval where only a band is known)."""
    known = pl.col("age_from").is_not_null()
    shown = pl.when(pl.col("age_from") == pl.col("age_to")).then(pl.format("age {}", shorter("age_from")))
    banded = pl.when(known).then(pl.format("age {} to {}", shorter("age_from"), shorter("age_to")))
    return moments.select(
        *MOMENT,
        item=pl.lit("age"),
        lo="age_from",
        hi="age_to",
        note=pl.coalesce(shown, banded, pl.lit("age not recorded")),
        source=pl.concat_list(pl.when(known).then("person")),
        method=pl.lit(None, dtype=pl.String),
    )


def shorter(column: str) -> pl.Expr:
    """A number in words, at most three decimals, whole numbers without a point."""
    return pl.col(column).round(3).cast(pl.String).str.replace(r"\.0$", "")


def _read_one(rows: pl.DataFrame, moments: pl.DataFrame, item: Item) -> pl.DataFrame:
    rows = rows.filter(pl.col("name") == item.name).with_columns(_number=item.number)
    seen = inside(rows, moments, item.back, item.forward).with_columns(_usable=pl.col("_number").is_not_null())
    told = pl.col("when").str.contains(BASELINE_WORDS).fill_null(False)
    plain = pl.col("since").is_null() & told & pl.lit(item.undated == "baseline")
    seen = seen.with_columns(fits=pl.col("fits").fill_null(False) | plain)
    near = pl.col("apart").abs() * 2 + (pl.col("apart") > 0)
    rank = (near if item.forward else -pl.col("since")).fill_null(FAR)
    usable = seen.filter("fits", "_usable").with_columns(_rank=rank)
    best = usable.filter(pl.col("_rank") == pl.col("_rank").min().over(MOMENT))
    mark = pl.col("comparator").fill_null("")
    edge = TINY * pl.max_horizontal(pl.lit(1.0), pl.col("_number").abs())
    lo = pl.when(mark.is_in(["<", "<="])).then(0.0).when(mark == ">").then(pl.col("_number") + edge)
    hi = pl.when(mark.is_in([">", ">="])).then(float("inf")).when(mark == "<").then(pl.col("_number") - edge)
    best = best.with_columns(_lo=pl.coalesce(lo, "_number"), _hi=pl.coalesce(hi, "_number"))
    found = best.group_by(MOMENT).agg(
        lo=pl.col("_lo").min(),
        hi=pl.col("_hi").max(),
        day=pl.col("since").max().floor(),
        source=pl.col("source").drop_nulls().unique().sort(),
        method=pl.col("method").drop_nulls().unique().sort().str.join(", "),
    )
    reasons = seen.group_by(MOMENT).agg(
        _without=(pl.col("fits") & ~pl.col("_usable")).any(), _outside=(~pl.col("fits") & pl.col("_usable")).any()
    )
    every = moments.select(MOMENT).join(found, on=MOMENT, how="left").join(reasons, on=MOMENT, how="left")
    return every.select(
        *MOMENT, item=pl.lit(item.item), lo="lo", hi="hi", note=_note(item), source="source", method="method"
    )


def _note(item: Item) -> pl.Expr:
    exact = pl.when((pl.col("hi") - pl.col("lo")).abs() <= 2 * TINY * pl.col("hi")).then(shorter("hi"))
    open_end = pl.when(pl.col("hi").is_infinite()).then(pl.format("above {}", shorter("lo")))
    between = pl.format("{} to {}", shorter("lo"), shorter("hi"))
    day = pl.when(pl.col("day").is_not_null()).then(pl.format(" on day {}", pl.col("day").cast(pl.Int64)))
    if item.yes_no:
        exact = pl.when(pl.col("lo") == pl.col("hi")).then(
            pl.when(pl.col("hi") > 0).then(pl.lit("yes")).otherwise(pl.lit("no"))
        )
    known = pl.format(f"{item.words} {{}}{{}}", pl.coalesce(open_end, exact, between), day.fill_null(""))
    window = f"in the {item.back} days before" if item.forward == 0 else f"within {item.back} days before or after"
    missing = (
        pl.when("_without")
        .then(pl.lit(f"{item.words} {item.lacks}"))
        .when("_outside")
        .then(pl.lit(f"{item.words} not {window}, only outside them or without a day"))
        .otherwise(pl.lit(f"{item.words} not recorded"))
    )
    return pl.when(pl.col("lo").is_not_null()).then(known).otherwise(missing)
