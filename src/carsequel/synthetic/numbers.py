"""The numbers of synthetic records: rows of numbers.csv, each with its status and source."""

from functools import cache

import polars as pl

from carsequel.terms.tables import read_table


@cache
def number(name: str, disease: str = "any", product: str = "any") -> float:
    """Give a number by its name: the row of the disease and product, else of the disease, else the one for all.

    Raises KeyError for another name.

    >>> number("crs_any", "LBCL", "axi-cel"), number("biopsied", "B-ALL", "tisa-cel")
    (0.93, 0.9)
    """
    rows = read_table("carsequel.synthetic", "numbers.csv").filter(pl.col("name") == name)
    for wanted in ((disease, product), (disease, "any"), ("any", "any")):
        found = rows.filter((pl.col("disease") == wanted[0]) & (pl.col("product") == wanted[1]))
        if found.height:
            return float(found["value"][0])
    raise KeyError(f"numbers.csv of the synthetic records has no {name}")
