"""The numbers behind synthetic records: those called measured stand in the evidence, and the draws follow them."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from carsequel.evidence.rows import evidence_rows
from carsequel.synthetic.numbers import number
from carsequel.synthetic.reactions import _drawn
from carsequel.terms.tables import read_table

OUTCOME = {
    "crs_any": "CRS any grade",
    "crs_severe": "CRS grade 3 or more",
    "icans_any": "ICANS any grade",
    "icans_severe": "ICANS grade 3 or more",
}


def test_measured_frequencies_stand_in_the_evidence() -> None:
    rows = read_table("carsequel.synthetic", "numbers.csv")
    measured = rows.filter((pl.col("status") == "measured") & pl.col("name").is_in(list(OUTCOME)))
    assert measured.height > 20
    published = evidence_rows("outcomes")
    for row in measured.iter_rows(named=True):
        same = published.filter(
            (pl.col("disease") == row["disease"])
            & (pl.col("product") == row["product"])
            & (pl.col("outcome") == OUTCOME[row["name"]])
            & pl.col("source").str.contains(row["source"], literal=True)
        )
        assert float(row["value"]) * 100 in [pytest.approx(value) for value in same["value"]], row["name"]


def test_every_number_has_a_status_and_a_source() -> None:
    rows = read_table("carsequel.synthetic", "numbers.csv")
    assert set(rows["status"]) == {"measured", "assumed"}
    assert rows["source"].null_count() == 0
    assert rows.select("disease", "product", "name").is_unique().all()


def test_an_unknown_number_is_refused() -> None:
    with pytest.raises(KeyError, match="no such_number"):
        number("such_number")


@pytest.mark.parametrize(("disease", "product"), [("LBCL", "axi-cel"), ("B-ALL", "tisa-cel"), ("MM", "cilta-cel")])
@pytest.mark.parametrize("reaction", ["crs", "icans"])
def test_reactions_are_as_frequent_as_published(disease: str, product: str, reaction: str) -> None:
    gravity = np.random.default_rng(1).standard_normal(40_000)
    grades = _drawn(gravity, reaction, SimpleNamespace(disease=disease, product=product))
    assert (grades > 0).mean() == pytest.approx(number(f"{reaction}_any", disease, product), abs=0.01)
    assert (grades > 2).mean() == pytest.approx(number(f"{reaction}_severe", disease, product), abs=0.01)
    assert grades.max() == 4
