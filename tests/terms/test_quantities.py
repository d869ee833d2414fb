"""Quantities: every name of the contract has one unit, a rule for a missing unit and its list of answers."""

import pytest

from carsequel.terms.quantities import quantities, quantity
from carsequel.terms.tables import read_table
from carsequel.terms.units import canonical_unit

KINDS = {"number", "text", "both"}
TENFOLD = (
    "anc platelets wbc lymphocytes hemoglobin cd4 crp m_protein_serum m_protein_urine flc_kappa flc_lambda fibrinogen"
)
NAMES = """anc platelets wbc lymphocytes hemoglobin cd4 b_cells b_cells_percent b_cell_aplasia ldh ast alt alp ggt crp
ferritin creatinine bilirubin bilirubin_direct albumin triglycerides fibrinogen aptt pt inr d_dimer il6 igg
igg_uninvolved beta2_microglobulin procalcitonin scd25 calcium creatinine_clearance temperature systolic_bp
mean_arterial_pressure spo2 hypotension weight ice capd consciousness seizure motor_weakness cerebral_edema
sedated parkinsonism cranial_nerve_palsy ecog karnofsky lvef dlco symptom patient_reported goals_of_care
hemophagocytosis organomegaly immunosuppressed nk_activity car_t anti_car_antibody car_in_tumor
product_cd4_cd8 product_viability product_memory out_of_specification marrow_blasts blood_blasts
extramedullary cns_disease mrd lineage deauville suvmax spd mtv spleen marrow_involved ctdna b_symptoms stage
extranodal_sites nodal_areas ki67 histology m_protein_serum m_protein_urine flc_kappa flc_lambda heavy_chain
immunofixation_serum immunofixation_urine marrow_plasma_cells circulating_plasma_cells plasmacytoma
bone_lesions cytogenetics tp53 kmt2a bcr_abl1 cd58 comorbidity antigen_cd19 antigen_cd20 antigen_cd22
antigen_cd38 antigen_cd79b antigen_bcma antigen_gprc5d hbv hiv cmv ebv gvhd donor prior_line response
crs_grade icans_grade iec_hs_grade cause_stated event"""


def test_every_name_of_the_contract_is_there_once() -> None:
    assert set(NAMES.split()) <= set(quantities())
    assert read_table("carsequel.terms", "quantities.csv")["name"].is_unique().all()


@pytest.mark.parametrize("name", quantities())
def test_a_quantity_is_whole(name: str) -> None:
    known = quantities()[name]
    assert known.kind in KINDS and known.meaning and known.group
    assert name == name.lower()
    if known.kind == "number":
        assert known.units
    if known.kind == "text":
        assert not known.units and not known.refuse_without_unit
    for unit in known.units:
        assert unit == "*" or canonical_unit(unit) == unit
    low, high = known.plausible
    assert low is None or high is None or low < high


@pytest.mark.parametrize("name", TENFOLD.split())
def test_a_missing_unit_is_refused_where_units_differ_tenfold(name: str) -> None:
    assert quantities()[name].refuse_without_unit


def test_several_units_never_have_a_usual_one() -> None:
    for known in quantities().values():
        if len(known.units) > 1:
            assert known.unit == "" and known.refuse_without_unit


def test_an_unknown_name_is_none() -> None:
    assert quantity("shoe_size") is None
    assert quantity("ANC") is None
