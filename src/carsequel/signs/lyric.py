"""LYRIC 2016: progression by Lugano that may be a flare of the immune response stays indeterminate (IR) at that scan.

Day 0 is the infusion; products of diameters in mm2 are compared with the baseline scan. An IR stays one until a
biopsy or a further scan. Codes: 0 CR, 1 PR, 2 SD, 3 IR3, 4 IR2b, 5 IR2a, 6 IR1, 7 PD.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.best_response import best_of
from carsequel.signs.lugano import DEFAULT, lugano_days
from carsequel.signs.lugano_words import joined_sources, response_label
from carsequel.signs.scans import DAY, KEYS, has_scans
from carsequel.terms.findings import as_findings, definition_of, join_findings, no_findings

SOURCE: Final = "cheson2016"
CRITERION: Final = "lyric.2016"
NAMES: Final = {0: "CR", 1: "PR", 2: "SD", 3: "IR3", 4: "IR2b", 5: "IR2a", 6: "IR1", 7: "PD"}
CODES: Final = {name: code for code, name in NAMES.items()}


class Rule(NamedTuple):
    """An indeterminate response: what the sum of products did, and what else is there."""

    name: str
    increase: float
    days: float | None
    paper: str


RULES: tuple[Rule, ...] = (
    Rule("IR1", 0.5, 84, "sum of products at least 50 % larger within the first 12 weeks"),
    Rule("IR2a", 0.5, None, "sum of products less than 50 % larger, with a new lesion, at any time"),
    Rule("IR2b", 0.5, None, "sum of products less than 50 % larger, a lesion's product at least 50 % larger"),
    Rule("IR3", 0.0, None, "uptake is higher without progression in size"),
)


def assess_lyric(course: Course, ended: pl.DataFrame | None = None) -> pl.DataFrame:
    """Give the LYRIC response at every scan day (`assessment`) and the `best` one, per infusion (LBCL, FL, MCL).

    A Lugano progression becomes IR1, IR2a, IR2b or IR3 where the sizes show it; where the sum of products is not
    known it lies between the IR and PD. At a scan after an earlier IR the answer lies between IR and PD: what
    confirms progression on repeat imaging is not verified, and neither is the clause on clinical deterioration.
    `ended` as in `assess_lugano`. Gives a findings frame (source cheson2016).
    """
    if not has_scans(course):
        return no_findings()
    days = lyric_days(course)
    definition = definition_of(baseline="last", modality="pet_over_ct", burden="baseline", deterioration="not_asked")
    fixed = {"criterion": CRITERION, "source": SOURCE, "definition": definition, "default": True}
    each = days.with_columns(
        period=pl.format("day {}", "day"), start="day", end="day", label=response_label(NAMES), facts=joined_sources()
    )
    none = pl.format("none of the scans can be evaluated (scans that count: {})", "looked")
    first = pl.format("{}, first on day {} (scans that count: {})", response_label(NAMES), "day", "looked")
    best = best_of(days, ended, progression=CODES["PD"]).with_columns(
        start="day",
        end="day",
        label=response_label(NAMES),
        why=pl.when(pl.col("low").is_null()).then(none).otherwise(first),
    )
    return join_findings(
        [
            as_findings(each.drop("source"), kind="assessment", **fixed),
            as_findings(best, kind="best", period="since infusion", **fixed),
        ]
    )


def lyric_days(course: Course) -> pl.DataFrame:
    """Give one row per infusion and scan day: patient, infusion, day, low, high (LYRIC codes), why, source (list)."""
    days = lugano_days(course).filter(pl.col("definition") == DEFAULT)
    possible, certain = pl.col("high") == 3, pl.col("low") == 3
    low = pl.when(certain).then(_indeterminate("low")).otherwise("low").cast(pl.Int64)
    high = pl.when(possible).then(_indeterminate("high")).otherwise("high").cast(pl.Int64)
    coded = days.with_columns(low=low, high=high)
    indeterminate = pl.col("low").is_between(CODES["IR3"], CODES["IR1"])
    again = indeterminate.fill_null(False).cum_max().shift(1).over(KEYS).fill_null(False) & indeterminate
    coded = coded.with_columns(_again=again, high=pl.when(again).then(CODES["PD"]).otherwise("high"))
    return coded.select(*DAY, "low", "high", "source", why=_why())


def _indeterminate(side: str) -> pl.Expr:
    """The code that a progression has at its mildest or gravest: an IR where the sizes settle it, else up to PD."""
    burden, fixed = ("spd_low", "base_high") if side == "low" else ("spd_high", "base_low")
    rise = pl.col(burden) - pl.col(fixed)
    larger = (rise >= RULES[0].increase * pl.col(fixed)) & (pl.col("targets") > 0)
    smaller = (rise < RULES[1].increase * pl.col(fixed)) & (pl.col("targets") > 0)
    new = pl.col("appeared_c").fill_null(False) | pl.col("foci_c").fill_null(False)
    grew = pl.col("grown_c").fill_null(False)
    brighter = pl.col("pet") & (pl.col("pet_low") == 3) & ~new & (pl.col("ct_high") < 3).fill_null(False)
    organ = pl.col("organ_pd").fill_null(False) | pl.col("marrow_pd").fill_null(False)
    by_size = (
        pl.when(organ)
        .then(CODES["PD"])
        .when(larger & (pl.col("day") <= RULES[0].days))
        .then(CODES["IR1"])
        .when(smaller & new)
        .then(CODES["IR2a"])
        .when(smaller & grew)
        .then(CODES["IR2b"])
        .when(brighter)
        .then(CODES["IR3"])
        .when(larger)
        .then(CODES["PD"])
    )
    unknown = CODES["IR3"] if side == "low" else CODES["PD"]
    return by_size.fill_null(unknown)


def _why() -> pl.Expr:
    flare = pl.when(pl.col("low").is_between(CODES["IR3"], CODES["IR1"])).then(
        pl.lit("indeterminate until a biopsy or a further scan")
    )
    again = pl.when("_again").then(pl.lit("indeterminate before: what confirms progression is not verified"))
    return pl.concat_str("why", flare, again, separator="; ", ignore_nulls=True)
