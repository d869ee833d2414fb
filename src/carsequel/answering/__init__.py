"""One course in, the whole answer out: reads like a table of contents."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from carsequel.answering.failing import decided_verdict, failure_part
from carsequel.answering.modelling import Banks, Modelled
from carsequel.answering.overriding import overrides_part
from carsequel.answering.people import data_part, patient_part, performance_part
from carsequel.answering.provenance import provenance_part, sources_part
from carsequel.answering.questions import questions_part
from carsequel.answering.sentences import sentences_part
from carsequel.causes.explain import explain_causes
from carsequel.grading import Graded, grade_record
from carsequel.options.needed import options_needed
from carsequel.options.prognosis import prognosis_rows
from carsequel.options.supportive import supportive_rows
from carsequel.options.weigh import weigh_options
from carsequel.record.course import Course
from carsequel.record.errors import RecordError
from carsequel.side_effects.active import active_dangers
from carsequel.side_effects.stated import compare_stated
from carsequel.terms.choices import check_choices

__all__ = ["answer", "answerable_patients"]


def answerable_patients(course: Course) -> tuple[list[str], list[str]]:
    """Give the patients that can be answered and those that cannot (no CAR-T infusion in the record), in order."""
    infused = set(course.infusions["patient"].to_list())
    known = course.patients.select("patient", "not_infused").rows()
    able = [patient for patient, never in known if never or patient in infused]
    return able, [patient for patient, _ in known if patient not in set(able)]


def answer(
    course: Course,
    patient: str,
    graded: Graded | None = None,
    definitions: Mapping[str, Any] | None = None,
    today: date | None = None,
    banks: Banks | None = None,
) -> dict[str, Any]:
    """Give the whole answer for one patient: the dictionary of the contract's section 4.

    `graded` is the graded record (`grade_record(course, definitions)`), so that a folder of patients is graded once;
    without it the patient alone is graded. `definitions` are a centre's own named choices, `{criterion: {name:
    choice}}`. `today` (no clock is read here) marks published rows that are past their review. `banks` gives
    the bank of simulated patients of a disease and product; with it the model speaks too (causes, forecast,
    projections), without it the record and published evidence alone. Raises RecordError for
    an id that is not in the record or has no CAR-T infusion, ChoicesError (a ValueError) for a choice that no criterion
    offers.
    """
    able, unable = answerable_patients(course)
    if patient in unable:
        raise RecordError(
            "no CAR-T infusion found for this patient", "add it to the infusions table, or note = not_infused"
        )
    if patient not in able:
        raise RecordError("this patient is not in the record", "carsequel check lists the patients that were read")
    own = course.only(patient)
    graded = _of_patient(graded, patient) if graded is not None else grade_record(own, definitions)
    verdict = decided_verdict(graded.verdicts)
    verdicts = graded.verdicts.filter(pl.col("infusion") == verdict["infusion"]) if verdict else graded.verdicts
    first = own.clock.filter(pl.col("infusion") == 1)["last"].to_list()
    as_of = float(first[0]) if first and first[0] is not None else None
    model = Modelled(own, verdict, banks)
    parts: dict[str, Any] = {
        "patient": patient,
        "today": today.isoformat() if today else None,
        "as_of_day": as_of,
        "synthetic": course.synthetic,
        "data": data_part(own),
        "patient_facts": patient_part(own),
        "failure": failure_part(own, graded, verdict),
        "danger": active_dangers(own, patient, as_of),
        "performance": performance_part(own),
        "prognosis": prognosis_rows(own, verdicts, patient) if verdict else [],
        "causes": model.causes(explain_causes(own, verdicts, patient) if verdict else {}),
        "model": model.part(),
        "signs": graded.signs.filter(~pl.col("criterion").str.starts_with("failure.")).to_dicts(),
        "side_effects": graded.side_effects.to_dicts(),
        "stated": compare_stated(graded.side_effects).to_dicts(),
        "risks": graded.risks.to_dicts(),
        "options": model.options(weigh_options(own, verdicts, patient)) if verdict else [],
        "options_reason": _options_reason(own, verdicts),
        "supportive": supportive_rows(own, verdicts, patient, graded.risks) if verdict else [],
        "research": model.research(),
        "questions": [],
        "overrides": overrides_part(own, graded.findings),
    }
    parts["sentences"] = sentences_part(parts)
    parts["questions"] = questions_part(parts, today)
    parts["sources"] = sources_part(parts)
    parts["provenance"] = provenance_part(own, list(parts["sources"]), check_choices(definitions or {}))
    parts["provenance"] |= model.provenance()
    return parts


def _options_reason(course: Course, verdicts: pl.DataFrame) -> str:
    """Say why options are listed, or why none are."""
    if verdicts.is_empty():
        return "not given: no CAR T cells were infused"
    return str(options_needed(course, verdicts)["reason"][0])


def _of_patient(graded: Graded, patient: str) -> Graded:
    return Graded(*(frame.filter(pl.col("patient") == patient) for frame in graded))
