"""Supportive and palliative care: what is published, beside the values of this patient, and no order.

Time-critical directives at the bedside (CRS, ICANS, sepsis, seizures) are out of scope and stand in no row.
"""

from math import inf
from typing import Any, Final

import polars as pl

from carsequel.causes.seen import number
from carsequel.evidence.rows import evidence_rows
from carsequel.options.needed import options_needed
from carsequel.record import Course
from carsequel.terms.quantities import quantities
from carsequel.terms.tables import read_table

SCOPE: Final = (
    "Published facts beside this patient's values, for a conversation and not an order. Nothing here is for an "
    "emergency: CRS, ICANS, sepsis and seizures follow the centre's own orders and are left out on purpose."
)
EVIDENCE: Final = (
    *("id", "cohort", "population", "era", "outcome", "factor", "time_months", "value", "low", "high", "unit"),
    *("interval", "n", "n_note", "n_events", "words", "source", "status", "review_by"),
)
PC_PI: Final = "pc_pi.iacoboni2024"
_EVENTS: Final = ("enterocolitis",)
_SPANS: Final = ("immunoglobulin",)
_MET: Final = {
    True: "the published condition holds by this value",
    False: "the published condition does not hold by this value",
    None: "not recorded",
}
# What is seen at any time; a laboratory value counts only after the infusion.
_EVER: Final = ("ecog", "goals_of_care", "symptom", "patient_reported", "hbv")


def supportive_rows(
    course: Course, verdicts: pl.DataFrame, patient: str, risks: pl.DataFrame | None = None
) -> list[dict[str, Any]]:
    """Give the rows of one patient: id, topic, fact (published), value (this patient's, in words, with its day), state
    (`met`, `not_met`, `not_recorded`, `shown`), says, facts (record row), evidence (rows with n), source, status.

    `risks` are the findings of the risk scores (PC-PI is read of them). Empty where no failure is recorded or
    suspected, or the patient died.
    """
    own = course.only(patient)
    verdict = options_needed(own, verdicts.filter(pl.col("patient") == patient))
    if verdict.is_empty() or not verdict["needed"][0]:
        return []
    about = verdict.row(0, named=True)
    rows = read_table("carsequel.options", "supportive.csv").to_dicts()
    return [_row(row, own, about, risks) for row in rows if _applies(row, about["disease"])]


def _applies(row: dict[str, Any], disease: str | None) -> bool:
    """Tell whether a row belongs to the disease: what was counted in lymphoma is not shown in another disease."""
    return disease == "LBCL" or row["id"] not in ("very_early", "pc_pi", "ecog", "without_therapy")


def _row(row: dict[str, Any], course: Course, about: dict[str, Any], risks: pl.DataFrame | None) -> dict[str, Any]:
    seen = _seen(row["reads"], course, about, risks)
    met = _met(row["bound"], row["limit"], seen)
    state = _state(row["bound"], seen, met)
    says = "shown beside, no limit" if state == "shown" else _MET[met if state != "not_recorded" else None]
    return {
        "id": row["id"],
        "topic": row["topic"],
        "fact": row["fact"],
        "value": seen["said"] if seen else "not recorded",
        "state": state,
        "says": says,
        "facts": seen["source"] if seen else None,
        "evidence": evidence_of(row["evidence"]),
        "source": row["source"],
        "status": row["status"],
    }


def _state(bound: str, seen: dict[str, Any] | None, met: bool | None) -> str:
    """Give `shown` for what has no limit (goals of care also where they are not recorded), else whether it is met."""
    if bound == "always" or (bound == "shown" and seen is not None):
        return "shown"
    if seen is None or met is None:
        return "not_recorded"
    return "met" if met else "not_met"


def evidence_of(cell: str | None) -> list[dict[str, Any]]:
    """Give the evidence rows that a cell names (`table:id`, several joined with a space), with n or why it is missing.

    Raises KeyError for a row that is not there.

    >>> [row["n"] for row in evidence_of("prognosis:lbcl-very-early-failure/os-after-failure-6mo-all")]
    [238]
    """
    found = []
    for each in (cell or "").split():
        table, _, name = each.partition(":")
        rows = evidence_rows(table).filter(pl.col("id") == name).to_dicts()
        if not rows:
            raise KeyError(f"no evidence row of this name in {table}: {name}; correct the cell that names it")
        found.append({column: rows[0].get(column) for column in EVIDENCE})
    return found


