"""HScore: points (0-337) for reactive haemophagocytic syndrome and their published probability; day 0 is the infusion.

The worst value of the period (days 0-30, 31-100, 101 on) gives the points of an item; an item that was not looked for
gives its whole range. The probability is the published lookup, not a curve. After CAR T the items immunosuppression
and cytopenia are raised by lymphodepletion: points are shown, the probability only with that warning.
"""

from itertools import pairwise
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.comparators import possibly, surely
from carsequel.side_effects.daily import KEYS, within
from carsequel.side_effects.lab_periods import (
    first_day_after,
    looked_for,
    period_rows,
    whole_course,
    without_explained_fever,
)
from carsequel.terms.findings import as_findings, definition_of

SOURCE: Final = "fardet2014"
CRITERION: Final = "hscore.fardet2014"
PERIOD: Final = [*KEYS, "period"]
MMOL_TRIGLYCERIDES: Final = 88.57  # mg/dL in 1 mmol/L, as in unit_conversions.csv


class Rule(NamedTuple):
    """A value of `name` that passes `test` `limit`, or has the word `text`, gives `points`; lines stand worst first."""

    item: str
    name: str
    points: int
    test: str
    limit: float | None
    text: str | None
    paper: str


class Lineage(NamedTuple):
    """A value of `name` of at most `limit` is one affected lineage."""

    name: str
    limit: float
    paper: str


RULES: tuple[Rule, ...] = (
    Rule("immunosuppression", "immunosuppressed", 18, "", None, "yes", "known underlying immunosuppression"),
    Rule("temperature", "temperature", 49, ">", 39.4, None, "above 39.4 degC"),
    Rule("temperature", "temperature", 33, ">=", 38.4, None, "38.4 to 39.4 degC"),
    Rule("organomegaly", "organomegaly", 38, "", None, "both", "liver and spleen"),
    Rule("organomegaly", "organomegaly", 23, "", None, "liver", "liver or spleen"),
    Rule("organomegaly", "organomegaly", 23, "", None, "spleen", "liver or spleen"),
    Rule("ferritin", "ferritin", 50, ">", 6000.0, None, "above 6000 ng/mL"),
    Rule("ferritin", "ferritin", 35, ">=", 2000.0, None, "2000 to 6000 ng/mL"),
    Rule("triglycerides", "triglycerides", 64, ">", 4.0 * MMOL_TRIGLYCERIDES, None, "above 4 mmol/L"),
    Rule("triglycerides", "triglycerides", 44, ">=", 1.5 * MMOL_TRIGLYCERIDES, None, "1.5 to 4 mmol/L"),
    Rule("fibrinogen", "fibrinogen", 30, "<=", 250.0, None, "at most 2.5 g/L"),
    Rule("AST", "ast", 19, ">=", 30.0, None, "at least 30 U/L"),
    Rule("haemophagocytosis", "hemophagocytosis", 35, "", None, "yes", "haemophagocytosis on aspirate"),
)
LINEAGES: tuple[Lineage, ...] = (
    Lineage("hemoglobin", 9.2, "haemoglobin at most 9.2 g/dL"),
    Lineage("wbc", 5.0, "leucocytes at most 5.0 x 10^9/L"),
    Lineage("platelets", 110.0, "platelets at most 110 x 10^9/L"),
)


class Choices(NamedTuple):
    """Points of two and of three affected lineages (one or none: 0), and the published cut-off."""

    two_lineages: int = 24
    three_lineages: int = 34
    cut_off: int = 169


CHOICES = Choices()
PROBABILITY: Final = (
    *((90, "<1 %"), (100, "1 %"), (110, "3 %"), (120, "5 %"), (130, "9 %"), (140, "16 %"), (150, "25 %")),
    *((160, "40 %"), (170, "54 %"), (180, "70 %"), (190, "80 %"), (200, "88 %"), (210, "93 %"), (220, "96 %")),
    *((230, "98 %"), (240, "99 %"), (250, ">99 %")),
)
WARNING: Final = "after CAR T the items immunosuppression and cytopenia are raised by lymphodepletion"
CUT_OFF: Final = f"published cut-off {CHOICES.cut_off}: sensitivity 93 %, specificity 86 %"
STATED_FEVER: Final = "fever"
SPECIFIC: Final = ("ferritin", "triglycerides", "fibrinogen", "organomegaly", "hemophagocytosis")
MOST: Final = 337


