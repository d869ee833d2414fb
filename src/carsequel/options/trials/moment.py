"""The patients of a course on the day that is asked for, with what is read of them once and kept."""

from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.options.needed import options_needed
from carsequel.record import Course

Numbers = NDArray[np.float64]
Stretches = tuple[NDArray[np.int64], Numbers, Numbers]
FAR: Final = 1e9
UNUSABLE: Final = "implausible"
SHOWN: Final = {"said": pl.String, "source": pl.String, "lack": pl.String}


class Reading(NamedTuple):
    """What is known of one fact, one row a patient in the order of the moment.

    `low` and `high` bound a number, or a truth as 0 and 1 (NaN: unknown); `day` is the day it was seen (first
    infusion's clock); `rows` holds `said` (words), `source` (record row) and `lack` (why it is not known); `word` the
    code of a word, or null.
    """

    low: Numbers
    high: Numbers
    day: Numbers
    rows: pl.DataFrame


class Moment:
    """The patients of a course, each on one day (`as_of`, days from the first infusion; default the last recorded)."""

    def __init__(
        self, course: Course, verdicts: pl.DataFrame, findings: pl.DataFrame | None = None, as_of: float | None = None
    ) -> None:
        """`verdicts` has one row per patient and infusion, `findings` those of the side effects (CRS, ICANS)."""
        self.course, self.findings = course, findings
        self.verdicts = verdicts if verdicts.is_empty() else options_needed(course, verdicts)
        last = course.clock.filter(pl.col("infusion") == 1).select("patient", as_of="last")
        day = pl.col("as_of") if as_of is None else pl.lit(as_of)
        people = course.patients.select("patient").join(last, on="patient", how="left", maintain_order="left")
        self.people = people.with_columns(as_of=day.cast(pl.Float64))
        self.as_of = numbers(self.people["as_of"])
        self._made: dict[Hashable, Reading] = {}
        self._stretches: dict[tuple[str, ...], Stretches] = {}

    @property
    def size(self) -> int:
        """How many patients there are."""
        return self.people.height

    def once(self, key: Hashable, make: Callable[[], Reading]) -> Reading:
        """Give a reading, made when it is first asked for."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def aligned(self, rows: pl.DataFrame, lack: str = "not recorded") -> Reading:
        """Bring rows (one a patient at most: low, high, day, said, source, lack) into the order of the patients; a
        patient without a row is unknown for the reason `lack`."""
        missing = [pl.lit(None, dtype=pl.Float64).alias(n) for n in ("low", "high", "day") if n not in rows.columns]
        missing += [pl.lit(None, dtype=kind).alias(n) for n, kind in SHOWN.items() if n not in rows.columns]
        rows = rows.with_columns(missing, found=pl.lit(True))
        both = self.people.join(rows.drop("as_of", strict=False), on="patient", how="left", maintain_order="left")
        both = both.with_columns(lack=pl.when(pl.col("found").is_null()).then(pl.lit(lack)).otherwise("lack"))
        return Reading(numbers(both["low"]), numbers(both["high"]), numbers(both["day"]), both)

    def facts(self, *names: str) -> pl.DataFrame:
        """Give the usable facts of these names up to the day asked for, and those without a day (`clock` null)."""
        rows = self.course.facts.filter(pl.col("name").is_in(names) & pl.col("doubt").ne_missing(UNUSABLE))
        return self._until(rows)

    def spans(self, *names: str) -> pl.DataFrame:
        """Give the spans of these names that began by the day asked for, and those without a start."""
        return self._until(self.course.spans.filter(pl.col("name").is_in(names)))

    def _until(self, rows: pl.DataFrame) -> pl.DataFrame:
        both = rows.join(self.people, on="patient", how="inner", maintain_order="left")
        return both.filter(pl.col("clock").is_null() | (pl.col("clock") < pl.col("as_of").floor() + 1).fill_null(True))

    def covered(self, names: tuple[str, ...], first: Numbers, last: Numbers) -> NDArray[np.bool_]:
        """Tell per patient whether absence of a row of one of these names means absence from `first` to `last`."""
        if names not in self._stretches:
            self._stretches[names] = self._stretches_of(names)
        place, since, until = self._stretches[names]
        with np.errstate(invalid="ignore"):
            inside = (since <= first[place]) & (until >= last[place])
        found = np.zeros(self.size, dtype=np.bool_)
        found[place[inside]] = True
        return found

    def _stretches_of(self, names: tuple[str, ...]) -> Stretches:
        places = self.people.select("patient").with_row_index("_place")
        rows = pl.DataFrame(
            schema={"patient": pl.String, "infusion": pl.Int64, "since": pl.Float64, "until": pl.Float64}
        )
        if not self.course.coverage.is_empty():
            rows = self.course.covered(*names).select(rows.columns)
        rows = rows.filter(pl.col("infusion") == 1).join(places, on="patient", how="inner")
        return rows["_place"].cast(pl.Int64).to_numpy(), numbers(rows["since"]), numbers(rows["until"])


def numbers(column: pl.Series) -> Numbers:
    """Give a column as floats, NaN where it is null."""
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()


def day_words(column: str = "clock") -> pl.Expr:
    """Give `day 40` of a column of days, and the words of `when` (or `day not given`) where there is none."""
    day = pl.col(column).cast(pl.String).str.replace(r"\.0$", "")
    return pl.coalesce(pl.format("day {}", day), pl.lit("day not given"))
