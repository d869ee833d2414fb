"""What has been given against which antigen: infusions and drugs, placed in time as far as the record allows."""

from functools import cache

import polars as pl

from carsequel.causes.seen import number, phase_said
from carsequel.options.table import options_table
from carsequel.record import Course
from carsequel.terms.products import targets_of
from carsequel.terms.tables import read_table


def exposures(course: Course) -> pl.DataFrame:
    """Give patient, antigen, at (clock day, null where undated), needs_stage, given (words), source.

    A test is surely later where both days are known and its day is larger, or where its stage (`stages`) is at least
    `needs_stage`.
    """
    return course.once("exposures", lambda: pl.concat([_infusions(course), _drugs(course)], how="diagonal_relaxed"))


def stages(rows: pl.DataFrame, course: Course, phase: pl.Expr) -> pl.DataFrame:
    """Add `stage`: after how many infusions a row lies (0 = before the first), null where the record does not say.

    Dated rows count the dated infusions before them; undated rows use the infusion they name and `phase` (an
    expression that gives `before`, `after` or something else).
    """
    numbered = rows.with_row_index("_id")
    days = course.infusions.filter(pl.col("day").is_not_null()).select("patient", "infusion", _day="day")
    past = (
        numbered.filter(pl.col("clock").is_not_null())
        .select("_id", "patient", "clock")
        .join(days, on="patient", how="left")
        .group_by("_id")
        .agg(_past=pl.col("infusion").filter(pl.col("_day") < pl.col("clock")).max().fill_null(0))
    )
    named = pl.col("infusion").fill_null(1)
    undated = pl.when(phase == "after").then(named).when(phase == "before").then(named - 1)
    both = numbered.join(past, on="_id", how="left", maintain_order="left")
    stage = pl.when(pl.col("clock").is_not_null()).then(pl.col("_past")).otherwise(undated)
    return both.with_columns(stage=stage.cast(pl.Int64)).drop("_id", "_past")


@cache
def _patterns() -> list[tuple[str, str]]:
    rows = read_table("carsequel.options", "drug_targets.csv").select("antigen", "pattern").rows()
    by_option = options_table().filter(pl.col("needs_antigen").str.contains("^(?:CD|BCMA|GPRC5D)"))
    single = by_option.filter(~pl.col("needs_antigen").str.contains("/"))
    return rows + [(antigen, f"^{option}$") for option, antigen in single.select("option", "needs_antigen").iter_rows()]


def _infusions(course: Course) -> pl.DataFrame:
    given = course.infusions.filter(pl.col("note").fill_null("") != "not_infused")
    target = pl.coalesce("target", targets_of(given["product"]))
    dated = pl.col("day").is_not_null()
    day = pl.when(dated).then(pl.format("day {}", number("day"))).otherwise(pl.lit("day not given"))
    return (
        given.with_columns(antigen=target.str.split("/"))
        .explode("antigen")
        .select(
            "patient",
            pl.col("antigen").str.to_uppercase(),
            at="day",
            needs_stage=pl.col("infusion").cast(pl.Int64),
            given=pl.format("infusion {} ({}, {})", "infusion", pl.col("product").fill_null("product not given"), day),
            source="source",
        )
    )


def _drugs(course: Course) -> pl.DataFrame:
    spans = course.spans.filter(pl.col("name").is_in(["drug", "therapy"]) & pl.col("text").is_not_null())
    text = pl.col("text").str.to_lowercase()
    listed = [pl.when(text.str.contains(pattern)).then(pl.lit(antigen)) for antigen, pattern in _patterns()]
    named = targets_of(spans["text"]).rename("_named")
    spans = spans.with_columns(named).with_columns(pl.col("_named").str.split("/").fill_null([]))
    antigens = pl.concat_list(*listed).list.drop_nulls().list.concat("_named").list.unique()
    rows = spans.with_columns(antigen=antigens).explode("antigen")
    rows = rows.filter(pl.col("antigen").is_not_null())
    ahead = pl.col("role").is_in(["bridging", "lymphodepletion"]).fill_null(False)
    later = pl.col("role").is_in(["next_line", "toxicity"]).fill_null(False)
    phase = pl.when(ahead).then(pl.lit("before")).when(later).then(pl.lit("after")).otherwise(phase_said())
    day = pl.when(pl.col("clock").is_not_null()).then(pl.format("day {}", number("clock")))
    return stages(rows, course, phase).select(
        "patient",
        pl.col("antigen").str.to_uppercase(),
        at=pl.coalesce("clock_end", "clock"),
        needs_stage=pl.col("stage") + 1,
        given=pl.format("{} ({})", "text", pl.coalesce(day, "when", pl.lit("day not given"))),
        source="source",
    )
