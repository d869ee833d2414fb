"""PC-PI at progression after CAR T cells in large B-cell lymphoma: how many of five adverse factors (0-5).

ECOG above 0, haemoglobin below 10 g/dL, LDH at least twice its upper limit, more than one extranodal site, less than
four months from infusion to progression. The weights of the items and the cut-offs between the four published groups
are unverified, so the count stands here and never a group. Day 0 is the day of infusion.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import KEYS, infused
from carsequel.risks.points import Point, answers_for, baseline_findings, caution, reasons, summed
from carsequel.risks.readings import ECOG, LDH_RATIO, Item, read_items, value_of
from carsequel.terms.findings import definition_of, join_findings, no_findings

SOURCE: Final = "iacoboni2024"
CRITERION: Final = "pc_pi.iacoboni2024"
VALIDATED: Final = ("LBCL",)

RULES: tuple[Point, ...] = (
    Point("ecog", 1, ">", 0.0, "ECOG above 0"),
    Point("hemoglobin", 1, "<", 10.0, "haemoglobin below 10 g/dL"),
    Point("ldh", 1, ">=", 2.0, "LDH at least twice the upper limit of normal"),
    Point("extranodal", 1, ">", 1.0, "more than one extranodal site"),
    Point("months", 1, "<", 4.0, "less than four months from infusion to progression"),
)
PUBLISHED: Final = (
    "published groups in 204 patients of validation: low 31 %, median survival 15.7 months; intermediate-low 26 %, "
    "7.1; intermediate-high 17 %, 1.8; high 26 %, 1.0; which count falls into which group was read in no source"
)


class Choices(NamedTuple):
    """Our own readings of `at progression`: days before and after it from which a value is taken (nearest first), the
    same for extranodal sites, days before it where only earlier values count, and days in a month."""

    before: int = 14
    after: int = 7
    sites_before: int = 30
    sites_after: int = 14
    only_before: int = 30
    month: float = 30.4375


CHOICES = Choices()


def score_pc_pi(course: Course, progression: pl.DataFrame, *, everyone: bool = False) -> pl.DataFrame:
    """Count the adverse factors of PC-PI: one `assessment` per infusion with a progression and reading of values, for
    LBCL and patients without a disease; `everyone` answers for the others with a warning.

    `progression` has patient, infusion, day (of the first progression, from that infusion; rows without a day are left
    out). Values are the nearest around it (default) or the last before it. Gives a findings frame
    (source iacoboni2024).
    """
    first = progression.select(
        pl.col("patient").cast(pl.String), pl.col("infusion").cast(pl.Int64), pl.col("day").cast(pl.Float64)
    )
    first = first.drop_nulls("day").group_by(KEYS).agg(ref=pl.col("day").min()).filter(pl.col("ref") >= 0)
    people = answers_for(infused(course), VALIDATED, everyone)
    moments = people.join(first, on=KEYS, how="inner").with_columns(at=pl.lit("progression"))
    if moments.is_empty():
        return no_findings()
    readings = (("nearest", CHOICES.before, CHOICES.after), ("before", CHOICES.only_before, 0))
    return join_findings(_one(course, moments, *reading) for reading in readings)


def _one(course: Course, moments: pl.DataFrame, values: str, back: int, forward: int) -> pl.DataFrame:
    moments = moments.with_columns(default=pl.lit(values == "nearest"))
    sites_back, sites_forward = (CHOICES.sites_before, CHOICES.sites_after) if forward else (back, 0)
    items = (
        ECOG._replace(back=back, undated="never", forward=forward),
        LDH_RATIO._replace(back=back, undated="never", forward=forward),
        Item("hemoglobin", "hemoglobin", "haemoglobin", value_of(), back, "never", forward=forward),
        Item(
            "extranodal", "extranodal_sites", "extranodal sites", value_of(), sites_back, "never", forward=sites_forward
        ),
    )
    readings = read_items(course, moments.with_columns(**_months()), items)
    found = summed(readings, RULES).with_columns(label=_label(), why=reasons("adverse"))
    choices = definition_of(
        values=values, window=f"-{back}..{forward}", sites=f"-{sites_back}..{sites_forward}", month=CHOICES.month
    )
    warning = caution(VALIDATED, PUBLISHED)
    fixed = {"criterion": CRITERION, "source": SOURCE, "choices": choices, "period": "progression"}
    return baseline_findings(found, warning, **fixed)


def _label() -> pl.Expr:
    """`2 of 5 adverse factors`, `1 to 4 of 5 adverse factors`, `not gradable`."""
    low, high = (pl.col(side).cast(pl.Int64).cast(pl.String) for side in ("low", "high"))
    size = pl.when(low == high).then(low).otherwise(pl.format("{} to {}", low, high))
    return pl.coalesce(pl.format("{} of 5 adverse factors", size), pl.lit("not gradable"))


def _months() -> dict[str, pl.Expr]:
    """The reading `months`, from the infusion to the progression."""
    months = (pl.col("ref").floor() / CHOICES.month).round(12)
    note = pl.format("progression on day {} ({} months)", pl.col("ref").floor().cast(pl.Int64), months.round(1))
    nothing = pl.lit([], dtype=pl.List(pl.String))
    return {"months_lo": months, "months_hi": months, "months_note": note, "months_source": nothing}
