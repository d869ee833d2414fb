"""Gates on small records: what closes, what stays unknown and which fact would settle it."""

import polars as pl
import pytest

from carsequel.options import gate_options, options_needed, weigh_options
from carsequel.options.table import options_table
from carsequel.terms.lists import OPTIONS

CARE = ["clinical_trial", "supportive_care", "palliative_care"]
CD19_DRUGS = ["tafasitamab_lenalidomide", "loncastuximab", "second_infusion"]
BCMA_DRUGS = ["bispecific_bcma", "second_infusion", "second_bcma_car_t", "belantamab"]


def gates(course, verdicts):
    return {row["option"]: row for row in gate_options(course, verdicts).to_dicts()}


def fact(name, day=110.0, **cells):
    return {"name": name, "day": day, "source": "row"} | cells


def test_the_table_holds_the_fixed_list_in_order():
    assert options_table()["option"].to_list() == list(OPTIONS)


def test_an_option_of_another_disease_is_left_out_and_not_closed(course, verdicts):
    found = gates(course([]), verdicts())
    assert "bispecific_bcma" not in found
    assert "blinatumomab" not in found
    assert {"bispecific_cd20", "loncastuximab"} <= set(found)
    assert list(found) == [option for option in OPTIONS if option in found]


def test_a_disease_without_a_list_keeps_the_care_options(course, verdicts):
    assert list(gates(course([], disease="other"), verdicts(disease=None))) == CARE


def test_cd19_negative_closes_the_cd19_drugs(course, verdicts):
    found = gates(course([fact("antigen_cd19", text="negative", source="biopsy 7")]), verdicts())
    for option in CD19_DRUGS:
        assert found[option]["gate"] == "closed"
        assert found[option]["facts"] == "biopsy 7"
        assert found[option]["decides"] is None
    assert found["bispecific_cd20"]["gate"] == "unknown"


def test_cd19_present_after_the_cells_opens_them(course, verdicts):
    found = gates(course([fact("antigen_cd19", text="positive")]), verdicts())
    assert [found[option]["gate"] for option in CD19_DRUGS[:2]] == ["open", "open"]


def test_not_tested_is_unknown_and_a_biopsy_decides(course, verdicts):
    for rows in ([], [fact("antigen_cd19", text="not_tested")], [fact("antigen_cd19", day=-3, text="positive")]):
        found = gates(course(rows), verdicts())["loncastuximab"]
        assert (found["gate"], found["decides"]) == ("unknown", "biopsy with CD19")


@pytest.mark.parametrize("text", ["dim", "patchy"])
def test_reduced_antigen_is_unknown(course, verdicts, text):
    found = gates(course([fact("antigen_cd19", text=text)]), verdicts())["loncastuximab"]
    assert (found["gate"], found["decides"]) == ("unknown", "CD19 density on the failing disease")


def test_a_lost_epitope_closes_the_same_product_only(course, verdicts):
    found = gates(course([fact("antigen_cd19", text="epitope_lost")]), verdicts())
    assert found["second_infusion"]["gate"] == "closed"
    assert found["loncastuximab"]["gate"] == "unknown"
    assert "epitope" in found["loncastuximab"]["decides"]


def test_a_drug_given_since_the_test_asks_for_a_new_one(course, verdicts):
    spans = [{"start": 120, "end": 160, "text": "loncastuximab tesirine", "role": "next_line"}]
    found = gates(course([fact("antigen_cd19", text="positive")], spans), verdicts())["tafasitamab_lenalidomide"]
    assert (found["gate"], found["decides"]) == ("unknown", "biopsy with CD19")
    again = [fact("antigen_cd19", text="positive"), fact("antigen_cd19", day=170, text="positive")]
    assert gates(course(again, spans), verdicts())["tafasitamab_lenalidomide"]["gate"] == "open"


def test_biallelic_loss_under_an_earlier_infusion_closes_the_bcma_drugs(course, verdicts):
    infusions = [
        {"patient": "p", "infusion": 1, "day": 0, "product": "ide-cel"},
        {"patient": "p", "infusion": 2, "when": "after relapse", "product": "ide-cel"},
    ]
    rows = [{"name": "antigen_bcma", "text": "negative", "when": "at relapse"}]
    record = course(rows, infusions=infusions, disease="MM", product="ide-cel")
    found = gates(record, verdicts(infusion=2, disease="MM", product="ide-cel", day=None))
    assert {option: found[option]["gate"] for option in BCMA_DRUGS} == dict.fromkeys(BCMA_DRUGS, "closed")
    assert found["bispecific_gprc5d"]["gate"] == "unknown"


