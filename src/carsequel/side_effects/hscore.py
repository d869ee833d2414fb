"""HScore: points (0-337) for reactive haemophagocytic syndrome and their published probability; day 0 is the infusion.

The worst value of the period (days 0-30, 31-100, 101 on) gives the points of an item; an item that was not looked for
gives its whole range. The probability is the published lookup, not a curve. After CAR T the items immunosuppression
and cytopenia are raised by lymphodepletion: points are shown, the probability only with that warning.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.comparators import possibly, surely
from carsequel.side_effects.lab_periods import STATED_FEVER, in_one, of_places, place_end, rows_in_places
from carsequel.side_effects.sources import joined_sources
from carsequel.side_effects.windows import facts_of, windows_of
from carsequel.terms.findings import as_findings, definition_of, no_findings

SOURCE: Final = "fardet2014"
CRITERION: Final = "hscore.fardet2014"
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
IMMUNOSUPPRESSED: Final = "immunosuppressed"
SPECIFIC: Final = ("ferritin", "triglycerides", "fibrinogen", "organomegaly", "hemophagocytosis")
MOST: Final = 337
SCORED: Final = tuple(dict.fromkeys(rule.item for rule in RULES))


def score_hscore(course: Course) -> pl.DataFrame:
    """Score HScore: one `maximum` per infusion and period in which any of ferritin, triglycerides, fibrinogen, organs
    or haemophagocytosis was looked for; `low` and `high` are points.

    Known immunosuppression counts whenever it was stated up to the end of the period, also before the infusion. Gives
    a findings frame (source fardet2014); the probability stands in `why` with its warning.
    """
    names = {*(rule.name for rule in RULES), *(row.name for row in LINEAGES), STATED_FEVER} - {IMMUNOSUPPRESSED}
    rows = rows_in_places(course, sorted(names), SPECIFIC)
    places = pl.concat(own.select("id", "place") for own in rows.values()).unique()
    if places.is_empty():
        return no_findings()
    rows[IMMUNOSUPPRESSED] = _immunosuppression(course, places)
    per = _summed(places.lazy().select("place").unique(), _points(rows, RULES, LINEAGES).lazy())
    known = (pl.col("low") > 0) | (pl.col("high") < MOST)
    per = per.with_columns(why=_why())
    per = per.with_columns(pl.when(known).then(side).alias(side) for side in ("low", "high"))
    settled = pl.when(pl.col("low") == pl.col("high")).then(pl.format("{} points", "low"))
    points = settled.otherwise(pl.format("{} to {} points", "low", "high"))
    found = of_places(per.with_columns(label=points.fill_null("not gradable")), course).collect(engine="in-memory")
    named = definition_of(values="worst")
    return as_findings(found, criterion=CRITERION, kind="maximum", definition=named, default=True, source=SOURCE)


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
    windows = windows_of(course, 0)
    stated = facts_of(course, IMMUNOSUPPRESSED, before=FAR, undated=True)
    reach = stated.join(windows.select("id", "last"), on="id").join(places, on="id", how="inner")
    undated, before = pl.col("since").is_null(), pl.col("since") < place_end().fill_null(FAR)
    return reach.filter(undated | (before & (pl.col("day") <= pl.col("last"))))


def _summed(places: pl.LazyFrame, rows: pl.LazyFrame) -> pl.LazyFrame:
    """One row per infusion and period (`place`) from `_points`: fewest and most points, the items that have points for
    certain (told), those that are not settled (missing), `facts`; an item that was not looked for has none to its
    most."""
    most = [*(max(r.points for r in RULES if r.item == item) for item in SCORED), *(1 for _ in LINEAGES)]
    of_item = pl.LazyFrame({"item": range(len(most)), "word": [*SCORED, *(row.name for row in LINEAGES)], "most": most})
    of = ["place", "item"]
    seen = rows.group_by(of).agg(pl.col("low", "high").max())
    top = (
        rows.filter(pl.col("low") > 0).join(seen.select(*of, _top="low"), on=of).filter(pl.col("low") == pl.col("_top"))
    )
    both = places.join(of_item, how="cross").join(seen, on=of, how="left")
    both = both.with_columns(pl.col("low").fill_null(0), high=pl.coalesce("high", "most"))
    lineage = pl.col("item") >= len(SCORED)
    sides = ("place", "word", pl.col("low", "high").cast(pl.Int64))
    each = pl.concat([both.filter(~lineage).select(*sides), _lineages(both.filter(lineage)).select(*sides)])
    each = each.collect(engine="in-memory").lazy()
    told = each.filter(pl.col("low") > 0).select("place", told=pl.format("{} {}", "word", "low"))
    missing = each.filter(pl.col("low") < pl.col("high")).select("place", missing="word")
    found = each.group_by("place").agg(pl.col("low", "high").sum())
    for part in (in_one(told, "told", "told"), in_one(missing, "missing", "missing"), joined_sources(top, "place")):
        found = found.join(part, on="place", how="left")
    return found.with_columns(pl.col("told", "missing").fill_null(""))


def _points(rows: Mapping[str, pl.DataFrame], rules: tuple[Rule, ...], lineages: tuple[Lineage, ...]) -> pl.DataFrame:
    """The fewest and the most points of each row that speaks of an item (of a lineage 0 or 1): place, item, low, high,
    source."""
    item_of = {name: number for number, name in enumerate([*SCORED, *(row.name for row in lineages)])}
    parts = []
    for name in dict.fromkeys(rule.name for rule in rules):
        own = [rule for rule in rules if rule.name == name]
        if own[0].text:
            readable = rows[name].filter(pl.col("text").is_not_null())
            parts.append(_of_item(readable, _of_words(own), item_of[own[0].item]))
        else:
            parts.append(_of_item(rows[name], _of_numbers(own), item_of[own[0].item]))
        if name == "temperature":
            parts.append(_of_item(rows[STATED_FEVER], _of_numbers(own), item_of[own[0].item]))
    for row in lineages:
        low, high = (how("<=", row.limit).cast(pl.Int32) for how in (surely, possibly))
        parts.append(_of_item(rows[row.name].filter(pl.col("value").is_not_null()), (low, high), item_of[row.name]))
    return pl.concat(parts)


def _of_item(rows: pl.DataFrame, sides: tuple[pl.Expr, pl.Expr], item: int) -> pl.DataFrame:
    low, high = (side.cast(pl.Int32) for side in sides)
    return rows.select("place", "source", item=pl.lit(item, dtype=pl.Int64), low=low, high=high)


def _of_words(rules: list[Rule]) -> tuple[pl.Expr, pl.Expr]:
    said = {rule.text: rule.points for rule in rules}
    points = pl.col("text").replace_strict(said, default=0, return_dtype=pl.Int32)
    return points, points


def _of_numbers(rules: list[Rule]) -> tuple[pl.Expr, pl.Expr]:
    """A word instead of the number may have all points, and none where it denies."""
    low, high = (
        pl.max_horizontal(pl.when(how(r.test, r.limit or 0.0)).then(r.points).otherwise(0) for r in rules)
        for how in (surely, possibly)
    )
    unsure = pl.when(pl.col("text") == "no").then(0).otherwise(max(rule.points for rule in rules))
    return low, pl.when(pl.col("value").is_null()).then(unsure).otherwise(high)


def _lineages(affected: pl.LazyFrame) -> pl.LazyFrame:
    """Points of the affected lineages: two or three of haemoglobin, leucocytes, platelets."""
    points = {0: 0, 1: 0, 2: CHOICES.two_lineages, 3: CHOICES.three_lineages}
    counted = affected.group_by("place").agg(pl.col("low", "high").sum())
    sides = (pl.col(side).replace_strict(points, return_dtype=pl.Int64) for side in ("low", "high"))
    return counted.with_columns(*sides, word=pl.lit("cytopenia"))


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
