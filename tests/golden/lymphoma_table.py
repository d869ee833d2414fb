"""Golden tables of response and of cells: the lines of golden_table.py, with lesions and any criterion or period.

- `of` may name `criterion:ID`, `kind:best`, `period:day_30` (`_` for a blank), `infusion:2` and parts of a definition;
  what is not named is the table's own; without parts of a definition the default answers.
- `expected` is a number, `0..3`, `none`, `absent`.
- `d30 lesion 1 20x10 node` is a lesion row: name, `LDIxSDI`, `LDI` or `-`, then any of `node` `extranodal` `target`
  `other` `new` and `u4` (uptake 4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
from golden_table import Case, Raw, write_patient

from carsequel.record.course import Course
from carsequel.signs import b_cell_aplasia, ctdna, expansion, lugano, lugano_ct, lugano_pet, lyric, mrd

SITES = {"node": "cervical lymph node", "extranodal": "liver, extranodal"}
KINDS = ("target", "other", "new")


def write_with_lesions(raw: Raw, patient: str, rows: str) -> None:
    """Add one patient written in words, lesions included."""
    rest = []
    for row in rows.split(";"):
        words = row.split()
        if len(words) > 1 and words[1] == "lesion":
            raw.lesions.append(lesion_row(patient, words))
        else:
            rest.append(row)
    write_patient(raw, patient, ";".join(rest))


def lesion_row(patient: str, words: list[str]) -> dict[str, Any]:
    """Give the raw row of `d30 lesion 1 20x10 node new u4`."""
    when, _, name, size, *more = words
    ldi, _, sdi = size.partition("x")
    return {
        "patient": patient,
        "day": when[1:],
        "lesion": name,
        "ldi": None if ldi == "-" else ldi,
        "sdi": sdi or None,
        "kind": next((word for word in more if word in KINDS), None),
        "site": next((SITES[word] for word in more if word in SITES), None),
        "uptake": next((word[1:] for word in more if word[0] == "u"), None),
    }


def raw_with_lesions(cases: list[Case]) -> Raw:
    raw = Raw()
    for case in cases:
        if case.rows != "same":
            write_with_lesions(raw, case.name, case.rows)
    return raw


@dataclass(frozen=True)
class Table:
    """How a table is graded, and what its cases ask where `of` does not say."""

    grade: Callable[[Course, pl.DataFrame], pl.DataFrame]
    asks: dict[str, str]
    rules: tuple[Any, str] | None = None


TABLES: dict[str, Table] = {
    "lugano": Table(
        lambda course, censor: lugano.assess_lugano(course, censor, confirmed=True),
        {"criterion": "lugano.2014", "kind": "assessment", "period": "day 30"},
    ),
    "lyric": Table(lyric.assess_lyric, {"criterion": "lyric.2016", "kind": "assessment", "period": "day 30"}),
    "expansion": Table(
        lambda course, _: expansion.score_expansion(course, unverified=True),
        {"criterion": "expansion.cmax", "kind": "maximum"},
    ),
    "b_cell_aplasia": Table(
        lambda course, _: b_cell_aplasia.assess_b_cell_aplasia(course, unverified=True),
        {"criterion": "b_cell_aplasia.lbcl_cohort", "kind": "maximum"},
    ),
    "ctdna": Table(
        lambda course, _: ctdna.assess_ctdna(course),
        {"criterion": "ctdna.frank2021", "kind": "assessment", "period": "d28"},
    ),
    "mrd": Table(lambda course, _: mrd.assess_mrd(course), {"criterion": "mrd.detected", "kind": "assessment"}),
}
NUMBERS: dict[str, list[tuple[Any, str]]] = {
    "lugano": [(lugano_ct, "SIZES"), (lugano_pet, "SCORES")],
    "lyric": [(lyric, "RULES")],
    "expansion": [(expansion, "CHOICES")],
    "b_cell_aplasia": [(b_cell_aplasia, "RULES")],
    "ctdna": [(ctdna, "RULES")],
}


def pick(table: str, cases: list[Case], findings: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Give for each case the answer that its `of` names."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in findings.iter_rows(named=True):
        rows.setdefault(row["patient"], []).append(row)
    return {(c.name, c.of): _said(c, rows.get(c.name, []), TABLES[table].asks) for c in cases}


def _said(case: Case, rows: list[dict[str, Any]], asks: dict[str, str]) -> str:
    keyed = dict(part.split(":", 1) for part in case.parts if ":" in part)
    wanted = asks | {name: word.replace("_", " ") if name == "period" else word for name, word in keyed.items()}
    if keyed.get("kind") == "best" and "period" not in keyed:
        wanted.pop("period", None)
    choices = [part for part in case.parts if "=" in part]
    found = [r for r in rows if all(str(r[name]) == word for name, word in wanted.items())]
    found = [r for r in found if str(r["infusion"]) == keyed.get("infusion", "1")]
    found = [r for r in found if (set(choices) <= set(r["definition"].split()) if choices else r["default"])]
    if not found:
        return "absent"
    assert len(found) == 1, f"{case.name}: {len(found)} findings answer"
    low, high = found[0]["low"], found[0]["high"]
    if low is None:
        return "none"
    return f"{low:.5g}" if low == high else f"{low:.5g}..{high:.5g}"
