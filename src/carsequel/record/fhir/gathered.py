"""What a reading gathers while it goes through the resources: rows, patients, candidates for infusions, problems."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from carsequel.record.fhir.elements import local_date
from carsequel.record.fhir.naming import Names
from carsequel.record.fhir.places import COVERED, FACTS, LESIONS, SPANS
from carsequel.record.fhir.problems import Item, Problems
from carsequel.record.fhir.rows import Rows

BASE_DAY = "_base"


class Candidate(NamedTuple):
    """A record of an infusion: `state` given, not_done or planned; `number` only where our own writer numbered it."""

    patient: str
    kind: str
    state: str
    date: str | None
    when: str | None
    product: str
    target: str | None
    dose: float | None
    dose_unit: str | None
    number: str | None
    columns: dict[str, str | None]
    source: str | None
    row: str


class Diagnosis(NamedTuple):
    """A Condition that is one of our diseases."""

    patient: str
    disease: str
    detail: str | None
    date: str | None
    row: str


@dataclass
class Gathered:
    """The state of one reading; `product_codes` are the caller's own codes of CAR T-cell products."""

    product_codes: dict[str, str] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    names: Names = field(default_factory=Names)
    facts: Rows = field(default_factory=lambda: Rows(FACTS))
    spans: Rows = field(default_factory=lambda: Rows(SPANS))
    lesions: Rows = field(default_factory=lambda: Rows(LESIONS))
    coverage: Rows = field(default_factory=lambda: Rows(COVERED))
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    diagnoses: list[Diagnosis] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    medications: dict[str, Any] = field(default_factory=dict)
    specimens: dict[str, str] = field(default_factory=dict)
    waiting: list[Item] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)

    def date(self, item: Item, raw: Any, name: str = "") -> tuple[str | None, str | None]:
        """Give local date and words of a raw date, reporting one that is partial or not readable."""
        date, when = local_date(raw)
        if when:
            self.problems.add(item, when, name=name, now="kept without a day", do="give the full date")
        return date, when

    def refused(self, item: Item, status: Any, states: frozenset[str]) -> bool:
        """Tell whether a resource is left out for its status, and report that."""
        if status not in states:
            return False
        kind = str(item.resource.get("resourceType"))
        self.problems.count(item, f"{kind} with status {status}", was=str(status), now="not read")
        return True


def based(item: Item, columns: dict[str, str | None]) -> dict[str, str | None] | None:
    """Give the further columns of a row, with the day that stands for day 0 where the resource has relative days."""
    if item.base:
        columns[BASE_DAY] = item.base
    return columns or None
