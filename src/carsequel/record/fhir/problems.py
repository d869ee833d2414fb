"""The problems of a reading: one row where a row was refused or doubted, one row a kind where the count matters."""

from collections.abc import Callable
from typing import Any

from carsequel.record.fhir.places import Resource


class Item:
    """One resource with the place it was found at; `base` is the calendar day that stands for day 0, if it has one."""

    __slots__ = ("base", "file", "patient", "place", "resource", "source", "url")

    def __init__(self, resource: Resource, url: str | None, file: str, place: str) -> None:
        self.resource = resource
        self.url = url
        self.file = file
        self.place = place
        kind, own_id = resource.get("resourceType"), resource.get("id")
        self.source: str | None = f"{kind}/{own_id}" if own_id else url
        self.patient: str | None = None
        self.base: str | None = None

    @property
    def row(self) -> str:
        """File and line, or file and entry of a Bundle."""
        return f"{self.file}:{self.place}"


class Problems:
    """Collects problems as rows of the check report. Never give it a patient's name, value or free text."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._counts: dict[tuple[str, ...], int] = {}
        self._first: dict[tuple[str, ...], int] = {}

    def add(
        self, item: Item | None, problem: str, *, name: str = "", was: str = "", now: str = "", do: str = ""
    ) -> None:
        """Add one row; `was` may hold a code or a unit, never a value."""
        self._rows.append(
            {
                "file": item.file if item else "",
                "row": item.place if item else "",
                "patient": (item.patient or "") if item else "",
                "name": name,
                "problem": problem,
                "was": was,
                "now": now,
                "what_to_do": do,
                "status": "refused" if now == "refused" else "doubt",
            }
        )

    def add_for(self, patient: str, row: str, problem: str, *, name: str = "", now: str = "", do: str = "") -> None:
        """Add one row about a patient whose resource is no longer at hand; `row` is `file:place`."""
        file, _, place = row.rpartition(":")
        item = Item({}, None, file, place)
        item.patient = patient
        self.add(item, problem, name=name, now=now, do=do)

    def count(self, item: Item, problem: str, *, name: str = "", was: str = "", now: str = "", do: str = "") -> None:
        """Count a problem that may come in thousands: one row a file, name and `was`, at the first place."""
        key = (item.file, problem, name, was)
        if key in self._counts:
            self._counts[key] += 1
            return
        self._counts[key] = 1
        self._first[key] = len(self._rows)
        self.add(item, problem, name=name, was=was, now=now, do=do)
        self._rows[-1]["patient"] = ""

    def rows(self, patient_of: Callable[[str], str | None]) -> list[dict[str, Any]]:
        """Give all problems, counts written into `problem`, references replaced by patient ids."""
        for key, index in self._first.items():
            many = self._counts[key]
            self._rows[index]["problem"] = f"{key[1]} ({many} {'time' if many == 1 else 'times'})"
        for row in self._rows:
            row["patient"] = (patient_of(row["patient"]) or "") if row["patient"] else ""
        return self._rows
