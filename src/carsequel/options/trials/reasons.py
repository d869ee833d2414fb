"""Why a leaf is yes, no or unknown for one patient, in words that name the record row and what was asked."""

from typing import Any, NamedTuple

from carsequel.options.trials.ask import reading_of, too_old
from carsequel.options.trials.kleene import UNKNOWN
from carsequel.options.trials.moment import Moment, Reading
from carsequel.options.trials.support import last_support
from carsequel.options.trials.trial import BOUNDS, Leaf, known_facts

_BOUND_WORDS = {"at_least": "at least", "at_most": "at most", "above": "above", "below": "below"}


class Reason(NamedTuple):
    """The truth of a leaf for one patient, why (record row in brackets), the row alone, and what would settle it."""

    truth: int
    why: str
    source: str | None
    decides: str | None


def leaf_reason(moment: Moment, leaf: Leaf, truth: int, place: int) -> Reason:
    """Give the reason of one patient (by place) for the truth of a leaf."""
    reading = reading_of(moment, leaf)
    row = reading.rows.row(place, named=True)
    said = row["lack"] or row["said"] or "not recorded"
    source = row["source"]
    aside = _asides(moment, leaf, reading, truth, place)
    words = "; ".join([said, *aside])
    named = f" [{source}]" if source else ""
    decides = asked_words(leaf) if truth == UNKNOWN else None
    return Reason(truth, f"{words}{named} (asked: {asked_words(leaf)})", source, decides)


def asked_words(leaf: Leaf) -> str:
    """Give in words what a leaf asks.

    >>> count = {"name": "anc", "at_least": 1.0, "within_days": 14, "free_of": {"growth_factor": 7}}
    >>> asked_words(Leaf("measured", count))
    'anc at least 1, not older than 14 days, 7 days free of growth factor'
    >>> asked_words(Leaf("washout", {"therapy": "systemic_therapy", "at_least": 14}))
    'systemic therapy at least 14 days ago'
    """
    asks = leaf.asks
    name = str(asks.get("name") or asks.get("antigen") or asks.get("therapy") or asks.get("condition") or leaf.fact)
    name = name.replace("_", " ")
    if leaf.fact == "washout":
        return f"{name} at least {asks['at_least']:g} days ago"
    if leaf.fact == "not_read":
        return "the text of the trial itself"
    if leaf.fact in ("given", "active"):
        return f"{name} {'ever given' if leaf.fact == 'given' else 'going on'}"
    unit = " times the upper limit" if asks.get("times_uln") else ""
    parts = [f"{_BOUND_WORDS[bound]} {asks[bound]:g}{unit}" for bound in BOUNDS if bound in asks]
    listed = asks.get("one_of") or asks.get("diseases")
    parts += [" or ".join(str(each) for each in listed)] if listed else []
    text = f"{name} {' and '.join(parts)}"
    text += f", by {_joined(asks['method'])}" if asks.get("method") else ""
    text += ", read after the last drug against it" if asks.get("since_last_drug") else ""
    text += f", not older than {asks['within_days']:g} days" if "within_days" in asks else ""
    for kind, days in (asks.get("free_of") or {}).items():
        text += f", {days:g} days free of {kind.replace('_', ' ')}"
    return text


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else " or ".join(str(each) for each in value)


def _asides(moment: Moment, leaf: Leaf, reading: Reading, truth: int, place: int) -> list[str]:
    """Say what makes a value that is there unusable: its age, its method, a support before it."""
    asks, row = leaf.asks, reading.rows.row(place, named=True)
    told = []
    if "within_days" in asks and row["said"] and bool(too_old(moment, leaf, reading)[place]):
        told.append("too old, or of unknown age")
    for kind, days in (asks.get("free_of") or {}).items():
        support = last_support(moment, kind, reading)
        sure, maybe = support.low[place], support.high[place]
        day = reading.day[place]
        if maybe == maybe and day - maybe < days:
            told.append(f"{kind.replace('_', ' ')} on day {sure:g}" if sure == maybe else f"{kind} of unknown end")
        elif truth == UNKNOWN and row["said"]:
            told.append(f"{kind.replace('_', ' ')} not recorded as complete")
    if asks.get("since_last_drug") and truth == UNKNOWN and row.get("since_all") is False:
        told.append("a drug or cells against it were given since")
    if asks.get("times_uln") and truth == UNKNOWN and row["said"]:
        told.append("upper limit of the laboratory not given")
    if known_facts()[leaf.fact]["kind"] == "therapy" and leaf.fact == "washout" and truth == UNKNOWN and row["said"]:
        told.append("later doses are not excluded: drugs and therapies are not recorded as complete")
    return told
