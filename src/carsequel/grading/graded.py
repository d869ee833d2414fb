"""A record graded: every criterion that applies, and findings passed sideways where one criterion needs another's."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.grading.chosen import Rooms, added, departing_only, refuse_ungraded, requested
from carsequel.grading.rooms import ONLY_FOR, RISKS, SIDE_EFFECTS, SIDE_EFFECTS_UNTIL, SIGNS, SIGNS_UNTIL
from carsequel.record.course import Course
from carsequel.risks.pc_pi import score_pc_pi
from carsequel.side_effects.crs import crs_resolved
from carsequel.side_effects.exposure import assess_unresolved_at_failure
from carsequel.side_effects.icans import icans_resolved
from carsequel.side_effects.stated import stated_grades
from carsequel.signs.failure import assess_failure, failure_findings, verdict_of_record
from carsequel.terms.choices import Choices, check_choices
from carsequel.terms.defaults import choose_defaults
from carsequel.terms.findings import join_findings
from carsequel.terms.lists import DISEASES

ORDER: Final = ("patient", "infusion", "criterion", "kind", "definition", "period", "start")


class Graded(NamedTuple):
    """A graded record: all findings, those of failure among the signs, ordered by patient; the same findings room by
    room; the verdict of every definition of failure, and the one verdict an infusion."""

    findings: pl.DataFrame
    signs: pl.DataFrame
    side_effects: pl.DataFrame
    risks: pl.DataFrame
    definitions: pl.DataFrame
    verdicts: pl.DataFrame


def grade_record(course: Course, definitions: Mapping[str, Any] | None = None) -> Graded:
    """Run every criterion that applies on all patients at once; one row a finding, columns of the contract.

    `definitions` are a centre's own named choices, `{criterion: {name: choice}}`: they move the default. Raises
    ChoicesError (a ValueError) for what no criterion offers.
    """
    chosen = check_choices(definitions or {})
    verdicts_each = assess_failure(course)
    verdicts = verdict_of_record(verdicts_each)
    failures = verdicts.filter(pl.col("state") == "failed").select("patient", "infusion", "day").drop_nulls("day")
    ended = _ended(verdicts)
    runs: Rooms = [
        [(criterion, (course,)) for criterion in SIGNS] + [(criterion, (course, ended)) for criterion in SIGNS_UNTIL],
        [(criterion, (course,)) for criterion in SIDE_EFFECTS]
        + [(criterion, (course, ended)) for criterion in SIDE_EFFECTS_UNTIL],
        [(criterion, (course,)) for criterion in RISKS] + [(score_pc_pi, (course, failures))],
    ]
    found = [join_findings(parts) for parts in _run(course, runs)]
    asked = [join_findings(parts) for parts in _run(course, requested(chosen, runs))]
    rooms = [added(*both) for both in zip(found, asked, strict=True)]
    for room in rooms:
        refuse_ungraded(room, chosen)
    signs, effects, risks = (choose_defaults(room, departing_only(chosen)) for room in rooms)
    unresolved = assess_unresolved_at_failure(effects, failures, _resolved(course, chosen))
    signs = join_findings([failure_findings(verdicts_each), signs])
    effects = join_findings([effects, unresolved, stated_grades(course)])
    findings, signs, effects, risks = _ordered([signs, effects, risks])
    return Graded(findings, signs, effects, risks, verdicts_each, verdicts)


def _resolved(course: Course, chosen: Choices) -> pl.DataFrame:
    """When the episodes of CRS and ICANS were resolved, by every definition that was graded."""
    frames = [crs_resolved(course), icans_resolved(course)]
    if chosen.get("crs.astct2019", {}).get("hypotension") == "stated":
        frames.append(crs_resolved(course, hypotension="stated"))
    return pl.concat(frames)


def _run(course: Course, rooms: Rooms) -> list[list[pl.DataFrame]]:
    """Run the criteria of each room whose diseases occur, in order."""
    present = set(course.patients["disease"].to_list())
    everyone = bool(present - set(DISEASES))
    chosen = [[run for run in room if everyone or present & set(ONLY_FOR.get(run[0], DISEASES))] for room in rooms]
    return [[criterion(*given) for criterion, given in room] for room in chosen]


def _ended(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The day (patient, infusion, censor_day) on which progression or a new therapy ends what is counted."""
    rows = verdicts.filter(pl.col("state").is_in(["failed", "new_therapy_without_progression"]))
    return rows.select("patient", "infusion", censor_day=pl.coalesce("day", "day_low")).drop_nulls("censor_day")


def _ordered(rooms: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Give all findings in order, and those of each room in the same order (sorting all of them once is what costs)."""
    numbered = pl.concat([room.with_columns(_room=pl.lit(number)) for number, room in enumerate(rooms)])
    ordered = numbered.sort(ORDER, nulls_last=True, maintain_order=True)
    parts = [ordered.filter(pl.col("_room") == number) for number in range(len(rooms))]
    return [frame.drop("_room") for frame in (ordered, *parts)]


def grade(course: Course, definitions: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Give the findings of every criterion that applies, all patients at once; `definitions` as in `grade_record`."""
    return grade_record(course, definitions).findings
