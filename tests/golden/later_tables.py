"""Golden tables of the later toxicities: which table is assessed by what, and how an answer is written.

Rows as in golden_table.py. `of` holds `criterion:ID` (where a table has several), `period:P`, `infusion:N`,
`kind:assessment` and choices of the definition (`severity=grade3`); without a choice the default. `expected` is the
number (four digits), `LOW..HIGH`, `none` or `absent`.
"""

from collections.abc import Callable
from typing import Any

import polars as pl
from golden_table import Case

from carsequel.record.course import Course
from carsequel.side_effects.delayed_neurotoxicity import assess_delayed_neurotoxicity
from carsequel.side_effects.enterocolitis import assess_enterocolitis
from carsequel.side_effects.exposure import count_steroid_days
from carsequel.side_effects.immune_deficiency import assess_cd4, assess_igg
from carsequel.side_effects.infection import assess_infection_density
from carsequel.side_effects.late import assess_late_function
from carsequel.side_effects.reported import report_outcomes
from carsequel.side_effects.second_malignancy import assess_second_malignancy

TABLES: dict[str, Callable[[Course], pl.DataFrame]] = {
    "later_infection": assess_infection_density,
    "later_igg": assess_igg,
    "later_cd4": assess_cd4,
    "later_enterocolitis": assess_enterocolitis,
    "later_malignancy": assess_second_malignancy,
    "later_neurotoxicity": assess_delayed_neurotoxicity,
    "later_steroids": count_steroid_days,
    "later_organs": assess_late_function,
    "later_reported": report_outcomes,
}


def said(cases: list[Case], findings: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Give for each case the answer that its `of` names, written the way `expected` is."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in findings.iter_rows(named=True):
        rows.setdefault(row["patient"], []).append(row)
    return {(case.name, case.of): _one(case, rows.get(case.name, [])) for case in cases}


def _one(case: Case, rows: list[dict[str, Any]]) -> str:
    found = [row for row in rows if _fits(case, row)]
    if not found:
        return "absent"
    assert len(found) == 1, f"{case.name} [{case.of}]: {len(found)} findings answer"
    low, high = found[0]["low"], found[0]["high"]
    if low is None:
        return "none"
    return f"{low:.4g}" if low == high else f"{low:.4g}..{high:.4g}"


def _fits(case: Case, row: dict[str, Any]) -> bool:
    choices = {part for part in case.parts if "=" in part}
    asked = {"infusion": "1", "kind": row["kind"]}
    if row["criterion"] != "patient_reported":
        asked["kind"] = "maximum"
    asked |= dict(part.split(":", 1) for part in case.parts if "=" not in part)
    same = all(str(row[name]).replace(" ", "_") == wanted for name, wanted in asked.items())
    chosen = choices <= set(row["definition"].split()) if choices else bool(row["default"])
    return same and chosen
