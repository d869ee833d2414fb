"""Every golden row holds, all rows of a table graded as one course, and every table gives findings as the contract says."""

import polars as pl
import pytest
from every_table import EVERY, findings, wrong_rows
from score_tables import SCORES

from carsequel.terms.findings import FINDING_SCHEMA, KEY, criteria_table
from carsequel.terms.sources import check_keys

# The centre's own grade is the default of IEC-HS where it is stated, and is not among these findings.
DEFAULT_ELSEWHERE = {"iec_hs"}
# UNVERIFIED rows say so in their label, and a score says its points beside the words of its group.
LABEL_SAYS_MORE = {"iec_hs", *SCORES}
# The day of the peak has no latest day where cells were never seen to fall.
NO_END = {"expansion"}
SLIPS = r"; ;|: ;|; $|null|\binf\b|\bnan\b"  # what a sentence must not hold


@pytest.mark.parametrize("table", EVERY)
def test_golden_rows(table: str) -> None:
    wrong = wrong_rows(table, findings(table))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("table", EVERY)
def test_the_finding_columns(table: str) -> None:
    found = findings(table)
    assert dict(found.schema) == FINDING_SCHEMA and not found.is_empty()
    said = pl.any_horizontal(pl.col("why", "label", "default", "definition", "period").is_null())
    assert found.filter(said).is_empty()
    assert found.filter(pl.col("why").str.contains(SLIPS)).is_empty()
    unequal = (pl.col("low") > pl.col("high")) | (pl.col("low").is_null() != pl.col("high").is_null())
    assert found.filter(unequal).is_empty()
    if table not in NO_END:
        assert found.filter(pl.any_horizontal(~pl.col("low", "high").is_finite())).is_empty()
    nothing = set(found.filter(pl.col("low").is_null())["label"])
    assert nothing <= {"not gradable", "not evaluable", "never detected", "unverified"}


@pytest.mark.parametrize("table", EVERY)
def test_one_default_a_key_and_one_row_a_definition(table: str) -> None:
    found = findings(table)
    assert found.select(*KEY, "definition").is_duplicated().sum() == 0
    counted = found.group_by(KEY).agg(pl.col("default").sum()).get_column("default")
    assert set(counted) == {1} or (table in DEFAULT_ELSEWHERE and set(counted) <= {0, 1})


@pytest.mark.parametrize("table", EVERY)
def test_ids_labels_and_sources_are_listed(table: str) -> None:
    found = findings(table)
    assert check_keys(found) == []
    listed = {row["id"]: row["codes"] or "" for row in criteria_table().iter_rows(named=True)}
    assert set(found["criterion"]) <= set(listed)
    if table in LABEL_SAYS_MORE:
        return
    told = found.filter(pl.col("value").is_not_null()).select("criterion", "value", "label").unique()
    for criterion, value, label in told.iter_rows():
        codes = dict(part.split("=", 1) for part in listed[criterion].split(";") if "=" in part)
        assert not codes or codes[f"{value:g}"] == label, (criterion, value)


@pytest.mark.parametrize("table", ["lugano", "lyric", "expansion", "b_cell_aplasia", "ctdna", "mrd"])
def test_an_answer_names_its_rows(table: str) -> None:
    assert findings(table).filter(pl.col("low").is_not_null() & pl.col("facts").is_null()).is_empty()
