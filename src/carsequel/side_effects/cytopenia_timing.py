"""How late cytopenia was seen after the infusion (day 0): early (before day 30), prolonged (30 to 90), late (after 90).

The paper sets the times and not the depth: a value counts that is severe by the definitions of `cytopenia.py`
(neutrophils at most 0.5 and platelets below 50 x 10^9/L, haemoglobin below 8 g/dL). Only measured values count.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.comparators import as_reported, possibly, surely
from carsequel.side_effects.cytopenia import RULES as CYTOPENIAS
from carsequel.side_effects.day_values import readings
from carsequel.side_effects.windows import windows_of
from carsequel.terms.findings import as_findings, definition_of, no_findings

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
    may still hold one and stays in `high`; one that begins after death or with the next infusion holds none. Gives a
    findings frame (source jain2023).
    """
    windows = windows_of(course, 0)
    own = {rule.name: readings(course, rule.name) for rule in SEVERE}
    rows = pl.concat(each.with_columns(name=pl.lit(name)) for name, each in own.items())
    if rows.is_empty():
        return no_findings()
    phase = pl.coalesce([pl.when(pl.col("day") >= rule.first).then(rule.code) for rule in RULES])
    sure, open_ = (
        pl.any_horizontal((pl.col("name") == r.name) & how(r.test, r.level) for r in SEVERE)
        for how in (surely, possibly)
    )
    plan = rows.lazy().with_columns(phase=phase, sure=sure, open=open_)
    per = plan.group_by("id", "phase").agg(lineages=pl.col("name").n_unique(), possible=pl.col("open").any())
    people = plan.select("id").unique()
    every = _phases(people, windows).join(per, on=["id", "phase"], how="left")
    unsettled = pl.col("possible").fill_null(False) | (pl.col("lineages").fill_null(0) < len(SEVERE))
    high = every.filter(unsettled).group_by("id").agg(high=pl.col("phase").max())
    severe = plan.filter("sure").filter(pl.col("day") == pl.col("day").max().over("id"))
    last = severe.sort("name", "value", "source").group_by("id", maintain_order=True).last()
    last = last.select("id", "name", words=as_reported(), facts="source", low="phase", seen="day")
    found = people.join(last, on="id", how="left").join(high, on="id", how="left")
    known = (pl.col("low") > 0) | (pl.col("high") < RULES[0].code)
    found = found.with_columns(pl.col("low", "high").fill_null(0), start="seen", end="seen")
    found = found.with_columns(label=_label(known), why=_why())
    found = found.with_columns(pl.when(known).then(side).alias(side) for side in ("low", "high"))
    found = windows.lazy().select("patient", "infusion", "id").join(found, on="id")
    return as_findings(
        found.collect(engine="in-memory"),
        kind="maximum",
        criterion=CRITERION,
        definition=definition_of(level="severe", values="measured"),
        default=True,
        period="since infusion",
        source=SOURCE,
    )


def _phases(people: pl.LazyFrame, windows: pl.DataFrame) -> pl.LazyFrame:
    """Give the phases that begin inside the window of each infusion: id, phase."""
    begins = {"phase": [rule.code for rule in RULES], "begins": [rule.first for rule in RULES]}
    lived = people.join(windows.lazy().select("id", "last"), on="id")
    every = lived.join(pl.LazyFrame(begins, schema={"phase": pl.Int32, "begins": pl.Int64}), how="cross")
    return every.filter(pl.col("begins") <= pl.col("last")).select("id", "phase")


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
