"""Every published number that a model is known to give comes out again, and the page that says so is fresh."""

import importlib.util
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from carsequel.mechanism.form import ModelError
from carsequel.mechanism.published import PUBLISHED, read_published
from carsequel.mechanism.published.reproduce import REPRODUCED, published_numbers, reproduce
from carsequel.terms.sources import check_keys


@pytest.mark.parametrize("model", REPRODUCED)
def test_the_published_numbers_come_out_again(model: str) -> None:
    found = reproduce(model)
    missed = found.filter(~pl.col("held")).select("id", "published", "low", "high", "ours")
    assert missed.is_empty(), missed.write_csv()


def test_the_rows_can_be_missed_and_are_told_apart() -> None:
    rows = published_numbers()
    assert rows.filter(pl.struct("model", "id").is_duplicated()).is_empty()
    assert (rows.get_column("low") <= rows.get_column("published")).all()
    assert (rows.get_column("published") <= rows.get_column("high")).all()
    assert set(rows.get_column("model")) == set(REPRODUCED) <= set(PUBLISHED)
    assert set(rows.get_column("basis")) == {"printed", "recomputed"}
    assert not check_keys(rows)
    assert set(rows.get_column("test").drop_nulls()) == {"K1", "K2", "K3", "R1", "L1", "S1", "O1", "D1", "B1"}


def test_an_unknown_model_is_said() -> None:
    with pytest.raises(ModelError, match="there are kimmel2021"):
        read_published("nobody1900")
    with pytest.raises(ModelError, match="no published numbers"):
        reproduce("hanson2016")


def printer() -> Any:
    path = Path(__file__).parents[2] / "docs" / "print_published_models.py"
    spec = importlib.util.spec_from_file_location("print_published_models", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_fresh() -> None:
    printing = printer()
    assert not printing.stale(printing.PAGE.read_text(encoding="utf-8"), printing.page())


def test_a_stale_page_is_noticed() -> None:
    stale = printer().stale
    assert not stale("| K1 | 24.3 | 0.50 |", "| K1 | 24.4 | 0.51 |")
    assert stale("| K1 | 24.3 |", "| K1 | 25.3 |") and stale("| K1 | 24.3 |", "| K2 | 24.3 |")
    assert stale("| K1 |", "| K1 |\n| K2 |") and stale("two models", "one model")
