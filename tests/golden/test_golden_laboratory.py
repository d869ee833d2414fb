"""Every golden row of the laboratory criteria holds, all rows of a table graded as one course."""

import polars as pl
import pytest
from laboratory_cases import TABLES, cases_of, wrong_rows

from carsequel.terms.findings import FINDING_SCHEMA, KEY
from carsequel.terms.sources import check_keys


@pytest.mark.parametrize("table", TABLES)
def test_golden_rows(table: str) -> None:
    cases, raw = cases_of(table)
    wrong = wrong_rows(cases, TABLES[table](raw.course(), raw.censor()))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("table", TABLES)
def test_the_finding_columns(table: str) -> None:
    _, raw = cases_of(table)
    found = TABLES[table](raw.course(), raw.censor())
    assert dict(found.schema) == FINDING_SCHEMA
    assert found.filter("default").select(KEY).is_duplicated().sum() == 0
    if table != "iec_hs":
        some = found.group_by(KEY).agg(pl.col("default").sum())
        assert set(some["default"]) <= {0, 1}
    assert found.filter(pl.any_horizontal(pl.col("why", "label", "period", "definition").is_null())).is_empty()
    assert found.filter(pl.col("low") > pl.col("high")).is_empty()
    assert found.filter(pl.col("low").is_null() != pl.col("high").is_null()).is_empty()
    assert check_keys(found) == []
