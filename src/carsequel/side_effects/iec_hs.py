"""Possible IEC-HS (HLH-like syndrome): the measurements that its definition names, in days from the infusion (day 0).

The published cut-offs and grade rows could not be read: every number below is UNVERIFIED and off by default. By default
only the values are shown; a grade of the working rows is given only when it is asked for by name.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.comparators import as_reported, possibly, surely, with_ends
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.windows import USED, facts_of, in_window, windows_of
from carsequel.terms.findings import as_findings, definition_of, join_findings, no_findings

SOURCE: Final = "hines2023"
CRITERION: Final = "iec_hs.astct2023"
PERIOD: Final = "since infusion"


class Rule(NamedTuple):
    """UNVERIFIED: a value of `name` that passes `test` against `factor` times `against` (`value` = the number itself)
    shows `element`; `required` elements must be there."""

    element: str
    name: str
    required: bool
    test: str
    factor: float
    against: str
    paper: str


RULES: tuple[Rule, ...] = (
    Rule("ferritin", "ferritin", True, ">", 2.0, "uln", "ferritin above 2 x upper limit of normal"),
    Rule("ferritin", "ferritin", True, ">", 2.0, "baseline", "ferritin above 2 x the value before infusion"),
    Rule("transaminases", "alt", False, ">", 5.0, "uln", "ALT above 5 x upper limit of normal"),
    Rule("transaminases", "ast", False, ">", 5.0, "uln", "AST above 5 x upper limit of normal"),
    Rule("fibrinogen", "fibrinogen", False, "<", 150.0, "value", "fibrinogen below 150 mg/dL"),
    Rule("fibrinogen", "fibrinogen", False, "<", 1.0, "lln", "fibrinogen below the lower limit of normal"),
)


class Grades(NamedTuple):
    """UNVERIFIED: grade without and with an intervention against it, the gravest one that is not death, and death."""

    observed: int = 1
    treated: int = 2
    gravest: int = 4
    death: int = 5


GRADES = Grades()
TREATMENTS: Final = ("anakinra", "ruxolitinib", "emapalumab", "etoposide")
PEAKS: Final = (("ferritin", True, "ug/L"), ("alt", True, "U/L"), ("ast", True, "U/L"), ("fibrinogen", False, "mg/dL"))
SEEN: Final = ("ferritin", "alt", "ast", "fibrinogen", "hemophagocytosis")


def assess_iec_hs(course: Course, *, unverified: bool = False) -> pl.DataFrame:
    """Show per infusion the values that the definition of IEC-HS names, as one `maximum` without a grade.

    Only infusions with a ferritin, a fibrinogen or a look for haemophagocytosis are told of. The row is the default
    where the centre states no grade. `unverified=True` adds a second row, never the default, with the grade of the
    UNVERIFIED working rows. Gives a findings frame (source hines2023).
    """
    rows = _rows(course)
    if rows.is_empty():
        return no_findings()
    shown = _shown(rows)
    stated = course.facts_since("iec_hs_grade", undated=True).filter(pl.col("value").is_not_null())
    stated = stated.select(*KEYS, _stated=pl.lit(True)).unique()
    shown = shown.join(stated, on=KEYS, how="left")
    why = pl.format("possible IEC-HS is judged from: {}; cut-offs unverified, no grade derived", "told")
    default = shown.with_columns(label=pl.lit("unverified"), why=why, default=pl.col("_stated").is_null())
    parts = [_finish(default, "off")]
    if unverified:
        parts.append(_finish(_graded(rows, shown, course).with_columns(default=pl.lit(False)), "unverified"))
    return join_findings(parts)


def _rows(course: Course) -> pl.DataFrame:
    """Values from day 0 on, each with the last value of its quantity before the infusion (`baseline`)."""
    facts = facts_of(course, *SEEN, before=FAR, columns=(*USED, "lln", "uln"))
    facts = facts.filter(pl.any_horizontal(pl.col("value", "text").is_not_null()))
    after = in_window(facts.filter(pl.col("since") >= 0), windows_of(course, 0))
    looked = after.filter(pl.col("name").is_in(["ferritin", "fibrinogen", "hemophagocytosis"]))
    if looked.is_empty():
        return looked
    before = facts.lazy().filter(pl.col("value").is_not_null() & (pl.col("since") < 0)).sort("since", "value")
    base = before.group_by([*KEYS, "name"], maintain_order=True).agg(baseline=pl.col("value").last())
    rows = after.lazy().join(looked.lazy().select("id"), on="id", how="semi")
    return rows.join(base, on=[*KEYS, "name"], how="left", maintain_order="left").collect(engine="in-memory")


def _shown(rows: pl.DataFrame) -> pl.DataFrame:
    """Per infusion the most telling value of each measurement in words, and their sources."""
    parts = []
    for name, highest, unit in PEAKS:
        own = rows.lazy().filter((pl.col("name") == name) & pl.col("value").is_not_null())
        worst = own.sort(["value", "day", "source"], descending=[highest, False, False])
        word = "highest" if highest else "lowest"
        told = pl.format(f"{word} {name} {{}} {unit} on day {{}}", as_reported().first(), pl.col("day").first())
        parts.append(worst.group_by(KEYS, maintain_order=True).agg(told=told, source=pl.col("source").first()))
    seen = rows.lazy().filter((pl.col("name") == "hemophagocytosis") & pl.col("text").is_in(["yes", "no"]))
    first = seen.sort(["text", "day", "source"], descending=[True, False, False])
    told = pl.format("hemophagocytosis {} on day {}", pl.col("text").first(), pl.col("day").first())
    parts.append(first.group_by(KEYS, maintain_order=True).agg(told=told, source=pl.col("source").first()))
    facts = pl.col("source").drop_nulls().unique().sort().str.join("; ")
    each = pl.concat(parts).group_by(KEYS, maintain_order=True).agg(told=pl.col("told").str.join(", "), facts=facts)
    return each.collect(engine="in-memory")


def _graded(rows: pl.DataFrame, shown: pl.DataFrame, course: Course) -> pl.DataFrame:
    """UNVERIFIED grade: 0 without the required element and another one, else 1 to 4, at least 2 when treated."""
    elements = pl.concat([_element(rows, rule) for rule in RULES])
    seen = rows.filter((pl.col("name") == "hemophagocytosis") & pl.col("text").is_in(["yes", "no"]))
    yes = (pl.col("text") == "yes").any()
    elements = pl.concat([elements, seen.group_by(KEYS).agg(sure=yes, open=yes, required=pl.lit(False))])
    sides = elements.group_by(KEYS).agg(
        needed=pl.col("sure").filter("required").any(),
        needed_open=pl.col("open").filter("required").any() | (pl.col("required").sum() == 0),
        more=pl.col("sure").filter(~pl.col("required")).any(),
    )
    given = course.spans_since("drug").filter(
        pl.col("text").str.to_lowercase().is_in(TREATMENTS) & (pl.col("role").fill_null("toxicity") == "toxicity")
    )
    treated = given.filter(pl.col("since") >= 0).select(KEYS).unique().with_columns(_treated=pl.lit(True))
    deaths = course.facts_since("event", undated=True).filter(
        (pl.col("text") == "death") & (pl.col("site") == "iec_hs")
    )
    dead = deaths.select(KEYS).unique().with_columns(_dead=pl.lit(True))
    found = shown.join(sides, on=KEYS, how="left").join(treated, on=KEYS, how="left").join(dead, on=KEYS, how="left")
    there = pl.col("needed").fill_null(False) & pl.col("more").fill_null(False)
    least = pl.when("_treated").then(GRADES.treated).otherwise(GRADES.observed)
    found = found.with_columns(
        low=pl.when("_dead").then(GRADES.death).when(there).then(least).otherwise(0),
        high=pl.when("_dead")
        .then(GRADES.death)
        .when(pl.col("needed_open").fill_null(True))
        .then(GRADES.gravest)
        .otherwise(0),
    )
    grade = pl.when(pl.col("low") == pl.col("high")).then(pl.format("UNVERIFIED grade {}", "low"))
    label = grade.otherwise(pl.format("UNVERIFIED grade {} to {}", "low", "high"))
    why = pl.format("by UNVERIFIED working cut-offs: {}; severity above intervention is clinical", "told")
    return found.with_columns(label=label, why=why)


def _element(rows: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    own = with_ends(rows.filter((pl.col("name") == rule.name) & pl.col("value").is_not_null()))
    limit = pl.lit(rule.factor) if rule.against == "value" else rule.factor * pl.col(rule.against)
    return own.group_by(KEYS).agg(
        sure=surely(rule.test, limit).any(), open=possibly(rule.test, limit).any(), required=pl.lit(rule.required)
    )


def _finish(found: pl.DataFrame, cut_offs: str) -> pl.DataFrame:
    return as_findings(
        found,
        criterion=CRITERION,
        kind="maximum",
        definition=definition_of(basis="values", cutoffs=cut_offs),
        period=PERIOD,
        source=SOURCE,
    )
