"""Shared by the later toxicities: what was measured or stated since the infusion, with bounds, as findings.

Days are whole calendar days from the infusion (day 0). Only measured values speak: what was never measured is not
gradable, and a value that is only known to lie below or above a number has two bounds.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.coverage import stretches
from carsequel.side_effects.daily import KEYS, WITHOUT_END
from carsequel.side_effects.sources import joined_sources
from carsequel.side_effects.windows import windows_of
from carsequel.terms.findings import as_findings, no_findings

PERIOD: Final = "since infusion"
UNLIMITED: Final = 1e12


class Said(NamedTuple):
    """What a criterion says of itself: id, definition, default, source key, the words of each code, and the sentence
    where nothing is known."""

    criterion: str
    definition: str
    default: bool
    source: str
    labels: dict[int, str]
    nothing: str


def since_infusion(course: Course, first: int = 0, last: int = WITHOUT_END) -> pl.DataFrame:
    """Give per infusion the days that were followed: as `windows_of`, cut at the last day of the record too."""
    return windows_of(course, first, last, by_record=True)


def covered_throughout(course: Course, windows: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Give the infusions in whose whole window absence of a row of any of the names means absence: id.

    A row of these names that is there but cannot be used (implausible or refused) takes its patient out.
    """
    whole = stretches(course, windows, {"": names}).filter("whole").select("id").unique()
    if whole.is_empty():
        return whole
    unusable = course.unusable.filter(pl.col("name").is_in(names)).select("patient").unique()
    return whole.join(windows.join(unusable, on="patient", how="semi"), on="id", how="anti")


