"""The value from which a CTCAE grade counts: the last before the infusion, or the last before lymphodepletion."""

from collections.abc import Sequence
from typing import Final, Literal

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.comparators import possibly, surely, with_ends
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.windows import facts_of, windows_of

Baseline = Literal["before_infusion", "before_lymphodepletion"]
BASELINES: Final[tuple[Baseline, ...]] = ("before_infusion", "before_lymphodepletion")
READ: Final = ("id", "since", "name", "value", "comparator", "lln", "uln", "source")


def baselines(course: Course, names: Sequence[str]) -> dict[Baseline, pl.DataFrame]:
    """Give by choice the last value of each quantity before the infusion, or before the day on which lymphodepletion
    began: id, name, baseline, baseline_day, baseline_source and the side of its own limits on which it lies
    (`high_base`, `low_base`; null where not known)."""
    rows = facts_of(course, *names, before=FAR, until=0.0, columns=READ).filter(pl.col("value").is_not_null())
    depleted = rows.join(_lymphodepletion(course), on="id").filter(pl.col("since") < pl.col("begun"))
    return {"before_infusion": _last(rows), "before_lymphodepletion": _last(depleted)}


def _last(rows: pl.DataFrame) -> pl.DataFrame:
    order = ["since", "value", "uln", "lln", "source"]
    last = rows.sort(order, nulls_last=True).group_by("id", "name", maintain_order=True).last()
    last = with_ends(last)
    exact = pl.col("comparator").fill_null("") == ""
    return last.select(
        "id",
        "name",
        baseline=pl.when(exact).then("value"),
        baseline_day="since",
        baseline_source="source",
        high_base=_settled(">", "uln"),
        low_base=_settled("<", "lln"),
    )


def _lymphodepletion(course: Course) -> pl.DataFrame:
    """The first day of the lymphodepletion of each infusion (since the infusion before): id, begun."""
    gap = pl.col("day") - pl.col("day").shift(1).over("patient")
    looks = course.clock.select(*KEYS, _gap=gap)
    given = course.spans_since("drug", before=FAR).filter(pl.col("role") == "lymphodepletion")
    own = given.join(looks, on=KEYS).filter((pl.col("since") <= 0) & (pl.col("since") > -pl.col("_gap").fill_null(FAR)))
    begun = own.group_by(KEYS).agg(begun=pl.col("since").min().floor())
    return begun.join(windows_of(course, 0).select(*KEYS, "id"), on=KEYS).select("id", "begun")


def _settled(test: str, limit: str) -> pl.Expr:
    sure, open_ = surely(test, pl.col(limit)), possibly(test, pl.col(limit))
    return pl.when(sure == open_).then(sure)
