"""The table of options: one row an option, in the order of the fixed list."""

from functools import cache

import polars as pl

from carsequel.terms.tables import read_table

FLAGS = ("intensive", "investigational", "mechanism")


@cache
def options_table() -> pl.DataFrame:
    """Give option, title, diseases (list; `*` = every one), needs_antigen, kind, intensive, investigational,
    mechanism, note, source, status.

    `needs_antigen` is an antigen, several joined with `/` (one of them is enough), `target` (the infused product's
    own) or `other` (any but the product's own).

    >>> options_table().filter(option="loncastuximab").select("needs_antigen", "intensive").row(0)
    ('CD19', False)
    """
    rows = read_table("carsequel.options", "options.csv")
    return rows.with_columns(pl.col("diseases").str.split(" "), *(pl.col(flag) == "yes" for flag in FLAGS))


def options_for(current: pl.DataFrame) -> pl.DataFrame:
    """Give every patient of `current` (columns patient, infusion, disease …) each option of the patient's disease."""
    pairs = current.join(options_table(), how="cross", maintain_order="left")
    every = pl.col("diseases").list.contains("*")
    return pairs.filter(every | pl.col("diseases").list.contains(pl.col("disease")).fill_null(False))
