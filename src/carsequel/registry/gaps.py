"""Gaps of a record: on which days of a window what a criterion needs is neither recorded nor covered.

A window is a row with `first` and `last` (whole days from the infusion, inclusive). A gap has `day` (its first day) and
`days` (how many). Everything is arithmetic on stretches; no day becomes a row of its own, and no window meets more
than the two ends of what is recorded around it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import FAR, Course

KEYS: Final = ["patient", "infusion"]
SPANS: Final = ("drug", "oxygen", "vasopressor", "therapy", "toxicity", "infection", "hospital")
TOLD: Final = ("_look", "since", "text", "value", "site", "specimen", "lln", "uln")
FOREVER: Final = 10**6
APART: Final = 4 * FOREVER  # codes of two infusions never meet


class Blocks(NamedTuple):
    """What is recorded of each infusion, put together: codes of the first and last day of each block, in order, and
    the number of open days before it."""

    starts: pl.Series
    ends: pl.Series
    open_before: pl.Series
    longest: int


def recorded(course: Course, names: Sequence[str]) -> pl.DataFrame:
    """Give the usable rows of the named facts and spans as stretches: `_look` (the row of the infusion in
    `Course.clock`), since, until (days, both null where the day is not given), text, value, site, specimen, lln, uln.
    A span whose end is not known counts on its first day only."""
    measured = [name for name in names if name not in SPANS]
    facts = course.facts_since(*measured, before=FAR, undated=True, columns=TOLD)
    parts = [facts.filter(pl.col("value").is_not_null() | pl.col("text").is_not_null()).with_columns(until="since")]
    if len(measured) < len(names):
        spans = course.spans_since(*(name for name in names if name in SPANS), before=FAR, undated=True)
        unknown = pl.col("until").is_null() & pl.col("end_known").eq(False).fill_null(False)
        until = pl.when(unknown).then("since").otherwise("until")
        parts.append(spans.select(*TOLD[:4], until=until))
    rows = pl.concat(parts, how="diagonal_relaxed")
    whole = pl.col("until").is_null() & pl.col("since").is_not_null()
    return rows.with_columns(until=pl.when(whole).then(float(FOREVER)).otherwise("until"))


def blocks_of(stretches: pl.DataFrame, longest: int = 0) -> Blocks:
    """Put stretches (`_look`, since, until) together to blocks; at most `longest` days between two are no gap."""
    begins = (pl.col("start") - pl.col("_end").shift(1) - 1 > longest).fill_null(True)
    rows = (
        stretches.lazy()
        .select(start=_code("since"), end=_code("until"))
        .drop_nulls()
        .sort("start")
        .with_columns(_end=pl.col("end").cum_max())
        .with_columns(_begins=begins)
        .with_columns(_closes=pl.col("_begins").shift(-1, fill_value=True))
        .collect()
    )
    starts, ends = rows.filter("_begins")["start"], rows.filter("_closes")["_end"]
    return Blocks(starts, ends, (starts - ends.shift(1) - 1).fill_null(0).cum_sum(), longest)


def _code(day: str) -> pl.Expr:
    """One number for infusion and day, in their order."""
    return pl.col("_look").cast(pl.Int64) * APART + pl.col(day).floor().clip(-FOREVER, FOREVER).cast(pl.Int64)


def gaps_between(windows: pl.DataFrame, blocks: Blocks) -> pl.DataFrame:
    """Give windows (`_look`, first, last and any more) in which days lie between the blocks, with the gap of each."""
    windows = windows.filter(pl.col("last") >= pl.col("first"))
    if blocks.starts.is_empty():
        length = pl.col("last") - pl.col("first") + 1
        return windows.with_columns(day="first", days=length).filter(pl.col("days") > blocks.longest)
    codes = windows.select(_first=_code("first"), _last=_code("last"))
    after = blocks.ends.search_sorted(codes["_first"], side="left")
    upto = blocks.starts.search_sorted(codes["_last"], side="right").cast(pl.Int64) - 1
    most = blocks.starts.len() - 1
    one, other = after.clip(0, most), upto.clip(0, most)
    between = blocks.open_before.gather(other) - blocks.open_before.gather(one)
    seen = codes.with_columns(
        _held=upto >= after, _start=blocks.starts.gather(one), _end=blocks.ends.gather(other), _between=between
    ).with_columns(_after=blocks.ends.gather(one))
    return windows.with_columns(seen.select(**_clipped(blocks.longest))).filter(pl.col("days") > 0)


def _clipped(longest: int) -> dict[str, pl.Expr]:
    """The first open day and the number of open days of a window: before its first block, between its blocks, after
    its last one."""
    first, last, held = pl.col("_first"), pl.col("_last"), pl.col("_held")
    before = pl.when(held).then(pl.col("_start") - first).otherwise(last - first + 1)
    behind = pl.when(held).then(last - pl.col("_end")).otherwise(0)
    head, tail = (pl.when(side > longest).then(side).otherwise(0) for side in (before, behind))
    between = pl.when(held).then("_between").otherwise(0)
    begins = pl.when(head > 0).then(first).when(between > 0).then(pl.col("_after") + 1).otherwise(pl.col("_end") + 1)
    look = (first + FOREVER).floordiv(APART) * APART
    return {"day": begins - look, "days": head + between + tail}


def any_inside(windows: pl.DataFrame, blocks: Blocks) -> pl.Series:
    """Tell for each window (`_look`, first, last) whether a block reaches into it."""
    codes = windows.select(_first=_code("first"), _last=_code("last"))
    after = blocks.ends.search_sorted(codes["_first"], side="left").cast(pl.Int64)
    return blocks.starts.search_sorted(codes["_last"], side="right").cast(pl.Int64) > after


def open_stretches(windows: pl.DataFrame, stretches: pl.DataFrame, longest: int = 0) -> pl.DataFrame:
    """Give the gap of each window (keys, first, last) that its stretches (patient, infusion, since, until) leave open,
    none where none; `longest` as in `blocks_of`.

    >>> windows = pl.DataFrame({"patient": ["a"], "infusion": [1], "first": [0], "last": [9]})
    >>> told = pl.DataFrame({"patient": ["a", "a"], "infusion": [1, 1], "since": [0.0, 5.5], "until": [2.9, 7.0]})
    >>> open_stretches(windows, told).select("day", "days").rows()
    [(3, 4)]
    """
    looks = windows.select(KEYS).unique(maintain_order=True).with_row_index("_look")
    told = stretches.join(looks, on=KEYS, how="inner")
    numbered = windows.join(looks, on=KEYS, how="left", maintain_order="left")
    return gaps_between(numbered, blocks_of(told, longest)).drop("_look", "first", "last")


def rows_inside(windows: pl.DataFrame, rows: pl.DataFrame, undated: bool = False) -> pl.DataFrame:
    """Give, as a gap, the windows in which such rows lie (`undated`: rows without a day, which lie in every window)."""
    numbered = windows.with_row_index("_window")
    looks = numbered.select("_window", "_look", "first", "last")
    both = looks.join(rows.select("_look", "since", "until"), on="_look", how="inner")
    inside = (pl.col("until").floor() >= pl.col("first")) & (pl.col("since").floor() <= pl.col("last"))
    both = both.filter(pl.col("since").is_null() if undated else inside)
    began = pl.col("since").floor().cast(pl.Int64)
    day = pl.max_horizontal(began, pl.when(began.is_not_null()).then("first"))
    per = both.select("_window", day=day).group_by("_window").agg(pl.col("day").min(), days=pl.col("day").n_unique())
    return numbered.join(per, on="_window", how="inner").drop("_window")
