"""The top of the page: what an answer says about failure, antigen, danger and options, ready to be printed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.report.wording import (
    ANTIGENS,
    DANGERS,
    MISSING,
    OPTIONS,
    STATES,
    TIMINGS,
    TYPES,
    bounds_words,
    day_words,
    number,
    words,
)

Row = Mapping[str, Any]
_TONES: Final = {
    "failed": "bad",
    "second_malignancy": "bad",
    "died_without_progression": "bad",
    "suspected": "warn",
    "new_therapy_without_progression": "warn",
    "not_failed": "good",
}
_UNSETTLED: Final = (None, "", "not_tested", "not_biopsied")
_ANTIGEN_MATTERS: Final = (None, "failed", "suspected", "not_evaluable", "new_therapy_without_progression")


class Verdict(NamedTuple):
    """The big line: `tone` is bad, warn, good or none and never the only carrier of the meaning."""

    headline: str
    when: str
    timing: str
    proof: str
    tone: str
    disagreement: str


class Danger(NamedTuple):
    name: str
    state: str
    text: str
    day: str


def verdict_of(failure: Row, facts: Row) -> Verdict:
    """Give the verdict in words from `answer["failure"]` and `answer["patient_facts"]`."""
    state = failure.get("state")
    headline = STATES.get(str(state), words(state).upper())
    if failure.get("type"):
        headline += f": {TYPES.get(failure['type'], words(failure['type']))}"
    dated = state in ("failed", "suspected", "second_malignancy") or failure.get("day") is not None
    return Verdict(
        headline=headline,
        when=_when(failure, facts) if dated else "",
        timing=TIMINGS.get(str(failure.get("timing")), "") if failure.get("timing") else "",
        proof=_proof(failure.get("biopsy_proven")) if state in ("failed", "suspected", "second_malignancy") else "",
        tone=_TONES.get(str(state), "none"),
        disagreement=_disagreement(failure),
    )


def _when(failure: Row, facts: Row) -> str:
    low, high = failure.get("day_low"), failure.get("day_high")
    day = failure.get("day")
    told = day_words(day) if day is not None else bounds_words(low, high)
    if failure.get("approximate") and day is not None:
        told = f"about {told}"
    if day is not None and low is not None and high is not None and low != high:
        told += f" (possible: {day_words(low, high)})"
    infusion = failure.get("infusion")
    if infusion is None:
        return told
    given: Row = next((row for row in facts.get("infusions") or [] if row.get("infusion") == infusion), {})
    product = f" ({given['product']})" if given.get("product") else ""
    return f"{told} after infusion {number(infusion)}{product}"


def _proof(proven: object) -> str:
    if proven is None:
        return "biopsy not recorded"
    return "biopsy-proven" if proven else "NOT BIOPSY-PROVEN"


def _disagreement(failure: Row) -> str:
    """Give why definitions disagree; the flag may come bare, with its reason, or as a mapping of both."""
    told = failure.get("disagreement")
    if isinstance(told, Mapping):
        flag, why = told.get("disagree", told.get("value", bool(told.get("why")))), told.get("why")
    elif isinstance(told, Sequence) and not isinstance(told, str):
        flag, why = (told[0] if told else False), (told[1] if len(told) > 1 else None)
    elif isinstance(told, str):
        flag, why = bool(told), told
    else:
        flag, why = told, failure.get("disagreement_why")
    return str(why or "Definitions disagree.") if flag else ""


def antigen_of(failure: Row, facts: Row) -> tuple[str, str, bool]:
    """Give target, state of the antigen in words, and whether an unsettled one matters here (then it is outlined)."""
    state = failure.get("antigen")
    told = ANTIGENS.get(str(state), words(state)) if state else "NOT TESTED / NOT RECORDED"
    return (
        str(facts.get("target") or "target not recorded"),
        told,
        state in _UNSETTLED and failure.get("state") in _ANTIGEN_MATTERS,
    )


def dangers_of(answer: Row) -> list[Danger]:
    """Give the dangers to be ruled out today; what the answer does not speak of is unknown, never hidden."""
    told = answer.get("danger") or [{"name": name, "state": "unknown"} for name in DANGERS]
    order = {"yes": 0, "unknown": 1, "no": 2}
    rows = [
        Danger(
            words(row.get("name")),
            row["state"] if row.get("state") in order else "unknown",
            str(row.get("text") or ""),
            "" if row.get("day") is None else day_words(row["day"]),
        )
        for row in told
    ]
    return sorted(rows, key=lambda danger: order[danger.state])


def option_title(row: Row) -> str:
    """Give the title of an option: its own, or the words for its id."""
    return str(row.get("title") or OPTIONS.get(str(row.get("option")), words(row.get("option"))))


def options_by_gate(options: Sequence[Row]) -> dict[str, list[Row]]:
    """Give the options under open, unknown and closed, in the order the answer lists them (never ranked here)."""
    gates: dict[str, list[Row]] = {"open": [], "unknown": [], "closed": []}
    for row in options:
        gates[row["gate"] if row.get("gate") in gates else "unknown"].append(row)
    return gates


def goals_of_care(course: Course) -> list[str]:
    """Give what is documented about goals of care and palliative contact, latest first."""
    goals = course.facts.filter(pl.col("name") == "goals_of_care").sort("clock", descending=True, nulls_last=True)
    therapy = pl.col("text").is_in(["palliative_care", "supportive_care"])
    spans = course.spans.filter((pl.col("name") == "therapy") & therapy).sort("clock", nulls_last=True)
    told = [f"{row['text'] or MISSING}, {_dated(row)}" for row in goals.iter_rows(named=True)]
    return told + [f"{words(row['text'])} since {_dated(row)}" for row in spans.iter_rows(named=True)]


def _dated(row: Row) -> str:
    return str(row["when"] or day_words(None)) if row["clock"] is None else day_words(row["clock"])
