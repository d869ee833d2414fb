"""Which record rows speak for or against which cause, on both sides of every number."""

import polars as pl
import pytest

from carsequel.causes import weigh_causes
from carsequel.terms.lists import CAUSES


def sides(frame, cause):
    return set(frame.filter(pl.col("cause") == cause)["direction"])


def fact(name, day=110.0, **cells):
    return {"name": name, "day": day, "source": "row"} | cells


def test_an_empty_record_gives_every_cause_one_missing_row(course, verdicts):
    found = weigh_causes(course([]), verdicts())
    assert found["cause"].to_list() == list(CAUSES)
    assert set(found["direction"]) == {"missing"}
    assert found["facts"].null_count() == found.height


@pytest.mark.parametrize("state", ["not_failed", "not_infused", "not_evaluable", "second_malignancy"])
def test_no_evidence_without_failure(course, verdicts, state):
    record = course([fact("antigen_cd19", text="negative")])
    assert weigh_causes(record, verdicts(state=state)).is_empty()


@pytest.mark.parametrize(
    ("text", "loss", "low", "epitope"),
    [
        ("negative", "for", "missing", "missing"),
        ("positive", "against", "against", "missing"),
        ("dim", "against", "for", "missing"),
        ("patchy", "against", "for", "missing"),
        ("epitope_lost", "against", "missing", "for"),
        ("not_tested", "missing", "missing", "missing"),
    ],
)
def test_antigen_readings(course, verdicts, text, loss, low, epitope):
    found = weigh_causes(course([fact("antigen_cd19", text=text)]), verdicts())
    assert [sides(found, cause) for cause in ("antigen_loss", "antigen_low", "epitope_mutation")] == [
        {loss},
        {low},
        {epitope},
    ]


def test_another_antigen_and_a_baseline_reading_are_no_loss(course, verdicts):
    rows = [fact("antigen_cd20", text="negative"), fact("antigen_cd19", day=-5, text="positive")]
    assert sides(weigh_causes(course(rows), verdicts()), "antigen_loss") == {"missing"}


@pytest.mark.parametrize(
    ("unit", "value", "low"),
    [
        ("H-score", 149, True),
        ("H-score", 150, False),
        ("molecules/cell", 2999, True),
        ("molecules/cell", 3000, False),
    ],
)
def test_density_cuts_of_cd19_in_lbcl(course, verdicts, unit, value, low):
    record = course([fact("antigen_cd19", value=value, unit=unit, text="positive")])
    found = weigh_causes(record, verdicts())
    assert ("for" in sides(found, "antigen_low")) is low
    elsewhere = weigh_causes(
        course([fact("antigen_cd19", value=value, unit=unit)], disease="B-ALL"), verdicts(disease="B-ALL")
    )
    assert sides(elsewhere, "antigen_low") == {"missing"}


def test_a_ceiling_is_not_below_the_cut(course, verdicts):
    rows = [fact("antigen_cd19", value=100, comparator=">", unit="H-score", text="positive")]
    assert sides(weigh_causes(course(rows), verdicts()), "antigen_low") == {"against"}


def test_the_car_in_tumour_cells_masks_the_antigen(course, verdicts):
    rows = [fact("car_in_tumor", text="yes"), fact("antigen_cd19", text="negative")]
    found = weigh_causes(course(rows), verdicts())
    assert sides(found, "antigen_masking") == {"for"}
    assert sides(found, "product") == {"for"}
    loss = found.filter(pl.col("cause") == "antigen_loss")
    assert loss.height == 1
    assert loss["strength"].item().startswith("weak")


def test_persisting_aplasia_counts_in_b_all_only(course, verdicts):
    rows = [fact("b_cell_aplasia", text="yes")]
    ball = weigh_causes(
        course(rows, disease="B-ALL", product="tisa-cel"), verdicts(disease="B-ALL", product="tisa-cel")
    )
    assert sides(ball, "antigen_loss") == {"for"}
    assert sides(ball, "short_persistence") == {"against"}
    assert sides(weigh_causes(course(rows), verdicts()), "antigen_loss") == {"missing"}


@pytest.mark.parametrize(("disease", "word"), [("B-ALL", "strong"), ("LBCL", "weak"), ("FL", "direct")])
def test_lost_aplasia_weighs_by_disease(course, verdicts, disease, word):
    rows = [fact("b_cell_aplasia", day=60, text="no")]
    found = weigh_causes(course(rows, disease=disease), verdicts(disease=disease))
    row = found.filter(pl.col("cause") == "short_persistence").row(0, named=True)
    assert (row["direction"], row["strength"].split(":")[0].split(" ")[0].split(";")[0]) == ("for", word)


