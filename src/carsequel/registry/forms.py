"""Drafts of the follow-up forms of the registries: every cell keyed by form, revision and meaning, never submitted.

Question numbers move between revisions, so none is named. `forms.csv` lists what each form asks, as far as it was
read; a cell that no rule fills stays empty with its reason.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.registry.cells import as_cells, empty_cells
from carsequel.registry.form_events import event_cells
from carsequel.registry.form_measures import measure_cells
from carsequel.registry.gaps import KEYS
from carsequel.registry.periods import period_grid, reaction_cells
from carsequel.terms.tables import read_table

DRAFT: Final = (
    *("form", "revision", "section", "meaning", "patient", "infusion", "period", "first", "last"),
    *("low", "high", "value", "text", "needs_person", "why", "facts", "source", "status"),
)
REACTION_SOURCES: Final = {"ebmt": "ebmt_forms", "cibmtr": "cibmtr_manual"}


class Asked(NamedTuple):
    """A cell of a form: its section, what it means, the rule that fills it (none: left empty for `reason`), and how
    well it is known that the form asks for it."""

    form: str
    section: str
    meaning: str
    cell: str | None
    status: str
    source: str
    reason: str | None


def asked_of(form: str) -> tuple[Asked, ...]:
    """Give what a form asks apart from CRS and ICANS, in order; nothing for a form that is not known."""
    rows = read_table("carsequel.registry", "forms.csv").filter(pl.col("form") == form)
    return tuple(Asked(**row) for row in rows.iter_rows(named=True))


def draft_form(
    course: Course, findings: pl.DataFrame, reactions: pl.DataFrame, resolved: pl.DataFrame, form: str, revision: str
) -> pl.DataFrame:
    """Draft the cells of a form (`ebmt`, `cibmtr`) for each infusion and each period that the follow-up reached.

    `findings` are those of the record, `reactions` the default maxima and episodes of CRS and ICANS graded as far as
    the first period reaches, `resolved` when those episodes were resolved (`day_findings.RESOLVED`). One row per form,
    revision, meaning, patient, infusion and period: low, high, value (empty where the record does not settle it), text,
    needs_person, why, facts, source (where it was read that the form asks) and status. Raises ValueError for another
    form.
    """
    looks = course.clock.select(*KEYS, "last", died=pl.col("death").is_not_null()).drop_nulls("last")
    grid = period_grid(looks, form).join(looks.drop("last"), on=KEYS, how="left", maintain_order="left")
    filled = event_cells(course, findings, grid) | measure_cells(course, findings, grid)
    source = REACTION_SOURCES[form]
    parts = [
        _named(as_cells(cells), "reactions", meaning, source, "VERIFIED")
        for meaning, cells in reaction_cells(reactions, grid, form, resolved).items()
    ]
    for cell in asked_of(form):
        cells = filled[cell.cell] if cell.cell else empty_cells(grid, cell.reason or "")
        parts.append(_named(cells, cell.section, cell.meaning, cell.source, cell.status))
    rows = pl.concat(parts).with_columns(form=pl.lit(form), revision=pl.lit(revision))
    settled = pl.when(pl.col("low") == pl.col("high")).then("low")
    return rows.with_columns(value=settled).select(DRAFT).sort("patient", "infusion", "first", "section", "meaning")


def _named(cells: pl.DataFrame, section: str, meaning: str, source: str, status: str) -> pl.DataFrame:
    given = {"section": section, "meaning": meaning, "source": source, "status": status}
    return cells.with_columns(pl.lit(text).alias(name) for name, text in given.items())
