"""Every golden row of response, MRD, ctDNA, expansion and B-cell aplasia holds, a table graded as one course."""

import polars as pl
import pytest
from golden_table import read_cases
from lymphoma_table import TABLES, pick, raw_with_lesions

from carsequel.terms.findings import FINDING_SCHEMA, KEY, criteria_table
from carsequel.terms.sources import check_keys


@pytest.mark.parametrize("table", TABLES)
def test_golden_rows(table: str) -> None:
    cases = read_cases(table)
    raw = raw_with_lesions(cases)
    given = pick(table, cases, TABLES[table].grade(raw.course(), raw.censor()))
    wrong = [
        f"{c.name} [{c.of}]: expected {c.expected}, got {given[c.name, c.of]}"
        for c in cases
        if given[c.name, c.of] != c.expected
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("table", TABLES)
def test_one_default_and_the_finding_columns(table: str) -> None:
    raw = raw_with_lesions(read_cases(table))
    found = TABLES[table].grade(raw.course(), raw.censor())
    assert dict(found.schema) == FINDING_SCHEMA
    assert not found.is_empty()
    assert found.filter("default").select(KEY).is_duplicated().sum() == 0
    counted = found.group_by(KEY).agg(pl.col("default").sum())
    assert counted.get_column("default").unique().to_list() == [1]
    assert found.filter(pl.col("why").is_null() | pl.col("label").is_null() | pl.col("default").is_null()).is_empty()
    unequal = (pl.col("low") > pl.col("high")) | (pl.col("low").is_null() != pl.col("high").is_null())
    assert found.filter(unequal).is_empty()
    assert found.filter(pl.col("low").is_not_null() & pl.col("facts").is_null()).is_empty()


@pytest.mark.parametrize("table", TABLES)
def test_ids_labels_and_sources_are_listed(table: str) -> None:
    raw = raw_with_lesions(read_cases(table))
    found = TABLES[table].grade(raw.course(), raw.censor())
    assert check_keys(found) == []
    listed = {row["id"]: row["codes"] or "" for row in criteria_table().iter_rows(named=True)}
    assert set(found["criterion"]) <= set(listed)
    for row in found.filter(pl.col("value").is_not_null()).iter_rows(named=True):
        codes = dict(part.split("=", 1) for part in listed[row["criterion"]].split(";") if part)
        assert not codes or codes[f"{row['value']:g}"] == row["label"]
