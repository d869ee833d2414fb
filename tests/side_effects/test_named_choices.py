"""A centre's choice moves the default to the definition that follows it, and the other stands beside it."""

import polars as pl
import pytest
from golden_table import Raw, write_patient

from carsequel.grading import grade
from carsequel.side_effects.ctcae import grade_ctcae
from carsequel.terms.choices import ChoicesError


@pytest.fixture(scope="module")
def raw() -> Raw:
    raw = Raw()
    write_patient(raw, "low", "anc 0-2:1.2 3-12:0.4")
    write_patient(raw, "sudden", "d-3 creatinine 0.8 uln=2 lln=1; d3 creatinine 1.9 uln=2 lln=1")
    return raw


def default_of(raw: Raw, patient: str, criterion: str, **choices: str) -> tuple[float | None, str, str]:
    found = grade(raw.course(), {criterion: choices})
    asked = (pl.col("patient") == patient) & (pl.col("criterion") == criterion) & (pl.col("kind") == "maximum")
    rows = found.filter(asked & pl.col("default")).to_dicts()
    assert len(rows) == 1
    row = rows[0]
    return row["value"], row["definition"], row["source"]


def test_never_recovered_and_follow_up(raw: Raw) -> None:
    early = "icaht_early.eha2023"
    assert default_of(raw, "low", early)[0] is None
    assert default_of(raw, "low", early, never_recovered="all_days")[0] is None
    assert default_of(raw, "low", early, never_recovered="from_day3_to_last")[0] == 4
    value, definition, _ = default_of(raw, "low", early, follow_up="to_last_record")
    assert (value, definition.split()[-1]) == (2, "follow_up=to_last_record")


@pytest.mark.parametrize(
    "choices",
    [
        {"never_recovered": "from_day3_to_last", "follow_up": "to_last_record"},
        {"never_recovered": "from_day3_to_last", "counting": "cumulative"},
        {"follow_up": "to_last_record", "missing": "bounds"},
    ],
)
def test_choices_that_are_not_graded_together_are_refused_by_name(raw: Raw, choices: dict[str, str]) -> None:
    with pytest.raises(ChoicesError) as refused:
        grade(raw.course(), {"icaht_early.eha2023": choices})
    said = str(refused.value)
    assert "icaht_early.eha2023" in said and all(f"{name} = {choice}" in said for name, choice in choices.items())


def test_a_choice_beside_a_shipped_one_is_not_refused(raw: Raw) -> None:
    early = {"never_recovered": "from_day3_to_last", "follow_up": "to_day30", "counting": "longest"}
    assert default_of(raw, "low", "icaht_early.eha2023", **early)[0] == 4


def test_ctcae_by_version_6(raw: Raw) -> None:
    term = "ctcae5.creatinine"
    assert default_of(raw, "sudden", term)[::2] == (2, "ctcae5")
    assert default_of(raw, "sudden", term, version="6")[::2] == (2, "ctcae6")
    assert default_of(raw, "low", "ctcae5.neutrophils")[::2] == (4, "ctcae5")
    assert default_of(raw, "low", "ctcae5.neutrophils", version="6")[::2] == (3, "ctcae6")
    assert not grade(raw.course()).filter(pl.col("source") == "ctcae6").height


def test_a_version_that_does_not_exist(raw: Raw) -> None:
    with pytest.raises(ValueError, match="allowed are 5 and 6"):
        grade_ctcae(raw.course(), version=4)  # type: ignore[arg-type]
