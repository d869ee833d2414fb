"""The days of each infusion that a criterion looks at, one number (`id`) an infusion, computed once per course.

Inside a criterion `id` stands for patient and infusion: one integer is cheaper to join and to group by.
Days are whole calendar days from the infusion (day 0).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.daily import KEYS, WITHOUT_END, day_windows
from carsequel.terms.series import daily_grid, day_of

ID_DAY: Final = ["id", "day"]
STRIDE: Final = 2 * WITHOUT_END
NUMBER: Final = pl.int_range(pl.len(), dtype=pl.Int64)
# What the criteria of this room read of a fact; every further column would be copied with every row.
USED: Final = ("patient", "infusion", "id", "since", "day", "name", "value", "comparator", "text", "site", "source")


def windows_of(course: Course, first: int, last: int = WITHOUT_END, *, by_record: bool = False) -> pl.DataFrame:
    """Give per infusion the days that exist, as `day_windows` and in its order, plus `id`; `by_record` cuts them at the
    last day of the record too."""
    ends = ["last", "record_end"] if by_record else ["last"]
    whole = course.once("side_effects.windows", lambda: day_windows(course, 0, WITHOUT_END).with_columns(id=NUMBER))
    return course.once(
        ("side_effects.windows", first, last, by_record),
        lambda: whole.with_columns(
            first=pl.lit(first, dtype=pl.Int64), last=pl.min_horizontal(pl.lit(last, dtype=pl.Int64), *ends)
        ),
    )


def facts_of(
    course: Course,
    *names: str,
    before: float = 0.0,
    undated: bool = False,
    until: float = FAR,
    columns: Sequence[str] = USED,
) -> pl.DataFrame:
    """Give the facts that `Course.facts_since` gives, of the infusions with a window and in some of their columns, with
    their `id` and calendar day (`day`)."""
    wanted = [*(name for name in columns if name not in ("id", "day", "since")), "since", "_look"]
    rows = course.facts_since(*names, before=before, undated=undated, until=until, columns=wanted)
    ids = course.once("side_effects.ids", lambda: _ids(course))["id"]
    rows = rows.with_columns(ids.gather(rows["_look"]), day=day_of("since"))
    return (rows if ids.null_count() == 0 else rows.filter(pl.col("id").is_not_null())).select(columns)


def _ids(course: Course) -> pl.DataFrame:
    """The `id` of each row of `Course.clock`, null where nothing was infused."""
    own = windows_of(course, 0).select(*KEYS, "id")
    return course.clock.select(KEYS).join(own, on=KEYS, how="left", maintain_order="left").select("id")


def numbered(rows: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Add `id` and the calendar day (`day`, from `since`; null without one) to rows of the infusions with a window."""
    return _numbered(rows, windows).drop("first", "last").collect(engine="in-memory")


def in_window(rows: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Keep the rows (with `since`) whose calendar day lies in the window of their infusion; adds `id` and `day`."""
    if "id" in rows.columns:
        first, last = (_by_id(windows, end, empty, rows["id"]) for end, empty in (("first", 0), ("last", -1)))
        return rows.filter(rows["day"].is_between(first, last))
    inside = pl.col("day").is_between(pl.col("first"), pl.col("last"))
    return _numbered(rows, windows).filter(inside).drop("first", "last").collect(engine="in-memory")


def _by_id(windows: pl.DataFrame, column: str, empty: int, ids: pl.Series) -> pl.Series:
    """A column of the windows for each `id`; `empty` for infusions that are not among them."""
    found = np.full(1 + max(int(each.max() or 0) for each in (windows["id"], ids)), empty)  # type: ignore[arg-type]
    found[windows["id"].to_numpy()] = windows[column].to_numpy()
    return pl.Series(found).gather(ids)


def _numbered(rows: pl.DataFrame, windows: pl.DataFrame) -> pl.LazyFrame:
    looks = windows.lazy().select(*KEYS, "id", "first", "last")
    if "id" in rows.columns:
        both = rows.lazy().join(looks.drop(KEYS), on="id", how="left", maintain_order="left")
        return both.filter(pl.col("first").is_not_null())
    dated = rows.lazy().drop("day", strict=False).with_columns(day=day_of("since"))
    return dated.join(looks, on=KEYS, how="inner", maintain_order="left")


def days_of(stretches: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Give one row per `id` and `day` of each stretch (`since` to `until`) inside the window, other columns repeated.

    A stretch without an end is still going at the end of the window; one whose end is not known (`end_known` false)
    is certain on its first day only; one without a beginning gives no day.
    """
    unknown = pl.col("until").is_null() & ~pl.col("end_known").fill_null(True)
    until = pl.when(unknown).then("since").otherwise("until").floor()
    days = {
        "_from": pl.max_horizontal(pl.col("since").floor(), "first").cast(pl.Int64),
        "_to": pl.min_horizontal(until, "last").cast(pl.Int64),
    }
    inside = _numbered(stretches, windows).filter(pl.col("since").is_not_null()).with_columns(**days)
    inside = inside.filter(pl.col("_to") >= pl.col("_from"))
    each = inside.with_columns(day=pl.int_ranges("_from", pl.col("_to") + 1)).explode("day")
    return each.drop("first", "last", "_from", "_to").collect(engine="in-memory")


def every_day(windows: pl.DataFrame) -> pl.DataFrame:
    """Give every `id` and `day` of the windows, in order."""
    return daily_grid(windows.select("id", "first", "last"))


def by_now(flag: pl.Expr) -> pl.Expr:
    """Tell whether it was so on this day or an earlier one of the infusion (rows in order of `id` and `day`)."""
    last = pl.when(flag).then(time_line()).forward_fill()
    return (last >= pl.col("id") * STRIDE).fill_null(False)


def time_line(day: str = "day") -> pl.Expr:
    """Give the place of a day (`id`, `day`) on one line of all infusions, which lie further apart than any gap."""
    return pl.col("id") * STRIDE + pl.col(day)
