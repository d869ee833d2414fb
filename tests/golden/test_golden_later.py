"""Every golden row of the later toxicities holds, all rows of a table assessed as one course."""

import polars as pl
import pytest
from golden_table import raw_of, read_cases
from later_tables import TABLES, said

from carsequel.terms.findings import FINDING_SCHEMA, KEY, criteria_table
from carsequel.terms.sources import check_keys


@pytest.mark.parametrize("table", TABLES)
def test_golden_rows(table: str) -> None:
    cases = read_cases(table)
    given = said(cases, TABLES[table](raw_of(cases).course()))
    wrong = [
        f"{c.name} [{c.of}]: expected {c.expected}, got {given[c.name, c.of]}"
        for c in cases
        if given[c.name, c.of] != c.expected
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("table", TABLES)
def test_one_default_and_the_finding_columns(table: str) -> None:
    found = TABLES[table](raw_of(read_cases(table)).course())
    assert dict(found.schema) == FINDING_SCHEMA
    assert found.group_by(KEY).agg(pl.col("default").sum()).get_column("default").unique().to_list() == [1]
    assert found.filter(pl.col("why").is_null() | pl.col("label").is_null()).is_empty()
    assert found.filter(
        (pl.col("low") > pl.col("high")) | (pl.col("low").is_null() != pl.col("high").is_null())
    ).is_empty()
    assert check_keys(found) == []
    assert set(found["criterion"]) <= set(criteria_table()["id"])
    assert (found.filter(pl.col("low").is_null())["label"] == "not gradable").all()
