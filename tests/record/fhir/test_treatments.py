"""Infusions, drugs, procedures and stays."""

from pathlib import Path

import orjson
import pytest

from carsequel.record.fhir import read_fhir

from .conftest import PATIENT, Read, given, patient, said, seen


def infusions(tables: dict) -> list[tuple]:
    return seen(tables["infusions"], "infusion", "date", "product", "note", "when")


def test_procedure_and_administration_of_the_next_day_are_one_infusion(read: Read) -> None:
    code = {"coding": [{"system": "http://www.cms.gov/Medicare/Coding/ICD10", "code": "XW033C3"}]}
    procedure = given("", "2020-03-01T14:00:00Z", "Procedure", id="pr", code=code)
    drug = given("Yescarta", "2020-03-02", id="ma", dosage={"dose": {"value": 1.5e8, "unit": "cells"}})
    tables, problems = read(patient(), drug, procedure)
    assert infusions(tables) == [("1", "2020-03-01", "axi-cel", None, None)]
    assert seen(tables["infusions"], "source", "dose", "dose_unit") == [
        ("Procedure/pr; MedicationAdministration/ma", 1.5e8, "cells")
    ]
    assert len(said(problems, "recorded 2 times")) == 1


def test_a_later_infusion_is_a_second_one(read: Read) -> None:
    tables, _ = read(patient(), given("Kymriah", "2020-03-01"), given("CTL019", "2020-09-01"))
    assert infusions(tables) == [
        ("1", "2020-03-01", "tisa-cel", None, None),
        ("2", "2020-09-01", "tisa-cel", None, None),
    ]


@pytest.mark.parametrize(
    ("second", "number"), [("2024-03-08", 2), ("2024-03-09", 1), ("2024-03-13", 1), ("2024-03-14", 2)]
)
def test_split_dose_of_obe_cel(read: Read, second: str, number: int) -> None:
    tables, problems = read(patient(), given("obe-cel", "2024-03-01"), given("obe-cel", second))
    assert tables["infusions"].height == number
    assert bool(said(problems, "split dose")) == (number == 1)


def test_two_axi_cel_nine_days_apart_are_two(read: Read) -> None:
    tables, _ = read(patient(), given("axi-cel", "2024-03-01"), given("axi-cel", "2024-03-10"))
    assert tables["infusions"].height == 2


def test_request_alone_gives_no_day(read: Read) -> None:
    request = given("Carvykti", None, "MedicationRequest", authoredOn="2024-01-01", status="active")
    tables, problems = read(patient(), request)
    assert infusions(tables) == [("1", None, "cilta-cel", None, "requested; no administration recorded")]
    assert said(problems, "requested, no administration")


def test_request_beside_an_administration_adds_nothing(read: Read) -> None:
    request = given("Carvykti", None, "MedicationRequest", authoredOn="2024-01-01", status="active")
    tables, problems = read(patient(), request, given("Carvykti", "2024-02-01"))
    assert infusions(tables) == [("1", "2024-02-01", "cilta-cel", None, None)]
    assert said(problems, "only planned or requested")


def test_not_done_and_entered_in_error(read: Read) -> None:
    tables, problems = read(
        patient(),
        given("Yescarta", "2024-02-01", status="not-done"),
        given("Yescarta", "2024-02-02", status="entered-in-error"),
    )
    assert infusions(tables) == [("1", None, "axi-cel", "not_infused", None)]
    assert said(problems, "status entered-in-error")
    assert said(problems, "not done")


def test_stopped_infusion_is_kept_with_a_doubt(read: Read) -> None:
    tables, problems = read(patient(), given("Yescarta", "2024-02-01", status="stopped"))
    assert tables["infusions"].height == 1
    assert said(problems, "was stopped")


def test_partial_infusion_date(read: Read) -> None:
    tables, problems = read(patient(), given("Yescarta", "2024-02"))
    assert infusions(tables) == [("1", None, "axi-cel", None, "month known only")]
    assert said(problems, "without a full date")


def test_undated_statement_joins_the_one_dated_infusion(read: Read) -> None:
    tables, _ = read(patient(), given("Yescarta", "2024-02-01"), given("axi-cel", None, "MedicationStatement"))
    assert infusions(tables) == [("1", "2024-02-01", "axi-cel", None, None)]


def test_another_car_t_keeps_its_own_text(read: Read) -> None:
    tables, _ = read(patient(), given("CAR-BCMA (NCI)", "2024-02-01"))
    assert seen(tables["infusions"], "product", "target") == [("CAR-BCMA (NCI)", "BCMA")]


def test_codes_of_the_centre(read: Read) -> None:
    local = {"coding": [{"system": "urn:lab", "code": "STUDY-7"}]}
    tables, _ = read(
        patient(),
        given("", "2024-02-01", medicationCodeableConcept=local),
        product_codes={"urn:lab|STUDY-7": "liso-cel"},
    )
    assert tables["infusions"]["product"].to_list() == ["liso-cel"]


