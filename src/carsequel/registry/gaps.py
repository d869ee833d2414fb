"""Gaps of a record: on which days of a window what a criterion needs is neither recorded nor covered.

A window is a frame of keys with `first` and `last` (whole days from the infusion, inclusive). A gap has the same keys,
`day` (its first day) and `days` (how many). Everything is arithmetic on stretches; no day becomes a row of its own.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

from carsequel.record.course import FAR, Course

KEYS: Final = ["patient", "infusion"]
SPANS: Final = ("drug", "oxygen", "vasopressor", "therapy", "toxicity", "infection", "hospital")
FOREVER: Final = 10**6
EDGES: Final = (("first", -1), ("last", 1))


def recorded(course: Course, names: Sequence[str]) -> pl.DataFrame:
    """Give the usable rows of the named facts and spans as stretches: patient, infusion, since, until (days, both null
    where the day is not given), text, value, site, specimen, lln, uln. A span whose end is not known counts on its
    first day only."""
    facts = course.facts_since(*(name for name in names if name not in SPANS), before=FAR, undated=True)
    facts = facts.filter(pl.col("value").is_not_null() | pl.col("text").is_not_null())
    spans = course.spans_since(*(name for name in names if name in SPANS), before=FAR, undated=True)
    unknown = pl.col("until").is_null() & pl.col("end_known").eq(False).fill_null(False)
    told = ("text", "value")
    parts = [
        facts.select(*KEYS, *told, "site", "specimen", "lln", "uln", since="since", until="since"),
        spans.select(*KEYS, *told, since="since", until=pl.when(unknown).then("since").otherwise("until")),
    ]
    rows = pl.concat(parts, how="diagonal_relaxed")
    whole = pl.col("until").is_null() & pl.col("since").is_not_null()
    return rows.with_columns(until=pl.when(whole).then(float(FOREVER)).otherwise("until"))


def open_stretches(windows: pl.DataFrame, stretches: pl.DataFrame, longest: int = 0) -> pl.DataFrame:
    """Give the gap of each window that its stretches (patient, infusion, since, until) leave open, none where none.

    Runs of at most `longest` days without a stretch are no gap.

    >>> windows = pl.DataFrame({"patient": ["a"], "infusion": [1], "first": [0], "last": [9]})
    >>> told = pl.DataFrame({"patient": ["a", "a"], "infusion": [1, 1], "since": [0.0, 5.5], "until": [2.9, 7.0]})
    >>> open_stretches(windows, told).select("day", "days").rows()
    [(3, 4)]
    """
    keys = [name for name in windows.columns if name not in ("first", "last")]
    windows = windows.filter(pl.col("last") >= pl.col("first"))
    days = [pl.col(side).floor().clip(-FOREVER, FOREVER).cast(pl.Int64) for side in ("since", "until")]
    told = stretches.select(*KEYS, *days).drop_nulls().join(windows, on=KEYS, how="inner")
    told = told.filter((pl.col("until") >= pl.col("first")) & (pl.col("since") <= pl.col("last")))
    edges = [windows.with_columns(since=pl.col(side) + step, until=pl.col(side) + step) for side, step in EDGES]
    ordered = pl.concat([each.select(*keys, "since", "until") for each in (told, *edges)]).sort(*keys, "since", "until")
    reached = pl.col("until").cum_max().shift(1).over(keys)
    runs = ordered.with_columns(day=reached + 1, days=pl.col("since") - reached - 1).filter(pl.col("days") > longest)
    return runs.group_by(keys, maintain_order=True).agg(pl.col("day").first(), pl.col("days").sum())


def rows_inside(windows: pl.DataFrame, rows: pl.DataFrame, undated: bool = False) -> pl.DataFrame:
    """Give, as a gap, the windows in which such rows lie (`undated`: rows without a day, which lie in every window)."""
    keys = [name for name in windows.columns if name not in ("first", "last")]
    both = windows.join(rows.select(*KEYS, "since", "until"), on=KEYS, how="inner")
    inside = (pl.col("until").floor() >= pl.col("first")) & (pl.col("since").floor() <= pl.col("last"))
    both = both.filter(pl.col("since").is_null() if undated else inside)
    day = pl.max_horizontal(
        pl.col("since").floor().cast(pl.Int64), pl.when(pl.col("since").is_not_null()).then("first")
    )
    return (
        both.with_columns(day=day)
        .group_by(keys, maintain_order=True)
        .agg(pl.col("day").min(), days=pl.col("day").n_unique())
    )
