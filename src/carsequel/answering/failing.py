"""The failure part of the answer: one verdict for the patient, and how the named definitions differ."""

from typing import Any

import polars as pl

from carsequel.grading import Graded
from carsequel.record.course import Course
from carsequel.signs.antigen import antigen_after_infusion
from carsequel.signs.definitions import NEXT_LOOK

SHOWN = (
    *("infusion", "state", "type", "timing", "day", "day_low", "day_high", "approximate"),
    *("antigen", "biopsy_proven", "definition", "why"),
)
STILL_FAILING = ("primary_refractory",)


def decided_verdict(verdicts: pl.DataFrame) -> dict[str, Any] | None:
    """Give the verdict that answers "has it failed and since when".

    It is the last infusion's; where the last infusions brought no response to a failure that was already there, it is
    the verdict of the infusion at which this unbroken failure began. An infusion that nothing was recorded after is
    passed over. None for a patient who was never infused.
    """
    rows = verdicts.sort("infusion").to_dicts()
    if not rows:
        return None
    told = [row for row in rows if row["state"] != "not_evaluable"] or rows[-1:]
    place = len(told) - 1
    while place > 0 and _unbroken(told[place]) and told[place - 1]["state"] == "failed":
        place -= 1
    return told[place]


def _unbroken(row: dict[str, Any]) -> bool:
    return row["state"] == "failed" and row["type"] in STILL_FAILING


def failure_part(course: Course, graded: Graded, verdict: dict[str, Any] | None) -> dict[str, Any]:
    """Give state, type, timing, day (or its bounds), antigen, the definition that decided, all definitions as findings,
    the disagreement between them and the next look."""
    if verdict is None:
        why = "no CAR T cells were infused"
        empty: dict[str, Any] = dict.fromkeys(SHOWN) | {"state": "not_infused", "why": why, "definitions": []}
        return empty | {
            "next_look": None,
            "earlier": [],
            "antigen_tests": [],
            "disagreement": {"disagree": False, "why": ""},
        }
    definitions = graded.findings.filter(pl.col("criterion").str.starts_with("failure."))
    return {name: verdict[name] for name in SHOWN} | {
        "definitions": definitions.to_dicts(),
        "disagreement": _disagreement(graded.definitions, verdict),
        "antigen_tests": _antigen_tests(course, verdict),
        "next_look": NEXT_LOOK.get(verdict["state"]) or None,
        "earlier": [
            {name: row[name] for name in SHOWN}
            for row in graded.verdicts.sort("infusion").to_dicts()
            if row["infusion"] != verdict["infusion"]
        ],
    }


def _antigen_tests(course: Course, verdict: dict[str, Any]) -> list[dict[str, Any]]:
    """Give every test of the target antigen after the infusion: antigen, name, day, when, method, site, source."""
    rows = antigen_after_infusion(course).filter(pl.col("infusion") == verdict["infusion"])
    return rows.rename({"since": "day"}).drop("patient", "infusion").to_dicts()


def _disagreement(definitions: pl.DataFrame, verdict: dict[str, Any]) -> dict[str, Any]:
    """Say which definitions call this infusion something else than the verdict does."""
    mine = definitions.filter((pl.col("infusion") == verdict["infusion"]) & (pl.col("state") != "not_evaluable"))
    others = mine.filter(pl.col("state") != verdict["state"])
    said = [f"{row['definition']} says {row['state'].replace('_', ' ')} ({row['why']})" for row in others.to_dicts()]
    days = mine.filter((pl.col("state") == "failed") & pl.col("day").is_not_null())
    if not said and verdict["state"] == "failed" and days["day"].n_unique() > 1:
        said = [f"{row['definition']} counts from day {row['day']:g}" for row in days.to_dicts()]
    return {"disagree": bool(said), "why": "; ".join(said)}