@pytest.mark.parametrize("text", ["sipuleucel-T", "lifileucel", "tabelecleucel", "Leukapheresis for CAR-T"])
def test_other_cells_and_collection_are_no_infusion(read: Read, text: str) -> None:
    tables, _ = read(patient(), given(text, "2024-02-01", "Procedure"))
    assert tables["infusions"].is_empty()


def test_drug_given_after_car_t_is_a_drug(read: Read) -> None:
    tables, problems = read(patient(), given("Tocilizumab after CAR-T cells", "2024-02-01"))
    assert tables["infusions"].is_empty()
    assert seen(tables["spans"], "name", "start_date", "end_date") == [("drug", "2024-02-01", "2024-02-01")]
    assert said(problems, "around them")


def test_german_statement_with_atc(read: Read) -> None:
    atc = "http://fhir.de/CodeSystem/bfarm/atc"
    car_t = {"coding": [{"system": atc, "code": "L01XX71", "version": "2022"}]}
    steroid = {"text": "Fortecortin 4 mg", "coding": [{"system": atc, "code": "H02AB02", "display": "Dexamethason"}]}
    period = {"start": "2024-02-03", "end": "2024-02-05"}
    dose = [{"doseAndRate": [{"doseQuantity": {"value": 10, "unit": "mg"}}]}]
    tables, _ = read(
        patient(),
        given("", "2024-02-01", "MedicationStatement", medicationCodeableConcept=car_t),
        given("", None, "MedicationStatement", medicationCodeableConcept=steroid, effectivePeriod=period, dosage=dose),
    )
    assert tables["infusions"]["product"].to_list() == ["tisa-cel"]
    columns = ("text", "start_date", "end_date", "value", "unit")
    assert seen(tables["spans"], *columns) == [("Dexamethason", "2024-02-03", "2024-02-05", 10.0, "mg")]


def test_medications_contained_and_by_reference_before_and_after(read: Read) -> None:
    drug = {"resourceType": "Medication", "id": "m", "code": {"text": "Abecma"}}
    inner = given("", "2024-02-01", id="a", contained=[drug], medicationReference={"reference": "#m"})
    later = given("", "2024-05-01", id="b", medicationReference={"reference": "Medication/m2"})
    lost = given("", "2024-06-01", id="c", medicationReference={"reference": "Medication/nowhere"})
    for resource in (inner, later, lost):
        del resource["medicationCodeableConcept"]
    tables, problems = read(patient(), inner, later, lost, drug | {"id": "m2"})
    assert [row[2] for row in infusions(tables)] == ["ide-cel", "ide-cel"]
    assert said(problems, "medication not named")


def test_a_car_t_request_is_not_a_drug_span_and_ended_without_end(read: Read) -> None:
    open_end = given("anakinra", None, effectivePeriod={"start": "2024-02-03"})
    ongoing = given("letermovir", None, effectivePeriod={"start": "2024-02-03"}, status="in-progress")
    tables, problems = read(patient(), open_end, ongoing, given("x", "2024-01-01", status="not-done"))
    assert seen(tables["spans"], "text", "start_date", "end_date", "when") == [
        ("anakinra", "2024-02-03", "2024-02-03", "end not given"),
        ("letermovir", "2024-02-03", None, None),
    ]
    assert said(problems, "its end is not given")
    assert said(problems, "status not-done")


def test_stays(read: Read) -> None:
    def stay(code: str, own_id: str, **more: object) -> dict:
        period = {"start": "2024-02-01T10:00:00+01:00", "end": "2024-02-20"}
        base = {"resourceType": "Encounter", "id": own_id, "status": "finished", "class": {"code": code}}
        return base | {"subject": PATIENT, "period": period} | more

    intensive = [{"location": {"display": "Medical ICU"}}]
    tables, problems = read(
        patient(), stay("IMP", "a"), stay("ICU", "b"), stay("AMB", "c"), stay("ACUTE", "d", location=intensive)
    )
    assert tables["spans"]["name"].to_list() == ["hospital", "hospital"]
    assert seen(tables["facts"], "name", "text", "date") == [("event", "icu_admission", "2024-02-01T10:00:00")] * 2
    assert said(problems, "no stay")


def test_urn_uuid_and_absolute_references(tmp_path: Path) -> None:
    who = "urn:uuid:11111111-2222-3333-4444-555555555555"
    person = {"resourceType": "Patient", "gender": "male"}
    entries = [
        {"resource": given("Breyanzi", "2024-02-01", subject={"reference": who})},
        {"fullUrl": who, "resource": person},
        {"fullUrl": "https://a.b/fhir/Patient/p2", "resource": patient(id="p2")},
        {"resource": given("Breyanzi", "2024-02-01", id="z", subject={"reference": "https://a.b/fhir/Patient/p2"})},
    ]
    path = tmp_path / "transaction.json"
    path.write_bytes(orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    tables, problems = read_fhir(path)
    assert tables["patients"]["patient"].to_list() == ["11111111-2222-3333-4444-555555555555", "p2"]
    assert set(tables["infusions"]["patient"]) == set(tables["patients"]["patient"])
    assert not said(problems, "no Patient resource")