def score_hscore(course: Course) -> pl.DataFrame:
    """Score HScore: one `maximum` per infusion and period in which any of ferritin, triglycerides, fibrinogen, organs
    or haemophagocytosis was looked for; `low` and `high` are points.

    Known immunosuppression counts whenever it was stated up to the end of the period, also before the infusion. Gives
    a findings frame (source fardet2014); the probability stands in `why` with its warning.
    """
    names = sorted(
        {*(rule.name for rule in RULES), *(row.name for row in LINEAGES), STATED_FEVER} - {"immunosuppressed"}
    )
    rows = without_explained_fever(period_rows(course, *names))
    rows = looked_for(rows.filter(pl.any_horizontal(pl.col("value", "text").is_not_null())), SPECIFIC)
    places = rows.select(PERIOD).unique()
    rows = pl.concat([rows, _immunosuppression(course, places)], how="diagonal_relaxed")
    items = pl.concat(
        [*(_item(places, rows, item) for item in dict.fromkeys(r.item for r in RULES)), _lineages(places, rows)]
    )
    per = items.group_by(PERIOD).agg(
        pl.col("low").sum(),
        pl.col("high").sum(),
        told=pl.format("{} {}", "item", "low").filter(pl.col("low") > 0).sort().str.join(", "),
        missing=pl.col("item").filter(pl.col("low") < pl.col("high")).sort().str.join(", "),
        facts=pl.col("facts").explode().drop_nulls().unique().sort().str.join("; "),
    )
    known = (pl.col("low") > 0) | (pl.col("high") < MOST)
    per = per.with_columns(why=_why(), facts=pl.when(pl.col("facts") != "").then("facts"))
    per = per.with_columns(pl.when(known).then(side).alias(side) for side in ("low", "high"))
    settled = pl.when(pl.col("low") == pl.col("high")).then(pl.format("{} points", "low"))
    points = settled.otherwise(pl.format("{} to {} points", "low", "high"))
    per = per.with_columns(label=points.fill_null("not gradable"))
    return as_findings(
        per, criterion=CRITERION, kind="maximum", definition=definition_of(values="worst"), default=True, source=SOURCE
    )


def probability(points: str) -> pl.Expr:
    """Give the words of the published probability of a number of points: between two printed rows both are named.

    >>> pl.DataFrame({"p": [80, 100, 165, 337]}).select(probability("p"))["p"].to_list()
    ['<1 %', '1 %', '40 % to 54 %', '>99 %']
    """
    value = pl.col(points)
    exact = [pl.when(value == row[0]).then(pl.lit(row[1])) for row in PROBABILITY]
    pairs = pairwise(PROBABILITY)
    between = [pl.when(value.is_between(a[0], b[0])).then(pl.lit(f"{a[1]} to {b[1]}")) for a, b in pairs]
    below = pl.when(value < PROBABILITY[0][0]).then(pl.lit(PROBABILITY[0][1]))
    above = pl.when(value > PROBABILITY[-1][0]).then(pl.lit(PROBABILITY[-1][1]))
    return pl.coalesce(*exact, *between, below, above).alias(points)


def _immunosuppression(course: Course, places: pl.DataFrame) -> pl.DataFrame:
    """Statements that hold in each period: those made on a day before its end, or without a day."""
    stated = course.facts_since("immunosuppressed", before=FAR, undated=True)
    dated = within(stated.filter(pl.col("since") >= 0), whole_course(course))
    earlier = stated.filter((pl.col("since") < 0) | pl.col("since").is_null())
    both = pl.concat([dated, earlier], how="diagonal_relaxed").drop("day", "period", strict=False)
    return (
        both.join(places, on=KEYS, how="inner")
        .with_columns(_end=pl.col("period").replace_strict(first_day_after(), default=FAR))
        .filter(pl.col("since").is_null() | (pl.col("since") < pl.col("_end")))
        .with_columns(day=pl.col("since").floor().cast(pl.Int64))
        .drop("_end")
    )


