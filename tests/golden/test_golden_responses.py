"""Every golden row of the responses holds, all rows of a table assessed as one course."""

import polars as pl
import pytest
from response_table import course_of, read_cases, responses
from response_tables import RESPONSES

from carsequel.terms.findings import FINDING_SCHEMA, KEY, criteria_table


@pytest.mark.parametrize("table", RESPONSES)
def test_golden_rows(table: str) -> None:
    cases = read_cases(table)
    given = responses(cases, RESPONSES[table])
    wrong = [
        f"{c.name} [{c.of}]: expected {c.expected}, got {given[c.name, c.of]}"
        for c in cases
        if given[c.name, c.of] != c.expected
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("table", RESPONSES)
def test_one_default_and_the_finding_columns(table: str) -> None:
    found = RESPONSES[table](course_of(read_cases(table)))
    assert dict(found.schema) == FINDING_SCHEMA
    assert found.filter("default").select(KEY).is_duplicated().sum() == 0
    counted = found.group_by(KEY).agg(pl.col("default").sum())
    assert counted.get_column("default").unique().to_list() == [1]
    assert found.filter(pl.col("why").is_null() | pl.col("label").is_null()).is_empty()
    assert found.filter(
        (pl.col("low") > pl.col("high")) | (pl.col("low").is_null() != pl.col("high").is_null())
    ).is_empty()


@pytest.mark.parametrize("table", RESPONSES)
def test_labels_are_those_of_the_list_of_criteria(table: str) -> None:
    found = RESPONSES[table](course_of(read_cases(table))).filter(pl.col("value").is_not_null())
    listed = {
        (row["id"], int(part.split("=", 1)[0])): part.split("=", 1)[1]
        for row in criteria_table().iter_rows(named=True)
        for part in (row["codes"] or "").split(";")
        if "=" in part
    }
    for criterion, value, label in found.select("criterion", "value", "label").unique().iter_rows():
        assert listed[criterion, int(value)] == label
