"""HLH-2004: five or more of eight criteria, counted three-valued (met, not met, not known); day 0 is the infusion.

Each criterion is met by any value of the period (days 0-30, 31-100, 101 on): the worst values need not fall on one day.
Lymphodepletion and the CAR T cells alone cause fever and cytopenia, so that a count after CAR T is no diagnosis.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.comparators import BELOW, as_reported, possibly, surely
from carsequel.side_effects.lab_periods import STATED_FEVER, in_one, of_places, rows_in_places
from carsequel.side_effects.sources import joined_sources
from carsequel.terms.findings import as_findings, definition_of, no_findings

SOURCE: Final = "hlh2004"
MET: Final = "hlh.2004"
COUNT: Final = "hlh_items.2004"


class Rule(NamedTuple):
    """One sign of a criterion: a value of `name` that passes `test` `limit`, or one of the words `yes`; the words `no`
    exclude it."""

    item: str
    name: str
    test: str
    limit: float | None
    yes: tuple[str, ...]
    no: tuple[str, ...]
    paper: str


RULES: tuple[Rule, ...] = (
    Rule("fever", "temperature", ">=", 38.5, (), (), "temperature of at least 38.5 degC"),
    Rule("splenomegaly", "organomegaly", "", None, ("spleen", "both"), ("none", "liver"), "enlarged spleen"),
    Rule("cytopenias", "hemoglobin", "<", 9.0, (), (), "haemoglobin below 9 g/dL"),
    Rule("cytopenias", "platelets", "<", 100.0, (), (), "platelets below 100 x 10^9/L"),
    Rule("cytopenias", "anc", "<", 1.0, (), (), "neutrophils below 1.0 x 10^9/L"),
    Rule("triglycerides or fibrinogen", "triglycerides", ">=", 265.0, (), (), "triglycerides of at least 265 mg/dL"),
    Rule("triglycerides or fibrinogen", "fibrinogen", "<=", 150.0, (), (), "fibrinogen of at most 150 mg/dL"),
    Rule("haemophagocytosis", "hemophagocytosis", "", None, ("yes",), ("no",), "haemophagocytosis"),
    Rule("NK activity", "nk_activity", "", None, ("low", "absent"), ("normal",), "low or absent NK-cell activity"),
    Rule("ferritin", "ferritin", ">=", 500.0, (), (), "ferritin of at least 500 ug/L"),
    Rule("soluble CD25", "scd25", ">=", 2400.0, (), (), "soluble CD25 of at least 2400 U/mL"),
)


class Choices(NamedTuple):
    """Criteria that must be met, and lineages that must be low for the criterion of cytopenia (of others one sign)."""

    needed: int = 5
    lineages: int = 2


CHOICES = Choices()
ITEMS: Final = tuple(dict.fromkeys(rule.item for rule in RULES))
SPECIFIC: Final = tuple(r.name for r in RULES if r.item not in ("fever", "cytopenias"))
UNKNOWN: Final = "not gradable"
WARNING: Final = "after CAR T fever and cytopenia are common without HLH"


def assess_hlh(course: Course) -> pl.DataFrame:
    """Count the HLH-2004 criteria: two `maximum` findings, `hlh.2004` (0 not met, 1 met) and `hlh_items.2004` (how
    many of eight are met), per infusion and period in which more than blood counts and temperature was looked for.

    A criterion that was not looked for is not known: it counts in `high` and not in `low`. Fever that is only stated
    (38.0 degC, without its number) may or may not reach 38.5. Gives a findings frame (source hlh2004).
    """
    rows = rows_in_places(course, [*(rule.name for rule in RULES), STATED_FEVER], SPECIFIC)
    places = pl.concat(own.select("place") for own in rows.values()).unique()
    if places.is_empty():
        return no_findings()
    per = _counted(_signs(rows, RULES), places.lazy())
    known = (pl.col("count") > 0) | (pl.col("most") < len(ITEMS))
    per = per.with_columns(why=_why())
    per = per.with_columns(pl.when(known).then(side).alias(side) for side in ("count", "most"))
    found = of_places(pl.concat([_met(per), _numbered(per)]), course).collect(engine="in-memory")
    named = definition_of(together="period")
    return as_findings(found, kind="maximum", definition=named, default=True, source=SOURCE)


def _met(per: pl.LazyFrame) -> pl.LazyFrame:
    """Code 0 not met, 1 met."""
    sides = {"low": "count", "high": "most"}
    met = per.with_columns((pl.col(of) >= CHOICES.needed).cast(pl.Int64).alias(side) for side, of in sides.items())
    open_ = pl.col("low") < pl.col("high")
    words = (
        pl.when(open_).then(pl.lit("open")).when(pl.col("low") == 1).then(pl.lit("met")).otherwise(pl.lit("not met"))
    )
    label = pl.when(pl.col("low").is_null()).then(pl.lit(UNKNOWN)).otherwise(words)
    return met.with_columns(label=label, criterion=pl.lit(MET))


def _numbered(per: pl.LazyFrame) -> pl.LazyFrame:
    """How many criteria are met, certain to possible."""
    settled = pl.when(pl.col("count") == pl.col("most")).then(pl.format("{}", "count"))
    number = settled.otherwise(pl.format("{} to {}", "count", "most"))
    label = pl.format(f"{{}} of {len(ITEMS)} criteria", number).fill_null(UNKNOWN)
    return per.with_columns(low="count", high="most", label=label, criterion=pl.lit(COUNT))


def _signs(rows: Mapping[str, pl.DataFrame], rules: tuple[Rule, ...]) -> pl.DataFrame:
    """One row per infusion, period (`place`) and sign that was looked for: item, met, open, told, source (of the most
    telling value, where the sign is met)."""
    parts = [_looked(rows[rule.name], rule, number) for number, rule in enumerate(rules)]
    fever = next(number for number, rule in enumerate(rules) if rule.name == "temperature")
    parts.append(_stated_fever(rows[STATED_FEVER], rules[fever], fever))
    of = pl.col("place") * len(rules) + pl.col("sign")
    seen = pl.concat(parts).lazy().with_columns(of=of).collect(engine="in-memory").lazy()
    met = pl.when("met").then("telling").min()
    found = seen.group_by("of").agg(pl.col("met").max(), pl.col("open").fill_null(True).max(), best=met)
    worst = (
        seen.filter("met")
        .join(found.select("of", "best"), on="of")
        .filter(pl.col("telling").eq_missing(pl.col("best")))
    )
    worst = worst.sort("day", "source", nulls_last=True, maintain_order=True).unique("of", keep="first")
    names = dict(enumerate(rule.name for rule in rules))
    name = pl.col("sign").replace_strict(names, return_dtype=pl.String)
    words = pl.when(pl.col("value").is_null()).then("text").otherwise(as_reported())
    told = pl.format("{} {} on day {}", name, words, "day")
    found = found.drop("best").join(worst.select("of", "source", told=told), on="of", how="left")
    items = {number: ITEMS.index(rule.item) for number, rule in enumerate(rules)}
    item = (pl.col("of") % len(rules)).replace_strict(items, return_dtype=pl.Int64)
    return found.with_columns(place=pl.col("of") // len(rules), item=item).collect(engine="in-memory")


def _looked(rows: pl.DataFrame, rule: Rule, number: int) -> pl.DataFrame:
    """The rows of one sign that speak of it: met, open and `telling` (the lower, the more)."""
    if rule.limit is None:
        yes = pl.col("text").is_in(rule.yes)
        rows, sides = rows.filter(pl.col("text").is_in([*rule.yes, *rule.no])), (yes, yes)
    else:
        sides = (surely(rule.test, rule.limit), possibly(rule.test, rule.limit))
        rows = rows.filter(pl.col("value").is_not_null())
    telling = pl.col("value") if rule.test in BELOW else -pl.col("value")
    return _judged(rows, *sides, telling, number)


def _stated_fever(rows: pl.DataFrame, rule: Rule, number: int) -> pl.DataFrame:
    """Fever without its number may reach the limit, and where it is denied it does not."""
    known = pl.col("value").is_not_null()
    maybe = pl.when(known).then(possibly(rule.test, rule.limit or 0.0)).otherwise(pl.col("text") != "no")
    return _judged(rows, surely(rule.test, rule.limit or 0.0) & known, maybe, -pl.col("value"), number)


def _judged(rows: pl.DataFrame, met: pl.Expr, maybe: pl.Expr, telling: pl.Expr, number: int) -> pl.DataFrame:
    kept = ("place", "day", "value", "comparator", "text", "source")
    return rows.select(*kept, met=met, open=maybe, telling=telling, sign=pl.lit(number, dtype=pl.Int64))


def _counted(signs: pl.DataFrame, places: pl.LazyFrame) -> pl.LazyFrame:
    """One row per infusion and period (`place`): how many items are met (count) and may be (most), what is told of
    them, which are missing, and `facts`; an item that was not looked for may be met."""
    of = ["place", "item"]
    sums = (
        signs.lazy()
        .group_by(of)
        .agg(n_met=pl.col("met").sum(), n_open=(pl.col("met") | pl.col("open")).sum(), n=pl.len())
    )
    needed = [CHOICES.lineages if item == "cytopenias" else 1 for item in ITEMS]
    number = [sum(rule.item == item for rule in RULES) for item in ITEMS]
    of_item = pl.LazyFrame({"item": range(len(ITEMS)), "needed": needed, "signs": number, "word": ITEMS})
    both = places.join(of_item, how="cross").join(sums, on=of, how="left")
    unseen = pl.col("signs") - pl.col("n").fill_null(0)
    met = pl.col("n_met").fill_null(0) >= pl.col("needed")
    both = both.with_columns(met=met, open=pl.col("n_open").fill_null(0) + unseen >= pl.col("needed"))
    both = both.collect(engine="in-memory").lazy()
    counts = both.group_by("place").agg(
        count=pl.col("met").sum().cast(pl.Int64), most=(pl.col("met") | pl.col("open")).sum().cast(pl.Int64)
    )
    missing = both.filter(pl.col("open") & ~pl.col("met")).select("place", missing="word")
    used = signs.lazy().filter("met").join(both.filter("met").select(of), on=of, how="semi")
    told = used.select("place", "told", _first=pl.col("told").min().over(of))
    parts = (
        in_one(told, "told", "_first", "told"),
        in_one(missing, "missing", "missing"),
        joined_sources(used, "place"),
    )
    for part in parts:
        counts = counts.join(part, on="place", how="left")
    return counts.with_columns(pl.col("told", "missing").fill_null(""))


def _why() -> pl.Expr:
    met = pl.when(pl.col("count") > 0).then(pl.format("met: {}", "told")).otherwise(pl.lit("none met"))
    missing = pl.when(pl.col("missing") != "").then(pl.format("not known: {}", "missing"))
    number = pl.format(f"{{}} of {len(ITEMS)} criteria certain ({CHOICES.needed} needed)", "count")
    return pl.concat_str(number, met, missing, pl.lit(WARNING), separator="; ", ignore_nulls=True)
