"""Is the antigen there now: the last reading of it, and whether anything was given against it since."""

from typing import Final

import polars as pl

from carsequel.causes.seen import ANTIGENS, phase_said, said
from carsequel.options.conditions import as_conditions
from carsequel.options.exposure import exposures, stages
from carsequel.record import Course

READINGS: Final = {
    "positive": "present",
    "dim": "reduced",
    "patchy": "reduced",
    "negative": "absent",
    "epitope_lost": "epitope_lost",
}
_EPITOPE: Final = "; the epitope of the infused CAR is lost, whether this drug binds elsewhere is not recorded"
_KEY: Final = ["patient", "antigen"]


def antigen_now(course: Course) -> pl.DataFrame:
    """Give per patient and antigen the last reading: reading (`present` `reduced` `absent` `epitope_lost` `number`
    `conflict`), since_all (boolean: surely later than everything given against it), said, last_given, facts.

    Patients whose antigen was never read have no row. Readings that cannot be ordered and differ are a `conflict`.
    """
    return course.once("antigen_now", lambda: _antigen_now(course))


def _antigen_now(course: Course) -> pl.DataFrame:
    tests = _ordered_tests(course)
    last = tests.group_by(_KEY, maintain_order=True).agg(
        readings=pl.col("reading").n_unique(),
        reading=pl.col("reading").first(),
        since_all=pl.col("since_all").all(),
        said=pl.col("said").unique(maintain_order=True).str.join("; "),
        facts=pl.col("source").drop_nulls().unique(maintain_order=True).str.join("; "),
    )
    settled = pl.when(pl.col("readings") > 1).then(pl.lit("conflict")).otherwise("reading")
    return last.with_columns(reading=settled).drop("readings")


def antigen_conditions(course: Course, pairs: pl.DataFrame) -> pl.DataFrame:
    """Give the antigen condition of each option that needs one.

    `pairs` has patient, infusion, option, needs_antigen and target. Of several antigens one is enough.
    """
    own = pl.col("target").fill_null("")
    needs = pl.when(pl.col("needs_antigen") == "target").then(own).otherwise("needs_antigen")
    rows = pairs.filter(~pl.col("needs_antigen").fill_null("other").is_in(["other"]))
    rows = rows.with_columns(antigen=needs.str.split("/"), same=pl.col("needs_antigen") == "target").explode("antigen")
    rows = rows.with_columns(shown=pl.col("antigen"), antigen=pl.col("antigen").str.to_uppercase())
    given = (
        exposures(course)
        .group_by(_KEY, maintain_order=True)
        .agg(given=pl.col("given").unique(maintain_order=True).str.join(", "))
    )
    rows = rows.join(antigen_now(course), on=_KEY, how="left", maintain_order="left")
    rows = rows.join(given, on=_KEY, how="left", maintain_order="left")
    return _any_antigen(rows.with_columns(holds=_holds(), reason=_reason() + _given(), decides=_decides()))


def _any_antigen(rows: pl.DataFrame) -> pl.DataFrame:
    joined = rows.group_by("patient", "infusion", "option", maintain_order=True).agg(
        _yes=pl.col("holds").fill_null(False).any(),
        _no=(~pl.col("holds")).fill_null(False).all(),
        reason=pl.col("reason").str.join("; "),
        decides=pl.col("decides").drop_nulls().str.join("; "),
        facts=pl.col("facts").drop_nulls().str.join("; "),
    )
    holds = pl.when("_yes").then(True).when("_no").then(False)
    facts = pl.when(pl.col("facts") != "").then("facts")
    return as_conditions(joined.with_columns(holds=holds, facts=facts))


def _holds() -> pl.Expr:
    reading = pl.col("reading")
    return (
        pl.when(reading == "absent")
        .then(False)
        .when((reading == "epitope_lost") & pl.col("same"))
        .then(False)
        .when((reading == "present") & pl.col("since_all"))
        .then(True)
    )


def _reason() -> pl.Expr:
    reading = pl.col("reading")
    no_antigen = pl.col("antigen") == ""
    return (
        pl.when(no_antigen)
        .then(pl.lit("the product's target antigen is not recorded"))
        .when(reading.is_null())
        .then(pl.format("{} not tested", "shown"))
        .when(reading == "absent")
        .then(pl.format("{} not found at the last reading: {}", "shown", "said"))
        .when(reading == "epitope_lost")
        .then(pl.format("{}{}", "said", pl.when("same").then(pl.lit("")).otherwise(pl.lit(_EPITOPE))))
        .when(reading == "reduced")
        .then(pl.format("{} reduced, no agreed cut: {}", "shown", "said"))
        .when(reading == "conflict")
        .then(pl.format("{} readings differ and cannot be ordered: {}", "shown", "said"))
        .when(reading == "number")
        .then(pl.format("{} recorded as a number without a reading: {}", "shown", "said"))
        .when("since_all")
        .then(pl.format("{} present: {}", "shown", "said"))
        .otherwise(pl.format("{} not tested since the last drug against it; before: {}", "shown", "said"))
    )


def _given() -> pl.Expr:
    known = pl.when(pl.col("given").is_not_null()).then(pl.format(" [given against it: {}]", "given"))
    return known.otherwise(pl.lit(" [nothing given against it is on record]"))


def _decides() -> pl.Expr:
    shown = pl.col("shown")
    return (
        pl.when(pl.col("antigen") == "")
        .then(pl.lit("the product's target antigen"))
        .when(pl.col("reading") == "epitope_lost")
        .then(pl.format("{} assay with this drug's epitope, or sequencing", shown))
        .when(pl.col("reading") == "reduced")
        .then(pl.format("{} density on the failing disease", shown))
        .otherwise(pl.format("biopsy with {}", shown))
    )


def _ordered_tests(course: Course) -> pl.DataFrame:
    """The tests that can be the last one, with `since_all`."""
    tests = _tests(course)
    by_day = (pl.col("clock") > pl.col("at")).fill_null(False)
    no_day = pl.col("clock").is_null() | pl.col("at").is_null()
    surely = by_day | (no_day & (pl.col("stage") >= pl.col("needs_stage")).fill_null(False))
    against = tests.join(exposures(course), on=_KEY, how="left", suffix="_given", maintain_order="left")
    later = against.group_by("_test").agg(since_all=(surely | pl.col("given").is_null()).all())
    tests = tests.join(later, on="_test", how="left", maintain_order="left")
    top = pl.col("stage").max().over(_KEY)
    tests = tests.filter(pl.col("stage").is_null() | (pl.col("stage") == top))
    last = pl.col("clock").max().over(_KEY)
    return tests.filter(pl.col("clock").is_null() | (pl.col("clock") == last))


def _tests(course: Course) -> pl.DataFrame:
    text = pl.col("text").str.to_lowercase()
    zero = (pl.col("unit") == "%") & (pl.col("value") == 0)
    reading = (
        pl.when(text.is_not_null())
        .then(text.replace_strict(READINGS, default=None, return_dtype=pl.String))
        .when(zero)
        .then(pl.lit("absent"))
        .when(pl.col("value").is_not_null())
        .then(pl.lit("number"))
    )
    rows = course.facts.filter(pl.col("name").is_in(ANTIGENS) & (pl.col("doubt").fill_null("") != "implausible"))
    rows = rows.with_columns(reading=reading, since="day").filter(pl.col("reading").is_not_null())
    rows = stages(rows.with_columns(said=said()), course, phase_said())
    antigen = pl.col("name").str.strip_prefix("antigen_").str.to_uppercase()
    return rows.with_columns(antigen=antigen).with_row_index("_test")
