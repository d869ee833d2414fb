"""How late cytopenia was seen after the infusion (day 0): early (before day 30), prolonged (30 to 90), late (after 90).

The paper sets the times and not the depth: a value counts that is severe by the definitions of `cytopenia.py`
(neutrophils at most 0.5 and platelets below 50 x 10^9/L, haemoglobin below 8 g/dL). Only measured values count.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.comparators import as_reported, possibly, surely
from carsequel.side_effects.cytopenia import RULES as CYTOPENIAS
from carsequel.side_effects.daily import KEYS, WITHOUT_END, day_windows, within
from carsequel.terms.findings import as_findings, definition_of

SOURCE: Final = "jain2023"
CRITERION: Final = "cytopenia.timing"


class Rule(NamedTuple):
    """Cytopenia from day `first` until the next phase has this code."""

    code: int
    label: str
    first: int
    paper: str


RULES: tuple[Rule, ...] = (
    Rule(3, "late or persistent", 91, "later than 90 days"),
    Rule(2, "prolonged", 30, "30 to 90 days"),
    Rule(1, "early", 0, "before day 30"),
)
SEVERE: Final = tuple(
    rule for rule in CYTOPENIAS if rule.term in ("severe_neutropenia", "severe_thrombocytopenia", "severe_anemia")
)


def assess_cytopenia_timing(course: Course) -> pl.DataFrame:
    """Say in which phase severe cytopenia was last measured: one `maximum` per infusion with any of the three counts.

    Codes: 0 none, 1 early, 2 prolonged, 3 late or persistent. A phase without a value of each lineage, or not followed,
    may still hold one and stays in `high`. Gives a findings frame (source jain2023).
    """
    windows = day_windows(course, 0, WITHOUT_END)
    phase = pl.coalesce([pl.when(pl.col("day") >= rule.first).then(rule.code) for rule in RULES])
    names = [rule.name for rule in SEVERE]
    rows = within(course.facts_since(*names).filter(pl.col("value").is_not_null()), windows).with_columns(phase=phase)
    sure = pl.any_horizontal((pl.col("name") == r.name) & surely(r.test, pl.lit(r.level)) for r in SEVERE)
    open_ = pl.any_horizontal((pl.col("name") == r.name) & possibly(r.test, pl.lit(r.level)) for r in SEVERE)
    rows = rows.with_columns(sure=sure, open=open_, words=as_reported())
    per = rows.group_by([*KEYS, "phase"]).agg(lineages=pl.col("name").n_unique(), possible=pl.col("open").any())
    phases = pl.DataFrame({"phase": [rule.code for rule in RULES]}, schema={"phase": pl.Int32})
    every = rows.select(KEYS).unique().join(phases, how="cross").join(per, on=[*KEYS, "phase"], how="left")
    unsettled = pl.col("possible").fill_null(False) | (pl.col("lineages").fill_null(0) < len(SEVERE))
    high = every.filter(unsettled).group_by(KEYS).agg(high=pl.col("phase").max())
    last = rows.filter("sure").sort("day", "name", "value", "source").group_by(KEYS, maintain_order=True).last()
    last = last.select(*KEYS, "name", "words", "source", low="phase", seen="day")
    found = rows.select(KEYS).unique().join(last, on=KEYS, how="left").join(high, on=KEYS, how="left")
    found = found.with_columns(pl.col("low").fill_null(0), pl.col("high").fill_null(0), facts="source")
    known = (pl.col("low") > 0) | (pl.col("high") < RULES[0].code)
    found = found.with_columns(start="seen", end="seen", label=_label(known), why=_why())
    found = found.with_columns(pl.when(known).then(side).alias(side) for side in ("low", "high"))
    return as_findings(
        found.drop("source"),
        kind="maximum",
        criterion=CRITERION,
        definition=definition_of(level="severe", values="measured"),
        default=True,
        period="since infusion",
        source=SOURCE,
    )


def _label(known: pl.Expr) -> pl.Expr:
    words = {0: "none"} | {rule.code: rule.label for rule in RULES}
    low, high = (pl.col(side).replace_strict(words, return_dtype=pl.String) for side in ("low", "high"))
    told = pl.when(pl.col("low") == pl.col("high")).then(low).otherwise(pl.format("{} to {}", low, high))
    return pl.when(known).then(told).otherwise(pl.lit("not gradable"))


def _why() -> pl.Expr:
    last = pl.format("last severe value: {} {} on day {}", "name", "words", "seen")
    first = pl.when(pl.col("low") > 0).then(last).otherwise(pl.lit("no severe value measured"))
    open_ = pl.lit("a later phase was not measured in all of neutrophils, platelets and haemoglobin")
    return pl.concat_str(first, pl.when(pl.col("low") < pl.col("high")).then(open_), separator="; ", ignore_nulls=True)
