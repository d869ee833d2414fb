"""Words of a text column: what is worked out of a word is worked out once, however many rows carry it."""

from typing import Final

import polars as pl

MANY: Final = 10_000
REPEATED: Final = 4


def distinct(column: pl.Series) -> pl.Series:
    """Give the distinct words of a text column (null left out), or the column itself where that would save nothing:
    in a short one, and in one whose words hardly repeat."""
    sample = column.head(MANY)
    if column.len() <= MANY or sample.n_unique() > MANY // REPEATED:
        return column
    if sample.ne_missing(sample.shift(1)).sum() <= MANY // REPEATED:  # sorted, or nearly so
        column = column.filter(column.ne_missing(column.shift(1)))
    return column.unique().drop_nulls()


def put_back(column: pl.Series, words: pl.Series, changed: pl.Series) -> pl.Series:
    """Give the column with each of its `words` (from `distinct`) replaced by what stands beside it in `changed`."""
    if changed.dtype == words.dtype and changed.equals(words):
        return column
    if words is column:
        return changed
    return column.replace_strict(words, changed, default=None, return_dtype=changed.dtype)


def change_words(column: pl.Series, change: pl.Expr) -> pl.Series:
    """Give the column with `change`, an expression over its own name, applied to each word; null stays null.

    >>> change_words(pl.Series("name", ["ANC", None]), pl.col("name").str.to_lowercase()).to_list()
    ['anc', None]
    """
    words = distinct(column)
    return put_back(column, words, words.to_frame().select(change).to_series())
