"""One patient as one self-contained HTML page: everything on it comes from the answer and the course."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
from jinja2 import ChainableUndefined, Environment, PackageLoader, Undefined
from markupsafe import Markup

from carsequel.record.course import Course
from carsequel.report import rows, verdict
from carsequel.report.choices import is_own, own_words
from carsequel.report.figures import timeline_svg
from carsequel.report.fitted import fit_figures
from carsequel.report.lanes import timeline_of
from carsequel.report.notes import Notes
from carsequel.report.wording import (
    DISCLAIMER,
    GATE_MEANING,
    GATES,
    MISSING,
    NOT_COMPUTED,
    choices_words,
    day_words,
    interval_words,
    number,
    words,
)
from carsequel.terms.findings import no_findings

_FILTERS = {
    "words": words,
    "number": number,
    "interval": interval_words,
    "choices": choices_words,
    "evidence": rows.evidence_words,
    "size": rows.size_words,
    "cohorts": rows.by_cohort,
    "fact": rows.fact_words,
    "basis": rows.basis_words,
    "criterion": rows.criterion_name,
    "when": rows.when_words,
    "option_title": verdict.option_title,
}


def _printed(value: object) -> object:
    """Give what is printed for a value: an unknown one says so, a number has no idle digits."""
    if value is None or isinstance(value, Undefined):
        return MISSING
    return number(value) if isinstance(value, (bool, int, float)) else value


@cache
def environment() -> Environment:
    """Give the template environment: everything is escaped, and what is missing is said."""
    made = Environment(
        loader=PackageLoader("carsequel.report"),
        autoescape=True,
        undefined=ChainableUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({name: _tolerant(function) for name, function in _FILTERS.items()})
    made.globals.update(
        style=Markup(files("carsequel.report").joinpath("templates/style.css").read_text("utf-8")),
        days=lambda low, high=None: day_words(_plain(low), _plain(high)),
        disclaimer=DISCLAIMER,
        gate_words=GATES,
        gate_meaning=GATE_MEANING,
        missing=MISSING,
        not_computed=NOT_COMPUTED,
        listed=_listed,
        count_of=_count_of,
    )
    return made


def _plain(value: Any) -> Any:
    return None if isinstance(value, Undefined) else value


def _tolerant(function: Any) -> Any:
    return lambda value: function(_plain(value))


def _listed(value: object) -> list[Any]:
    """Give a list whether the answer brought one, one thing, or nothing."""
    if value is None or isinstance(value, Undefined) or value == "":
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _count_of(value: object) -> object:
    """Give how many there are, whether the answer brought a number or the things themselves."""
    return len(value) if isinstance(value, (list, tuple)) else _plain(value)


def render_page(answer: Mapping[str, Any], course: Course, *, findings: pl.DataFrame) -> str:
    """Give one patient's page as one HTML text: no script, no external file, prints on A4.

    `answer` is the dictionary of one patient; `course` and `findings` may hold others too, who are not looked at.
    Missing keys are shown as not recorded, and every text is escaped. Raises ValueError without `patient`.
    """
    patient = answer.get("patient")
    if patient is None:
        raise ValueError("answer has no `patient`; give the answer of one patient, as cs.answer(course, patient=...)")
    own = course.only(str(patient))
    found = findings.filter(pl.col("patient") == str(patient)) if findings.width else no_findings()
    return environment().get_template("page.html.j2").render(_context(answer, own, found))


def _context(answer: Mapping[str, Any], course: Course, findings: pl.DataFrame) -> dict[str, Any]:
    failure, facts = answer.get("failure") or {}, answer.get("patient_facts") or {}
    options, causes = answer.get("options") or [], answer.get("causes") or {}
    timeline = timeline_of(course, answer, findings)
    synthetic = bool(answer.get("synthetic")) or course.synthetic
    told = {name: rows.told_findings(answer.get(name) or [], findings) for name in ("signs", "side_effects", "risks")}
    chosen = (answer.get("provenance") or {}).get("own_definitions") or {}
    silent = {}
    for name, entries in told.items():
        told[name], silent[name] = rows.without_answer(entries)
    laboratory = [t for t in told["side_effects"] if str(t.row.get("criterion")).startswith("ctcae")]
    return {
        "answer": answer,
        "failure": failure,
        "facts": facts,
        "verdict": verdict.verdict_of(failure, facts),
        "antigen": verdict.antigen_of(failure, facts),
        "dangers": verdict.dangers_of(answer),
        "gates": verdict.options_by_gate(options),
        "goals": verdict.goals_of_care(course),
        "definition_rows": failure.get("definitions") or [],
        "signs": told["signs"],
        "effects": [t for t in told["side_effects"] if t not in laboratory],
        "laboratory": laboratory,
        "silent": silent,
        "risks": told["risks"],
        "causes": causes,
        "shares": rows.computed_shares(causes),
        "headings": rows.causes_by_heading(causes),
        "timeline": timeline,
        "model": answer.get("model") or {},
        "fit_figures": [(said, Markup(svg)) for said, svg in fit_figures(answer, synthetic=synthetic)],
        "figure": Markup(timeline_svg(timeline, synthetic=synthetic)),
        "synthetic": synthetic,
        "rule": rows.rule_meaning(failure.get("definition")),
        "rule_status": rows.rule_status(failure.get("definition")),
        "problems": _problems(answer, course),
        "notes": Notes(answer.get("sources") or {}),
        "own_definitions": own_words(chosen),
        "is_own": lambda row: is_own(row, chosen),
    }


def _problems(answer: Mapping[str, Any], course: Course) -> list[Any]:
    """Give the doubts about the data: those the answer lists, else the rows of the reading report."""
    told = (answer.get("data") or {}).get("problems")
    return list(told) if told else list(course.report.iter_rows(named=True))
