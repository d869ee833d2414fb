"""Which of several definitions that follow a centre's choices becomes the default, asked without grading anything."""

import polars as pl

from carsequel.terms.choices import distance_from_shipped
from carsequel.terms.defaults import choose_defaults
from carsequel.terms.findings import as_findings

CRITERION = "icaht_early.eha2023"
LONGEST = "counting=longest bridge=2 missing=interpolate7"


def rows(criterion: str, definitions: dict[str, bool], patient: str = "a") -> pl.DataFrame:
    """One finding a definition, with whether it was the default."""
    frame = pl.DataFrame({"definition": list(definitions), "default": list(definitions.values())})
    return as_findings(frame, patient=patient, infusion=1, criterion=criterion, kind="maximum", period="d0-30")


def default_of(findings: pl.DataFrame, chosen: dict[str, dict[str, str]]) -> list[str]:
    return choose_defaults(findings, chosen).filter("default")["definition"].to_list()


def test_of_two_that_depart_in_one_name_the_later_name_departs() -> None:
    earlier, later = "counting=longest bridge=1 missing=interpolate7", "counting=longest bridge=2 missing=bounds"
    assert distance_from_shipped(CRITERION, earlier, {})[0] == distance_from_shipped(CRITERION, later, {})[0] == 1
    assert distance_from_shipped(CRITERION, later, {}) < distance_from_shipped(CRITERION, earlier, {})
    other = "counting=cumulative missing=interpolate7"
    for order in ([earlier, later], [later, earlier]):
        found = rows(CRITERION, {other: True} | dict.fromkeys(order, False))
        assert default_of(found, {CRITERION: {"counting": "longest"}}) == [later]


def test_equally_near_ones_leave_the_default_where_it_was() -> None:
    first, second = f"{LONGEST} assay=A", f"{LONGEST} assay=B"
    chosen = {CRITERION: {"counting": "longest"}}
    assert default_of(rows(CRITERION, {first: False, second: True}), chosen) == [second]
    assert default_of(rows(CRITERION, {first: True, second: False}), chosen) == [first]
    assert default_of(rows(CRITERION, {second: False, first: False}), chosen) == [first]


def test_each_patient_keeps_the_own_default() -> None:
    first, second = f"{LONGEST} assay=A", f"{LONGEST} assay=B"
    both = pl.concat(
        [rows(CRITERION, {first: True, second: False}), rows(CRITERION, {first: False, second: True}, "b")]
    )
    found = choose_defaults(both, {CRITERION: {"counting": "longest"}}).filter("default")
    assert found.select("patient", "definition").rows() == [("a", first), ("b", second)]
