"""Residual disease of myeloma after the infusion: MRD-negative with CR, MRD-negative without CR, MRD-positive.

IMWG 2016 calls only a CR MRD-negative; after CAR T cells the marrow clears before the M-protein, so that a negative
marrow without CR is a state of its own here. Sensitivity as a fraction of cells; day 0 is the day of infusion.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.detection import mrd_found
from carsequel.signs.imwg import CR, judged_visits
from carsequel.signs.ordered import category_label
from carsequel.signs.visits import DAY, KEYS, infused, rows_of
from carsequel.terms.findings import as_findings, definition_of, no_findings

SOURCE: Final = "kumar2016"
CRITERION: Final = "imwg_mrd.2016"


class Rule(NamedTuple):
    """One number of the definition."""

    what: str
    limit: float
    paper: str


RULES: tuple[Rule, ...] = (
    Rule("sensitivity", 1e-5, "next-generation flow or sequencing that sees 1 cell in 100 000"),
    Rule("sustained", 365, "sustained: negative twice, at least one year apart"),
)
LABELS: Final = ("MRD-negative with CR", "MRD-negative without CR", "MRD-positive")
POSITIVE: Final = 2
ASSAYS: Final = r"(?i)flow|ngf|ngs|sequenc"


def assess_imwg_mrd(course: Course) -> pl.DataFrame:
    """Assess MRD in myeloma: one `assessment` per day with a test, codes 0 negative with CR, 1 negative without, 2
    positive.

    A negative test by another assay, or without a sensitivity of at least 1 in 100 000, leaves positive open; a
    sensitivity that is not given is not gradable. Gives a findings frame (source kumar2016).
    """
    if not course.has("mrd"):
        return no_findings()
    rows = rows_of(course, infused(course, "MM"), ["mrd"]).filter(pl.col("day") > 0)
    rows = rows.with_columns(found=mrd_found()).filter(pl.col("found").is_not_null())
    days = _by_day(rows).join_where(
        judged_visits(course).select(*(pl.col(key).alias(f"_{key}") for key in KEYS), "first", "last", "low", "high"),
        pl.col("patient") == pl.col("_patient"),
        pl.col("infusion") == pl.col("_infusion"),
        pl.col("day") >= pl.col("first"),
        pl.col("day") <= pl.col("last"),
    )
    days = _coded(days).sort(DAY)
    return as_findings(
        _with_words(days),
        kind="assessment",
        criterion=CRITERION,
        definition=definition_of(without_cr="own_state"),
        default=True,
        source=SOURCE,
    )


def _n(what: str) -> float:
    return next(rule.limit for rule in RULES if rule.what == what)


def _by_day(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per day: found by any assay; else negative by the most sensitive accepted one."""
    accepted = pl.col("method").fill_null("").str.contains(ASSAYS)
    fine = accepted & (pl.col("limit") <= _n("sensitivity"))
    return rows.group_by(DAY).agg(
        found=pl.col("found").any(),
        fine=fine.fill_null(False).any(),
        given=pl.col("limit").is_not_null().any(),
        method=pl.col("method").drop_nulls().unique().sort().str.join(", "),
        facts=pl.col("source").drop_nulls().unique().sort().str.join("; "),
    )


def _coded(days: pl.DataFrame) -> pl.DataFrame:
    best = pl.when(pl.col("low").fill_null(0) <= CR).then(0).otherwise(1)
    worst = pl.when(pl.col("high").fill_null(CR + 1) <= CR).then(0).otherwise(1)
    negative = ~pl.col("found")
    return days.with_columns(
        imwg_open=best != worst,
        low=pl.when("found").then(POSITIVE).when(negative & pl.col("given")).then(best),
        high=pl.when("found")
        .then(POSITIVE)
        .when(negative & pl.col("fine"))
        .then(worst)
        .when(negative & pl.col("given"))
        .then(POSITIVE),
    )


def _with_words(days: pl.DataFrame) -> pl.DataFrame:
    run = pl.col("found").cast(pl.Int64).cum_sum().over(KEYS)
    sure = ~pl.col("found") & pl.col("fine")
    days = days.with_columns(_run=run, _sure=sure)
    since = pl.col("day").filter(pl.col("_sure")).min().over([*KEYS, "_run"])
    lasting = pl.col("_sure") & (pl.col("day") - since >= _n("sustained"))
    assay = pl.when(pl.col("method") != "").then(pl.format("by {}", "method")).otherwise(pl.lit("assay not given"))
    parts = pl.concat_str(
        pl.format("{} on day {}", category_label(LABELS), "day"),
        assay,
        pl.when(~pl.col("given") & ~pl.col("found")).then(pl.lit("sensitivity of the assay not given")),
        pl.when(pl.col("given") & ~pl.col("fine") & ~pl.col("found")).then(
            pl.lit("not by next-generation flow or sequencing at 1 in 100 000")
        ),
        pl.when(~pl.col("found") & pl.col("imwg_open")).then(pl.lit("CR neither shown nor excluded")),
        pl.when(lasting).then(pl.format("sustained: negative since day {}", since)),
        separator="; ",
        ignore_nulls=True,
    )
    return days.with_columns(
        why=parts,
        label=category_label(LABELS),
        start=pl.col("day"),
        end=pl.col("day"),
        period=pl.format("day {}", "day"),
    )
