"""What a record says about the course of the disease, on one list: responses, events, therapies, blasts, MRD.

One row a statement: patient, infusion, `since` (days from that infusion, null where no day is given), `what`, `text`,
`value`, `comparator`, `approximate` and `source`.
"""

from typing import Final

import polars as pl

from carsequel.record.course import Course

RESPONDED: Final = ("sCR", "CR", "CRi", "CRh", "VGPR", "PR")
COMPLETE: Final = ("sCR", "CR", "CRi", "CRh")
DISEASE_DEATH: Final = "disease"
KEYS: Final = ["patient", "infusion"]
_COLUMNS: Final = [*KEYS, "since", "what", "text", "value", "comparator", "approximate", "source"]

NAMED: Final = {
    "response": "response",
    "deauville": "deauville",
    "marrow_blasts": "blasts",
    "blood_blasts": "blasts",
    "extramedullary": "extramedullary",
    "mrd": "mrd",
    "in_remission": "remission",
    "response_duration": "response_duration",
}
_KNOWN: Final = (
    "response",
    "progression",
    "relapse",
    "death",
    "disease_death",
    "second_malignancy",
    "new_therapy",
    "deauville",
    "blasts",
    "extramedullary",
    "mrd",
    "remission",
    "response_duration",
)


def list_assessments(course: Course) -> pl.DataFrame:
    """Give every statement about the course of the disease after each infusion, in order of its day.

    `what` is `response` `progression` `relapse` `death` `disease_death` `second_malignancy` `new_therapy`
    `deauville` `blasts` `extramedullary` `mrd` `remission` `response_duration`. A later infusion counts as a new
    therapy of the earlier one.
    """
    return course.once("assessments", lambda: _listed(course))


def _listed(course: Course) -> pl.DataFrame:
    told = (*KEYS, "since", "name", "text", "site", "value", "comparator", "approximate", "source")
    facts = course.facts_since("event", *NAMED, undated=True, columns=told)
    disease_death = (pl.col("text") == "death") & (pl.col("site") == DISEASE_DEATH)
    kind = pl.when(disease_death).then(pl.lit("disease_death")).otherwise("text")
    what = pl.when(pl.col("name") == "event").then(kind).otherwise(pl.col("name").replace(NAMED))
    statements = facts.with_columns(what=what).filter(pl.col("what").is_in(_KNOWN)).select(_COLUMNS)
    parts = [statements, _next_lines(course), _later_infusions(course)]
    return pl.concat(parts, how="diagonal_relaxed").sort(*KEYS, "since", nulls_last=True, maintain_order=True)


def _next_lines(course: Course) -> pl.DataFrame:
    spans = course.spans_since("drug", "therapy", undated=True)
    lines = spans.filter((pl.col("role") == "next_line") & ((pl.col("since") >= 0) | pl.col("since").is_null()))
    return lines.select(*KEYS, "since", pl.lit("new_therapy").alias("what"), "text", "approximate", "source")


def _later_infusions(course: Course) -> pl.DataFrame:
    """Give the next infusion of CAR T cells as a new therapy of the infusion before it."""
    order = course.infusions.sort(*KEYS).select("patient", "infusion", "day", "source")
    after = order.with_columns(infusion=pl.col("infusion") - 1).rename({"day": "_next"})
    both = after.join(order.select("patient", "infusion", "day"), on=KEYS, how="inner")
    return both.select(
        *KEYS,
        since=pl.col("_next") - pl.col("day"),
        what=pl.lit("new_therapy"),
        text=pl.lit("second_infusion"),
        source="source",
    )
