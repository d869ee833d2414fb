"""Trials of one patient as a page, and the trial-search packet as a page and as text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from carsequel.report.page import environment
from carsequel.report.wording import DISCLAIMER

GATES: Final = {"yes": "open", "unknown": "unknown", "no": "closed"}
MEANINGS: Final = {"yes": "not excluded", "unknown": "a fact is missing", "no": "excluded by the record"}
NOTE: Final = (
    "Facts for a search of trials, without name, identifier, date or free text. Days count from the first infusion of "
    "CAR T cells. What is not recorded is unknown, not absent. To be checked against the record before it is sent."
)
UNKNOWN: Final = "not recorded"


def render_trials(
    patient: str,
    trials: Sequence[Mapping[str, Any]],
    *,
    as_of: float | None,
    examples: bool = False,
    died: bool = False,
    synthetic: bool = False,
) -> str:
    """Give one patient's trials as HTML: each of `trials` has id, title, source, read_on, about, free_text, match and
    rows (the reasons of its criteria)."""
    counts = {answer: sum(trial["match"] == answer for trial in trials) for answer in GATES}
    page = environment().get_template("trials.html.j2")
    return page.render(
        patient=patient, trials=trials, as_of=as_of, examples=examples, died=died, synthetic=synthetic, counts=counts,
        gates=GATES, meanings=MEANINGS,
    )  # fmt: skip


def render_packet(rows: Sequence[tuple[str, str]], synthetic: bool = False) -> str:
    """Give a trial-search packet as one HTML page; `rows` are pairs of a heading and its words."""
    page = environment().get_template("packet.html.j2")
    return page.render(rows=rows, note=NOTE, unknown=UNKNOWN, synthetic=synthetic)


def packet_text(rows: Sequence[tuple[str, str]], synthetic: bool = False) -> str:
    """Give a trial-search packet as plain text.

    >>> print(packet_text([("disease", "LBCL"), ("age", "not recorded")]).splitlines()[-4])
    disease: LBCL
    """
    head = ["SYNTHETIC patient: simulated data, no real person", ""] if synthetic else []
    known = [f"{name}: {text}" for name, text in rows if text != UNKNOWN]
    missing = ", ".join(name for name, text in rows if text == UNKNOWN)
    return "\n".join(
        [
            *head,
            "TRIAL SEARCH AFTER CAR T-CELL THERAPY",
            NOTE,
            "",
            *known,
            f"not recorded: {missing}",
            "",
            DISCLAIMER,
            "",
        ]
    )
