"""The rows of CTCAE version 6: each published border with a value on either side of it.

The rows are read as the grading reads them: the gravest row that a value passes, where the reading of the baseline
(`any`, `normal`, `abnormal`, and `low` for a baseline below the lower limit) fits.
"""

import pytest

from carsequel.side_effects.ctcae import Rule
from carsequel.terms.tables import read_table

TESTS = {"<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__}
ROWS = [
    Rule(**(row | {"grade": int(row["grade"]), "factor": float(row["factor"])}))
    for row in read_table("carsequel.side_effects", "ctcae6.csv").iter_rows(named=True)
]
LIMITS = {"lln": 100.0, "uln": 200.0}
NEUTROPHILS = {0.09: 4, 0.1: 3, 0.49: 3, 0.5: 2, 0.99: 2, 1.0: 1, 1.49: 1, 1.5: 0}
PLATELETS = {9.9: 4, 10: 3, 49.9: 3, 50: 2, 74.9: 2, 75: 1, 99.9: 1, 100: 0}
TRANSAMINASE = {200: 0, 201: 1, 600: 1, 601: 2, 1000: 2, 1001: 3, 4000: 3, 4001: 4}
RAISED = {299: 0, 300: 1, 450: 1, 451: 2, 600: 2, 601: 3, 1200: 3, 1201: 4}
# term | baseline | value: grade
BORDERS = {
    ("neutrophils", None): NEUTROPHILS,
    ("platelets", None): PLATELETS,
    ("alt", 150.0): TRANSAMINASE,
    ("ast", 150.0): TRANSAMINASE,
    ("alt", 300.0): RAISED,
    ("ast", 300.0): RAISED,
    ("alp", 150.0): {200: 0, 201: 1, 9000: 1},
    ("alp", 300.0): {250: 0, 300: 0, 301: 1, 9000: 1},
    ("bilirubin", 150.0): {200: 0, 201: 1, 300: 1, 301: 2, 600: 2, 601: 3, 2000: 3, 2001: 4},
    ("bilirubin", 300.0): {299: 0, 300: 1, 450: 1, 451: 2, 750: 2, 751: 3, 3000: 3, 3001: 4},
    ("ggt", 150.0): {200: 0, 201: 1, 500: 1, 501: 2, 1000: 2, 1001: 3, 4000: 3, 4001: 4},
    ("ggt", 300.0): {299: 0, 300: 1, 450: 1, 451: 2, 900: 2, 901: 3, 3000: 3, 3001: 4},
    ("creatinine", 150.0): {200: 0, 201: 1, 300: 1, 301: 2, 600: 2, 601: 3, 1200: 3, 1201: 4},
    ("creatinine", 50.0): {75: 0, 76: 2, 150: 2, 151: 3, 1200: 3, 1201: 4},
}


def grade(term: str, value: float, baseline: float | None) -> int:
    given = LIMITS | {"value": 1.0} | ({} if baseline is None else {"baseline": baseline})
    readings = {"any"}
    if baseline is not None:
        readings.add("abnormal" if baseline > LIMITS["uln"] else "normal")
        readings |= {"low"} if baseline < LIMITS["lln"] else set()
    own = [row for row in ROWS if row.term == term and row.baseline in readings and row.against in given]
    return max((row.grade for row in own if TESTS[row.test](value, row.factor * given[row.against])), default=0)


@pytest.mark.parametrize(("term", "baseline"), BORDERS)
def test_both_sides_of_every_border(term: str, baseline: float | None) -> None:
    for value, expected in BORDERS[term, baseline].items():
        assert grade(term, float(value), baseline) == expected, (term, value, baseline)


def test_what_version_6_shares_with_version_5_is_the_same() -> None:
    old = read_table("carsequel.side_effects", "ctcae5.csv").rows()
    shared = {term for term, *_ in old} - {term for term, _ in BORDERS} - {"lymphocytes"}
    new = read_table("carsequel.side_effects", "ctcae6.csv").rows()
    assert [row for row in new if row[0] in shared] == [row for row in old if row[0] in shared]


def test_rows_stand_worst_first_and_say_what_they_mean() -> None:
    for term in dict.fromkeys(row.term for row in ROWS):
        for reading in ("any", "normal", "abnormal", "low"):
            grades = [row.grade for row in ROWS if row.term == term and row.baseline == reading]
            assert grades == sorted(grades, reverse=True), (term, reading)
    assert all(row.paper and row.test in TESTS for row in ROWS)


def test_lymphopenia_was_not_read_for_version_6() -> None:
    assert "lymphocytes" not in {row.term for row in ROWS}
