"""The same answers in plain words, to be handed on by the clinician: short sentences, no order, no own number."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from carsequel.terms.tables import read_table

Parts = Mapping[str, Any]
HAND_ON: Final = "Ask your doctors what this means for you. No group of people is the same as you."
CELLS: Final = ("second_infusion", "second_bcma_car_t", "cd22_car_t", "dual_target_car_t", "other_target_car_t")
CARE: Final = ("clinical_trial", "supportive_care", "palliative_care")
_MOST: Final = 5


@cache
def _words() -> dict[tuple[str, str], str]:
    rows = read_table("carsequel.answering.questions", "plain_words.csv").to_dicts()
    return {(row["kind"], row["id"]): row["plain"] for row in rows}


def plain_word(kind: str, name: str) -> str:
    """Give the plain words for an option, a cause, a state or a danger; its own name where none are listed.

    >>> plain_word("cause", "poor_expansion")
    'the CAR T cells did not grow to enough numbers'
    """
    return _words().get((kind, name), name.replace("_", " "))


def _fails(parts: Parts) -> str:
    return plain_word("state", parts["failure"]["state"])


def _repeat(parts: Parts) -> str:
    rows = [row for row in parts["options"] if row["option"] in CELLS]
    if not rows:
        return _none(parts)
    said = []
    for gate, words in (("open", "Nothing in the notes speaks against"), ("closed", "The notes speak against")):
        named = _names(rows, gate)
        said.append(f"{words} {named}." if named else "")
    waiting = _names(rows, "unknown")
    said.append(f"For {waiting}, a test or a fact is still missing." if waiting else "")
    return "It depends on why the first cells failed. " + " ".join(each for each in said if each)


def _next(parts: Parts) -> str:
    test = (parts["causes"].get("next_test") or {}).get("test")
    lead = "There is a test that would help most. Your doctors can tell you which one. " if test else ""
    rows = [row for row in parts["options"] if row["option"] not in CARE]
    if not rows:
        return lead + _none(parts)
    named = _names(rows, "open") or _names(rows, "unknown")
    tail = "Some of these need one more fact first. " if not _names(rows, "open") else ""
    said = f"{lead}Your team may talk about {named}. {tail}The list is in no order."
    return f"{said} It also helps to say what matters most to you."


def _nothing_left(parts: Parts) -> str:
    if not parts["options"]:
        return _none(parts)
    return (
        "No. There are other treatments, and each has its own chances and burdens. Help with pain, tiredness and worry "
        "is there at any time."
    )


def _why(parts: Parts) -> str:
    rows = parts["causes"].get("evidence") or []
    named = list(dict.fromkeys(row["cause"] for row in rows if row["direction"] == "for"))
    if not named:
        return "The notes do not show the reason. Often a new tissue test is needed to find it."
    words = "; ".join(plain_word("cause", cause) for cause in named[:_MOST])
    return f"The notes point to this: {words}. There may be more than one reason."


def _risks(parts: Parts) -> str:
    active = [plain_word("danger", row["name"]) for row in parts["danger"] if row["state"] == "yes"]
    unknown = any(row["state"] == "unknown" for row in parts["danger"])
    quiet = "The notes do not say whether there is a danger now. " if unknown else "The notes show no danger now. "
    now = f"The notes show {' and '.join(active)} now. " if active else quiet
    return now + "Infections stay more likely for a long time. Your team will say what to watch for."


def _biomarkers(parts: Parts) -> str:
    return (
        "There are tests in blood, on scans and in tissue. They give hints. None of them is sure on its own, and some "
        "studies do not agree."
    )


def _how_long(parts: Parts) -> str:
    return "There are set times for scans and blood tests. Often the first of them shows it, and sometimes a later one."


def _combinations(parts: Parts) -> str:
    return "This is tried. So far the groups are small, and it is not shown that two together are better than one."


def _research(parts: Parts) -> str:
    return (
        "New cells, new drugs and better tests are being studied. A study may be an option. It may help you or only "
        "people after you."
    )


PLAINLY: Final[dict[str, Callable[[Parts], str]]] = {
    "fails": _fails,
    "repeat": _repeat,
    "next": _next,
    "nothing_left": _nothing_left,
    "why": _why,
    "risks": _risks,
    "biomarkers": _biomarkers,
    "how_long": _how_long,
    "combinations": _combinations,
    "research": _research,
}


def _names(rows: list[Mapping[str, Any]], gate: str) -> str:
    words = dict.fromkeys(plain_word("option", row["option"]) for row in rows if row["gate"] == gate)
    named = list(words)[:_MOST]
    return " or ".join(filter(None, [", ".join(named[:-1]), named[-1]])) if named else ""


def _none(parts: Parts) -> str:
    if parts["failure"]["state"] == "not_failed":
        return "No other treatment is needed now, as far as the notes show."
    return "The notes do not allow an answer."
