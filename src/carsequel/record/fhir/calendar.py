"""Days to dates on the way out: a base date stands for day 0, resources say that their days are relative."""

from datetime import datetime, timedelta
from typing import Any

from carsequel.record.errors import RecordError
from carsequel.record.fhir.elements import MONTH_ONLY, YEAR_ONLY, local_date
from carsequel.record.fhir.places import RELATIVE, TAG, Resource

Row = dict[str, Any]


class Calendar:
    """Days to dates: `base` stands for day 0 of every first infusion, later infusions count from their own day."""

    def __init__(self, base: str, infusion_days: dict[tuple[str, str], float]) -> None:
        self.base = base
        try:
            self._zero = datetime.fromisoformat(base)
        except ValueError as error:
            raise RecordError("base_date is not a date", "Give it as YYYY-MM-DD.") from error
        self._infusion_days = infusion_days

    def date(self, day: float, patient: str, infusion: Any) -> str | None:
        """Give the date of a day, with clock time where it has a fraction; None where the infusion it counts from has
        no day."""
        if infusion not in (None, "", 1, "1"):
            start = self._infusion_days.get((patient, str(infusion)))
            if start is None:
                return None
            day += start
        try:
            moment = self._zero + timedelta(microseconds=round(day * 86_400_000_000))
        except OverflowError:
            return None
        if moment.time() == datetime.min.time():
            return moment.date().isoformat()
        return f"{moment.isoformat()}+00:00"


def take_date(row: Row, day: str, dated: str, calendar: Calendar, infusion: Any) -> tuple[str | None, bool]:
    """Take the day or date out of a row as FHIR date, and tell whether it stands for a relative day.

    A day whose infusion has no day stays in the row. Raises RecordError for a text that is no ISO date.
    """
    if row.get(day) is not None:
        written = calendar.date(float(row[day]), row["patient"], infusion)
        if written is not None:
            row.pop(day)
        return written, True
    given = row.pop(dated, None)
    if given is None:
        return None, False
    if local_date(given)[0] is None and local_date(given)[1] not in (MONTH_ONLY, YEAR_ONLY):
        raise RecordError(f"column {dated} holds a text that is no ISO date", "Write dates as YYYY-MM-DD.")
    offset = "T" in given and not (given.endswith("Z") or given[-6] in "+-")
    return (f"{given}+00:00" if offset else str(given)), False


def marked(resource: Resource, relative: bool, calendar: Calendar) -> Resource:
    """Give the resource, tagged with the base date where its dates stand for relative days."""
    if relative:
        resource["meta"] = {"tag": [{"system": TAG, "version": calendar.base, "code": RELATIVE}]}
    return resource
