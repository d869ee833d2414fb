"""From a record to observations: every fact is a row or a note with its reason."""

from pathlib import Path

import polars as pl
import pytest

import carsequel as cs
from carsequel.grading import grade_record
from carsequel.inference import Observations, read_observations

HEAD = "patient,name,day,value,unit,text,comparator,method,specimen,when,limit,infusion\n"


def read(
    folder: Path, facts: str, disease: str = "LBCL", product: str = "axi-cel", target: str = "CD19"
) -> Observations:
    (folder / "patients.csv").write_text(f"patient,disease\np,{disease}\n")
    (folder / "infusions.csv").write_text(f"patient,infusion,day,product,target\np,1,0,{product},{target}\n")
    (folder / "facts.csv").write_text(HEAD + facts)
    course = cs.read(folder)
    verdict = grade_record(course).verdicts.sort("infusion").row(0, named=True)
    return read_observations(course, verdict)


FAILED = "p,event,90,,,progression,,,,,,\np,response,30,,,PR,,Lugano 2014,,,,\n"


def rows(seen: Observations) -> list[tuple]:
    return seen.rows.select("measure", "day", "value", "bound", "text").rows()


def test_levels_limits_and_units(tmp_path: Path) -> None:
    facts = FAILED + (
        "p,car_t,7,12,cells/uL,,,flow,blood,,,\np,car_t,28,50,copies/ug,,<,qPCR,blood,,,\n"
        "p,car_t,10,900,cells/uL,,>,flow,blood,,,\np,car_t,14,3,cells/uL,,,flow,CSF,,,\n"
    )
    seen = read(tmp_path, facts)
    found = {(row[0], row[1]): row[2:4] for row in rows(seen)}
    assert found[("car_cells", 7.0)] == (12.0, 0)
    assert found[("car_copies", 28.0)] == (50.0, -1)
    assert found[("car_cells", 10.0)] == (900.0, 1)
    assert [note["why"] for note in seen.notes if note["fact"] == "car_t"] == ["not measured in blood"]
    assert seen.failure.state == "failed" and seen.failure.day == 90


def test_antigen_readings(tmp_path: Path) -> None:
    facts = FAILED + (
        "p,antigen_cd19,-20,,,negative,,IHC,,,,\np,antigen_cd19,95,,,dim,,IHC,,,,\n"
        "p,antigen_cd19,,,,negative,,IHC FMC63,,at relapse,,\np,antigen_cd19,92,,,not_tested,,,,,,\n"
        "p,antigen_cd20,95,,,negative,,IHC,,,,\n"
    )
    seen = read(tmp_path, facts)
    own = [row for row in rows(seen) if row[0] == "antigen"]
    assert own == [("antigen", 90.0, 0.03, 0, "negative")]
    whys = " ".join(note["why"] for note in seen.notes)
    assert "before the infusion" in whys and "reduced antigen" in whys and "no information" in whys


def test_what_comes_after_the_next_therapy_is_not_read(tmp_path: Path) -> None:
    facts = FAILED + "p,event,100,,,new_therapy,,,,,,\np,car_t,110,1,cells/uL,,,flow,,,,\np,ldh,95,400,U/L,,,,,,,\n"
    seen = read(tmp_path, facts)
    assert [row[0] for row in rows(seen)] == ["response", "ldh"]
    assert [note["why"] for note in seen.notes] == ["after the next therapy"]


def test_progression_enters_once(tmp_path: Path) -> None:
    seen = read(tmp_path, FAILED + "p,response,90,,,PD,,Lugano 2014,,,,\n")
    assert [row[4] for row in rows(seen) if row[0] == "response"] == ["PR"]
    assert any("enters as the failure" in note["why"] for note in seen.notes)


def test_b_cells_say_nothing_in_myeloma(tmp_path: Path) -> None:
    facts = "p,event,90,,,progression,,,,,,\np,b_cell_aplasia,60,,,no,,,,,,\np,m_protein_serum,60,1.2,g/dL,,,,,,,\n"
    seen = read(tmp_path, facts, "MM", "ide-cel", "BCMA")
    assert [row[0] for row in rows(seen)] == ["m_protein"]
    assert "normal B cells do not carry the target" in [note["why"] for note in seen.notes]


@pytest.mark.parametrize("order", [1, -1])
def test_order_and_repeats_change_nothing(tmp_path: Path, order: int) -> None:
    lines = (FAILED + "p,ldh,10,300,U/L,,,,,,,\np,car_t,7,12,cells/uL,,,flow,blood,,,\n").splitlines(keepends=True)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    once, twice = (read(tmp_path / name, "".join(own)) for name, own in (("a", lines), ("b", (lines * 2)[::order])))
    assert once.rows.drop("source").equals(twice.rows.drop("source"))


def test_no_fact_is_lost(tmp_path: Path) -> None:
    course = cs.read(Path(__file__).parents[2] / "examples" / "published")
    for verdict in grade_record(course).verdicts.iter_rows(named=True):
        own = course.only(verdict["patient"])
        seen = read_observations(own, verdict)
        antigen = f"antigen_{str(verdict['target']).lower()}"
        facts = own.facts_since(
            "car_t", "response", "spd", "b_cell_aplasia", "ldh", "ferritin", antigen, before=60.0, undated=True
        )
        mine = facts.filter(pl.col("infusion") == verdict["infusion"])
        told = {*seen.rows["source"].to_list(), *(note["source"] for note in seen.notes)}
        assert set(mine["source"].to_list()) <= told, verdict["patient"]
