"""Each published patient, told in words: what the answer must say and what it must never say."""

import pytest

from carsequel.terms.lists import CAUSES
from carsequel.terms.sources import split_keys
from published import answer, course

# patient: state, type, antigen, day, timing
VERDICTS = {
    "ball-ctl019-car-transduced-blast": ("failed", "relapse", "lost", 274, "late"),
    "ball-kmt2a-lineage-switch-plat03": ("failed", "relapse", "lineage_switch", None, None),
    "ball-tisacel-iechs-d47": ("failed", None, "not_tested", None, None),
    "cll-ctl019-tet2-remission": ("not_failed", None, None, None, None),
    "dlbcl-tisacel-iechs-d36": ("died_without_progression", None, None, 36, None),
    "lbcl-axicel-ebv-tcl-d54": ("second_malignancy", None, None, 54, None),
    "lbcl-axicel-icans3-csf-hemophagocytosis": ("not_failed", None, None, 122, None),
    "lbcl-tisacel-bca-lost-cd19pos": ("failed", "primary_refractory", "kept", 29, "very_early"),
    "lbcl-tisacel-cd19-weak-patchy": ("failed", "primary_refractory", "low", 27, "very_early"),
    "lbcl-tisacel-cd19neg-bulky": ("failed", "primary_refractory", "lost", 31, "early"),
    "lbcl-tisacel-control-bca-2y": ("not_failed", None, None, 95, None),
    "lbcl-tisacel-cr-relapse-second-infusion": ("failed", "relapse", "kept", None, "late"),
    "mm-bb2121-bcma-biallelic-reinfusion-failure": ("failed", "relapse", "lost", 274, "late"),
    "mm-carbcma-relapse-17w": ("failed", "relapse", "not_tested", None, "late"),
    "mm-cns-bcma-remission": ("not_failed", None, None, 30, None),
}
CD19_DRUGS = ("tafasitamab_lenalidomide", "loncastuximab", "second_infusion", "blinatumomab")
BCMA_DRUGS = ("bispecific_bcma", "second_bcma_car_t", "belantamab", "second_infusion")


def gates(patient: str) -> dict[str, str]:
    return {row["option"]: row["gate"] for row in answer(patient)["options"]}


def evidence_for(patient: str, cause: str, direction: str = "for") -> list[dict]:
    rows = answer(patient)["causes"]["evidence"]
    return [row for row in rows if row["cause"] == cause and row["direction"] == direction]


def test_every_published_patient_is_answered() -> None:
    assert sorted(VERDICTS) == sorted(course().patients["patient"].to_list())
    assert course().refused == 0


@pytest.mark.parametrize("patient", VERDICTS)
def test_the_verdict(patient: str) -> None:
    failure = answer(patient)["failure"]
    expected = VERDICTS[patient]
    assert (failure["state"], failure["type"], failure["antigen"], failure["day"], failure["timing"]) == expected


@pytest.mark.parametrize("patient", VERDICTS)
def test_no_cause_is_given_to_a_patient_who_has_not_failed(patient: str) -> None:
    causes = answer(patient)["causes"]
    if VERDICTS[patient][0] != "failed":
        assert causes["evidence"] == [] and not answer(patient)["options"]
    assert all(causes["present"][cause]["p"] is None and causes["present"][cause]["why"] for cause in CAUSES)
    assert set(causes["shares"]) == {*CAUSES, "undetermined"}


@pytest.mark.parametrize("patient", VERDICTS)
def test_nothing_that_was_not_measured_is_graded(patient: str) -> None:
    for row in answer(patient)["side_effects"]:
        if row["default"] and row["criterion"] in ("icaht_early.eha2023", "icaht_late.eha2023"):
            assert row["low"] is None and row["high"] is None and row["label"] == "not gradable"
        if row["default"] and row["criterion"] == "icans.astct2019":
            assert row["value"] != 0


def test_cd19_lost_closes_what_needs_cd19() -> None:
    found = gates("lbcl-tisacel-cd19neg-bulky")
    assert {found[option] for option in CD19_DRUGS if option in found} == {"closed"}
    assert evidence_for("lbcl-tisacel-cd19neg-bulky", "antigen_loss")


def test_cd19_kept_speaks_against_antigen_loss() -> None:
    assert evidence_for("lbcl-tisacel-bca-lost-cd19pos", "antigen_loss", "against")
    assert not evidence_for("lbcl-tisacel-bca-lost-cd19pos", "antigen_loss")


def test_weak_cd19_is_low_and_not_lost() -> None:
    assert evidence_for("lbcl-tisacel-cd19-weak-patchy", "antigen_low")
    assert not evidence_for("lbcl-tisacel-cd19-weak-patchy", "antigen_loss")


def test_biallelic_bcma_loss_closes_bcma_directed_drugs() -> None:
    found = gates("mm-bb2121-bcma-biallelic-reinfusion-failure")
    assert {found[option] for option in BCMA_DRUGS if option in found} == {"closed"}
    assert found["bispecific_gprc5d"] != "closed"


def test_masking_by_the_car_is_not_simply_antigen_loss() -> None:
    assert evidence_for("ball-ctl019-car-transduced-blast", "antigen_masking")
    assert evidence_for("ball-ctl019-car-transduced-blast", "product")


def test_lineage_switch_is_named() -> None:
    assert evidence_for("ball-kmt2a-lineage-switch-plat03", "lineage_switch")


def test_a_second_infusion_without_response_does_not_restart_the_clock() -> None:
    failure = answer("mm-bb2121-bcma-biallelic-reinfusion-failure")["failure"]
    assert failure["infusion"] == 1
    assert [row["state"] for row in failure["earlier"]] == ["failed"]


def test_an_untested_antigen_is_said_and_a_biopsy_is_the_next_test() -> None:
    said = answer("mm-carbcma-relapse-17w")
    assert said["failure"]["antigen"] == "not_tested" and not said["failure"]["biopsy_proven"]
    assert "biopsy" in said["causes"]["next_test"]["test"]


def test_fatal_hyperinflammation_is_in_plain_sight() -> None:
    danger = {row["name"]: row["state"] for row in answer("dlbcl-tisacel-iechs-d36")["danger"]}
    assert danger["HLH-like syndrome"] == "yes"


def test_stated_grades_stand_beside_derived_ones() -> None:
    rows = answer("lbcl-axicel-icans3-csf-hemophagocytosis")["side_effects"]
    stated = [r for r in rows if r["criterion"] == "icans.astct2019" and r["definition"].startswith("basis=stated")]
    assert {row["value"] for row in stated if row["kind"] == "maximum"} == {3.0}
    assert not any(row["default"] for row in stated if row["kind"] == "maximum")


@pytest.mark.parametrize("patient", VERDICTS)
def test_every_source_of_the_answer_is_cited(patient: str) -> None:
    said = answer(patient)
    for option in said["options"]:
        for row in option["evidence"]:
            assert set(split_keys(row["source"])) <= set(said["sources"]), row["source"]
            assert row["status"] in ("VERIFIED", "SECONDARY", "UNVERIFIED")
