"""Patients, diagnoses, ages and deaths."""

import pytest

from .conftest import PATIENT, Read, given, lab, patient, said, seen


def condition(code: str, onset: str | None = None, **more) -> dict:
    concept = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]}
    base = {"resourceType": "Condition", "id": f"c{code}", "subject": PATIENT, "code": concept}
    return base | ({"onsetDateTime": onset} if onset else {}) | more


@pytest.mark.parametrize(
    ("birth", "age", "band"),
    [
        ("1960-06-15", 63.0, None),
        ("1960-02-01", 64.0, None),
        ("1934-02-02", 89.0, None),
        ("1934-02-01", None, "90+"),
        ("1960", 64.0, None),
        ("unknown", None, None),
    ],
)
def test_age_at_first_infusion_and_no_birth_date(read: Read, birth: str, age: float | None, band: str | None) -> None:
    tables, problems = read(
        given("Yescarta", "2024-02-01"), patient(birthDate=birth, name=[{"family": "Confidential"}])
    )
    assert seen(tables["patients"], "patient", "age", "age_band", "sex") == [("p1", age, band, "female")]
    assert bool(said(problems, "birth date is partial")) == (birth == "1960")
    assert "Confidential" not in str([table.to_dicts() for table in tables.values()])
    assert birth not in str([table.to_dicts() for table in tables.values()])


def test_no_car_t_gives_the_patient_and_no_infusion(read: Read) -> None:
    tables, problems = read(patient(), condition("C83.31"), lab("718-7", 8, "g/dL"))
    assert tables["infusions"].is_empty()
    assert seen(tables["patients"], "patient", "disease", "age") == [("p1", "LBCL", None)]
    assert not problems


def test_patient_that_is_only_referred_to(read: Read) -> None:
    tables, problems = read(lab("718-7", 8, "g/dL"))
    assert tables["patients"]["patient"].to_list() == ["p1"]
    assert [p["patient"] for p in said(problems, "no Patient resource")] == ["p1"]


def test_transformed_lymphoma_counts_as_known_at_the_infusion(read: Read) -> None:
    tables, problems = read(
        patient(), condition("C83.31", "2022-01-01"), condition("C82.00", "2015-01-01"), given("Yescarta", "2024-02-01")
    )
    assert tables["patients"]["disease"].to_list() == ["LBCL"]
    assert [p["now"] for p in said(problems, "more than one disease")] == ["read as LBCL"]


def test_graded_toxicity_and_other_diagnoses(read: Read) -> None:
    refuted = {"verificationStatus": {"coding": [{"code": "refuted"}]}}
    tables, problems = read(
        patient(),
        condition("D89.833", "2024-02-03"),
        condition("I10", recordedDate="2024-02-04"),
        condition("D76.1", "2024-02-05", **refuted),
    )
    assert seen(tables["facts"], "name", "value", "text", "date", "approximate") == [
        ("crs_grade", 3.0, None, "2024-02-03", None),
        ("diagnosis", None, "I10", "2024-02-04", "true"),
    ]
    assert said(problems, "status refuted")
    assert said(problems, "none of our diseases")


@pytest.mark.parametrize(
    ("died", "date", "when"),
    [
        ({"deceasedDateTime": "2024-06-01T00:00:00Z"}, "2024-06-01T00:00:00", None),
        ({"deceasedBoolean": True}, None, "date not given"),
        ({"deceasedDateTime": "2024-06"}, None, "month known only"),
    ],
)
def test_death(read: Read, died: dict, date: str | None, when: str | None) -> None:
    tables, _ = read(patient(**died))
    columns = ("name", "text", "date", "when", "method", "site")
    assert seen(tables["facts"], *columns) == [("event", "death", date, when, "Patient.deceased", None)]


def test_one_id_twice(read: Read) -> None:
    tables, problems = read(patient(), patient(), patient(birthDate="1971-01-01"))
    assert tables["patients"].height == 1
    assert len(said(problems, "two patients with one id")) == 1


def test_contained_patients_with_one_local_id_stay_apart(read: Read) -> None:
    def inside(own_id: str, value: float) -> dict:
        person = patient(id="p")
        return lab("718-7", value, "g/dL", id=own_id, contained=[person], subject={"reference": "#p"})

    tables, _ = read(inside("a", 8), inside("b", 9))
    assert tables["patients"]["patient"].to_list() == ["Observation/a#p", "Observation/b#p"]
    assert set(tables["facts"]["patient"]) == set(tables["patients"]["patient"])