def test_b_cells_say_nothing_about_bcma_cells_and_nothing_after_the_failure(course, verdicts):
    myeloma = weigh_causes(
        course([fact("b_cell_aplasia", day=60, text="no")], disease="MM", product="ide-cel"),
        verdicts(disease="MM", product="ide-cel"),
    )
    assert sides(myeloma, "short_persistence") == {"missing"}
    later = weigh_causes(course([fact("b_cell_aplasia", day=101, text="no")]), verdicts())
    assert sides(later, "short_persistence") == {"missing"}


@pytest.mark.parametrize(("value", "side"), [(16.14, "for"), (16.15, "against")])
def test_the_peak_is_read_only_where_a_cut_fits(course, verdicts, value, side):
    rows = [fact("car_t", day=9, value=value, unit="cells/uL", method="flow cytometry")]
    found = weigh_causes(course(rows), verdicts()).filter(pl.col("cause") == "poor_expansion")
    assert found["direction"].to_list() == [side]
    assert found["source"].item() == "S094; S095"
    for other in ({"product": "tisa-cel"}, {"disease": "FL"}):
        elsewhere = weigh_causes(course(rows, **other), verdicts(**other))
        assert sides(elsewhere, "poor_expansion") == {"missing"}
    copies = [fact("car_t", day=9, value=value, unit="copies/ug")]
    assert sides(weigh_causes(course(copies), verdicts()), "poor_expansion") == {"missing"}


def test_no_cells_in_the_first_month_is_poor_expansion_and_later_is_not(course, verdicts):
    early = weigh_causes(course([fact("car_t", day=14, text="none")]), verdicts())
    assert sides(early, "poor_expansion") == {"for"}
    late = weigh_causes(course([fact("car_t", day=120, text="undetectable")]), verdicts())
    assert sides(late, "poor_expansion") == {"missing"}
    assert sides(late, "short_persistence") == {"for"}


@pytest.mark.parametrize(("value", "side"), [(240, "against"), (241, "for")])
def test_ldh_against_its_own_limit(course, verdicts, value, side):
    rows = [fact("ldh", day=-1, value=value, unit="U/L", uln=240)]
    assert sides(weigh_causes(course(rows), verdicts()), "high_burden") == {side}
    assert sides(weigh_causes(course([rows[0] | {"uln": None}]), verdicts()), "high_burden") == {"missing"}


@pytest.mark.parametrize(
    ("value", "papers"), [(80, set()), (147.5, {"S099"}), (148, {"S098", "S099"}), (451, {"S098", "S099", "S101"})]
)
def test_each_mtv_cut_answers_for_itself(course, verdicts, value, papers):
    rows = [fact("mtv", day=-2, value=value, unit="mL", method="41 %")]
    found = weigh_causes(course(rows), verdicts()).filter(pl.col("cause") == "high_burden")
    assert set(found.filter(pl.col("direction") == "for")["source"]) == papers
    assert found.height == 3


@pytest.mark.parametrize(("start", "side"), [(-700, "for"), (-731, "missing")])
def test_bendamustine_within_24_months_in_mcl(course, verdicts, start, side):
    spans = [{"start": start, "end": start + 1, "text": "bendamustine"}]
    found = weigh_causes(
        course([], spans, disease="MCL", product="brexu-cel"), verdicts(disease="MCL", product="brexu-cel")
    )
    assert sides(found, "treatment_related") == {side}


def test_stated_cause_is_marked_as_stated(course, verdicts):
    rows = [fact("cause_stated", text="antigen_loss", source="paper"), fact("cause_stated", text="unknown")]
    found = weigh_causes(course(rows), verdicts()).filter(pl.col("direction") != "missing")
    assert found.select("cause", "facts", "source").rows() == [("antigen_loss", "paper", None)]
    assert found["fact"].item().startswith("stated cause")


def test_unverified_rules_are_off_by_default(course, verdicts):
    record = course([fact("tp53", day=-3, text="mutated")])
    assert sides(weigh_causes(record, verdicts()), "tumor_intrinsic_resistance") == {"missing"}
    assert "for" in sides(weigh_causes(record, verdicts(), unverified=True), "tumor_intrinsic_resistance")


def test_second_infusion_without_expansion_where_the_target_is_gone(course, verdicts):
    infusions = [
        {"patient": "p", "infusion": 1, "day": 0, "product": "ide-cel"},
        {"patient": "p", "infusion": 2, "when": "after relapse", "product": "ide-cel"},
    ]
    rows = [
        {"name": "antigen_bcma", "text": "negative", "when": "at relapse"},
        {"name": "car_t", "text": "none", "infusion": 2, "when": "after the second infusion"},
    ]
    found = weigh_causes(
        course(rows, infusions=infusions, disease="MM", product="ide-cel"),
        verdicts(infusion=2, disease="MM", product="ide-cel", type="primary_refractory", day=None),
    )
    assert sides(found, "poor_expansion") == {"for"}
    assert found.filter(cause="antigen_loss", direction="for").height == 2
