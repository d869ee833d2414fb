"""Low IgG (mg/dL) and low CD4+ T cells (cells/uL) since the infusion (day 0), from measured values.

IgG at or below 400 mg/dL: replacement is considered; above 400 to 600 it is considered with serious or recurrent
infection; above 600 with poor response to vaccines only.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.measured import Said, each_day, gravest, since_infusion, with_value_bounds
from carsequel.side_effects.windows import facts_of, in_window
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "hill_igg"
CRITERION: Final = "igg.low"
CD4_SOURCE: Final = "ash_sap_12050824"
CD4_CRITERION: Final = "cd4.low"


class Rule(NamedTuple):
    """A value of at most `limit` has this code; lines stand worst first."""

    code: int
    limit: float
    paper: str


RULES: tuple[Rule, ...] = (
    Rule(2, 400, "IgG at most 400 mg/dL: replacement is considered"),
    Rule(1, 600, "IgG above 400 to 600 mg/dL: considered with serious or recurrent infection"),
)
CD4_RULES: tuple[Rule, ...] = (Rule(1, 200, "prophylaxis goes on until CD4 is above 200 cells/uL"),)
LABELS: Final = {0: "IgG above 600 mg/dL", 1: "IgG above 400 to 600 mg/dL", 2: "IgG at most 400 mg/dL"}
CD4_LABELS: Final = {0: "CD4 not low", 1: "CD4 low"}
CAUTION: Final = "total IgG of a myeloma patient contains the M-protein (caution UNVERIFIED): the rest may be lower"
MYELOMA: Final = ("uninvolved", "total")
CUTOFFS: Final = ("below", "at_most")


def assess_igg(course: Course) -> pl.DataFrame:
    """Class each IgG since the infusion (`assessment`, one a day) and the lowest (`maximum`).

    In myeloma `igg_uninvolved` decides; total IgG only says that it is not higher (`myeloma=uninvolved`, the default;
    `myeloma=total` reads it as it stands). Immunoglobulin given before a value is told and changes no class. Gives a
    findings frame (source hill_igg).
    """
    windows = since_infusion(course)
    rows = facts_of(course, "igg", "igg_uninvolved").filter(pl.col("value").is_not_null())
    rows = with_value_bounds(in_window(rows, windows))
    if rows.height:
        rows = rows.join(windows.select("id", "disease"), on="id", how="left").join(
            _replaced(course), on=KEYS, how="left"
        )
    parts = []
    for number, choice in enumerate(MYELOMA):
        said = Said(CRITERION, definition_of(myeloma=choice), number == 0, SOURCE, LABELS, "no IgG since the infusion")
        graded = rows if rows.is_empty() else _graded_igg(rows, choice)
        parts += [gravest(graded, windows, said), each_day(graded, windows, said)]
    return join_findings(parts)


def _graded_igg(rows: pl.DataFrame, choice: str) -> pl.DataFrame:
    if choice == "uninvolved":
        own = rows.filter(pl.col("name") == "igg_uninvolved").select("id", "day").unique().with_columns(_own=True)
        rows = rows.join(own, on=["id", "day"], how="left")
        total = (pl.col("disease") == "MM").fill_null(False) & (pl.col("name") == "igg")
        rows = rows.filter(~(total & pl.col("_own").fill_null(False)))
        doubt = total
    else:
        rows, doubt = rows.filter(pl.col("name") == "igg"), pl.lit(False)
    least = pl.when(doubt).then(0.0).otherwise("least")
    given = pl.when(pl.col("replaced") <= pl.col("since")).then(
        pl.format("immunoglobulin given from day {}", pl.col("replaced").floor().cast(pl.Int64))
    )
    what = pl.when(pl.col("name") == "igg").then(pl.lit("IgG")).otherwise(pl.lit("IgG without the M-protein"))
    said = pl.format("{} {}{} mg/dL on day {}", what, pl.col("comparator").fill_null(""), "value", "day")
    note = pl.concat_str(said, pl.when(doubt).then(pl.lit(CAUTION)), given, separator="; ", ignore_nulls=True)
    return rows.with_columns(low=_code(RULES, pl.col("most")), high=_code(RULES, least), note=note, rank="day")


def _code(rules: tuple[Rule, ...], value: pl.Expr) -> pl.Expr:
    return pl.coalesce(*(pl.when(value <= rule.limit).then(rule.code) for rule in rules), 0)


def _replaced(course: Course) -> pl.DataFrame:
    given = course.spans_since("drug", before=1e6).filter(pl.col("role") == "immunoglobulin")
    return given.group_by(KEYS).agg(replaced=pl.col("since").min())


def assess_cd4(course: Course) -> pl.DataFrame:
    """Class each CD4 count since the infusion (`assessment`, one a day) and the lowest (`maximum`): low is below 200
    cells/uL (`cutoff=below`, the default) or not above it (`cutoff=at_most`). Gives a findings frame (source
    ash_sap_12050824)."""
    windows = since_infusion(course)
    rows = with_value_bounds(in_window(facts_of(course, "cd4").filter(pl.col("value").is_not_null()), windows))
    note = pl.format("CD4 {}{} cells/uL on day {}", pl.col("comparator").fill_null(""), "value", "day")
    parts = []
    for number, cutoff in enumerate(CUTOFFS):
        definition, nothing = definition_of(cutoff=cutoff), "no CD4 count since the infusion"
        said = Said(CD4_CRITERION, definition, number == 0, CD4_SOURCE, CD4_LABELS, nothing)
        low, high = (_low_cd4(pl.col(side), cutoff) for side in ("most", "least"))
        graded = rows.with_columns(low=low, high=high, note=note, rank="day")
        parts += [gravest(graded, windows, said), each_day(graded, windows, said)]
    return join_findings(parts)


def _low_cd4(value: pl.Expr, cutoff: str) -> pl.Expr:
    rule = CD4_RULES[0]
    passed = value < rule.limit if cutoff == "below" else value <= rule.limit
    return pl.when(passed).then(rule.code).otherwise(0)
