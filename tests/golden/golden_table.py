"""Golden tables: cases written in a few words each, all cases of a table graded as one course.

A line is `case | of | expected | rows`; `#` starts a comment line.

- `of` is empty for the default maximum, else space-separated parts that the finding must carry: `episode:1`,
  `infusion:2`, or parts of a definition (`counting=cumulative`).
- `expected` is `3`, `0..4` or `none` (not gradable), then optionally `d2-6` (start and end); `absent` is no finding.
- `rows` are separated by `;`: `age=60 disease=LBCL band=<18` (the patient), `d2 temperature 38.4`,
  `d3-5 vasopressor norepinephrine` (a span; `d3-` still going), `d? event death site=crs` (no day),
  `anc 0-3:0.4 7:0.6` (a series), `cover oxygen 0-10`, `cover *`, `infusion 2 d20`, `not_infused`, `censor d60`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from carsequel.record.course import Course
from carsequel.record.normalise import course_from_tables
from carsequel.terms.quantities import quantity

HERE = Path(__file__).parent
SPANS = {"drug", "oxygen", "vasopressor", "therapy", "toxicity", "infection", "hospital"}
WORD_ONLY = {"event", "drug", "vasopressor", "infection"}
Grader = Callable[[Course, pl.DataFrame], pl.DataFrame]


@dataclass
class Raw:
    """The raw tables of a course while they are being written."""

    patients: list[dict[str, Any]] = field(default_factory=list)
    infusions: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)
    coverage: list[dict[str, Any]] = field(default_factory=list)
    censored: list[dict[str, Any]] = field(default_factory=list)
    lesions: list[dict[str, Any]] = field(default_factory=list)

    def course(self) -> Course:
        named = ("patients", "infusions", "facts", "spans", "coverage", "lesions")
        tables = {
            name: pl.DataFrame(getattr(self, name), infer_schema_length=None) for name in named if getattr(self, name)
        }
        return course_from_tables(tables)

    def censor(self) -> pl.DataFrame:
        schema = {"patient": pl.String, "infusion": pl.Int64, "censor_day": pl.Float64}
        return pl.DataFrame(self.censored, schema=schema)


@dataclass(frozen=True)
class Case:
    """One line of a table."""

    name: str
    of: str
    expected: str
    rows: str

    @property
    def parts(self) -> list[str]:
        return self.of.split()


def read_cases(table: str) -> list[Case]:
    """Give the cases of `tests/golden/TABLE.txt`."""
    lines = (HERE / f"{table}.txt").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if line.strip() and not line.startswith("#")]
    return [Case(*row) for row in cells]


def raw_of(cases: list[Case]) -> Raw:
    """Give the raw tables of all cases; a name used again (other `of`, rows `same`) is the same patient."""
    raw = Raw()
    for case in cases:
        if case.rows == "same":
            continue
        write_patient(raw, case.name, case.rows)
    return raw


def write_patient(raw: Raw, patient: str, rows: str) -> None:
    """Add one patient written in words to the raw tables."""
    person: dict[str, Any] = {"patient": patient, "disease": "LBCL", "age": "60", "age_band": None}
    note = None
    for row in (part.split() for part in rows.split(";") if part.strip()):
        if row == ["not_infused"]:
            note = "not_infused"
        elif "=" in row[0]:
            given = dict(word.split("=", 1) for word in row)
            person["age"] = given.get("age", None if "band" in given else person["age"])
            person["age_band"] = given.get("band")
            person["disease"] = given.get("disease", person["disease"])
            if person["age"] == "?":
                person["age"] = None
        elif row[0] == "infusion":
            raw.infusions.append({"patient": patient, "infusion": row[1], "day": row[2][1:], "note": None})
        elif row[0] == "censor":
            raw.censored.append({"patient": patient, "infusion": 1, "censor_day": float(row[1][1:])})
        elif row[0] == "cover":
            _write_coverage(raw, patient, row)
        elif row[0].startswith("d"):
            _write_row(raw, patient, row)
        else:
            _write_series(raw, patient, row)
    raw.patients.append(person)
    day = None if note else "0"
    raw.infusions.append({"patient": patient, "infusion": "1", "day": day, "note": note})


def _write_coverage(raw: Raw, patient: str, row: list[str]) -> None:
    start, end = row[2].split("-") if len(row) > 2 else ("", "")
    raw.coverage.append({"patient": patient, "name": row[1], "start": start or None, "end": end or None})


def _write_row(raw: Raw, patient: str, row: list[str]) -> None:
    when, name, *words = row
    given: dict[str, Any] = dict(word.split("=", 1) for word in words if "=" in word)
    plain = [word for word in words if "=" not in word]
    number = re.fullmatch(r"-?[\d.]+", plain[-1]) if plain and name not in WORD_ONLY else None
    value = plain.pop() if number else None
    text = " ".join(plain) or None
    cells = {"patient": patient, "name": name, "value": value, "text": text}
    days = re.fullmatch(r"d(\?|-?[\d.]+)(-?)([\d.]*)", when)
    assert days is not None, f"{patient}: {when} is no day"
    start = None if days[1] == "?" else days[1]
    if name in SPANS:
        end = days[3] or (None if days[2] or start is None else start)
        blank = dict.fromkeys(("role", "source", "unit"))
        raw.spans.append(blank | cells | {"start": start, "end": end} | given)
    else:
        blank = dict.fromkeys(("comparator", "site", "method", "infusion", "source"))
        raw.facts.append(blank | cells | {"day": start, "unit": unit_of(name, value)} | given)


def _write_series(raw: Raw, patient: str, row: list[str]) -> None:
    name, *points = row
    for point in points:
        days, value = point.split(":")
        span = re.fullmatch(r"(-?\d+)-?(\d*)", days)
        assert span is not None, f"{patient}: {days} are no days"
        for day in range(int(span[1]), int(span[2] or span[1]) + 1):
            _write_row(raw, patient, [f"d{day}", name, value])


def unit_of(name: str, value: str | None) -> str | None:
    """Give the kept unit of a quantity, so that a table need not repeat it."""
    known = quantity(name)
    return known.unit or None if known is not None and value is not None else None


def answers(cases: list[Case], grade: Grader) -> dict[tuple[str, str], str]:
    """Grade all cases as one course and give the answer of each, written the way `expected` is."""
    raw = raw_of(cases)
    return pick(cases, grade(raw.course(), raw.censor()))


def pick(cases: list[Case], findings: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Give for each case the answer that its `of` names."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in findings.iter_rows(named=True):
        rows.setdefault(row["patient"], []).append(row)
    return {(case.name, case.of): _said(case, rows.get(case.name, [])) for case in cases}


def _said(case: Case, rows: list[dict[str, Any]]) -> str:
    found = [row for row in rows if _fits(case, row)]
    if not found:
        return "absent"
    assert len(found) == 1, f"{case.name}: {len(found)} findings answer"
    row = found[0]
    if row["low"] is None:
        return "none"
    low, high = int(row["low"]), int(row["high"])
    said = str(low) if low == high else f"{low}..{high}"
    if " d" not in case.expected:
        return said
    return f"{said} d{int(row['start'])}-{int(row['end'])}" if row["start"] is not None else f"{said} d-"


def _fits(case: Case, row: dict[str, Any]) -> bool:
    choices = [part for part in case.parts if "=" in part]
    keyed = dict(part.split(":", 1) for part in case.parts if ":" in part)
    if str(row["infusion"]) != keyed.get("infusion", "1"):
        return False
    if "episode" in keyed:
        if row["kind"] != "episode" or row["period"] != f"episode {keyed['episode']}":
            return False
    elif row["kind"] != "maximum":
        return False
    if not choices:
        return bool(row["default"])
    return set(choices) <= set(row["definition"].split()) and (len(choices) == len(row["definition"].split()))
