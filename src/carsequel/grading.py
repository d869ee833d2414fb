"""Runs every criterion that applies and passes findings sideways (the day of failure ends the late ICAHT)."""

from typing import NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans
from carsequel.side_effects.stated import stated_grades
from carsequel.signs.failure import assess_failure, failure_findings, verdict_of_record
from carsequel.terms.findings import join_findings


class Graded(NamedTuple):
    """A graded record: all findings, the verdict of every definition of failure, and the one verdict an infusion."""

    findings: pl.DataFrame
    definitions: pl.DataFrame
    verdicts: pl.DataFrame


def grade_record(course: Course) -> Graded:
    """Run every criterion that applies on all patients at once; one row a finding, columns of the contract."""
    definitions = assess_failure(course)
    verdicts = verdict_of_record(definitions)
    ended = verdicts.filter(pl.col("state").is_in(["failed", "new_therapy_without_progression"]))
    censored = ended.select("patient", "infusion", censor_day=pl.coalesce("day", "day_low"))
    findings = join_findings(
        [
            failure_findings(definitions),
            grade_crs(course),
            grade_icans(course),
            grade_icaht_early(course),
            grade_icaht_late(course, censored.drop_nulls("censor_day")),
            stated_grades(course),
        ]
    )
    order = ["patient", "infusion", "criterion", "kind", "definition", "period", "start"]
    return Graded(findings.sort(order, nulls_last=True, maintain_order=True), definitions, verdicts)


def grade(course: Course) -> pl.DataFrame:
    """Give the findings of every criterion that applies, all patients at once."""
    return grade_record(course).findings
