"""Failure: has it failed, of which type, since which day after the infusion, under each named definition.

Day 0 is the day of the infusion. The definitions differ in what they count; each gives its own verdict and the
report shows where they part. An equivocal scan (PR, SD, Deauville 4 or 5 without progression) is *suspected*.
"""

from functools import cache
from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.antigen import antigen_after_infusion, antigen_at_failure, tissue_at_failure
from carsequel.signs.assessments import KEYS, list_assessments
from carsequel.signs.definitions import CODES, RULES, TIMINGS
from carsequel.signs.verdict import CASE, decide
from carsequel.terms.diseases import disease_facts
from carsequel.terms.findings import as_findings
from carsequel.terms.lists import DISEASES

SOURCE: Final = "diblasi2022"
ANYWAY: Final = "failure.stated"
ADDED: Final = {"B-ALL": ("failure.mrd_eln2024",)}


def assess_failure(course: Course) -> pl.DataFrame:
    """Give the verdict of every definition that applies: one row per patient, infusion and definition.

    Columns: patient, infusion, disease, product, target, definition, state, type, antigen, timing, day, day_low,
    day_high, why, facts, biopsy_proven, source. `state`, `type`, `antigen` and `timing` are words of the fixed lists;
    `day` is null where the record gives none, `day_low` and `day_high` then bound it.
    """
    looks = course.clock.select(*KEYS, "disease", "product", "target")
    rows = decide(looks, list_assessments(course), RULES)
    failed = pl.col("state") == "failed"
    failures = rows.filter(failed)
    if not failures.is_empty():
        antigens = antigen_after_infusion(course)
        for found in (antigen_at_failure(antigens, failures), tissue_at_failure(course, antigens, failures)):
            rows = rows.join(found, on=CASE, how="left", maintain_order="left")
    else:
        rows = rows.with_columns(antigen=pl.lit(None, dtype=pl.String), tissue=pl.lit(None, dtype=pl.Boolean))
    return rows.with_columns(
        antigen=pl.when(failed).then(pl.col("antigen").fill_null("not_tested")),
        timing=pl.when(failed).then(_timing()),
        biopsy_proven=pl.when(failed).then(pl.col("tissue").fill_null(False)),
    ).drop("tissue", "after_day")


def _timing() -> pl.Expr:
    """Name the timing where the bounds of the day lie inside one interval."""
    low = pl.coalesce("day", "day_low", pl.lit(0.0)).floor()
    high = pl.coalesce("day", "day_high", pl.lit(float("inf"))).floor()
    return pl.coalesce(pl.when((low >= each.first) & (high <= each.last)).then(pl.lit(each.name)) for each in TIMINGS)


def verdict_of_record(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give one verdict per patient and infusion: the stated default of the disease, unless it cannot be applied.

    The default definition of the disease decides. Where it sees no failure, an MRD failure (B-ALL) or one that the
    investigator states stands instead, and `why` says so; where it is not evaluable, the stated course stands.
    """
    chosen = pl.col("disease").replace_strict(_defaults(), default=ANYWAY, return_dtype=pl.String)
    added = pl.lit(False)
    for disease, definitions in ADDED.items():
        added = added | ((pl.col("disease") == disease) & pl.col("definition").is_in(definitions))
    place = (
        pl.when(pl.col("definition") == chosen).then(0).when(added).then(1).when(pl.col("definition") == ANYWAY).then(2)
    )
    rank = pl.col("state").replace_strict(
        {"failed": 0, "not_evaluable": 3, "not_failed": 2}, default=1, return_dtype=pl.Int64
    )
    states = pl.col("state").filter(pl.col("state") != "not_evaluable").n_unique()
    rows = verdicts.with_columns(
        disagreement=states.over(KEYS) > 1,
        _place=place,
        _rank=rank,
        _ruled=pl.col("state").filter(place == 0).first().over(KEYS),
    )
    rows = rows.filter(pl.col("_place").is_not_null()).sort(*KEYS, "_rank", "_place", maintain_order=True)
    best = rows.unique(KEYS, keep="first", maintain_order=True)
    overruled = (pl.col("_place") > 0) & (pl.col("_ruled") != pl.col("state")) & (pl.col("_ruled") != "not_evaluable")
    note = pl.format("{}; the default definition alone says {}", "why", pl.col("_ruled").str.replace_all("_", " "))
    best = best.with_columns(why=pl.when(overruled).then(note).otherwise("why"))
    return best.drop("_place", "_rank", "_ruled")


@cache
def _defaults() -> dict[str, str]:
    return {name: disease_facts(name)["failure"] or ANYWAY for name in DISEASES}


def failure_findings(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Give the verdicts as findings: kind `assessment`, codes of `criteria.csv`, label = the state in words."""
    code = pl.col("state").replace_strict(CODES, default=None, return_dtype=pl.Float64)
    words = pl.concat_str([pl.col("state"), pl.col("type"), pl.col("timing")], separator=", ", ignore_nulls=True)
    return as_findings(
        verdicts.with_columns(
            criterion="definition",
            low=code,
            high=code,
            label=words.str.replace_all("_", " "),
            start="day",
            end="day",
        ),
        definition="day=first_counted therapy=ends_the_count",
        kind="assessment",
        default=True,
        period="since infusion",
    )
