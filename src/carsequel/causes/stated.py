"""The cause that the record itself states: shown as stated, never as this program's own reading."""

from typing import Final

import polars as pl

from carsequel.causes.rules import as_evidence
from carsequel.causes.seen import seen_facts
from carsequel.record import Course
from carsequel.terms.lists import CAUSES

STRENGTH: Final = "as stated in the record, not derived here"


def stated_causes(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give an evidence row for each `cause_stated` that is a cause of the fixed list; other words give none."""
    seen = seen_facts(course, verdicts, "cause_stated")
    rows = seen.filter(pl.col("text").is_in(CAUSES) & (pl.col("phase") != "earlier"))
    words = pl.concat_str(pl.lit("stated cause"), "text", "method", separator=": ", ignore_nulls=True)
    return as_evidence(
        rows.select(
            "patient",
            "infusion",
            cause="text",
            direction=pl.lit("for"),
            fact=words,
            strength=pl.lit(STRENGTH),
            facts="source",
        )
    )
