"""The papers and pages that every number stands on, by key."""

import re
from functools import cache

import polars as pl

from carsequel.terms.tables import read_table


@cache
def _rows() -> dict[str, dict[str, str | None]]:
    return {row["key"]: row for row in read_table("carsequel.terms", "sources.csv").iter_rows(named=True)}


def split_keys(text: str | None) -> list[str]:
    """Give the keys of a source cell, which may hold several, joined with a semicolon.

    >>> split_keys("S001; S002")
    ['S001', 'S002']
    """
    return [key for key in re.split(r"\s*;\s*", (text or "").strip()) if key]


def source_row(key: str) -> dict[str, str | None]:
    """Give the row of a source: key, citation, doi, pmid, url, retrieved_as, mark, date_read, note.

    Raises KeyError for a key that sources.csv does not hold.

    >>> source_row("lee2019")["doi"]
    '10.1016/j.bbmt.2018.12.758'
    """
    if key not in _rows():
        raise KeyError(f"source key {key!r} is not in sources.csv; add its row there or correct the key")
    return _rows()[key]


def cite(key: str) -> str:
    """Give one source, or several joined with a semicolon, as a printable citation with DOI or address and its mark.

    A source that was not read at first hand says so (`SECONDARY`, `UNVERIFIED`). Raises KeyError for an unknown key.

    >>> cite("fardet2014")
    'Fardet L, 2014, Arthritis Rheumatol 66:2613 (HScore), doi 10.1002/art.38690'
    """
    return "; ".join(_one(source_row(part)) for part in split_keys(key))


def _one(row: dict[str, str | None]) -> str:
    where = f", doi {row['doi']}" if row["doi"] else f", {row['url']}" if row["url"] else ""
    mark = "" if row["mark"] == "VERIFIED" else f" [{row['mark']}]"
    return f"{row['citation']}{where}{mark}"


def year_of(key: str) -> str | None:
    """Give the year in which a source (the latest of several) was published, None where its citation names none.

    >>> year_of("S040"), year_of("S001;S002"), year_of("recalled")
    ('2022', '2023', None)
    """
    years = [re.search(r"\b(?:19|20)\d\d\b", str(source_row(part)["citation"])) for part in split_keys(key)]
    return max((found.group() for found in years if found), default=None)


def check_keys(frame: pl.DataFrame, column: str = "source") -> list[str]:
    """Give the keys in a column of a frame (several a cell joined with a semicolon) that sources.csv does not hold.

    >>> check_keys(pl.DataFrame({"source": ["lee2019", "nobody1900; S001", None]}))
    ['nobody1900']
    """
    cells = frame[column].drop_nulls().unique().to_list()
    return sorted({key for cell in cells for key in split_keys(cell)} - _rows().keys())
