"""The shipped ensembles: what the calibration left open stays open as several weighted parameter sets a population."""

from functools import cache
from typing import Final, NamedTuple

import polars as pl

from carsequel.terms.tables import read_table

PACKAGE: Final = "carsequel.mechanism.populations"


class Spread(NamedTuple):
    """How one parameter varies between patients: log-normal about `median` with `spread` = SD of the natural logarithm,
    clipped to low..high; `correlation` is that of its logarithm with the one of the parameter `follows`."""

    parameter: str
    median: float
    spread: float
    low: float
    high: float
    follows: str | None
    correlation: float


class Member(NamedTuple):
    """One parameter set of a population: its share of the patients, its structural variant, and how each parameter
    varies."""

    name: str
    weight: float
    variant: str
    spreads: tuple[Spread, ...]


class PopulationError(ValueError):
    """A population that is not shipped: names those that are."""


def populations() -> pl.DataFrame:
    """Give the shipped populations: one row each with population, disease, product and the number of sets.

    >>> populations().columns
    ['population', 'disease', 'product', 'sets']
    """
    return _sets().group_by("population", "disease", "product", maintain_order=True).agg(sets=pl.len())


@cache
def ensemble(disease: str, product: str) -> tuple[Member, ...]:
    """Give the weighted parameter sets of a disease and product, weights summing to one.

    Raises PopulationError where none is shipped.
    """
    rows = _sets().filter((pl.col("disease") == disease) & (pl.col("product") == product))
    if rows.is_empty():
        known = ", ".join(f"{row['disease']} {row['product']}" for row in populations().iter_rows(named=True))
        raise PopulationError(f"no population for disease {disease} with product {product}; shipped: {known}")
    total = float(rows["weight"].sum())
    return tuple(
        Member(row["set"], row["weight"] / total, row["variant"], _spreads(row["set"]))
        for row in rows.iter_rows(named=True)
    )


def _sets() -> pl.DataFrame:
    return read_table(PACKAGE, "sets.csv").with_columns(pl.col("weight").cast(pl.Float64))


def _spreads(name: str) -> tuple[Spread, ...]:
    return read_spreads(read_table(PACKAGE, "values.csv").filter(pl.col("set") == name))


def read_spreads(rows: pl.DataFrame) -> tuple[Spread, ...]:
    """Give the rows of one set, text as in values.csv, as Spreads."""
    numbers = rows.with_columns(pl.col("median", "spread", "low", "high", "correlation").cast(pl.Float64))
    columns = numbers.select(Spread._fields).with_columns(pl.col("correlation").fill_null(0.0))
    return tuple(Spread(*row) for row in columns.iter_rows())
