"""Every golden row of the side effects holds, all rows of a table graded as one course."""

import polars as pl
import pytest
from golden_table import answers, raw_of, read_cases
from side_effect_tables import TABLES

from carsequel.terms.findings import FINDING_SCHEMA, KEY


@pytest.mark.parametrize("table", TABLES)
def test_golden_rows(table: str) -> None:
    cases = read_cases(table)
    given = answers(cases, TABLES[table])
    wrong = [
        f"{c.name} [{c.of}]: expected {c.expected}, got {given[c.name, c.of]}"
        for c in cases
        if given[c.name, c.of] != c.expected
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("table", TABLES)
def test_one_default_and_the_finding_columns(table: str) -> None:

    raw = raw_of(read_cases(table))
    found = TABLES[table](raw.course(), raw.censor())
    assert dict(found.schema) == FINDING_SCHEMA
    assert found.filter("default").select(KEY).is_duplicated().sum() == 0
    counted = found.filter(pl.col("kind") == "maximum").group_by("patient", "infusion").agg(pl.col("default").sum())
    assert counted.get_column("default").unique().to_list() == [1]
    assert found.filter(pl.col("why").is_null() | pl.col("label").is_null()).is_empty()
    assert found.filter(
        (pl.col("low") > pl.col("high")) | (pl.col("low").is_null() != pl.col("high").is_null())
    ).is_empty()
