"""Values of facts: numbers, signs in front of them, and words that stand where a number belongs."""

from typing import Final

import polars as pl

from carsequel.record.cells import COMPARED, SAME_SIGN, as_number, as_words, is_number, not_given
from carsequel.record.report import Report
from carsequel.terms.quantities import quantities

SIGNS: Final = ("<", ">")
NUMBER_HINT: Final = (
    "write the number alone (decimal point, no thousands separator), the unit in `unit`, words in `text`"
)


def read_values(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Read `value` as a number with its `comparator`; refuse what is neither a number nor explained by a text.

    Words in `value` of a name that takes words are moved to `text`. A sign with a `limit` (below the assay's
    sensitivity) needs no value.
    """
    absent = [column for column in ("value", "text", "comparator", "limit") if column not in rows.columns]
    rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(column) for column in absent)
    words = rows.schema["value"] == pl.String
    if words or rows["comparator"].null_count() < rows.height:
        rows = _split_comparator(rows, report)
    if words:
        rows = _words_to_text(rows, report)
        rows = _refuse(rows, ~is_number("value"), "value is not a number", NUMBER_HINT, report)
        rows = rows.with_columns(as_number("value"))
    rows = rows.with_columns(pl.col("value").cast(pl.Float64))
    rows = _refuse(rows, ~pl.col("value").is_finite(), "value is not a finite number", NUMBER_HINT, report)
    return _refuse_nothing(rows, report)


def _refuse(rows: pl.DataFrame, wrong: pl.Expr, problem: str, hint: str, report: Report) -> pl.DataFrame:
    return report.remove(rows, wrong, "refused", problem, hint, was="value")


def _split_comparator(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Move a sign in front of `value` (`<0.01`) into `comparator`; `≤` counts as `<`, as the limit itself is not known
    to have been reached."""
    given = pl.col("comparator").replace("=", None)
    if rows.schema["value"] == pl.String:
        sign = pl.col("value").str.extract(COMPARED, 1)
        rest = pl.col("value").str.extract(COMPARED, 2).str.strip_chars()
        rows = rows.with_columns(_sign=sign, value=pl.when(sign.is_null()).then("value").when(rest != "").then(rest))
        rows = rows.with_columns(value=pl.when(~not_given("value")).then("value"))
    else:
        rows = rows.with_columns(_sign=pl.lit(None, dtype=pl.String))
    clash = pl.col("_sign").replace(SAME_SIGN) != given.replace(SAME_SIGN)
    words = "value and comparator carry different signs"
    rows = report.remove(rows, clash, "refused", words, "keep one of the two", was="comparator")
    rows = rows.with_columns(_sign=pl.coalesce("_sign", given))
    rows = rows.with_columns(comparator=pl.col("_sign").replace(SAME_SIGN))
    softened = pl.col("_sign") != pl.col("comparator")
    words = "comparator read as < or >"
    report.note(rows, softened, "converted", words, "nothing", was="_sign", now="comparator")
    odd = pl.col("comparator").is_not_null() & ~pl.col("comparator").is_in(SIGNS)
    hint = "write < or >, or leave it empty"
    return report.remove(rows, odd, "refused", "comparator is not < or >", hint, was="comparator").drop("_sign")


def _words_to_text(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    word = pl.col("value").is_not_null() & ~is_number("value") & pl.col("text").is_null()
    moved = (word & ~pl.col("name").is_in(_names("number"))).fill_null(False)
    report.note(rows, moved, "converted", "words in value read as text", "write words in `text`", was="value")
    text = pl.when(moved).then("value").otherwise(pl.col("text"))
    return rows.with_columns(text=text, value=pl.when(~moved).then("value"))


def _refuse_nothing(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    without = pl.col("value").is_null() & ~(pl.col("comparator").is_not_null() & pl.col("limit").is_not_null())
    worded = rows.filter(without & pl.col("text").is_not_null()).filter(pl.col("name").is_in(_names("number")))
    report.add(worded, "doubt", "a word where a number is expected, kept as text", "give the number", was="text")
    nothing = without & pl.col("text").is_null()
    rows = report.remove(rows, nothing, "refused", "neither value nor text", "leave the row out or fill it in")
    coded = pl.col("value").is_not_null() & pl.col("text").is_null() & pl.col("name").is_in(_names("text"))
    if not rows.select(coded.any()).item():
        return rows
    return rows.with_columns(text=pl.when(coded).then(as_words("value", pl.Float64())).otherwise("text"))


def _names(kind: str) -> list[str]:
    return [name for name, known in quantities().items() if known.kind == kind]
