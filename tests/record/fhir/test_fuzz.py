"""Whatever is missing or misbuilt in a resource: it is refused and reported, never a crash."""

import copy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carsequel.record.errors import RecordError
from carsequel.record.fhir import read_fhir, write_fhir

from .conftest import PATIENT, bundle, lab, patient
from .conftest import given as administered
from .test_round_trip import TABLES

NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"


def everything() -> list[dict[str, Any]]:
    """One resource of each kind the reader knows, with all that it looks at."""
    med = {"resourceType": "Medication", "id": "m", "code": {"text": "Abecma"}}
    return [
        patient(
            identifier=[{"system": "urn:x", "value": "7"}], deceasedDateTime="2024-05-01", link=[{"type": "refer"}]
        ),
        lab(
            "26499-4",
            0.4,
            "10*9/L",
            referenceRange=[{"low": {"value": 1.8}}],
            interpretation=[{"coding": [{"code": "L"}]}],
        ),
        lab(
            "85354-9",
            1,
            "x",
            component=[{"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}, "valueInteger": 80}],
            contained=[{"resourceType": "Specimen", "id": "s", "type": {"text": "blood"}}],
            specimen={"reference": "#s"},
        ),
        {
            "resourceType": "Observation",
            "id": "d",
            "status": "final",
            "subject": PATIENT,
            "effectivePeriod": {"start": "2024-03-01", "end": "2024-03-02"},
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "708895006"}]},
            "interpretation": [{"coding": [{"system": NCIT, "code": "C99749"}]}],
        },
        administered("", "2024-03-01", contained=[med], medicationReference={"reference": "#m"}),
        administered("obe-cel", "2024-03-01", "Procedure"),
        administered(
            "dexamethasone", None, "MedicationStatement", dosage=[{"doseAndRate": [{"doseQuantity": {"value": 1}}]}]
        ),
        administered("Yescarta", None, "MedicationRequest"),
        med,
        {
            "resourceType": "Encounter",
            "id": "e",
            "status": "finished",
            "class": {"code": "IMP"},
            "subject": PATIENT,
            "period": {"start": "2024-03-01"},
            "location": [{"location": {"display": "ICU"}}],
        },
        {
            "resourceType": "Condition",
            "id": "c",
            "subject": PATIENT,
            "onsetDateTime": "2024-01-01",
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "C83.31"}]},
            "verificationStatus": {"coding": [{"code": "confirmed"}]},
        },
    ]


def paths(node: Any, here: tuple = ()) -> list[tuple]:
    inside = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    return [path for key, value in inside for path in ((*here, key), *paths(value, (*here, key)))]


def change(document: Any, path: tuple, new: Any, drop: bool) -> Any:
    document = copy.deepcopy(document)
    node = document
    for key in path[:-1]:
        node = node[key]
    if drop:
        del node[path[-1]]
    else:
        node[path[-1]] = new
    return document


def readable(document: Any, path: Path) -> None:
    path.write_bytes(orjson.dumps(document))
    try:
        tables, problems = read_fhir(path)
    except RecordError:
        return
    assert set(tables) == {"patients", "infusions", "facts", "spans", "lesions", "coverage"}
    assert all(isinstance(value, str) for problem in problems for value in problem.values())


def test_whole_set_reads_without_a_refusal(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(orjson.dumps(bundle(*everything())))
    _, problems = read_fhir(path)
    assert not [problem for problem in problems if problem["now"] == "refused"]


def test_dropping_any_one_key_of_any_resource(tmp_path: Path) -> None:
    document = bundle(*everything())
    for path in paths(document):
        readable(change(document, path, None, drop=True), tmp_path / "b.json")


@cache
def own_resources() -> tuple[dict[str, Any], ...]:
    """What our own writer makes of every table."""
    with TemporaryDirectory() as folder:
        path = write_fhir(TABLES, Path(folder) / "t.ndjson")
        return tuple(orjson.loads(line) for line in path.read_bytes().splitlines())


WRONG = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=3)
    | st.just([])
    | st.just({})
    | st.just([None])
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), own=st.booleans())
def test_any_cell_of_a_wrong_kind(tmp_path: Path, data: st.DataObject, own: bool) -> None:
    document = bundle(*(own_resources() if own else everything()))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(paths(document)))
        document = change(document, path, data.draw(WRONG), drop=data.draw(st.booleans()))
        if not isinstance(document, dict) or not paths(document):
            break
    readable(document, tmp_path / "b.json")
