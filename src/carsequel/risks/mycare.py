"""MyCARe (0-4 points): early relapse of myeloma after BCMA CAR T cells, from four items at lymphodepletion.

One point each for extramedullary disease or plasma cell leukaemia, refractoriness to lenalidomide, high-risk
cytogenetics and raised ferritin (ug/L). The cut-off of ferritin is unverified: the item stays open unless asked for.
Day 0 is the day of infusion.
"""

from typing import Any, Final, Literal

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.moments import MOMENT, baseline
from carsequel.risks.points import Group, Point, answers_for, baseline_findings, caution, scored
from carsequel.risks.readings import STAGING, Item, per_limit, read_items, yes_or_no
from carsequel.risks.statements import covers, read_high_risk, texts, with_reading
from carsequel.terms.findings import definition_of, join_findings

SOURCE: Final = "gagelmann2024"
CRITERION: Final = "mycare.gagelmann2024"
VALIDATED: Final = ("MM",)

RULES: tuple[Point, ...] = (
    Point("extramedullary", 1, ">=", 1.0, "extramedullary disease or plasma cell leukaemia"),
    Point("lenalidomide", 1, ">=", 1.0, "refractory to lenalidomide"),
    Point("cytogenetics", 1, ">=", 1.0, "high-risk cytogenetics"),
    Point("ferritin", 1, ">", 1.0, "raised ferritin; that raised means above the upper limit is UNVERIFIED"),
)
GROUPS: tuple[Group, ...] = (Group("high", 4), Group("intermediate", 2), Group("low", 0))
ITEMS: Final = (
    Item("extramedullary", "extramedullary", "extramedullary disease", yes_or_no(), STAGING, "baseline", yes_no=True),
    Item(
        "ferritin",
        "ferritin",
        "ferritin over its upper limit",
        per_limit(),
        lacks="(the laboratory's own limit is missing)",
    ),
)
UNREAD: Final[dict[str, Any]] = {"lo": pl.Float64, "hi": pl.Float64, "source": pl.List(pl.String)}
LEUKAEMIA: Final = r"(?i)plasma[- ]cell leuk"
REFRACTORY: Final = r"(?i)refractory|\b(?:PD|SD|NR)\b"
FERRITIN_OPEN: Final = "the cut-off of ferritin was read in no source and the item is left open"
FERRITIN_ASKED: Final = "UNVERIFIED: ferritin counted where above its upper limit"
DETAIL: Final = "plasma cell leukaemia is read from the disease as stated"


def score_mycare(course: Course, *, ferritin: Literal["open", "uln"] = "open", everyone: bool = False) -> pl.DataFrame:
    """Score MyCARe: one `assessment` per infusion and moment, for myeloma and patients without a disease (`everyone`
    answers for the others with a warning). `ferritin="uln"` adds, never as default, the reading that counts ferritin
    above its upper limit (unverified). Lenalidomide is not refractory only where prior lines are recorded completely
    and none names it. Gives a findings frame (source gagelmann2024); ValueError for another `ferritin`."""
    if ferritin not in ("open", "uln"):
        raise ValueError("ferritin: allowed are 'open' and 'uln'; choose one of them")
    moments = answers_for(baseline(course), VALIDATED, everyone)
    readings = _with_lenalidomide(course, read_items(course, moments, ITEMS))
    readings = _with_leukaemia(course, read_high_risk(course, readings))
    nothing = {f"ferritin_{side}": pl.lit(None, dtype=kind) for side, kind in UNREAD.items()}
    blank = readings.with_columns(**nothing, ferritin_note=pl.lit("ferritin"))
    found = [_finish(blank, "open", FERRITIN_OPEN)]
    if ferritin == "uln":
        found.append(_finish(readings.with_columns(default=False), "uln_unverified", FERRITIN_ASKED))
    return join_findings(found)


def _finish(readings: pl.DataFrame, ferritin: str, note: str) -> pl.DataFrame:
    found = scored(readings, RULES, GROUPS)
    choices = definition_of(ferritin=ferritin, staging=STAGING)
    warning = caution(VALIDATED, f"{note}; {DETAIL}")
    return baseline_findings(found, warning, criterion=CRITERION, source=SOURCE, choices=choices)


def _with_leukaemia(course: Course, readings: pl.DataFrame) -> pl.DataFrame:
    said = pl.col("disease_detail").str.contains(LEUKAEMIA).fill_null(False)
    stated = course.patients.filter(said).select("patient", _stated=True, _source="source")
    both = readings.join(stated, on="patient", how="left", maintain_order="left")
    one, words = pl.lit(1.0), pl.lit("plasma cell leukaemia")
    reading = {"lo": one, "hi": one, "note": words, "source": pl.concat_list("_source")}
    columns = {f"extramedullary_{side}": value for side, value in reading.items()}
    return both.with_columns(
        pl.when("_stated").then(value).otherwise(name).alias(name) for name, value in columns.items()
    ).drop("_stated", "_source")


def _with_lenalidomide(course: Course, moments: pl.DataFrame) -> pl.DataFrame:
    """Add the reading `lenalidomide`: 1 where a line with it is refractory, 0 where complete lines never name it."""
    lines = texts(course, moments, "prior_line").filter(pl.col("text").str.contains("(?i)lenalidomid"))
    told = pl.concat_str("text", "method", separator=" ", ignore_nulls=True).str.contains(REFRACTORY)
    per = lines.group_by(MOMENT).agg(refractory=told.any(), source=pl.col("source").drop_nulls().unique().sort())
    complete = covers(course, moments, "prior_line").with_columns(_complete=True)
    every = moments.select(MOMENT).join(per, on=MOMENT, how="left").join(complete, on=MOMENT, how="left")
    never = pl.col("refractory").is_null() & pl.col("_complete").fill_null(False)
    number = pl.when(pl.col("refractory")).then(1.0).when(never).then(0.0)
    words = {1.0: "refractory to lenalidomide", 0.0: "never given lenalidomide"}
    rows = every.select(*MOMENT, _number=number, source=pl.coalesce("source", pl.lit([], dtype=pl.List(pl.String))))
    return with_reading(moments, rows, "lenalidomide", words, "refractoriness to lenalidomide not settled")
