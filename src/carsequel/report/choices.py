"""Named choices in words: how many answers another choice changes, and which defaults are the centre's own."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from carsequel.report.rows import criterion_name
from carsequel.report.wording import choices_words, number, words
from carsequel.terms.choices import Choices, departing, follows

Row = Mapping[str, Any]
MOST_ROWS = 20


def choice_words(row: Row) -> str:
    """Say what a row of `count_choices` counts.

    >>> row = {"criterion": "icaht_early.eha2023", "period": "d0-30", "choice": "counting=cumulative", "different": 3}
    >>> row |= {"instead_of": "counting=longest", "evaluable": 40, "share": 0.075, "low": 0.026, "high": 0.199}
    >>> choice_words(row | {"median_difference": 1.0, "difference_in": "grades"})
    'icaht_early.eha2023 d0-30: counting cumulative changes 3 of 40 patients (7.5 %, 2.6 to 19.9), median 1 grade'
    """
    share = ", ".join([f"{_percent(row['share'])} %", f"{_percent(row['low'])} to {_percent(row['high'])}"])
    said = f"{row['criterion']} {row['period']}: {choices_words(row['choice'])} changes"
    size = size_words(row)
    return f"{said} {row['different']} of {row['evaluable']} patients ({share}){', median ' + size if size else ''}"


def size_words(row: Row) -> str:
    """Give the median size of a difference with its unit, nothing where the answers have no order.

    >>> size_words({"median_difference": 2.0, "difference_in": "grades"}), size_words({"median_difference": None})
    ('2 grades', '')
    """
    size, unit = row.get("median_difference"), row.get("difference_in")
    if size is None or unit is None:
        return ""
    if unit == "number":
        return number(size)
    return f"{number(size)} {unit.removesuffix('s') if size == 1 else unit}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.3g}"


def differing_rows(counted: pl.DataFrame | None) -> list[dict[str, str]]:
    """Give the rows of the index page's table: the choices that change at least one patient's answer."""
    if counted is None:
        return []
    rows = counted.filter(pl.col("different") > 0).head(MOST_ROWS)
    return [
        {
            "name": criterion_name(row["criterion"]),
            "period": words(row["period"]),
            "choice": choices_words(row["choice"]),
            "instead_of": choices_words(row["instead_of"]),
            "changed": f"{row['different']} of {row['evaluable']}",
            "share": f"{_percent(row['share'])} % ({_percent(row['low'])} to {_percent(row['high'])})",
            "size": size_words(row) or "–",
        }
        for row in rows.iter_rows(named=True)
    ]


def own_words(chosen: Mapping[str, Any] | None) -> list[str]:
    """Say which defaults a centre has made its own, one line a choice that is not the shipped one.

    >>> own_words({"icaht_early.eha2023": {"counting": "cumulative"}})
    ['Early neutropenia ICAHT (EHA/EBMT 2023): counting cumulative']
    """
    told = departing(chosen or {})
    return [f"{criterion_name(criterion)}: {choices_words(f'{name}={choice}')}" for criterion, name, choice in told]


def is_own(row: Row, chosen: Choices | None) -> bool:
    """Say whether a finding stands under a definition that the centre has made its own default."""
    criterion = str(row.get("criterion"))
    own = {name: choice for each, name, choice in departing(chosen or {}) if each == criterion}
    return bool(own) and bool(row.get("default", True)) and follows(row.get("definition"), own)
