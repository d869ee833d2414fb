"""Fingerprint of a record: the same content gives the same hash, whatever the file format and the order of rows."""

from hashlib import sha256
from typing import Final

import polars as pl

from carsequel.record.cells import as_words

NOT_CONTENT: Final = ("row", "source")
DIGITS: Final = 12
CELL_END: Final = "\x1f"
NOTHING: Final = "\x00"


def hash_of(tables: dict[str, pl.DataFrame]) -> str:
    """Give the sha256 (hexadecimal) over the sorted content of named tables, without `row` and `source`.

    Numbers count with 12 significant digits, so that a spreadsheet gives the hash of its CSV twin.

    >>> frame = pl.DataFrame({"patient": ["a", "b"], "value": [1.0, None]})
    >>> hash_of({"facts": frame}) == hash_of({"facts": frame.reverse().select("value", "patient")})
    True
    """
    total = sha256()
    for name in sorted(tables):
        total.update(f"\x1d{name}".encode())
        for line in _lines(tables[name]):
            total.update(b"\x1e")
            total.update(line.encode())
    return total.hexdigest()


def _lines(frame: pl.DataFrame) -> pl.Series:
    """Give one text per row with the named cells in the order of their names, rows sorted; empty columns are absent."""
    names = sorted(c for c in frame.columns if c not in NOT_CONTENT and frame[c].null_count() < frame.height)
    if not names:
        return pl.Series([], dtype=pl.String)
    cells = [pl.concat_str(pl.lit(name), _cell(name, frame.schema[name]), separator="=") for name in names]
    return frame.select(pl.concat_str(cells, separator=CELL_END).alias("line"))["line"].sort()


def _cell(name: str, kind: pl.DataType) -> pl.Expr:
    """Write a cell so that a number means the same as its text: 5, 5.0 and -0 are written once."""
    if not kind.is_float():
        return as_words(name, kind).fill_null(NOTHING)
    rounded = (pl.col(name) + 0.0).round_sig_figs(DIGITS)
    whole = (rounded % 1 == 0) & (rounded.abs() < 2**53)
    text = pl.when(whole).then(rounded.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(rounded.cast(pl.String))
    return text.fill_null(NOTHING)
