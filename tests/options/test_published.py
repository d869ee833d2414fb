"""The published cases: what their own records close, and what they leave to a test."""

from pathlib import Path

import pytest

from carsequel.causes import weigh_causes
from carsequel.options import gate_options, options_needed
from carsequel.record import read

FOLDER = Path(__file__).parents[2] / "examples" / "published"


@pytest.fixture(scope="module")
def published():
    return read(FOLDER)


@pytest.mark.parametrize(
    ("patient", "infusion", "disease", "product", "closed", "causes"),
    [
        ("lbcl-tisacel-cd19neg-bulky", 1, "LBCL", "tisa-cel", "loncastuximab", {"antigen_loss", "treatment_related"}),
        ("lbcl-tisacel-cd19-weak-patchy", 1, "LBCL", "tisa-cel", None, {"antigen_low"}),
        (
            "mm-bb2121-bcma-biallelic-reinfusion-failure",
            2,
            "MM",
            "ide-cel",
            "bispecific_bcma",
            {"antigen_loss", "poor_expansion"},
        ),
        (
            "ball-ctl019-car-transduced-blast",
            1,
            "B-ALL",
            "tisa-cel",
            "blinatumomab",
            {"antigen_loss", "antigen_masking", "product"},
        ),
    ],
)
def test_cases(published, verdicts, patient, infusion, disease, product, closed, causes):
    verdict = verdicts(patient=patient, infusion=infusion, disease=disease, product=product, day=None)
    record = published.only(patient)
    found = gate_options(record, verdict)
    shut = found.filter(gate="closed")["option"].to_list()
    assert (closed in shut) if closed else not shut
    speaking = weigh_causes(record, verdict).filter(direction="for")
    assert set(speaking["cause"]) == causes


def test_the_lineage_switch_case(published, verdicts):
    patient = "ball-kmt2a-lineage-switch-plat03"
    verdict = verdicts(patient=patient, disease="B-ALL", product="other CAR-T", target="CD19", day=None)
    found = weigh_causes(published.only(patient), verdict)
    assert found.filter(cause="lineage_switch", direction="for").height == 2
    assert found.filter(cause="antigen_loss", direction="against").height == 1


def test_no_options_for_a_death_on_record(published, verdicts):
    verdict = verdicts(patient="ball-tisacel-iechs-d47", disease="B-ALL", product="tisa-cel", day=None)
    record = published.only("ball-tisacel-iechs-d47")
    assert gate_options(record, verdict).is_empty()
    assert options_needed(record, verdict)["reason"].item() == "not given: the patient died"