def with_value_bounds(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `least` and `most`, between which the value lies: the value itself unless `comparator` leaves a side open.

    The number itself belongs to both sides: the record writes "at most" and "below" with one sign.

    >>> frame = pl.DataFrame({"value": [4.0, 4.0], "comparator": [None, "<="]})
    >>> with_value_bounds(frame).select("least", "most").rows()
    [(4.0, 4.0), (0.0, 4.0)]
    """
    value, sign = pl.col("value"), pl.col("comparator").fill_null("")
    least = pl.when(sign.is_in(["<", "<="])).then(0.0).otherwise(value)
    most = pl.when(sign.is_in([">", ">="])).then(UNLIMITED).otherwise(value)
    return rows.with_columns(least=least, most=most)


def told(column: str = "source") -> pl.Expr:
    """Give the sources of a group, each once, sorted and joined."""
    return pl.col(column).drop_nulls().unique().sort().str.join("; ")


def in_words(labels: dict[int, str]) -> pl.Expr:
    """Give the words for `low` to `high`: one code's words, `A to B`, or `not gradable`."""
    low, high = (
        pl.col(side).cast(pl.Int64).replace_strict(labels, default=None, return_dtype=pl.String)
        for side in ("low", "high")
    )
    return (
        pl.when(pl.col("low").is_null())
        .then(pl.lit("not gradable"))
        .when(pl.col("low") == pl.col("high"))
        .then(low)
        .otherwise(pl.format("{} to {}", low, high))
    )


def gravest(rows: pl.DataFrame, windows: pl.DataFrame, said: Said, period: str = PERIOD) -> pl.DataFrame:
    """Give one `maximum` per infusion from graded rows (id, day, low, high, note, source, rank).

    Of the rows with the gravest certain code the one of the lowest rank is told, with its day and sources. An infusion
    without a row is not gradable.
    """
    if rows.is_empty():
        nothing = {"label": pl.lit("not gradable"), "why": pl.lit(said.nothing), "period": pl.lit(period)}
        return _finish(windows.select(*KEYS, **nothing), "maximum", said)
    top = pl.col("low") == pl.col("low").max()
    worst = pl.col("high") == pl.col("high").max()
    ordered = rows.lazy().sort("id", "rank", "day", "note", nulls_last=True)
    per = ordered.group_by("id", maintain_order=True).agg(
        low=pl.col("low").max(),
        high=pl.col("high").max(),
        start=pl.col("day").filter(top).first(),
        end=pl.col("day").filter(top).first(),
        note=pl.col("note").filter(top).first(),
        doubt=pl.col("note").filter(worst).first(),
        days=pl.col("day").filter(pl.col("low") >= 0).n_unique(),
    )
    ends = [pl.col(side) == pl.col(side).max().over("id") for side in ("low", "high")]
    per = _with_facts(per, rows.lazy().filter(pl.any_horizontal(ends)), "id")
    found = windows.lazy().select(*KEYS, "id").join(per, on="id", how="left", maintain_order="left")
    why = pl.format("{} (days with a value: {})", "note", "days")
    more = pl.format("{}; graver is possible: {}", why, "doubt")
    unsure = (pl.col("low") < pl.col("high")) & (pl.col("doubt") != pl.col("note"))
    sentence = pl.when(pl.col("low").is_null()).then(pl.lit(said.nothing)).when(unsure).then(more).otherwise(why)
    found = found.with_columns(label=in_words(said.labels), why=sentence, period=pl.lit(period))
    return _finish(found.collect(engine="in-memory"), "maximum", said)


def each_day(rows: pl.DataFrame, windows: pl.DataFrame, said: Said) -> pl.DataFrame:
    """Give one `assessment` per day with graded rows, the gravest of the day."""
    if rows.is_empty():
        return no_findings()
    ordered = rows.lazy().sort("id", "day", "low", "high", "note", descending=[False, False, True, True, False])
    per = ordered.group_by("id", "day", maintain_order=True).agg(
        pl.col("low").max(), pl.col("high").max(), why=pl.col("note").first()
    )
    per = _with_facts(per, rows.lazy(), "id", "day")
    per = per.join(windows.lazy().select(*KEYS, "id"), on="id", how="left", maintain_order="left")
    per = per.with_columns(start="day", end="day", period=pl.format("day {}", "day"), label=in_words(said.labels))
    return _finish(per.collect(engine="in-memory"), "assessment", said)


def _with_facts(per: pl.LazyFrame, rows: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """Add `facts`, the sources of the rows of each group."""
    found = per.join(joined_sources(rows, *by), on=by, how="left", maintain_order="left")
    return found.with_columns(pl.col("facts").fill_null(""))


def flagged(rows: pl.LazyFrame, open_to: pl.LazyFrame, said: Said) -> pl.DataFrame:
    """Give one `maximum` per infusion from stated rows (patient, infusion, since, low, high, note, source).

    `open_to` has one row per infusion: `open_high` (the gravest code that may have happened without a row, 0 where the
    record is complete), `doubt` (what is not complete) and `known` (anything complete). A row without a day counts.
    """
    ordered = rows.sort(*KEYS, "low", "since", "note", descending=[False, False, True, False, False], nulls_last=True)
    per = ordered.group_by(KEYS, maintain_order=True).agg(
        seen_low=pl.col("low").max(),
        seen_high=pl.col("high").max(),
        start=pl.col("since").first(),
        note=pl.col("note").first(),
        facts=told(),
    )
    found = open_to.join(per, on=KEYS, how="left", maintain_order="left")
    known = pl.col("known") | pl.col("seen_low").is_not_null()
    low = pl.coalesce("seen_low", 0)
    high = pl.max_horizontal(pl.coalesce("seen_high", 0), "open_high", low)
    found = found.with_columns(low=pl.when(known).then(low), high=pl.when(known).then(high), end=pl.col("start"))
    none = pl.lit(f"nothing recorded {PERIOD}")
    unsure = (pl.col("low") < pl.col("high")) & (pl.col("open_high") > pl.col("low"))
    why = pl.concat_str(pl.coalesce("note", none), pl.when(unsure).then("doubt"), separator="; ", ignore_nulls=True)
    sentence = pl.when(pl.col("low").is_null()).then(pl.lit(said.nothing)).otherwise(why)
    found = found.with_columns(label=in_words(said.labels), why=sentence, period=pl.lit(PERIOD))
    return _finish(found.collect(engine="in-memory"), "maximum", said)


def _finish(found: pl.DataFrame, kind: str, said: Said) -> pl.DataFrame:
    return as_findings(
        found,
        kind=kind,
        criterion=said.criterion,
        definition=said.definition,
        default=said.default,
        source=said.source,
    )
