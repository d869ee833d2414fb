"""Runs the published models again and sets our numbers beside theirs.

`numbers.csv` holds what was published or recomputed from the published equations, with the limits that ours must keep;
`basis` says which of the two it is. One function a model gives ours, by the same ids.
"""

from collections.abc import Callable
from functools import cache
from typing import Final

import polars as pl

from carsequel.mechanism.form import ModelError
from carsequel.mechanism.published import reproduce_kimmel, reproduce_kinetics, reproduce_regimens
from carsequel.terms.tables import read_table

Numbers = dict[str, float]
_RUNS: Final[dict[str, Callable[[], Numbers]]] = {
    "kimmel2021": reproduce_kimmel.kimmel2021,
    "kirouac2023": reproduce_kinetics.kirouac2023,
    "leon_triana2021": reproduce_regimens.leon_triana2021,
    "leon_triana_dual2021": reproduce_regimens.leon_triana_dual2021,
    "stein2019": reproduce_kinetics.stein2019,
    "ogasawara2021": reproduce_kinetics.ogasawara2021,
    "owens2021": reproduce_regimens.owens2021,
    "barros2021": reproduce_regimens.barros2021,
    "chaudhury2020": reproduce_kinetics.chaudhury2020,
}
REPRODUCED: Final = tuple(_RUNS)


def published_numbers() -> pl.DataFrame:
    """Give the rows of `numbers.csv`: id, model, test, what, unit, published, low, high, basis, source.

    >>> published_numbers().get_column("model").unique().len() == len(REPRODUCED)
    True
    """
    table = read_table("carsequel.mechanism.published", "numbers.csv")
    return table.with_columns(pl.col("published", "low", "high").cast(pl.Float64))


@cache
def reproduce(model: str) -> pl.DataFrame:
    """Run a model and give its rows with `ours` and `held` (ours lies within low and high).

    Raises ModelError for a model without rows.
    """
    if model not in _RUNS:
        raise ModelError(f"no published numbers for that model; there are some for {', '.join(REPRODUCED)}")
    found = _RUNS[model]()
    rows = published_numbers().filter(pl.col("model") == model)
    ours = pl.DataFrame({"id": list(found), "ours": [float(each) for each in found.values()]})
    return rows.join(ours, on="id", how="left", maintain_order="left").with_columns(
        held=pl.col("ours").is_between("low", "high").fill_null(False)
    )
