"""Golden tables of the risk scores: which table is scored by what, and how an answer is written.

A line is `case | of | expected | rows` as in `golden_table`. `of` begins with the criterion and may name parts of the
definition (`at=before_infusion`), else the default is meant. `expected` is the number or its range (`3`, `1..4`,
`6.072`, `none`) and the label without its bracket. `censor d60` is the progression.
"""

from collections.abc import Callable
from typing import Any

import polars as pl
from golden_table import Case, Raw, raw_of, read_cases

from carsequel.record.course import Course
from carsequel.risks.car_hematotox import score_car_hematotox
from carsequel.risks.cll_ipi import score_cll_ipi
from carsequel.risks.easix import score_easix
from carsequel.risks.flipi import score_flipi
from carsequel.risks.hct_ci import score_hct_ci
from carsequel.risks.ipi import score_ipi
from carsequel.risks.iss import score_iss
from carsequel.risks.mipi import score_mipi
from carsequel.risks.mycare import score_mycare
from carsequel.risks.pc_pi import score_pc_pi
from carsequel.risks.tumour_volume import assess_tumour_volume

Scorer = Callable[[Course, pl.DataFrame], pl.DataFrame]


def _progression(course: Course, censored: pl.DataFrame) -> pl.DataFrame:
    return score_pc_pi(course, censored.rename({"censor_day": "day"}))


SCORES: dict[str, Scorer] = {
    "car_hematotox": lambda course, _: score_car_hematotox(course),
    "easix": lambda course, _: score_easix(course),
    "ipi": lambda course, _: score_ipi(course),
    "flipi": lambda course, _: score_flipi(course),
    "mipi": lambda course, _: score_mipi(course),
    "iss": lambda course, _: score_iss(course),
    "mycare": lambda course, _: score_mycare(course, ferritin="uln"),
    "cll_ipi": lambda course, _: score_cll_ipi(course),
    "hct_ci": lambda course, _: score_hct_ci(course),
    "tumour_volume": lambda course, _: assess_tumour_volume(course),
    "pc_pi": _progression,
}


def load(table: str) -> tuple[list[Case], Course, pl.DataFrame]:
    """Give the cases of a table, their course and the progressions."""
    cases = read_cases(table)
    raw = raw_of_scores(cases)
    return cases, raw.course(), raw.censor()


def raw_of_scores(cases: list[Case]) -> Raw:
    """Give the raw tables of all cases."""
    raw = raw_of(cases)
    fill(raw)
    return raw


def fill(raw: Raw) -> None:
    """Give every fact the columns that a few rows name."""
    for row in raw.facts:
        for column in ("uln", "lln", "when", "comparator", "site", "method", "infusion", "source"):
            row.setdefault(column, None)


def said(cases: list[Case], findings: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Give what each case's finding says, written the way `expected` is."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in findings.iter_rows(named=True):
        rows.setdefault(row["patient"], []).append(row)
    return {(case.name, case.of): _said(case, rows.get(case.name, [])) for case in cases}


def _said(case: Case, rows: list[dict[str, Any]]) -> str:
    criterion, *parts = case.parts
    keyed = dict(part.split(":", 1) for part in parts if ":" in part)
    choices = {part for part in parts if "=" in part}
    found = [
        row
        for row in rows
        if row["criterion"].split(".")[0] + ("." + row["criterion"].split(".")[1] if "." in criterion else "")
        == criterion
        and str(row["infusion"]) == keyed.get("infusion", "1")
        and (choices <= set(row["definition"].split()) if choices else row["default"])
    ]
    if not found:
        return "absent"
    assert len(found) == 1, f"{case.name}: {len(found)} findings answer"
    row = found[0]
    if row["low"] is None:
        return "none" if row["label"] == "not gradable" else f"none {row['label']}"
    low, high = _number(row["low"]), _number(row["high"])
    label = row["label"].split(" (")[0]
    return f"{low if low == high else f'{low}..{high}'} {label}"


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
