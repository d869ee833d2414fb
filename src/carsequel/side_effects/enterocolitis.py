"""Enterocolitis after CAR T cells: a flag (no grade is published), since the infusion (day 0).

Unexplained, usually non-bloody diarrhoea of grade 3 or more, typically later than a month after the infusion, with a
negative search for infection and inflammation in the biopsy; T-cell lymphoproliferation is excluded.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import FAR, Course
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.measured import Said, covered_throughout, flagged, since_infusion

SOURCE: Final = "galarza2024"
CRITERION: Final = "enterocolitis.flag"


class Rule(NamedTuple):
    """What gives this code: a stated event, or diarrhoea of at least this grade without a recorded infection."""

    code: int
    grade: float | None
    paper: str


RULES: tuple[Rule, ...] = (
    Rule(2, None, "enterocolitis as stated by the centre"),
    Rule(1, 3, "unexplained diarrhoea of grade 3 or more"),
)


class Choices(NamedTuple):
    """The day up to which an onset is told to be earlier than typical (the paper: more than a month)."""

    month: int = 30


CHOICES = Choices()
DIARRHOEA: Final = r"(?i)diarrh|colitis"
LABELS: Final = {0: "none", 1: "suspected", 2: "stated"}
STEP: Final = "exclude infection and T-cell lymphoproliferation, biopsy"


def assess_enterocolitis(course: Course) -> pl.DataFrame:
    """Flag enterocolitis: one `maximum` per infusion, 2 stated, 1 suspected, 0 none.

    Suspected is a recorded toxicity (span) named diarrhoea or colitis of grade 3 or more; where an infection is
    recorded at the same time, or the grade is missing, it is only possible. None needs a record that is complete in
    `event` and `toxicity`. Gives a findings frame (source galarza2024).
    """
    events = course.facts_since("event", undated=True).lazy()
    spans = course.spans_since("toxicity", "infection", undated=True).lazy()
    ill = events.filter((pl.col("text") == "infection") & pl.col("since").is_not_null())
    rows = pl.concat([_stated(events), _suspected(spans, ill)])
    said = Said(
        CRITERION, "basis=stated_or_diarrhoea", True, SOURCE, LABELS, "no event or toxicity recorded as complete"
    )
    return flagged(rows, _open(course, since_infusion(course)), said)


def _stated(events: pl.LazyFrame) -> pl.LazyFrame:
    note = pl.concat_str(pl.lit("enterocolitis stated"), _when(), _early(), separator="", ignore_nulls=True)
    low, high = pl.lit(RULES[0].code), pl.lit(RULES[0].code)
    stated = events.filter(pl.col("text") == "enterocolitis")
    return stated.select(*KEYS, "since", low=low, high=high, note=note, source="source")


def _suspected(spans: pl.LazyFrame, ill: pl.LazyFrame) -> pl.LazyFrame:
    rows = spans.filter((pl.col("name") == "toxicity") & pl.col("text").str.contains(DIARRHOEA))
    rows = rows.filter(pl.col("since").is_null() | (pl.col("since") >= 0))
    rows = rows.filter(pl.col("value").is_null() | (pl.col("value") >= RULES[1].grade)).with_row_index("_id")
    known = pl.concat([ill.select(*KEYS, _begun="since", _over="since"), _infections(spans)])
    rows = rows.join(_infected(rows, known), on="_id", how="left", maintain_order="left")
    explained, ungraded = pl.col("infected").fill_null(False), pl.col("value").is_null()
    graded = pl.format("diarrhoea of grade {}", pl.col("value").cast(pl.Int64))
    note = pl.concat_str(
        pl.when(ungraded).then(pl.lit("diarrhoea without a grade")).otherwise(graded),
        _when(),
        pl.when(explained).then(pl.lit("; an infection recorded at that time may explain it")),
        _early(),
        pl.lit(f"; {STEP}"),
        separator="",
        ignore_nulls=True,
    )
    code = RULES[1].code
    low = pl.when(explained | ungraded).then(0).otherwise(code)
    return rows.select(*KEYS, "since", low=low, high=pl.lit(code), note=note, source="source")


def _infections(spans: pl.LazyFrame) -> pl.LazyFrame:
    own = spans.filter((pl.col("name") == "infection") & pl.col("since").is_not_null())
    return own.select(*KEYS, _begun="since", _over=pl.col("until").fill_null(FAR))


def _infected(rows: pl.LazyFrame, known: pl.LazyFrame) -> pl.LazyFrame:
    """The spans of diarrhoea during which an infection is recorded, begun or going on: _id, infected."""
    until = pl.coalesce("until", pl.lit(FAR)).floor()
    overlap = (pl.col("_begun").floor() <= until) & (pl.col("_over").floor() >= pl.col("since").floor())
    return rows.join(known, on=KEYS, how="inner").filter(overlap).select("_id").unique().with_columns(infected=True)


def _when() -> pl.Expr:
    day = pl.format(" on day {}", pl.col("since").floor().cast(pl.Int64))
    return pl.when(pl.col("since").is_not_null()).then(day).otherwise(pl.lit(" without a day"))


def _early() -> pl.Expr:
    early = pl.col("since").floor() <= CHOICES.month
    return pl.when(early).then(pl.lit("; earlier than typical (later than a month)"))


def _open(course: Course, windows: pl.DataFrame) -> pl.LazyFrame:
    event, toxicity = (
        pl.col("id").is_in(covered_throughout(course, windows, name)["id"].implode()) for name in ("event", "toxicity")
    )
    open_high = pl.when(~event).then(RULES[0].code).when(~toxicity).then(RULES[1].code).otherwise(0)
    doubt = pl.when(~event).then(pl.lit("events are not recorded as complete"))
    return windows.lazy().select(
        *KEYS,
        open_high=open_high,
        doubt=doubt.otherwise(pl.lit("toxicities are not recorded as complete")),
        known=event | toxicity,
    )
