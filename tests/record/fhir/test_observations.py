"""Observations: every form of a value, code and date that centres send."""

import pytest

from .conftest import PATIENT, Read, given, lab, patient, said, seen

NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
SCT = "http://snomed.info/sct"


def observation(code: dict, **more) -> dict:
    base = {"resourceType": "Observation", "id": "o1", "status": "final", "code": code, "subject": PATIENT}
    return base | {"effectiveDateTime": "2024-03-05"} | more


def test_golden_laboratory_row(read: Read) -> None:
    tables, _ = read(
        patient(),
        lab(
            "26499-4",
            0.4,
            "10*9/L",
            "2024-03-05T06:30:00+01:00",
            method={"text": "automated"},
            specimen={"display": "blood"},
            bodySite={"text": "arm"},
            referenceRange=[{"low": {"value": 1.8, "unit": "10*9/L"}, "high": {"value": 7.5, "unit": "10*9/L"}}],
        ),
    )
    (row,) = tables["facts"].rows(named=True)
    assert row == {
        "patient": "p1",
        "name": "anc",
        "date": "2024-03-05T06:30:00",
        "infusion": None,
        "value": 0.4,
        "unit": "10*9/L",
        "text": None,
        "comparator": None,
        "lln": 1.8,
        "uln": 7.5,
        "method": "automated",
        "specimen": "blood",
        "site": "arm",
        "limit": None,
        "when": None,
        "approximate": None,
        "source": "Observation/o26499-4",
        "row": "bundle.json:entry 2",
    }


def test_mcode_neutrophils_of_3000_are_kept_as_written(read: Read) -> None:
    tables, _ = read(patient(), lab("26499-4", 3000, "10*3/uL"))
    assert seen(tables["facts"], "name", "value", "unit") == [("anc", 3000.0, "10*3/uL")]


def deauville(**more) -> dict:
    return observation({"coding": [{"system": SCT, "code": "708895006"}]}, **more)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"interpretation": [{"coding": [{"system": NCIT, "code": "C99749"}]}]}, (4.0, None)),
        ({"valueCodeableConcept": {"coding": [{"system": NCIT, "code": "C99728"}]}}, (1.0, None)),
        ({"valueCodeableConcept": {"coding": [{"system": NCIT, "code": "C136879"}]}}, (None, "X")),
        ({"valueInteger": 5}, (5.0, None)),
        ({"valueString": "3"}, (3.0, None)),
    ],
)
def test_deauville_in_value_or_interpretation(read: Read, more: dict, expected: tuple) -> None:
    tables, _ = read(patient(), deauville(**more))
    assert seen(tables["facts"], "name", "value", "text") == [("deauville", *expected)]


@pytest.mark.parametrize(
    ("code", "term", "rough"),
    [
        ("268910001", "PR", "true"),
        ("359746009", "SD", None),
        ("271299001", "PD", None),
        ("709137006", "NE", None),
    ],
)
def test_cancer_disease_status_keeps_its_words_in_method(read: Read, code: str, term: str, rough: str | None) -> None:
    status = observation(
        {"text": "Cancer disease status"}, valueCodeableConcept={"coding": [{"system": SCT, "code": code}]}
    )
    tables, problems = read(patient(), status)
    ((name, text, method, approximate),) = seen(tables["facts"], "name", "text", "method", "approximate")
    assert (name, text, approximate) == ("response", term, rough)
    assert method.startswith("cancer disease status: ")
    assert bool(said(problems, "improved read as PR")) == (term == "PR")


def test_worsened_of_another_question_is_no_progression(read: Read) -> None:
    pain = observation({"text": "Pain"}, valueCodeableConcept={"coding": [{"system": SCT, "code": "271299001"}]})
    tables, _ = read(patient(), pain)
    assert tables["facts"]["name"].to_list() == ["Pain"]


@pytest.mark.parametrize(
    ("words", "term"), [("CMR", "CMR"), ("Stringent complete response (sCR)", "sCR"), ("unclear", "unclear")]
)
def test_response_terms(read: Read, words: str, term: str) -> None:
    tables, _ = read(patient(), observation({"text": "Response"}, valueString=words, method={"text": "Lugano 2014"}))
    assert seen(tables["facts"], "name", "text", "method") == [("response", term, "Lugano 2014")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"valueQuantity": {"value": 20000, "comparator": ">", "code": "ug/L"}}, (20000.0, "ug/L", None, ">")),
        ({"valueString": "<0.3 mg/L"}, (0.3, "mg/L", None, "<")),
        ({"valueString": "1:128"}, (None, None, "1:128", None)),
        ({"valueString": "12,5"}, (None, None, "12,5", None)),
        ({"valueInteger": 7}, (7.0, None, None, None)),
        ({"valueBoolean": False}, (None, None, "no", None)),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 64}}}, (None, None, "1:64", None)),
        ({"valueRange": {"low": {"value": 1, "unit": "mg/L"}, "high": {"value": 2}}}, (None, "mg/L", "1-2", None)),
    ],
)
def test_forms_of_a_value(read: Read, value: dict, expected: tuple) -> None:
    ferritin = observation({"coding": [{"system": "http://loinc.org", "code": "2276-4"}]}, **value)
    tables, _ = read(patient(), ferritin)
    assert seen(tables["facts"], "value", "unit", "text", "comparator") == [expected]


