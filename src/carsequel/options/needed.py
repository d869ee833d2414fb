"""Whether options are asked for at all: the state after the last infusion, and whether the patient lives."""

from typing import Final

import polars as pl

from carsequel.causes.seen import one_each
from carsequel.record import Course

FAILED: Final = ("failed", "suspected")
REASONS: Final = {
    "failed": "failure after the last infusion",
    "suspected": "failure not confirmed",
    "not_failed": "not needed now: no failure is recorded",
    "not_evaluable": "not given: failure after the last infusion cannot be judged from the record",
    "not_infused": "not given: no CAR T cells were infused",
    "died_without_progression": "not given: the patient died",
    "new_therapy_without_progression": "not given: a new therapy was started without recorded progression",
    "second_malignancy": "not given: a second malignancy has options of its own",
}
DIED: Final = "not given: the patient died"


def options_needed(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give one row per patient, the verdict of the last infusion, with `needed` (boolean) and `reason` (words).

    `verdicts` has one row per patient and infusion. Options are needed where that state is `failed` or `suspected`
    and no death is recorded. Raises ValueError where a patient and infusion have several verdicts.
    """
    last = (
        one_each(verdicts).with_columns(pl.col("infusion").cast(pl.Int64)).sort("patient", "infusion", nulls_last=False)
    )
    last = last.unique("patient", keep="last", maintain_order=True)
    events = course.facts.filter((pl.col("name") == "event") & (pl.col("text").str.to_lowercase() == "death"))
    died = pl.col("patient").is_in(events["patient"].unique().to_list())
    unknown = "not given: the state is not known"
    reason = pl.col("state").replace_strict(REASONS, default=unknown, return_dtype=pl.String)
    return last.with_columns(
        needed=pl.col("state").is_in(FAILED).fill_null(False) & ~died,
        reason=pl.when(died).then(pl.lit(DIED)).otherwise(reason),
    )
