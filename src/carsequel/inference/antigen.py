"""Antigen readings: what the model knows of a lost antigen, and what can happen beside it.

The model loses an antigen by the outgrowth of a clone. A patient may also have lost it in a way that the model does not
know (before the infusion, by another mechanism); a stated share of patients does, at the rate published for the
disease. Otherwise one early negative biopsy would be disbelieved: the model hardly ever loses an antigen so early.
"""

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.inference.numbers import PACKAGE, number
from carsequel.inference.paths import Paths
from carsequel.terms.tables import read_table

Floats = NDArray[np.float64]
LOST: Final = 0.5


def base_rate(disease: str) -> float:
    """Give the published share of failures with the antigen lost, by disease.

    >>> base_rate("B-ALL")
    0.41
    """
    return _of_disease("antigen_base", disease, "antigen_base_any")


def outside_share(disease: str) -> float:
    """Give the share of patients whose antigen is not decided by what the model knows.

    >>> outside_share("LBCL"), outside_share("MM")
    (0.2, 0.9)
    """
    return _of_disease("antigen_outside", disease, "antigen_outside")


def _of_disease(name: str, disease: str, otherwise: str) -> float:
    own = f"{name}_{disease}"
    return number(own if own in read_table(PACKAGE, "numbers.csv")["name"].to_list() else otherwise)


def log_antigen(paths: Paths, rows: pl.DataFrame) -> Floats:
    """Give the log-probability [n] of the antigen readings (text negative or positive, value = share of readings that
    are wrong) under each path."""
    return np.asarray(np.log(np.sum(_ways(paths, rows), axis=0)))


def lost_beside(paths: Paths, rows: pl.DataFrame, day: float) -> tuple[Floats, Floats]:
    """Give the probability [n], given the readings and the path, that the antigen is lost on a day: as the model knows
    it, and beside the model (in a path that keeps it)."""
    inside, lost, kept = _ways(paths, rows)
    total = inside + lost + kept
    negative = paths.negative_on(day) > LOST
    return np.where(negative, inside / total, 0.0), lost / total


def _ways(paths: Paths, rows: pl.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Probability [n] of the readings together with: the model decides; lost beside it; kept beside it."""
    outside, base = outside_share(paths.disease), base_rate(paths.disease)
    found: tuple[Any, Any, Any] = (np.full(paths.n, 1 - outside), outside * base, outside * (1 - base))
    for row in rows.iter_rows(named=True):
        said, wrong = row["text"] == "negative", row["value"] or number("antigen_error")
        model = np.where((paths.negative_on(row["day"]) > LOST) == said, 1 - wrong, wrong)
        lost, kept = (1 - wrong, wrong) if said else (wrong, 1 - wrong)
        found = (found[0] * model, found[1] * lost, found[2] * kept)
    return found[0], np.full(paths.n, found[1]), np.full(paths.n, found[2])