def test_undated_readings_that_differ_are_a_conflict(course, verdicts):
    rows = [
        {"name": "antigen_cd19", "text": "positive", "when": "at relapse"},
        {"name": "antigen_cd19", "text": "negative", "when": "at second progression"},
    ]
    found = gates(course(rows), verdicts())["loncastuximab"]
    assert found["gate"] == "unknown"
    assert any("differ" in why for why in found["why"])


def test_of_two_antigens_one_is_enough(course, verdicts):
    rows = [fact("antigen_cd19", text="negative"), fact("antigen_cd22", text="negative")]
    assert gates(course(rows), verdicts())["dual_target_car_t"]["gate"] == "unknown"
    rows.append(fact("antigen_cd20", text="negative"))
    assert gates(course(rows), verdicts())["dual_target_car_t"]["gate"] == "closed"


@pytest.mark.parametrize(
    ("text", "gate"), [("positive", "open"), ("negative", "closed"), ("not tested", "unknown"), (None, "unknown")]
)
def test_kinase_inhibitors_follow_bcr_abl1(course, verdicts, text, gate):
    rows = [fact("bcr_abl1", day=-20, text=text)] if text else []
    assert gates(course(rows, disease="B-ALL"), verdicts(disease="B-ALL"))["tki"]["gate"] == gate


def test_menin_inhibitor_says_that_it_is_unverified(course, verdicts):
    record = course([fact("kmt2a", day=-20, text="rearranged")], disease="B-ALL")
    found = gates(record, verdicts(disease="B-ALL"))["menin_inhibitor"]
    assert found["gate"] == "open"
    assert any("UNVERIFIED" in why for why in found["why"])


ORGANS = [fact("creatinine", value=0.9, unit="mg/dL"), fact("bilirubin", value=0.5, unit="mg/dL")]


def ready(**cells):
    return [
        fact("antigen_cd19", text="positive"),
        fact("ecog", value=1),
        *ORGANS,
        fact("car_t", day=9, value=30, unit="cells/uL"),
        *([cells] if cells else []),
    ]


def test_second_infusion_opens_with_antigen_expansion_and_fitness(course, verdicts):
    assert gates(course(ready()), verdicts())["second_infusion"]["gate"] == "open"


def test_prior_nonresponse_warns_with_the_number_and_does_not_close(course, verdicts):
    record = course(ready(), disease="B-ALL", product="tisa-cel")
    found = gates(record, verdicts(disease="B-ALL", product="tisa-cel", type="primary_refractory"))["second_infusion"]
    assert found["gate"] == "unknown"
    assert any("0 of 8" in why and "S059" in why for why in found["why"])
    relapse = gates(record, verdicts(disease="B-ALL", product="tisa-cel"))["second_infusion"]
    assert relapse["gate"] == "open"
    assert any("5 of 10" in why for why in relapse["why"])


def test_an_antibody_against_the_car_leaves_a_second_infusion_unknown(course, verdicts):
    record = course(ready(**fact("anti_car_antibody", text="yes")))
    assert gates(record, verdicts())["second_infusion"]["gate"] == "unknown"


@pytest.mark.parametrize(
    ("response", "donor", "gate"),
    [
        ("CR", "matched sibling", "open"),
        ("PD", "matched sibling", "unknown"),
        ("CR", None, "unknown"),
        ("CR", "none found", "closed"),
    ],
)
def test_allogeneic_transplantation_needs_remission_and_a_donor(course, verdicts, response, donor, gate):
    rows = [fact("ecog", value=1), *ORGANS, fact("lvef", value=60), fact("response", day=150, text=response)]
    rows += [fact("donor", text=donor)] if donor else []
    assert gates(course(rows), verdicts())["allo_hct"]["gate"] == gate


def test_missing_performance_decides_intensive_options(course, verdicts):
    for rows in ([], [fact("ecog", day=-4, value=1)]):
        found = gates(course(rows), verdicts())["chemoimmunotherapy"]
        assert (found["gate"], found["decides"]) == ("unknown", "ECOG performance status now")
    assert gates(course([fact("ecog", value=3)]), verdicts())["chemoimmunotherapy"]["gate"] == "open"


def test_cautions_are_named_and_close_nothing(course, verdicts):
    spans = [{"name": "infection", "start": 105, "text": "aspergillus", "end": None}]
    rows = [fact("ecog", value=1), fact("anc", value=0.2, unit="10^9/L")]
    found = gates(course(rows, spans), verdicts())["chemoimmunotherapy"]
    assert found["gate"] == "open"
    cautions = " | ".join(why for why in found["why"] if why.startswith("caution"))
    for words in ("infection: aspergillus, still going on record", "last count: anc 0.2", "severe neutropenia (rej"):
        assert words in cautions


