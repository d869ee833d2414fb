"""What was seen of one patient, as the likelihood takes it: one row a measurement or statement, and the failure."""

from typing import Any, Final, NamedTuple

import polars as pl

ROWS: Final[dict[str, Any]] = {
    "measure": pl.String,  # of measures.csv, or antigen, aplasia, response
    "series": pl.String,  # measurements of one series share a shift
    "day": pl.Float64,
    "value": pl.Float64,
    "bound": pl.Int8,  # 0 measured, -1 below the value, 1 above it
    "text": pl.String,
    "source": pl.String,
}
STATED: Final = ("antigen", "aplasia", "response")


class FailureSeen(NamedTuple):
    """Whether the disease had failed: `failed` on `day` (with a spread of its logarithm), `free` of failure until
    `day`, or `unknown`. `earliest` and `latest` are what the record allows where the day itself is not known."""

    state: str
    day: float
    approximate: bool = False
    earliest: float | None = None
    latest: float | None = None


class Treatment(NamedTuple):
    """An arm of arms.csv that began on a day from the infusion, before the failure."""

    arm: str
    day: float


class Observations(NamedTuple):
    """All that the likelihood reads of a patient: rows (columns of ROWS, by day), the failure, the last day that
    counts, `notes`: what of the record it does not read, each with its reason (fact, source, why), `treatments`, what
    was given on the way, and which infusion it is."""

    rows: pl.DataFrame
    failure: FailureSeen
    as_of: float
    notes: tuple[dict[str, Any], ...] = ()
    treatments: tuple[Treatment, ...] = ()
    infusion: int = 1

    def until(self, day: float) -> "Observations":
        """Give what was known on a day: nothing that was seen later, and no failure of a later day."""
        failure = self.failure
        if failure.state == "failed" and day < failure.day:
            failure = FailureSeen("free", day)
        elif failure.state == "free":
            failure = FailureSeen("free", min(day, failure.day))
        given = tuple(each for each in self.treatments if each.day <= day)
        rows = self.rows.filter(pl.col("day") <= day)
        return self._replace(rows=rows, failure=failure, as_of=min(day, self.as_of), treatments=given)


def as_rows(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Give a frame of observations, ordered by day."""
    return pl.DataFrame(rows, schema=ROWS).sort("day", "measure", maintain_order=True)