def _item(places: pl.DataFrame, rows: pl.DataFrame, item: str) -> pl.DataFrame:
    """Points of one item: places, item, low, high, facts (list); not looked for is 0 to its most."""
    rules = [rule for rule in RULES if rule.item == item]
    own = rows.filter((pl.col("name") == rules[0].name) | ((item == "temperature") & (pl.col("name") == STATED_FEVER)))
    known = pl.col("value").is_not_null() if rules[0].limit is not None else pl.lit(False)
    number = [rule for rule in rules if rule.limit is not None]
    low = [pl.when(surely(r.test, pl.lit(r.limit))).then(r.points).otherwise(0) for r in number]
    high = [pl.when(possibly(r.test, pl.lit(r.limit))).then(r.points).otherwise(0) for r in number]
    word = {rule.text: rule.points for rule in rules if rule.text is not None}
    most = max(rule.points for rule in rules)
    if number:
        unsure = pl.when(pl.col("text") == "no").then(0).otherwise(most)
        own = own.with_columns(
            low=pl.when(known).then(pl.max_horizontal(low)).otherwise(0),
            high=pl.when(known).then(pl.max_horizontal(high)).otherwise(unsure),
        )
    else:
        stated = pl.col("text").replace_strict(word, default=0, return_dtype=pl.Int32)
        own = own.filter(pl.col("text").is_not_null()).with_columns(low=stated, high=stated)
    return _of_places(places, own, item, most)


def _of_places(places: pl.DataFrame, own: pl.DataFrame, item: str, most: int) -> pl.DataFrame:
    top = pl.col("low") == pl.col("low").max().over(PERIOD)
    per = (
        own.with_columns(_top=top & (pl.col("low") > 0))
        .group_by(PERIOD)
        .agg(
            pl.col("low").max().cast(pl.Int64),
            pl.col("high").max().cast(pl.Int64),
            facts=pl.col("source").filter("_top"),
        )
    )
    both = places.join(per, on=PERIOD, how="left")
    return both.select(
        *PERIOD,
        pl.col("low").fill_null(0),
        pl.col("high").fill_null(most),
        "facts",
        item=pl.lit(item),
    )


def _lineages(places: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Points of the affected lineages: two or three of haemoglobin, leucocytes, platelets."""
    parts = []
    for lineage in LINEAGES:
        own = rows.filter((pl.col("name") == lineage.name) & pl.col("value").is_not_null())
        low = surely("<=", pl.lit(lineage.limit)).cast(pl.Int64)
        high = possibly("<=", pl.lit(lineage.limit)).cast(pl.Int64)
        parts.append(_of_places(places, own.with_columns(low=low, high=high), lineage.name, 1))
    counted = (
        pl.concat(parts)
        .group_by(PERIOD)
        .agg(pl.col("low").sum(), pl.col("high").sum(), facts=pl.col("facts").explode().drop_nulls())
    )
    points = {0: 0, 1: 0, 2: CHOICES.two_lineages, 3: CHOICES.three_lineages}
    return counted.select(
        *PERIOD,
        *(pl.col(side).replace_strict(points, return_dtype=pl.Int64) for side in ("low", "high")),
        "facts",
        item=pl.lit("cytopenia"),
    )


def _why() -> pl.Expr:
    chance = (
        pl.when(pl.col("low") == pl.col("high"))
        .then(probability("low"))
        .otherwise(pl.format("{} (fewest points) to {} (most points)", probability("low"), probability("high")))
    )
    told = pl.when(pl.col("told") != "").then(pl.format("points: {}", "told")).otherwise(pl.lit("no points certain"))
    missing = pl.when(pl.col("missing") != "").then(pl.format("not settled: {}", "missing"))
    published = pl.format("probability by the published table {}", chance)
    return pl.concat_str(told, missing, published, pl.lit(CUT_OFF), pl.lit(WARNING), separator="; ", ignore_nulls=True)
