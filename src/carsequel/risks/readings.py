"""The values a risk score reads: the last one before its moment, or the nearest to it, as an interval with its source.

Readings stand side by side, one row a moment: per item ITEM_lo and ITEM_hi (equal where the value is known, both null
where it is not), ITEM_note (words for the explanation), ITEM_source (list) and, for values of the record, ITEM_method.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import KEYS, apart, fits

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


TOLD: Final = ("_look", "name", "since", "when", "value", "comparator", "uln", "text", "source", "method")
SIDES: Final = ("lo", "hi", "note", "source", "method")
FOUND: Final = ("_slot", "lo", "hi", "day", "source", "method")
ASKED: Final[dict[str, Any]] = {
    "name": pl.String,
    "words": pl.String,
    "back": pl.Int64,
    "forward": pl.Int64,
    "undated": pl.Boolean,
    "yes_no": pl.Boolean,
    "lacks": pl.String,
}


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
    """Add the readings of `items` (each of a quantity of its own) to each moment (patient, infusion, ref …).

    Of several rows the last before the moment decides (with `forward` days: the nearest calendar day, the earlier of
    equals); rows of the same time that disagree give an interval. `<` and `>` give open intervals.
    """
    height, asked = moments.height, _asked(items)
    seen = _seen(course, moments, asked, items)
    best = seen.filter("_fits", "_usable").filter(pl.col("_rank") == pl.col("_rank").min().over("_slot"))
    slots = pl.int_range(height * len(items), dtype=pl.UInt32, eager=True).alias("_slot").to_frame()
    every = slots.join(_intervals(best), on="_slot", how="left", maintain_order="left")
    rest = seen.filter(every["lo"].is_null().gather(seen["_slot"])).group_by("_slot")
    fits, usable = pl.col("_fits"), pl.col("_usable")
    told = rest.agg(without=(fits & ~usable).any(), outside=(~fits & usable).any())
    every = every.join(told, on="_slot", how="left", maintain_order="left")
    every = every.with_columns(_item=pl.col("_slot") // max(height, 1)).join(asked, on="_item", maintain_order="left")
    every = every.with_columns(note=_note())
    parts = [(place * height, item.item, side) for place, item in enumerate(items) for side in SIDES]
    return moments.hstack([every[side].slice(first, height).alias(f"{item}_{side}") for first, item, side in parts])


def _asked(items: Sequence[Item]) -> pl.DataFrame:
    """One row an item: what is asked of the record, and the words for what it does not hold."""
    rows = [(i.name, i.words, i.back, i.forward, i.undated == "baseline", i.yes_no, i.lacks) for i in items]
    return pl.DataFrame(rows, schema=ASKED, orient="row").with_row_index("_item")


def _seen(course: Course, moments: pl.DataFrame, asked: pl.DataFrame, items: Sequence[Item]) -> pl.DataFrame:
    """Each row of an item as seen from each moment: its `_slot` (place of the item times moments, plus the moment), the
    number it gives if any, whether it `_fits` the window, and its `_rank` (the lowest is nearest)."""
    looks = course.clock.select(KEYS).with_row_index("_look")
    numbered = moments.select(*KEYS, "ref").with_row_index("_moment").join(looks, on=KEYS, how="left")
    names = asked.select("_item", "name", "back", "forward", "undated")
    rows = course.facts_since(*asked["name"], before=EVER, undated=True, columns=TOLD, of=moments)
    rows = rows.join(names, on="name").join(numbered.select("_look", "_moment", "ref"), on="_look")
    number = pl.coalesce(pl.when(pl.col("_item") == place).then(item.number) for place, item in enumerate(items))
    words = pl.col("undated") & pl.col("since").is_null() & pl.col("when").str.contains(BASELINE_WORDS)
    near = pl.when(pl.col("forward") > 0).then(apart().abs() * 2 + (apart() > 0)).otherwise(-pl.col("since"))
    return rows.select(
        *("since", "comparator", "source", "method"),
        _slot=pl.col("_moment") + pl.col("_item") * moments.height,
        _number=number,
        _usable=number.is_not_null(),
        _fits=fits(pl.col("back"), pl.col("forward")).fill_null(False) | words.fill_null(False),
        _rank=near.fill_null(FAR),
    )


def read_age(moments: pl.DataFrame) -> pl.DataFrame:
    """Add the reading `age` in completed years (an interval where only a band is known)."""
    known = pl.col("age_from").is_not_null()
    shown = pl.when(pl.col("age_from") == pl.col("age_to")).then(pl.format("age {}", shorter("age_from")))
    banded = pl.when(known).then(pl.format("age {} to {}", shorter("age_from"), shorter("age_to")))
    return moments.with_columns(
        age_lo="age_from",
        age_hi="age_to",
        age_note=pl.coalesce(shown, banded, pl.lit("age not recorded")),
        age_source=pl.concat_list(pl.when(known).then("person")),
    )


def shorter(column: str) -> pl.Expr:
    """A number in words, at most three decimals, whole numbers without a point."""
    return pl.col(column).round(3).cast(pl.String).str.replace(r"\.0$", "")


def _intervals(best: pl.DataFrame) -> pl.DataFrame:
    """The interval that the nearest rows of each slot leave open, their day, sources and methods."""
    mark, number = pl.col("comparator").fill_null(""), pl.col("_number")
    edge = TINY * pl.max_horizontal(pl.lit(1.0), number.abs())
    lo = pl.when(mark.is_in(["<", "<="])).then(0.0).when(mark == ">").then(number + edge).otherwise(number)
    hi = pl.when(mark.is_in([">", ">="])).then(float("inf")).when(mark == "<").then(number - edge).otherwise(number)
    rows = best.select("_slot", "source", "method", lo=lo, hi=hi, day=pl.col("since").floor())
    several = rows["_slot"].is_duplicated()
    sources = pl.concat_list("source").list.drop_nulls()
    alone = rows.filter(~several).select(*FOUND[:4], source=sources, method=pl.col("method").fill_null(""))
    if not several.any():
        return alone
    joined = (
        rows.filter(several)
        .group_by("_slot")
        .agg(
            lo=pl.col("lo").min(),
            hi=pl.col("hi").max(),
            day=pl.col("day").max(),
            source=pl.col("source").drop_nulls().unique().sort(),
            method=pl.col("method").drop_nulls().unique().sort().str.join(", "),
        )
    )
    return pl.concat([alone, joined])


def _note() -> pl.Expr:
    """What was read of an item and when, or what is missing."""
    lo, hi = pl.col("lo"), pl.col("hi")
    plain = pl.when((hi - lo).abs() <= 2 * TINY * hi).then(shorter("hi"))
    answer = pl.when(lo == hi).then(pl.when(hi > 0).then(pl.lit("yes")).otherwise(pl.lit("no")))
    exact = pl.when("yes_no").then(answer).otherwise(plain)
    open_end = pl.when(hi.is_infinite()).then(pl.format("above {}", shorter("lo")))
    number = pl.coalesce(open_end, exact, pl.format("{} to {}", shorter("lo"), shorter("hi")))
    day = pl.format(" on day {}", pl.col("day").cast(pl.Int64))
    before, around = pl.format("in the {} days before", "back"), pl.format("within {} days before or after", "back")
    window = pl.when(pl.col("forward") == 0).then(before).otherwise(around)
    missing = (
        pl.when("without")
        .then(pl.format("{} {}", "words", "lacks"))
        .when("outside")
        .then(pl.format("{} not {}, only outside them or without a day", "words", window))
        .otherwise(pl.format("{} not recorded", "words"))
    )
    known = pl.concat_str("words", pl.lit(" "), number, day.fill_null(""))
    return pl.when(lo.is_not_null()).then(known).otherwise(missing)
