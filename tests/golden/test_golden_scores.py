"""Every golden row of the risk scores holds, all rows of a table scored as one course."""

import polars as pl
import pytest
from score_tables import SCORES, load, said

from carsequel.terms.findings import FINDING_SCHEMA, KEY, criteria_table
from carsequel.terms.sources import source_row, split_keys


@pytest.mark.parametrize("table", SCORES)
def test_golden_rows(table: str) -> None:
    cases, course, progression = load(table)
    given = said(cases, SCORES[table](course, progression))
    wrong = [
        f"{c.name} [{c.of}]: expected {c.expected}, got {given[c.name, c.of]}"
        for c in cases
        if given[c.name, c.of] != c.expected
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("table", SCORES)
def test_one_default_and_the_finding_columns(table: str) -> None:
    _, course, progression = load(table)
    found = SCORES[table](course, progression)
    assert dict(found.schema) == FINDING_SCHEMA
    assert found.select(*KEY, "definition").is_duplicated().sum() == 0
    assert found.group_by(KEY).agg(pl.col("default").sum()).get_column("default").unique().to_list() == [1]
    assert found.filter(pl.any_horizontal(pl.col("why", "label", "definition", "start").is_null())).is_empty()
    assert found.filter(pl.col("why").str.contains(r"; ;|: ;|; $|null|\binf\b|\bnan\b")).is_empty()
    assert found.filter(
        (pl.col("low") > pl.col("high")) | (pl.col("low").is_null() != pl.col("high").is_null())
    ).is_empty()
    assert found.filter(pl.col("low").is_infinite() | pl.col("high").is_infinite() | pl.col("low").is_nan()).is_empty()


@pytest.mark.parametrize("table", SCORES)
def test_criteria_and_sources_are_known(table: str) -> None:
    _, course, progression = load(table)
    found = SCORES[table](course, progression)
    assert set(found["criterion"]) <= set(criteria_table()["id"])
    for keys in found["source"].unique():
        for key in split_keys(keys):
            assert source_row(key)
