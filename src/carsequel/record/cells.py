"""Cells to typed columns: numbers, truth values, names and calendar dates, with what could not be read."""

from typing import Final

import polars as pl

NUMBER: Final = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
COMPARED: Final = r"(?s)^(<=|>=|<|>|≤|≥)?\s*(.*)$"
SAME_SIGN: Final = {"≤": "<", "≥": ">", "<=": "<", ">=": ">"}
ISO_DATE: Final = r"^\d{4}-\d{2}-\d{2}$"
ISO_TIME: Final = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$"
TRUE: Final = ("true", "yes", "y", "1")
FALSE: Final = ("false", "no", "n", "0")
NOT_GIVEN: Final = ("NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null")
NO_NUMBER: Final = (*NOT_GIVEN, "-", "--", "–", ".")


def as_words(column: str, kind: pl.DataType) -> pl.Expr:
    """Turn any column into text: whole numbers without a point (a patient 7 is never `7.0`), truth as true or false."""
    if kind == pl.String:
        return pl.col(column)
    if kind.is_float():
        whole = (pl.col(column) % 1 == 0) & (pl.col(column).abs() < 2**53)
        number = pl.col(column).fill_nan(None)
        return (
            pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(number.cast(pl.String))
        )
    if kind == pl.Duration:
        return pl.col(column).dt.to_string("iso")
    return pl.col(column).cast(pl.String)


def trimmed(column: str) -> pl.Expr:
    """Trim a text column and make its empty cells null."""
    inner = pl.col(column).str.strip_chars()
    return pl.when(inner != "").then(inner).alias(column)


def not_given(column: str, words: tuple[str, ...] = NO_NUMBER) -> pl.Expr:
    """Tell whether a trimmed text cell only says that nothing is there (`NA`, `n/a`, in number columns also `-`)."""
    return pl.col(column).is_in(words).fill_null(False)


def is_number(column: str) -> pl.Expr:
    """Tell whether a text cell is a plain number (no thousands separator, no unit behind it)."""
    return pl.col(column).str.contains(NUMBER)


def as_number(column: str) -> pl.Expr:
    """Read a text cell as a number, null where it is none."""
    return pl.when(is_number(column)).then(pl.col(column)).cast(pl.Float64, strict=False)


def as_truth(column: str) -> pl.Expr:
    """Read yes/no in its usual spellings, null where it is neither."""
    lower = pl.col(column).str.to_lowercase()
    return pl.when(lower.is_in(TRUE)).then(True).when(lower.is_in(FALSE)).then(False).alias(column)


def as_moment(column: str) -> pl.Expr:
    """Read an ISO date or date-time as the local moment it names; any other spelling is null (never guessed).

    A time zone behind the time is not applied: the calendar day and the clock are those where the cell was written.
    """
    text = pl.col(column)
    clock = text.str.replace("T", " ").str.slice(0, 16)
    seconds = text.str.extract(r":\d{2}:(\d{2})", 1).cast(pl.Int64, strict=False).fill_null(0)
    with_time = clock.str.to_datetime("%Y-%m-%d %H:%M", strict=False) + pl.duration(seconds=seconds)
    only_date = text.str.to_datetime("%Y-%m-%d", strict=False)
    return pl.when(text.str.contains(ISO_DATE)).then(only_date).when(text.str.contains(ISO_TIME)).then(with_time)


def days_between(column: str, midnight: str) -> pl.Expr:
    """Count days from the midnight of one moment to another, clock time as the fraction."""
    return (pl.col(column) - pl.col(midnight).dt.truncate("1d")).dt.total_seconds() / 86400
