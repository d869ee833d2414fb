"""Golden tables of laboratory criteria, where one patient has findings of several terms and periods.

The tables are written as `golden_table.py` says, but `of` names what is asked: a criterion or its last part (`anemia`),
a period (`d31-100`) and parts of a definition (`boundary=inclusive`); without such parts the default is asked.
"""

import re
from typing import Any

import polars as pl
from golden_table import Case, Raw, raw_of, read_cases

from carsequel.side_effects.ctcae import grade_ctcae
from carsequel.side_effects.cytopenia import assess_cytopenia
from carsequel.side_effects.cytopenia_timing import assess_cytopenia_timing
from carsequel.side_effects.hlh import assess_hlh
from carsequel.side_effects.hscore import score_hscore
from carsequel.side_effects.iec_hs import assess_iec_hs
from carsequel.side_effects.platelets import grade_t_icaht_early, grade_t_icaht_late
from carsequel.side_effects.recovery import assess_recovery
from carsequel.terms.findings import join_findings

TABLES: dict[str, Any] = {
    "ctcae": lambda course, _: grade_ctcae(course),
    "ctcae6": lambda course, _: join_findings([grade_ctcae(course), grade_ctcae(course, version=6)]),
    "t_icaht_early": grade_t_icaht_early,
    "t_icaht_late": grade_t_icaht_late,
    "recovery": lambda course, _: assess_recovery(course),
    "cytopenia": lambda course, _: assess_cytopenia(course),
    "cytopenia_timing": lambda course, _: assess_cytopenia_timing(course),
    "hlh": lambda course, _: assess_hlh(course),
    "hscore": lambda course, _: score_hscore(course),
    "iec_hs": lambda course, _: assess_iec_hs(course, unverified=True),
}


def cases_of(table: str) -> tuple[list[Case], Raw]:
    """Give the cases of a table and the raw tables of their patients."""
    cases = read_cases(table)
    return cases, raw_of(cases)


def said(cases: list[Case], findings: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Give for each case the answer that its `of` names, written the way `expected` is."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in findings.iter_rows(named=True):
        rows.setdefault(row["patient"], []).append(row)
    return {(c.name, c.of): _said(c, [row for row in rows.get(c.name, []) if _fits(c, row)]) for c in cases}


def _said(case: Case, found: list[dict[str, Any]]) -> str:
    if len(found) != 1:
        return "absent" if not found else f"{len(found)} findings"
    row = found[0]
    if row["low"] is None:
        return "none"
    low, high = int(row["low"]), int(row["high"])
    said = str(low) if low == high else f"{low}..{high}"
    if " d" not in case.expected:
        return said
    days = ["" if row[side] is None else str(int(row[side])) for side in ("start", "end")]
    return f"{said} d{days[0]}-{days[1]}"


def _fits(case: Case, row: dict[str, Any]) -> bool:
    choices = {part for part in case.parts if "=" in part}
    infusion = next((part.split(":")[1] for part in case.parts if ":" in part), "1")
    if str(row["infusion"]) != infusion or (row["default"] if choices else not row["default"]):
        return False
    for part in set(case.parts) - choices:
        if re.fullmatch(r"d\d.*", part):
            if row["period"] != part:
                return False
        elif ":" not in part and part != row["criterion"] and not row["criterion"].endswith(f".{part}"):
            return False
    return choices <= set(row["definition"].split())
