"""Who is who: references to patient ids, and the table of patients with disease and age."""

import re
from datetime import date
from typing import Any, Final

import polars as pl

from carsequel.record.fhir.elements import local_date, number
from carsequel.record.fhir.gathered import Candidate, Diagnosis, Gathered
from carsequel.record.fhir.places import PATIENTS
from carsequel.record.fhir.rows import Rows

_TAIL = re.compile(r"(?:^|/)(Patient/([A-Za-z0-9\-.]{1,64}))(?:/_history/[^/]*)?")
_POOLED: Final = 90


class Identities:
    """References as written to patient ids; a patient that is only referred to keeps the id of the reference."""

    def __init__(self, into: Gathered) -> None:
        self._into = into
        self.ids: dict[str, str] = dict(into.known)
        self.only_referred: dict[str, None] = {}
        self._not_patients: set[str] = set()

    def id_of(self, reference: str) -> str | None:
        """Give the patient id of a reference as written, None where it is no patient's."""
        found = self.ids.get(reference)
        if found is None and reference not in self._not_patients:
            found = self._resolved(reference)
            if found is None:
                self._not_patients.add(reference)
            else:
                self.ids[reference] = found
                if found not in self._into.people:
                    self.only_referred[found] = None
        return found

    def _resolved(self, reference: str) -> str | None:
        tail = _TAIL.fullmatch(reference) or _TAIL.search(reference)
        if tail and tail.end() == len(reference):
            return self._into.known.get(tail[1], tail[2])
        if reference.startswith("urn:"):
            return reference.rsplit(":", 1)[-1] or None
        if reference.startswith("identifier|"):
            return reference.rsplit("|", 1)[-1] or None
        return None

    def resolve(self, table: pl.DataFrame) -> pl.DataFrame:
        """Give a table with patient ids for references; rows about somebody else are refused and reported."""
        references = table["patient"].drop_nulls().unique(maintain_order=True).to_list()
        found = {r: r if r == "*" else self.id_of(r) for r in references}
        patient = pl.col("patient").replace_strict(
            list(found), list(found.values()), return_dtype=pl.String, default=None
        )
        table = table.with_columns(patient) if found else table
        if table["patient"].null_count():
            for row in table.filter(pl.col("patient").is_null())["row"].to_list():
                self._refuse(row)
            table = table.filter(pl.col("patient").is_not_null())
        return table

    def candidate(self, candidate: Candidate) -> Candidate | None:
        """Give an infusion's candidate with the patient id, None where it is no patient's."""
        found = self.id_of(candidate.patient)
        if found is None:
            self._refuse(candidate.row)
            return None
        self.ids.setdefault(found, found)
        return candidate._replace(patient=found)

    def _refuse(self, row: str) -> None:
        problem = "the reference is not to a patient"
        self._into.problems.add_for("", row, problem, now="refused", do="refer to Patient/id")


def patient_rows(into: Gathered, who: Identities, infusions: pl.DataFrame) -> pl.DataFrame:
    """Give the table of patients: disease, age in years at the first infusion (90 and more pooled), sex."""
    first = infusions.filter((pl.col("infusion") == "1") & pl.col("date").is_not_null())
    days = dict(zip(first["patient"].to_list(), first["date"].to_list(), strict=True))
    diagnoses: dict[str, list[Diagnosis]] = {}
    for diagnosis in into.diagnoses:
        patient = who.id_of(diagnosis.patient)
        if patient is not None:
            diagnoses.setdefault(patient, []).append(diagnosis)
    rows = Rows(PATIENTS)
    everyone = [*into.people, *(patient for patient in who.only_referred if patient not in into.people)]
    for patient in dict.fromkeys(everyone):
        who.ids.setdefault(patient, patient)
        person = into.people.get(patient)
        if person is None:
            into.problems.add_for(patient, "", "no Patient resource", now="kept", do="export Patient too")
            person = {"birth": None, "sex": None, "row": None, "columns": {}}
        _add_person(patient, person, diagnoses.get(patient, []), days.get(patient), rows, into)
    return rows.frame()


def _add_person(
    patient: str, person: dict[str, Any], own: list[Diagnosis], day: str | None, rows: Rows, into: Gathered
) -> None:
    columns = dict(person["columns"])
    stated, band = columns.pop("age", None), columns.pop("age_band", None)
    age: float | None = number(stated)
    if age is None and band is None and person["birth"] and day:
        age, rough = _age(person["birth"], day)
        if rough:
            into.problems.add_for(patient, person["row"], "birth date is partial", name="age", now="may be a year off")
        if age is not None and age >= _POOLED:
            age, band = None, f"{_POOLED}+"
    chosen = _chosen(patient, own, day, into)
    disease, detail = (chosen.disease, chosen.detail) if chosen else (columns.pop("disease", None), None)
    detail = detail or columns.pop("disease_detail", None)
    sex = columns.pop("sex", None) or person["sex"]
    extra = {key: value for key, value in columns.items() if key not in PATIENTS}
    rows.add((patient, disease, detail, age, band, str(sex) if sex else None, person["row"]), extra)


def _age(birth: Any, day: str) -> tuple[float | None, bool]:
    """Full years from a birth date to a day, and whether the birth date is partial (then counted by its year)."""
    try:
        then = date.fromisoformat(day[:10])
        if local_date(birth)[0]:
            born = date.fromisoformat(str(birth)[:10])
            return float(then.year - born.year - ((then.month, then.day) < (born.month, born.day))), False
        return float(then.year - int(str(birth)[:4])), True
    except ValueError:
        return None, False


def _chosen(patient: str, own: list[Diagnosis], day: str | None, into: Gathered) -> Diagnosis | None:
    """The diagnosis that counts: the latest one known by the day of the infusion (a transformed lymphoma, not its
    origin); without dates the first one written."""
    if len({diagnosis.disease for diagnosis in own}) <= 1:
        return own[0] if own else None
    known = [d for d in own if d.date and (day is None or d.date[:10] <= day[:10])]
    best = max(known, key=lambda d: str(d.date)) if known else own[0]
    now = f"read as {best.disease}"
    do = "give the dates of the diagnoses" if not known else "check the disease"
    into.problems.add_for(patient, best.row, "more than one disease", name="disease", now=now, do=do)
    return best