@pytest.mark.parametrize(
    ("left_out", "decides"),
    [
        ("creatinine", "creatinine or creatinine clearance now"),
        ("bilirubin", "bilirubin and transaminases now"),
        ("ecog", "ECOG performance status now"),
    ],
)
def test_organ_function_that_was_not_seen_leaves_cells_unknown(course, verdicts, left_out, decides):
    found = gates(course([row for row in ready() if row["name"] != left_out]), verdicts())["second_infusion"]
    assert (found["gate"], found["decides"]) == ("unknown", decides)


def test_published_cut_offs_speak_only_where_they_are_met(course, verdicts):
    def says(option, words, day=100.0, **cells):
        rows = [fact("ldh", uln=250, unit="U/L") | cells] if cells else []
        return any(words in why for why in gates(course(rows), verdicts(day=day))[option]["why"])

    assert says("bispecific_cd20", "within 3 months", day=91.0)
    assert not says("bispecific_cd20", "within 3 months", day=92.0)
    assert says("tafasitamab_lenalidomide", "within 6 months", day=182.0)
    assert not says("tafasitamab_lenalidomide", "within 6 months", day=183.0)
    assert says("polatuzumab_based", "raised LDH went with shorter PFS (S052)", value=251)
    assert not says("polatuzumab_based", "raised LDH", value=250)
    assert not says("polatuzumab_based", "raised LDH", value=251, comparator="<")


@pytest.mark.parametrize(
    ("value", "sign", "spoken"),
    [(49, None, True), (50, None, False), (49, "<", True), (50, "<", False), (20, ">", False)],
)
def test_a_cut_off_is_met_only_where_every_possible_value_meets_it(course, verdicts, value, sign, spoken):
    rows = [fact("platelets", value=value, unit="10^9/L", day=110, comparator=sign)]
    found = gates(course(rows), verdicts())["bispecific_cd20"]
    assert any("severe thrombocytopenia" in why for why in found["why"]) is spoken


def test_recent_bendamustine_is_a_caution_for_new_cells(course, verdicts):
    for start, spoken in ((-600, True), (-640, False)):
        spans = [{"start": start, "end": start + 2, "text": "bendamustine", "role": "prior"}]
        found = gates(course([], spans, disease="MCL", product="brexu-cel"), verdicts(disease="MCL"))
        assert any("within 24 months" in why for why in found["cd22_car_t"]["why"]) is spoken
        assert not any("within 24 months" in why for why in found["allo_hct"]["why"])


def test_care_is_always_open_and_suspicion_leaves_the_rest_unknown(course, verdicts):
    for state in ("failed", "suspected"):
        found = gates(course(ready()), verdicts(state=state))
        assert [found[option]["gate"] for option in CARE] == ["open"] * 3
    assert {found[option]["gate"] for option in found if option not in CARE} == {"unknown"}
    assert all("failure not confirmed" in found[option]["why"] for option in found if option not in CARE)


@pytest.mark.parametrize(
    "state", ["not_failed", "not_infused", "not_evaluable", "died_without_progression", "second_malignancy"]
)
def test_no_options_without_failure_and_a_reason(course, verdicts, state):
    record, verdict = course(ready()), verdicts(state=state)
    assert gate_options(record, verdict).is_empty()
    assert weigh_options(record, verdict, "p") == []
    assert options_needed(record, verdict).select("needed").item() is False
    assert options_needed(record, verdict)["reason"].item().startswith("not")


def test_no_options_for_the_dead(course, verdicts):
    record = course([*ready(), fact("event", day=140, text="death", site="disease")])
    assert gate_options(record, verdicts()).is_empty()
    assert options_needed(record, verdicts())["reason"].item() == "not given: the patient died"


def test_the_last_infusion_counts(course, verdicts):
    infusions = [{"patient": "p", "infusion": n, "day": day, "product": "axi-cel"} for n, day in ((1, 0), (2, 200))]
    both = pl.concat([verdicts(), verdicts(infusion=2, state="not_failed", type=None)])
    assert gate_options(course([], infusions=infusions), both).is_empty()
    turned = pl.concat([verdicts(), verdicts(infusion=2, day=30.0)])
    assert gate_options(course([], infusions=infusions), turned)["infusion"].unique().to_list() == [2]


def test_several_verdicts_of_one_infusion_are_refused(course, verdicts):
    with pytest.raises(ValueError, match="one failure definition"):
        gate_options(course([]), pl.concat([verdicts(), verdicts(definition="failure.stated")]))
