"""Golden rows of failure: the table is the manual; every case runs in one course with all the others."""

from pathlib import Path

import polars as pl
import pytest

from carsequel.record.normalise import course_from_tables
from carsequel.signs.definitions import RULES, TIMINGS
from carsequel.signs.failure import assess_failure, failure_findings, verdict_of_record

TABLE = pl.read_csv(Path(__file__).with_name("failure.csv"), infer_schema=False)
CASES = TABLE.to_dicts()


def read_row(text: str) -> tuple[str, dict[str, object]]:
    """Read one compact row: `name words @day`, `name =value @day`, `name <value @day`, `event death/site @day`, `?when`."""
    name, rest = text.strip().split(" ", 1)
    row: dict[str, object] = {"name": name}
    what, _, place = rest.partition("@")
    if "?" in rest:
        what, _, place = rest.partition("?")
        row["when"] = place.strip() or "not given"
    else:
        row["day"] = float(place)
    what = what.strip()
    if what[:1] in "=<":
        row |= {"value": float(what[1:]), "comparator": what[0] if what[0] == "<" else None}
        row["unit"] = {"mrd": "fraction", "deauville": "points"}.get(name, "%")
    else:
        row["text"], _, site = what.partition("/")
        row["site"] = site or None
    return name, row


def course_of(cases: list[dict[str, str]]):
    facts, spans = [], []
    for place, case in enumerate(cases):
        for text in (case["rows"] or "").split("|") if case["rows"] else []:
            name, row = read_row(text)
            row["patient"] = f"p{place}"
            if name == "therapy":
                spans.append(row | {"start": row.pop("day"), "role": "next_line"})
            else:
                facts.append(row)
    people = [{"patient": f"p{place}", "disease": case["disease"]} for place, case in enumerate(cases)]
    infusions = [{"patient": row["patient"], "infusion": 1, "day": 0.0, "product": "axi-cel"} for row in people]
    frames = {"patients": people, "infusions": infusions, "facts": facts, "spans": spans}
    return course_from_tables(
        {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in frames.items() if rows}
    )


@pytest.fixture(scope="module")
def verdicts() -> pl.DataFrame:
    return assess_failure(course_of(CASES))


@pytest.mark.parametrize("place", range(len(CASES)), ids=[f"{c['case']} [{c['definition']}]" for c in CASES])
def test_golden_row(place: int, verdicts: pl.DataFrame) -> None:
    case = CASES[place]
    mine = verdicts.filter((pl.col("patient") == f"p{place}") & (pl.col("definition") == case["definition"]))
    assert mine.height == 1
    row = mine.row(0, named=True)
    assert row["state"] == case["state"], row["why"]
    assert row["type"] == (case["type"] or None)
    assert row["timing"] == (case["timing"] or None)
    assert row["day"] == (float(case["day"]) if case["day"] else None)
    assert row["why"]


def nudged(rule, by: float):
    return tuple(each._replace(above=each.above * by) if each.id == rule.id else each for each in RULES)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.measure], ids=lambda rule: rule.id)
@pytest.mark.parametrize("by", [0.98, 1.02])
def test_every_threshold_is_held_on_both_sides(rule, by: float, verdicts: pl.DataFrame, monkeypatch) -> None:
    monkeypatch.setattr("carsequel.signs.failure.RULES", nudged(rule, by))
    mine = pl.col("definition") == rule.id
    assert not assess_failure(course_of(CASES)).filter(mine)["state"].equals(verdicts.filter(mine)["state"])


@pytest.mark.parametrize("place", range(len(TIMINGS)))
@pytest.mark.parametrize("edge", ["first", "last"])
def test_every_timing_bound_is_held(place: int, edge: str, verdicts: pl.DataFrame, monkeypatch) -> None:
    bound = getattr(TIMINGS[place], edge)
    if bound in (0, float("inf")):
        pytest.skip("the outer ends are not numbers of the rule")
    moved = [*TIMINGS]
    moved[place] = TIMINGS[place]._replace(**{edge: bound + (1 if edge == "first" else -1)})
    monkeypatch.setattr("carsequel.signs.failure.TIMINGS", tuple(moved))
    assert not assess_failure(course_of(CASES))["timing"].equals(verdicts["timing"])


def test_findings_have_one_default_row_a_key(verdicts: pl.DataFrame) -> None:
    findings = failure_findings(verdicts)
    key = ["patient", "infusion", "criterion", "kind", "period"]
    assert findings.filter("default").height == findings.select(key).unique().height
    assert findings.filter(pl.col("label").str.starts_with("not evaluable"))["low"].null_count() == (
        findings.filter(pl.col("label").str.starts_with("not evaluable")).height
    )


def test_the_stated_course_stands_where_the_default_cannot_be_applied() -> None:
    case = {"disease": "B-ALL", "rows": "event relapse @100"}
    verdict = verdict_of_record(assess_failure(course_of([case]))).row(0, named=True)
    assert (verdict["state"], verdict["definition"]) == ("failed", "failure.stated")


def test_definitions_that_part_are_named() -> None:
    case = {"disease": "B-ALL", "rows": "marrow_blasts =10 @100"}
    verdict = verdict_of_record(assess_failure(course_of([case]))).row(0, named=True)
    assert verdict["state"] == "failed" and verdict["definition"] == "failure.blasts5" and verdict["disagreement"]


def test_order_of_rows_changes_nothing() -> None:
    forward = assess_failure(course_of(CASES))
    mixed = [
        case | {"rows": " | ".join(reversed((case["rows"] or "").split("|"))) if case["rows"] else None}
        for case in CASES
    ]
    back = assess_failure(course_of(mixed))
    assert back.select("patient", "definition", "state", "type", "timing", "day").equals(
        forward.select("patient", "definition", "state", "type", "timing", "day")
    )
