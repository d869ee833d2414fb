"""The model's part of the page: trust, pictures, hypotheses, and SYNTHETIC where it is."""

from pathlib import Path

import pytest

import carsequel as cs
from carsequel.grading import grade_record
from carsequel.inference import Bank, build_bank
from carsequel.report import render_page

FOLDER = Path(__file__).parents[2] / "examples" / "published"


@pytest.fixture(scope="module")
def banks():
    made: dict[tuple[str, str], Bank] = {}

    def bank(disease: str, product: str) -> Bank:
        if (disease, product) not in made:
            made[disease, product] = build_bank(disease, product, 1500)
        return made[disease, product]

    return bank


def page(patient: str, banks) -> tuple[dict, str]:
    course = cs.read(FOLDER)
    answer = cs.answer(course, patient, banks=banks)
    return answer, render_page(answer, course, findings=grade_record(course.only(patient)).findings)


def test_a_failed_patient_has_causes_with_numbers(banks) -> None:
    answer, html = page("lbcl-tisacel-cd19neg-bulky", banks)
    shares = [prob["p"] for prob in answer["causes"]["shares"].values() if prob["p"] is not None]
    assert sum(shares) == pytest.approx(1.0)
    assert "antigen_loss" in [row["cause"] for row in answer["causes"]["first"]]
    assert answer["causes"]["present"]["antigen_loss"]["p"] > 0.5
    assert answer["causes"]["present"]["immune_rejection"]["p"] is None
    assert "What the model of this patient says" in html and "trust:" in html and html.count("<svg") >= 4
    projected = [row for row in answer["options"] if row.get("projected_model")]
    assert {"second_infusion", "bispecific_cd20"} <= {row["option"] for row in projected}
    assert html.count("HYPOTHESIS") >= len(projected)
    assert "no claim about patients" in html


@pytest.mark.parametrize(
    "patient", ["dlbcl-tisacel-iechs-d36", "lbcl-axicel-ebv-tcl-d54", "lbcl-tisacel-control-bca-2y"]
)
def test_no_failure_has_no_cause(patient: str, banks) -> None:
    answer, _ = page(patient, banks)
    assert all(prob["p"] is None for prob in answer["causes"]["present"].values())
    assert all(prob["p"] is None for prob in answer["causes"]["shares"].values())
    assert not answer["research"]


def test_without_a_population_the_record_speaks_and_says_so(banks) -> None:
    answer, html = page("ball-kmt2a-lineage-switch-plat03", banks)
    assert "no population" in answer["model"]["why"] and "the model is silent" in html
    assert answer["causes"]["evidence"] and answer["causes"]["present"]["lineage_switch"]["p"] is None


def test_synthetic_is_on_every_picture(banks) -> None:
    from carsequel.report.fitted import fit_figures

    answer, _ = page("lbcl-tisacel-bca-lost-cd19pos", banks)
    assert all("SYNTHETIC" in svg for _, svg in fit_figures(answer, synthetic=True))
    assert not any("SYNTHETIC" in svg for _, svg in fit_figures(answer, synthetic=False))
