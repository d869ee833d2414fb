"""The model asked directly: fit one patient of a record."""

from carsequel.answering.failing import decided_verdict
from carsequel.answering.modelling import Banks
from carsequel.grading import grade_record
from carsequel.inference.fit import Fit, fit_patient
from carsequel.inference.reading import read_observations
from carsequel.record.course import Course
from carsequel.record.errors import RecordError
from carsequel.services.banks import bank_for


def fit(course: Course, patient: str, banks: Banks = bank_for) -> Fit:
    """Fit the model to the patient's infusion that the answer speaks of; `banks` gives the bank of a disease and
    product (by default that of the user's cache, simulated when it is first asked for).

    Raises RecordError for an id that is not in the record or has no infusion to judge, PopulationError for a disease
    and product without a population.
    """
    own = course.only(patient)
    if own.patients.is_empty():
        raise RecordError("this patient is not in the record", "carsequel check lists the patients that were read")
    verdict = decided_verdict(grade_record(own).verdicts)
    if verdict is None:
        raise RecordError("no infusion of this patient can be judged", "add an infusion and what followed it")
    bank = banks(str(verdict["disease"]), str(verdict["product"]))
    return fit_patient(bank, read_observations(own, verdict))
