"""A trial-search packet: what a search needs of one patient, without name, identifier, date or free text.

Only words of fixed lists and numbers come in: no text of the record is carried over, because it may name someone. Days
count from the first infusion; an age of 90 or more is given as such.
"""

from typing import Any, Final

import numpy as np

from carsequel.options.trials.ask import reading_of
from carsequel.options.trials.moment import FAR, Moment, Reading
from carsequel.options.trials.trial import CONDITIONS, Leaf
from carsequel.terms.lists import DISEASES, FAILURE_STATES, FAILURE_TYPES
from carsequel.terms.products import product_facts, product_ids
from carsequel.terms.quantities import quantities

UNKNOWN: Final = "not recorded"
OLDEST: Final = 90
ANTIGENS: Final = ("CD19", "CD20", "CD22", "CD38", "CD79B", "BCMA", "GPRC5D")
MEASURED: Final = (
    *(("ecog", "ECOG"), ("anc", "neutrophils"), ("platelets", "platelets"), ("hemoglobin", "haemoglobin")),
    *(("creatinine", "creatinine"), ("creatinine_clearance", "creatinine clearance"), ("alt", "ALT"), ("ast", "AST")),
    *(("bilirubin", "bilirubin"), ("lvef", "ejection fraction"), ("spo2", "oxygen saturation"), ("igg", "IgG")),
)
PRIOR: Final = (
    ("allo_hct", "allogeneic transplantation"),
    ("auto_hct", "autologous transplantation"),
    ("bispecific", "bispecific antibody"),
    ("checkpoint_inhibitor", "PD-1 or PD-L1 blockade"),
)
_RESPONSES: Final = ("sCR", "CR", "CRi", "CRh", "VGPR", "PR", "MR", "SD", "NR", "PD")


def packet_rows(moment: Moment, patient: str) -> list[tuple[str, str]]:
    """Give the packet of one patient as pairs of a heading and its words. Raises KeyError for one who is not there."""
    place = moment.people["patient"].index_of(patient)
    if place is None:
        raise KeyError("no such patient in this course; give an id of its patients table")
    asked = _Asked(moment, place)
    return [
        ("disease", asked.word("disease", DISEASES, "another disease")),
        ("age", _age(asked.bounds("age"))),
        ("sex", asked.word("sex", ("F", "M"), UNKNOWN)),
        ("CAR-T infusions", asked.count("infusions")),
        ("last product", _product(asked)),
        ("target of the last product", asked.word("target", ANTIGENS, "another target")),
        ("days since the last infusion", asked.count("days_since_infusion")),
        ("state after the last infusion", asked.word("failure_state", FAILURE_STATES, UNKNOWN)),
        ("kind of failure", asked.word("failure_type", FAILURE_TYPES, UNKNOWN)),
        ("days from the last infusion to failure", asked.count("days_to_failure")),
        ("best response after the last infusion", asked.word("best_response", _RESPONSES, UNKNOWN)),
        ("lines of therapy before CAR T cells", asked.count("lines_before")),
        ("lines of therapy after CAR T cells", asked.count("lines_after")),
        *((f"{title} before", asked.truth(Leaf("given", {"therapy": name}))) for name, title in PRIOR),
        *((f"{name} now", asked.antigen(name)) for name in ANTIGENS),
        *((title, asked.measured(name)) for name, title in MEASURED),
        ("CNS disease", asked.word("cns_disease", ("yes", "no"), UNKNOWN, stated=True)),
        *((f"active {name.upper().replace('_', '-')}" if name != "infection" else "active infection",
           asked.truth(Leaf("active", {"condition": name}))) for name in CONDITIONS),
    ]  # fmt: skip


class _Asked:
    """The readings of one patient, each given in words of fixed lists."""

    def __init__(self, moment: Moment, place: int) -> None:
        self._moment, self._place = moment, place

    def _reading(self, leaf: Leaf) -> tuple[Reading, dict[str, Any]]:
        reading = reading_of(self._moment, leaf)
        return reading, reading.rows.row(self._place, named=True)

    def bounds(self, fact: str) -> tuple[float, float]:
        reading, _ = self._reading(Leaf(fact, {}))
        return float(reading.low[self._place]), float(reading.high[self._place])

    def count(self, fact: str) -> str:
        low, high = self.bounds(fact)
        if np.isnan(low) and np.isnan(high):
            return UNKNOWN
        if low == high:
            return f"{low:g}"
        return f"at least {low:g}" if high >= FAR else f"{low:g} to {high:g}"

    def word(self, fact: str, allowed: tuple[str, ...], other: str, stated: bool = False) -> str:
        leaf = Leaf("stated", {"name": fact}) if stated else Leaf(fact, {})
        words = self._reading(leaf)[1]["words"]
        if words is None:
            return UNKNOWN
        kept = [word.replace("_", " ") for word in words if word in allowed]
        return " and ".join(kept) or other

    def truth(self, leaf: Leaf) -> str:
        reading, _ = self._reading(leaf)
        low, high = reading.low[self._place], reading.high[self._place]
        return "yes" if low >= 1 else "no" if high <= 0 else UNKNOWN

    def antigen(self, name: str) -> str:
        reading, row = self._reading(Leaf("antigen", {"antigen": name}))
        if row["words"] is None:
            return "readings differ" if row["lack"] and row["source"] else UNKNOWN
        since = "after" if row["since_all"] else "not surely after"
        return f"{row['word'].replace('_', ' ')}{_on(reading.day[self._place])}, {since} the last drug against it"

    def measured(self, name: str) -> str:
        reading, row = self._reading(Leaf("measured", {"name": name}))
        low, high = reading.low[self._place], reading.high[self._place]
        if np.isnan(low):
            return UNKNOWN
        unit = str(quantities()[name].unit or "")
        value = f"{low:g}" if low == high else f"above {low:g}" if np.isinf(high) else f"{low:g} to {high:g}"
        value = f"{value} {unit}" if unit not in ("1", "points", "") else value
        if row.get("high_uln") is not None and not row.get("no_uln") and low == high:
            value += f" ({row['high_uln']:.2g} times the upper limit)"
        return value + _on(reading.day[self._place])


def _on(day: float) -> str:
    return "" if np.isnan(day) else f" on day {day:g}"


def _age(bounds: tuple[float, float]) -> str:
    low, high = bounds
    if np.isnan(low):
        return UNKNOWN
    if low >= OLDEST:
        return f"{OLDEST} or above"
    return f"{low:g} years" if low == high else f"{low:g} to {min(high, OLDEST - 1):g} years"


def _product(asked: _Asked) -> str:
    named = asked.word("product", tuple(product_ids()), "another product")
    return f"{product_facts(named)['name']} ({named})" if named in product_ids() else named
