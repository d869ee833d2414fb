"""The numbers of the likelihood: rows of numbers.csv and measures.csv, each with its status and source."""

from functools import cache
from typing import Final, NamedTuple

import polars as pl

from carsequel.terms.tables import read_table

PACKAGE: Final = "carsequel.inference"


class Measure(NamedTuple):
    """How one kind of measurement reads the model: `spread` (ln) between measurements of one patient, `shift` (ln) of
    the patient's whole series, `limit` below which the assay sees nothing (where the record says none)."""

    measure: str
    quantity: str
    unit: str
    spread: float
    shift: float
    limit: float | None


@cache
def measures() -> dict[str, Measure]:
    """Give the kinds of measurement by name.

    >>> measures()["mtv"].unit
    'mL'
    """
    rows = read_table(PACKAGE, "measures.csv").with_columns(pl.col("spread", "shift", "limit").cast(pl.Float64))
    return {row["measure"]: Measure(*(row[name] for name in Measure._fields)) for row in rows.iter_rows(named=True)}


@cache
def number(name: str) -> float:
    """Give a number of numbers.csv by its name; raises KeyError for another name.

    >>> number("noise_1")
    1.0
    """
    rows = dict(read_table(PACKAGE, "numbers.csv").select("name", "value").iter_rows())
    if name not in rows:
        raise KeyError(f"numbers.csv of the inference has no {name}; it has {', '.join(rows)}")
    return float(rows[name])


@cache
def noise_scales() -> tuple[tuple[float, float], ...]:
    """Give the scales of the noise with their prior weights, which sum to one."""
    return tuple((number(f"noise_{at}"), number(f"noise_{at}_share")) for at in (1, 2, 3))
