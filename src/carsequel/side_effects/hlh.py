"""HLH-2004: five or more of eight criteria, counted three-valued (met, not met, not known); day 0 is the infusion.

Each criterion is met by any value of the period (days 0-30, 31-100, 101 on): the worst values need not fall on one day.
Lymphodepletion and the CAR T cells alone cause fever and cytopenia, so that a count after CAR T is no diagnosis.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.comparators import as_reported, possibly, surely
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.lab_periods import looked_for, period_rows, without_explained_fever
from carsequel.terms.findings import as_findings, definition_of, join_findings

SOURCE: Final = "hlh2004"
MET: Final = "hlh.2004"
COUNT: Final = "hlh_items.2004"
PERIOD: Final = [*KEYS, "period"]


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
    rows = without_explained_fever(period_rows(course, *(rule.name for rule in RULES), "fever"))
    items = _items(looked_for(rows.filter(pl.any_horizontal(pl.col("value", "text").is_not_null())), SPECIFIC))
    per = items.group_by(PERIOD).agg(
        count=pl.col("met").sum().cast(pl.Int64),
        most=(pl.col("met") | pl.col("open")).sum().cast(pl.Int64),
        told=pl.col("told").drop_nulls().sort().str.join(", "),
        missing=pl.col("item").filter(pl.col("open") & ~pl.col("met")).sort().str.join(", "),
        facts=pl.col("facts").explode().drop_nulls().unique().sort().str.join("; "),
    )
    known = (pl.col("count") > 0) | (pl.col("most") < len(ITEMS))
    per = per.with_columns(why=_why(), facts=pl.when(pl.col("facts") != "").then("facts"))
    per = per.with_columns(pl.when(known).then("count").alias("count"), pl.when(known).then("most").alias("most"))
    return join_findings([_finish(_met(per), MET), _finish(_numbered(per), COUNT)])


def _met(per: pl.DataFrame) -> pl.DataFrame:
    """Code 0 not met, 1 met."""
    sides = {"low": "count", "high": "most"}
    met = per.with_columns((pl.col(of) >= CHOICES.needed).cast(pl.Int64).alias(side) for side, of in sides.items())
    open_ = pl.col("low") < pl.col("high")
    words = (
        pl.when(open_).then(pl.lit("open")).when(pl.col("low") == 1).then(pl.lit("met")).otherwise(pl.lit("not met"))
    )
    return met.with_columns(label=pl.when(pl.col("low").is_null()).then(pl.lit(UNKNOWN)).otherwise(words))


def _numbered(per: pl.DataFrame) -> pl.DataFrame:
    """How many criteria are met, certain to possible."""
    settled = pl.when(pl.col("count") == pl.col("most")).then(pl.format("{}", "count"))
    number = settled.otherwise(pl.format("{} to {}", "count", "most"))
    label = pl.format(f"{{}} of {len(ITEMS)} criteria", number).fill_null(UNKNOWN)
    return per.with_columns(low="count", high="most", label=label)


def _items(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per infusion, period and item: met, open, told, facts (list); an item without rows is open."""
    signs = pl.concat([_sign(rows, rule) for rule in RULES])
    seen = signs.group_by([*PERIOD, "item"]).agg(
        n_met=pl.col("met").sum(),
        n_open=(pl.col("met") | pl.col("open")).sum(),
        told=pl.col("told").filter("met").sort().str.join(", "),
        facts=pl.col("facts").filter("met").explode(),
    )
    signs_of = {item: sum(rule.item == item for rule in RULES) for item in ITEMS}
    needed = pl.DataFrame({"item": ITEMS}).with_columns(
        needed=pl.when(pl.col("item") == "cytopenias").then(CHOICES.lineages).otherwise(1),
        signs=pl.col("item").replace_strict(signs_of, return_dtype=pl.Int64),
    )
    places = rows.select(PERIOD).unique().join(needed, how="cross")
    both = places.join(seen, on=[*PERIOD, "item"], how="left")
    seen_signs = signs.group_by([*PERIOD, "item"]).agg(_seen=pl.len())
    both = both.join(seen_signs, on=[*PERIOD, "item"], how="left")
    unseen = pl.col("signs") - pl.col("_seen").fill_null(0)
    met = pl.col("n_met").fill_null(0) >= pl.col("needed")
    could = pl.col("n_open").fill_null(0) + unseen >= pl.col("needed")
    return both.with_columns(met=met, open=could, told=pl.when(met).then("told"), facts=pl.when(met).then("facts"))


def _sign(rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """One row per infusion and period in which a sign was looked for: item, met, open, told, facts (list)."""
    own = rows.filter(pl.col("name") == rule.name)
    if rule.limit is not None:
        limit = pl.lit(rule.limit)
        stated = rows.filter((pl.col("name") == "fever") & (rule.name == "temperature"))
        own = pl.concat([own.filter(pl.col("value").is_not_null()), stated])
        number = pl.col("value").is_not_null()
        own = own.with_columns(
            met=number & surely(rule.test, limit),
            open=pl.when(number).then(possibly(rule.test, limit)).otherwise(pl.col("text") != "no"),
            words=as_reported(),
        )
    else:
        own = own.filter(pl.col("text").is_in([*rule.yes, *rule.no]))
        own = own.with_columns(met=pl.col("text").is_in(rule.yes), open=pl.col("text").is_in(rule.yes), words="text")
    order = ["value", "day", "source"]
    downward = rule.test.startswith("<")
    worst = own.filter("met").sort(order, descending=[not downward, False, False], nulls_last=True)
    told = worst.group_by(PERIOD, maintain_order=True).agg(
        told=pl.format(f"{rule.name} {{}} on day {{}}", pl.col("words").first(), pl.col("day").first()),
        facts=pl.col("source").first(),
    )
    found = own.group_by(PERIOD).agg(pl.col("met").any(), pl.col("open").fill_null(True).any())
    return found.join(told, on=PERIOD, how="left").select(
        *PERIOD, "met", "open", "told", "facts", item=pl.lit(rule.item)
    )


def _why() -> pl.Expr:
    met = pl.when(pl.col("count") > 0).then(pl.format("met: {}", "told")).otherwise(pl.lit("none met"))
    missing = pl.when(pl.col("missing") != "").then(pl.format("not known: {}", "missing"))
    number = pl.format(f"{{}} of {len(ITEMS)} criteria certain ({CHOICES.needed} needed)", "count")
    return pl.concat_str(number, met, missing, pl.lit(WARNING), separator="; ", ignore_nulls=True)


def _finish(found: pl.DataFrame, criterion: str) -> pl.DataFrame:
    return as_findings(
        found,
        kind="maximum",
        criterion=criterion,
        definition=definition_of(together="period"),
        default=True,
        source=SOURCE,
    )
