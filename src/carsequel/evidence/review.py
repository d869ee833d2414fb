"""When a published row is due for another look: a day after it was read that one constant row sets."""

from datetime import date
from functools import cache

import polars as pl

from carsequel.terms.tables import read_table


@cache
def review_period() -> int:
    """Give the days after which a row is due for another look (our own choice, stated in `review.csv`).

    >>> review_period()
    365
    """
    rows = read_table("carsequel.evidence", "review.csv")
    return int(rows.row(by_predicate=pl.col("name") == "review_after", named=True)["value"])


def with_review(rows: pl.DataFrame, today: date | None = None) -> pl.DataFrame:
    """Add `review_by` (ISO date: date_read plus the period) and `stale` (true after that day; null without `today`).

    No clock is read here: who prints the rows gives `today`.

    >>> read = pl.DataFrame({"date_read": ["2026-11-22"]})
    >>> with_review(read, date(2027, 11, 23)).select("review_by", "stale").row(0)
    ('2027-11-22', True)
    """
    due = pl.col("date_read").str.to_date("%Y-%m-%d", strict=False) + pl.duration(days=review_period())
    past = pl.lit(None, dtype=pl.Boolean) if today is None else pl.lit(today) > due
    return rows.with_columns(review_by=due.dt.to_string("%Y-%m-%d"), stale=past)


def is_stale(review_by: str | None, today: date) -> bool:
    """Tell whether a row whose `review_by` is this ISO date is past it; a row without a date counts as stale.

    >>> is_stale("2027-11-22", date(2027, 11, 22)), is_stale(None, date(2027, 1, 1))
    (False, True)
    """
    return review_by is None or today > date.fromisoformat(review_by)