def test_blood_pressure_panel_gives_its_components(read: Read) -> None:
    loinc = "http://loinc.org"
    parts = [
        {"code": {"coding": [{"system": loinc, "code": "8480-6"}]}, "valueQuantity": {"value": 85, "unit": "mmHg"}},
        {"code": {"coding": [{"system": loinc, "code": "8462-4"}]}, "valueQuantity": {"value": 50, "unit": "mmHg"}},
    ]
    panel = observation({"coding": [{"system": loinc, "code": "85354-9"}]}, component=parts)
    tables, problems = read(patient(), panel)
    assert seen(tables["facts"], "name", "value", "date") == [
        ("systolic_bp", 85.0, "2024-03-05"),
        ("8462-4", 50.0, "2024-03-05"),
    ]
    assert [p["was"] for p in said(problems, "unknown code")] == ["http://loinc.org|8462-4"]


def test_interleukin_6_is_not_procalcitonin(read: Read) -> None:
    tables, _ = read(patient(), lab("26881-3", 12.0, "pg/mL"))
    assert tables["facts"]["name"].to_list() == ["il6"]


def test_unknown_codes_are_kept_and_counted_once(read: Read) -> None:
    many = [lab("2345-7", 5.0 + i, "mmol/L") | {"id": f"g{i}"} for i in range(3)]
    tables, problems = read(patient(), *many)
    assert tables["facts"]["name"].to_list() == ["2345-7"] * 3
    (found,) = said(problems, "unknown code")
    assert found["problem"] == "unknown code (3 times)"
    assert found["was"] == "http://loinc.org|2345-7"


@pytest.mark.parametrize(
    ("date", "expected", "when"),
    [
        ("2024-03-05T23:59:00-08:00", "2024-03-05T23:59:00", None),
        ("2024-03", None, "month known only"),
        ("2024", None, "year known only"),
        ("05.03.2024", None, "date not readable"),
    ],
)
def test_dates_are_local_and_partial_dates_say_so(read: Read, date: str, expected: str | None, when: str) -> None:
    tables, problems = read(patient(), lab("718-7", 8.1, "g/dL", date))
    assert seen(tables["facts"], "date", "when") == [(expected, when)]
    assert bool(when) == any(problem["problem"] == when for problem in problems)


def test_issue_date_stands_in_and_says_so(read: Read) -> None:
    resource = lab("718-7", 8.1, "g/dL", issued="2024-03-06T10:00:00Z")
    del resource["effectiveDateTime"]
    tables, problems = read(patient(), resource)
    assert seen(tables["facts"], "date", "approximate") == [("2024-03-06T10:00:00", "true")]
    assert said(problems, "date of issue taken")


def test_status_absence_subject_and_range_are_reported(read: Read) -> None:
    absent = lab("718-7", 1, "g/dL", dataAbsentReason={"text": "clotted"})
    del absent["valueQuantity"]
    nobody = lab("718-7", 9, "g/dL")
    del nobody["subject"]
    tables, problems = read(
        patient(),
        lab("718-7", 7, "g/dL", status="preliminary") | {"id": "a"},
        lab("718-7", 7.5, "g/dL", status="entered-in-error") | {"id": "b"},
        absent | {"id": "c"},
        nobody | {"id": "d"},
        lab("718-7", 8, "g/dL", subject={"reference": "Group/1"}) | {"id": "e"},
        lab("718-7", 8, "g/dL", referenceRange=[{"low": {"value": 120, "unit": "g/L"}}]) | {"id": "f"},
    )
    assert seen(tables["facts"], "value", "lln") == [(7.0, None), (8.0, None)]
    words = ["status preliminary", "status entered-in-error", "stated as absent", "no patient reference"]
    for expected in [*words, "not to a patient", "another unit"]:
        assert len(said(problems, expected)) == 1, expected


def test_specimen_type_comes_from_the_specimen(read: Read) -> None:
    marrow = {"resourceType": "Specimen", "id": "s1", "type": {"text": "bone marrow"}}
    tables, _ = read(lab("718-7", 8, "g/dL", specimen={"reference": "Specimen/s1"}), patient(), marrow)
    assert tables["facts"]["specimen"].to_list() == ["bone marrow"]


def test_contained_observation_inherits_subject_and_date(read: Read) -> None:
    inner = lab("718-7", 8, "g/dL", id="h")
    del inner["subject"], inner["effectiveDateTime"]
    report = {"resourceType": "DiagnosticReport", "id": "r", "subject": PATIENT, "effectiveDateTime": "2024-03-04"}
    tables, problems = read(patient(), report | {"contained": [inner]})
    assert seen(tables["facts"], "patient", "date", "source") == [("p1", "2024-03-04", "DiagnosticReport/r#h")]
    assert said(problems, "DiagnosticReport is not read")


def test_no_problem_holds_a_value_or_a_name(read: Read) -> None:
    secret = "Confidential Person"
    _, problems = read(
        patient(name=[{"text": secret}], deceasedDateTime="2024"),
        observation({"text": secret}, valueString=secret, status="preliminary"),
        observation({"text": "Response"}, valueString=secret, id="o2"),
        given(secret, "2024", "Procedure"),
        given("axi-cel", "2024-01"),
        {"resourceType": "Condition", "id": "c", "subject": PATIENT, "code": {"text": secret}},
    )
    assert problems
    assert secret not in str(problems)
    assert "2024" not in str([problem | {"file": ""} for problem in problems])
