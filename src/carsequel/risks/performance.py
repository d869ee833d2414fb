"""Performance status: the last ECOG or Karnofsky value in the record, never one derived from the other."""

import polars as pl

from carsequel.record.course import Course


def last_performance(course: Course) -> pl.DataFrame:
    """Give per patient the last performance status: patient, name (`ecog` or `karnofsky`), value, clock (day from the
    first infusion, null where no day is given), when, source. A dated value counts over an undated one."""
    rows = course.facts.filter(pl.col("name").is_in(["ecog", "karnofsky"]) & pl.col("value").is_not_null())
    rows = rows.filter(pl.col("doubt").is_null())
    order = rows.sort("patient", "clock", pl.col("name") == "ecog", nulls_last=False, maintain_order=True)
    last = order.unique("patient", keep="last", maintain_order=True)
    return last.select("patient", "name", "value", "clock", "when", "source")