def _met(bound: str, limit: str | None, seen: dict[str, Any] | None) -> bool | None:
    """Tell whether a value is within the published limit; None where there is no value or no limit, or where what lies
    beyond a limit of the assay (the limit itself may be meant) can be on either side."""
    if seen is None or seen.get("value") is None or not limit:
        return None
    limits, value, sign = [float(each) for each in limit.split()], float(seen["value"]), seen.get("comparator") or ""
    low, high = -inf if sign.startswith("<") else value, inf if sign.startswith(">") else value
    first, last = limits[0], limits[-1]
    yes, no = {
        "at_most": (high <= first, low > first),
        "below": (high < first, low >= first),
        "above": (low > first, high <= first),
        "between": (low > first and high <= last, high <= first or low > last),
    }[bound]
    return True if yes else False if no else None


def _seen(reads: str, course: Course, about: dict[str, Any], risks: pl.DataFrame | None) -> dict[str, Any] | None:
    if reads == "failure_day":
        return _failure(about)
    if reads == "pc_pi":
        return _pc_pi(risks, about)
    if reads in _EVENTS:
        rows = course.facts.filter((pl.col("name") == "event") & (pl.col("text") == reads))
        return _last(rows, reads)
    if reads in _SPANS:
        rows = course.spans.filter(pl.col("role") == reads).with_columns(value=pl.lit(None), unit=pl.lit(None))
        return _last(rows.with_columns(comparator=pl.lit(None, dtype=pl.String)), reads)
    names = ["igg_uninvolved", "igg"] if reads == "igg" else [reads]
    for name in names:
        rows = course.facts.filter((pl.col("name") == name) & pl.col("doubt").ne_missing("implausible"))
        found = _last(rows if name in _EVER else _after_infusion(rows, course, about), name)
        if found is not None:
            aside = "; whether the M-protein is in it is not recorded" if _with_protein(name, about) else ""
            return found | {"said": found["said"] + aside}
    return None


def _after_infusion(rows: pl.DataFrame, course: Course, about: dict[str, Any]) -> pl.DataFrame:
    given = course.infusions.filter(pl.col("infusion") == about["infusion"])["day"].to_list()
    if not given or given[0] is None:
        return rows.filter(pl.col("clock").is_null() & (pl.col("infusion").fill_null(1) == about["infusion"]))
    return rows.filter(pl.col("clock") >= given[0])


def _with_protein(name: str, about: dict[str, Any]) -> bool:
    return name == "igg" and about["disease"] == "MM"


def _last(rows: pl.DataFrame, name: str) -> dict[str, Any] | None:
    """Give the last row in words: undated ones only where none has a day."""
    if rows.is_empty():
        return None
    amount = pl.concat_str("comparator", number("value"), ignore_nulls=True)
    said = pl.concat_str("text", pl.when(pl.col("value").is_not_null()).then(amount), separator=" ", ignore_nulls=True)
    day = pl.when(pl.col("clock").is_not_null()).then(pl.format("day {}", number("clock")))
    last = rows.sort("clock", nulls_last=False, maintain_order=True).tail(1)
    told = last.select(_said=said, _day=pl.coalesce(day, "when", pl.lit("day not given"))).row(0)
    row = last.row(0, named=True)
    known = quantities().get(name)
    unit = known.unit if known and row["value"] is not None and known.unit not in ("1", "points") else ""
    title = "ECOG" if name == "ecog" else "IgG" if name.startswith("igg") else name.replace("_", " ")
    words = " ".join(part for part in (title, told[0] or "", unit) if part)
    return {
        "said": f"{words} ({told[1]})",
        "value": row["value"],
        "comparator": row["comparator"],
        "source": row["source"],
    }


def _failure(about: dict[str, Any]) -> dict[str, Any] | None:
    day = about["day"]
    if day is None and about.get("day_low") is None and about.get("day_high") is None:
        return None
    latest = day if day is not None else about.get("day_high")
    low = about.get("day_low")
    text = f"failure on day {day:g}" if day is not None else "failure on a day not given"
    # A failure of unknown day is within a limit only where its latest possible day is.
    value = latest if latest is not None else (low if low is not None and low > 30 else None)
    return {"said": text, "value": value, "source": about.get("facts"), "comparator": None}


def _pc_pi(risks: pl.DataFrame | None, about: dict[str, Any]) -> dict[str, Any] | None:
    if risks is None or risks.is_empty():
        return None
    rows = risks.filter(
        (pl.col("criterion") == PC_PI)
        & pl.col("default")
        & (pl.col("patient") == about["patient"])
        & (pl.col("infusion") == about["infusion"])
        & pl.col("low").is_not_null()
    )
    if rows.is_empty():
        return None
    row = rows.row(0, named=True)
    return {"said": row["label"], "value": None, "source": row["facts"], "comparator": None}
