"""What the record says that a gate looks at: organ function, counts, burden, and facts made of spans and verdicts."""

from typing import Any, Final

import polars as pl

from carsequel.causes.expansion import CELLS, car_t_readings
from carsequel.causes.seen import ALWAYS, number, seen_facts
from carsequel.options.exposure import exposures
from carsequel.options.match import DAYS_IN_MONTH
from carsequel.record import Course

NAMES: Final = (
    *("ecog", "karnofsky", "creatinine", "creatinine_clearance", "bilirubin", "alt", "ast", "lvef", "dlco", "anc"),
    *("platelets", "hbv", "gvhd", "cns_disease", "ldh", "mtv", "marrow_blasts", "marrow_involved", "antigen_cd20"),
)
MADE: Final = ("failure_day", "infection_now", "drug_since", "bendamustine_months", "car_t_found", "given_against")
SCHEMA: Final[dict[str, Any]] = {
    "patient": pl.String,
    "infusion": pl.Int64,
    "fact": pl.String,
    "since": pl.Float64,
    "after": pl.Boolean,
    "at_failure": pl.Boolean,
    "value": pl.Float64,
    "comparator": pl.String,
    "uln": pl.Float64,
    "text": pl.String,
    "said": pl.String,
    "source": pl.String,
}
_KEY: Final = ["patient", "infusion"]


def situation(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give one row a reading that a rule may ask for, in order of time (undated first): patient, infusion, fact, since
    (days from that infusion), after (that infusion), at_failure, value, comparator, uln, text, said, source.

    Facts made here: `failure_day`, `infection_now` (an infection without an end), `drug_since` (what was given after
    the infusion), `bendamustine_months` (from its last day to the failure), `car_t_found` (yes, no), `given_against`.
    """
    seen = seen_facts(course, verdicts, *NAMES, *CELLS)
    plain = seen.filter(pl.col("name").is_in(NAMES)).with_columns(fact="name", after=pl.col("phase") == "after")
    parts = [
        plain,
        _failure_days(verdicts),
        _infections(course, verdicts),
        _drugs(course, verdicts),
        _cells(seen),
        _against(course, verdicts),
    ]
    return pl.concat([_shaped(part) for part in parts]).sort("since", nulls_last=False, maintain_order=True)


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    lacking = [pl.lit(None).alias(name) for name in SCHEMA if name not in rows.columns]
    rows = rows.with_columns(lacking).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    return rows.with_columns(pl.col("after", "at_failure").fill_null(True))


def _failure_days(verdicts: pl.DataFrame) -> pl.DataFrame:
    rows = verdicts.filter(pl.col("day").is_not_null())
    said = pl.format("failure on day {}", number("day"))
    return rows.select(*_KEY, fact=pl.lit("failure_day"), since="day", value="day", said=said)


def _infections(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    spans = course.spans_since("infection", undated=True).filter(pl.col("until").is_null())
    ended = pl.col("end_known") if "end_known" in spans.columns else pl.lit(None, dtype=pl.Boolean)
    spans = spans.join(verdicts.select(_KEY), on=_KEY, how="semi").with_columns(_end=ended)
    words = pl.when(pl.col("_end").cast(pl.Boolean).fill_null(True)).then(pl.lit("still going on record"))
    kind = pl.col("text").fill_null("kind not given")
    said = pl.format("{}, {}", kind, words.otherwise(pl.lit("end not given")))
    joined = spans.select(*_KEY, "source", said=said).group_by(_KEY, maintain_order=True)
    return joined.agg(_join("said"), _join("source")).with_columns(fact=pl.lit("infection_now"))


def _drugs(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    """The drugs given after the infusion, joined, and the months from the last bendamustine to the failure."""
    spans = course.spans_since("drug", "therapy", before=ALWAYS, undated=True).filter(pl.col("text").is_not_null())
    days = verdicts.select(*_KEY, _day=pl.col("day").cast(pl.Float64))
    spans = spans.join(days, on=_KEY, how="inner", maintain_order="left")
    spans = spans.with_columns(_last=pl.coalesce("until", "since"))
    later = (pl.col("since") > 0) | (pl.col("role") == "next_line")
    ended = pl.when(pl.col("_last").is_not_null()).then(pl.format("last known day {}", number("_last")))
    said = pl.format("{} ({})", "text", pl.coalesce(ended, "when", pl.lit("day not given")))
    given = spans.filter(later.fill_null(False)).select(*_KEY, "source", said=said)
    given = given.group_by(_KEY, maintain_order=True).agg(_join("said"), _join("source"))
    benda = spans.filter(pl.col("text").str.to_lowercase().str.contains("bendamustine"), pl.col("_last").is_not_null())
    months = ((pl.col("_day") - pl.col("_last")) / DAYS_IN_MONTH).alias("value")
    benda = benda.sort("_last").unique(_KEY, keep="last", maintain_order=True).filter(pl.col("_last") <= pl.col("_day"))
    told = pl.format("bendamustine, {} months before the failure", number("value"))
    benda = benda.with_columns(months.round(1)).select(*_KEY, "value", "source", said=told)
    named = [given.with_columns(fact=pl.lit("drug_since")), benda.with_columns(fact=pl.lit("bendamustine_months"))]
    return pl.concat(named, how="diagonal_relaxed")


def _cells(seen: pl.DataFrame) -> pl.DataFrame:
    cells = car_t_readings(seen).filter(pl.col("found").is_not_null()).group_by(_KEY, maintain_order=True)
    found = cells.agg(_there=pl.col("found").any(), said=_words("said"), source=_words("source"))
    there = pl.when("_there").then(pl.lit("yes")).otherwise(pl.lit("no"))
    return found.with_columns(fact=pl.lit("car_t_found"), text=there)


def _against(course: Course, verdicts: pl.DataFrame) -> pl.DataFrame:
    given = exposures(course).group_by("patient", maintain_order=True)
    told = given.agg(said=pl.format("{} by {}", "antigen", "given").unique(maintain_order=True).str.join("; "))
    return verdicts.select(_KEY).join(told, on="patient", how="inner").with_columns(fact=pl.lit("given_against"))


def _join(column: str) -> pl.Expr:
    return _words(column).alias(column)


def _words(column: str) -> pl.Expr:
    return pl.col(column).drop_nulls().unique(maintain_order=True).str.join("; ")
