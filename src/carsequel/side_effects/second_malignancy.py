"""Second malignancy since the infusion (day 0), as stated, with T-cell malignancies apart.

T-cell malignancies occurred weeks to years after CD19 and BCMA products: monitoring is lifelong and the tumour is
tested for the CAR transgene. No rule of attribution is published, and none is applied.
"""

from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.side_effects.daily import KEYS
from carsequel.side_effects.measured import Said, covered_throughout, flagged, since_infusion

SOURCE: Final = "fda2024"
CRITERION: Final = "second_malignancy.stated"


class Rule(NamedTuple):
    """Words of the stated malignancy that give this code; lines stand worst first."""

    code: int
    words: str
    paper: str


RULES: tuple[Rule, ...] = (
    Rule(
        2,
        r"(?i)\bt[- ]?cell|\bt[- ]?lgl\b|\bt[- ]?all\b|\bptcl|\bctcl|\balcl|\baitl|mycosis fungoides|s[eé]zary",
        "T-cell malignancy",
    ),
    Rule(1, r"", "second malignancy of another kind"),
)
LABELS: Final = {0: "none", 1: "second malignancy", 2: "T-cell malignancy"}
# A lymphoma or leukaemia without its lineage may be of T cells.
OF_A_LINEAGE: Final = r"(?i)\bb[- ]?cell|myelo|\baml\b|\bmds\b|\bcml\b|\bcll\b|dlbcl|follicular|hodgkin|plasma"
LYMPHOID: Final = r"(?i)lymphom|leuk|lymphoprolif|haematolog|hematolog"


def assess_second_malignancy(course: Course) -> pl.DataFrame:
    """Give second malignancies: one `maximum` per infusion, 2 of T cells, 1 another kind, 0 none.

    The kind is read from the words beside the event; without words, or where they name no lineage of a lymphoma or
    leukaemia, T cells are possible. None needs coverage of `event`. Whether the CAR transgene was looked for in the
    tumour is told. Gives a findings frame (source fda2024).
    """
    rows = course.facts_since("event", undated=True).lazy().filter(pl.col("text") == "second_malignancy")
    rows = rows.filter(pl.col("since").is_null() | (pl.col("since") >= 0))
    rows = rows.join(_transgene(course), on=KEYS, how="left")
    words = (
        pl.concat_str("site", "note", separator=" ", ignore_nulls=True)
        .fill_null("")
        .str.replace_all("_", " ")
        .str.strip_chars()
    )
    of_t = words.str.contains(RULES[0].words)
    unclear = (words == "") | (words.str.contains(LYMPHOID) & ~words.str.contains(OF_A_LINEAGE))
    grave, other = RULES[0].code, RULES[1].code
    day = pl.format("on day {}", pl.col("since").floor().cast(pl.Int64))
    note = pl.concat_str(
        pl.lit("second malignancy stated"),
        pl.when(pl.col("since").is_null()).then(pl.lit("without a day")).otherwise(day),
        pl.when(of_t).then(pl.lit("(T cells)")).when(unclear).then(pl.lit("(lineage not given)")),
        pl.format("; {}", pl.col("transgene").fill_null("CAR transgene in the tumour not tested or not recorded")),
        separator=" ",
        ignore_nulls=True,
    ).str.replace(" ;", ";", literal=True)
    graded = rows.with_columns(
        low=pl.when(of_t).then(grave).otherwise(other),
        high=pl.when(of_t | unclear).then(grave).otherwise(other),
        note=note,
    )
    said = Said(
        CRITERION, "basis=stated", True, SOURCE, LABELS, "events are not recorded as complete, and none is stated"
    )
    graded = graded.select(*KEYS, "since", "low", "high", "note", "source")
    return flagged(graded, _open(course, since_infusion(course)), said)


def _transgene(course: Course) -> pl.LazyFrame:
    rows = course.facts_since("car_in_tumor", undated=True).lazy().filter(pl.col("text").is_in(["yes", "no"]))
    found = (pl.col("text") == "yes").any()
    words = pl.when(found).then(pl.lit("CAR transgene found in the tumour"))
    return rows.group_by(KEYS).agg(transgene=words.otherwise(pl.lit("CAR transgene not found in the tumour")))


def _open(course: Course, windows: pl.DataFrame) -> pl.LazyFrame:
    known = pl.col("id").is_in(covered_throughout(course, windows, "event")["id"].implode())
    return windows.lazy().select(
        *KEYS,
        open_high=pl.when(known).then(0).otherwise(RULES[0].code),
        doubt=pl.lit("events are not recorded as complete"),
        known=known,
    )
