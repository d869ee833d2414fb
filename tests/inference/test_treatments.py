"""What was given before the failure: simulated patients get it too."""

from pathlib import Path

import numpy as np
import pytest

import carsequel as cs
from carsequel.causes.modelled import shares_of
from carsequel.grading import grade_record
from carsequel.inference import Bank, FailureSeen, Observations, fit_patient, forecast, read_observations
from carsequel.inference.observations import Treatment, as_rows
from carsequel.inference.treatments import under_treatments
from carsequel.research import what_if

FACTS = (
    "patient,name,day,value,unit,text\np,response,30,,,PR\np,response,90,,,PR\np,event,160,,,progression\n"
    "p,ldh,40,260,U/L,\np,ldh,120,300,U/L,\n"
)
SPANS = "patient,name,start,end,text,role\n"


def read(folder: Path, *spans: str) -> Observations:
    (folder / "patients.csv").write_text("patient,disease\np,LBCL\n")
    (folder / "infusions.csv").write_text("patient,infusion,day,product,target\np,1,0,axi-cel,CD19\n")
    (folder / "facts.csv").write_text(FACTS)
    (folder / "spans.csv").write_text(SPANS + "".join(f"{span}\n" for span in spans))
    course = cs.read(folder)
    verdict = grade_record(course).verdicts.sort("infusion").row(0, named=True)
    return read_observations(course, verdict | {"state": "failed", "day": 160.0, "day_low": 160.0, "day_high": 160.0})


@pytest.mark.parametrize("said", ["p,drug,60,,pembrolizumab,next_line", "p,therapy,60,,checkpoint_inhibitor,next_line"])
def test_a_therapy_with_an_arm_does_not_end_the_reading(tmp_path: Path, said: str) -> None:
    seen = read(tmp_path, said)
    assert seen.treatments == (Treatment("pd1", 60.0),)
    assert seen.rows.filter(measure="ldh")["day"].to_list() == [40.0, 120.0]


@pytest.mark.parametrize(
    "drug", ["lenalidomide", "dexamethasone", "carfilzomib-dexamethasone", "nivolumab + brentuximab"]
)
def test_a_therapy_without_an_arm_ends_it_and_is_named(tmp_path: Path, drug: str) -> None:
    seen = read(tmp_path, f"p,drug,60,,{drug},next_line")
    assert seen.treatments == ()
    assert seen.rows.filter(measure="ldh")["day"].to_list() == [40.0]
    assert any("no term" in note["why"] for note in seen.notes)


def test_drugs_against_side_effects_are_read_and_end_nothing(tmp_path: Path) -> None:
    seen = read(tmp_path, "p,drug,3,3,tocilizumab,toxicity", "p,drug,4,9,corticosteroids,toxicity")
    assert [each.arm for each in seen.treatments] == ["tocilizumab", "steroids"]
    assert seen.rows.filter(measure="ldh").height == 2


def test_what_moves_no_cell_needs_no_other_bank(bank: Bank) -> None:
    assert under_treatments(bank, [Treatment("steroids", 4.0)]) is bank


def test_until_the_day_of_a_treatment_nothing_differs(bank: Bank) -> None:
    treated = under_treatments(bank, [Treatment("chemotherapy", 50.0)])
    assert np.array_equal(treated.particles.numbers, bank.particles.numbers)
    before, after = bank.paths.times <= 50, bank.paths.times == 80
    ours, theirs = treated.paths.logs["tumour"], bank.paths.logs["tumour"]
    assert np.allclose(ours[before].astype(float), theirs[before].astype(float), atol=0.05)
    large = (theirs[after] > 18)[0]
    assert (ours[after][0, large] < theirs[after][0, large]).mean() > 0.95


def test_a_fit_knows_what_was_given(bank: Bank) -> None:
    rows = as_rows([{"measure": "response", "series": "a", "day": 30.0, "text": "PR", "bound": 0, "source": "x"}])
    plain = Observations(rows, FailureSeen("free", 40.0), 40.0)
    given = plain._replace(treatments=(Treatment("chemotherapy", 40.0),))
    without, treated = (fit_patient(bank, seen) for seen in (plain, given))
    p = [forecast(fit, (90.0,))["p"].item() for fit in (without, treated)]
    assert p[1] < p[0]
    assert "given chemotherapy on day 40" in treated.method and "given" not in without.method


def test_causes_and_what_ifs_stand_on_the_treated_course(bank: Bank) -> None:
    rows = as_rows([{"measure": "response", "series": "a", "day": 30.0, "text": "PR", "bound": 0, "source": "x"}])
    seen = Observations(rows, FailureSeen("failed", 150.0), 150.0, treatments=(Treatment("radiotherapy", 50.0),))
    fit = fit_patient(bank, seen)
    shares = shares_of(fit)
    assert shares.places.size > 0.9 * 64
    assert what_if(fit, "pd1", draws=20)["n"].unique().to_list() == [20]
