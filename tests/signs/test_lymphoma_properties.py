"""What must hold for any patient with lymphoma or CAR T levels: order and doubles change nothing, worse is never milder."""

import itertools
import random
from typing import Any

import polars as pl
from golden_table import Raw
from lymphoma_table import write_with_lesions

from carsequel.signs.b_cell_aplasia import assess_b_cell_aplasia
from carsequel.signs.ctdna import assess_ctdna
from carsequel.signs.expansion import score_expansion
from carsequel.signs.lugano import assess_lugano


def one(facts: list[dict[str, Any]], lesions: list[dict[str, Any]] | None = None, disease: str = "LBCL") -> Raw:
    raw = Raw(lesions=lesions or [])
    raw.patients.append({"patient": "a", "disease": disease})
    raw.infusions.append({"patient": "a", "infusion": "1", "day": "0"})
    blank = dict.fromkeys(("value", "unit", "text", "comparator", "method", "limit"))
    raw.facts += [blank | {"patient": "a"} | fact for fact in facts]
    return raw


def lesion(day: int, name: str, ldi: float, sdi: float) -> dict[str, Any]:
    size = {"ldi": str(ldi), "sdi": str(sdi)}
    return {"patient": "a", "day": str(day), "lesion": name, "kind": "target", "site": "lymph node", **size}


def bounds(found: pl.DataFrame, **wanted: Any) -> tuple[float, float]:
    for name, value in wanted.items():
        found = found.filter(pl.col(name) == value)
    return found.filter("default").select("low", "high").row(0)


def test_a_larger_lesion_is_never_milder() -> None:
    r = random.Random(7)
    raw = Raw()
    for number in range(150):
        base = [lesion(-5, str(i), 40, r.choice([10, 20, 30])) for i in range(3)]
        small = [lesion(30, str(i), *r.choice([(10, 5), (16, 10), (30, 10), (40, 20)])) for i in range(3)]
        more = [str(float(row["ldi"]) + r.choice([0, 5, 15])) for row in small]
        large = [row | {"ldi": ldi, "sdi": str(float(row["sdi"]) + 3)} for row, ldi in zip(small, more, strict=True)]
        for name, rows in ((f"{number}-small", small), (f"{number}-large", large)):
            raw.patients.append({"patient": name, "disease": "LBCL"})
            raw.infusions.append({"patient": name, "infusion": "1", "day": "0"})
            raw.lesions += [row | {"patient": name} for row in base + rows]
    found = assess_lugano(raw.course()).filter((pl.col("period") == "day 30") & pl.col("default"))
    parts = pl.col("patient").str.split("-")
    both = found.select("low", "high", pair=parts.list.first(), size=parts.list.last()).drop_nulls()
    wide = both.pivot("size", index="pair", values=["low", "high"]).drop_nulls()
    assert wide.height > 100
    assert wide.filter(
        (pl.col("low_small") > pl.col("low_large")) | (pl.col("high_small") > pl.col("high_large"))
    ).is_empty()


def test_a_higher_score_is_never_milder() -> None:
    raw = Raw()
    for base, score in itertools.product((3, 4, 5), range(1, 6)):
        write_with_lesions(raw, f"{base} {score}", f"d-5 deauville {base}; d30 deauville {score}")
    found = assess_lugano(raw.course()).filter((pl.col("period") == "day 30") & pl.col("default"))
    given = {patient: (low, high) for patient, low, high in found.select("patient", "low", "high").iter_rows()}
    assert len(given) == 15
    for base in (3, 4, 5):
        answers = [given[f"{base} {score}"] for score in range(1, 6)]
        assert answers == sorted(answers) and [high for _, high in answers] == sorted(high for _, high in answers)


def test_leaving_out_a_target_only_widens() -> None:
    base = [lesion(-5, "1", 40, 20), lesion(-5, "2", 30, 20)]
    now = [lesion(30, "1", 20, 10), lesion(30, "2", 20, 10)]
    whole = bounds(assess_lugano(one([], base + now).course()), period="day 30")
    part = bounds(assess_lugano(one([], base + now[:1]).course()), period="day 30")
    assert part[0] <= whole[0] and part[1] >= whole[1] and part != whole


def test_more_cells_are_never_fewer() -> None:
    lower = [
        {"name": "car_t", "day": str(d), "value": str(v), "unit": "cells/uL"} for d, v in ((7, 5), (14, 9), (30, 1))
    ]
    higher = [row | {"value": str(2 * float(row["value"]))} for row in lower]
    for criterion in ("expansion.cmax", "expansion.auc28", "persistence.last_detected"):
        few, many = (bounds(score_expansion(one(rows).course()), criterion=criterion) for rows in (lower, higher))
        assert few[0] <= many[0] and few[1] <= many[1]


def test_no_unit_is_never_zero() -> None:
    no_unit = one([{"name": "car_t", "day": "7", "value": "5"}]).course()
    assert score_expansion(no_unit).is_empty() and no_unit.refused == 1
    share = one([{"name": "b_cells_percent", "day": "200", "value": "0", "unit": "%"}]).course()
    assert assess_b_cell_aplasia(share)["low"].is_null().all()


def test_unverified_is_off_by_default() -> None:
    raw = one([{"name": "b_cells_percent", "day": "200", "value": "0", "unit": "%"}], disease="B-ALL")
    assert "b_cell_aplasia.eliana" not in assess_b_cell_aplasia(raw.course())["criterion"]
    shown = assess_b_cell_aplasia(raw.course(), unverified=True).filter(pl.col("criterion") == "b_cell_aplasia.eliana")
    assert shown["label"].to_list() == ["UNVERIFIED: aplasia"]
    cells = one([{"name": "car_t", "day": str(d), "value": str(80 / d), "unit": "cells/uL"} for d in (7, 14, 28)])
    assert "expansion.half_life" not in score_expansion(cells.course())["criterion"]


def test_a_wider_landmark_is_a_definition_of_its_own() -> None:
    course = one([{"name": "ctdna", "day": "26", "value": "5", "unit": "MTM/mL"}]).course()
    strict, wide = assess_ctdna(course), assess_ctdna(course, within=3)
    assert bounds(strict, period="d28") == (None, None)
    assert bounds(wide, period="d28") == (1, 1)
    assert "within=3" in wide.filter(pl.col("period") == "d28")["definition"][0]
