"""The named definitions of failure, the words of its timing and what counts as an equivocal scan."""

from typing import Final, NamedTuple

from carsequel.terms.lists import DISEASES


class Definition(NamedTuple):
    """A named definition: whom it is for, the statements that count and the threshold on blasts or MRD."""

    id: str
    diseases: tuple[str, ...]
    counts: tuple[str, ...]
    measure: str
    above: float
    inclusive: bool
    says: str
    source: str


LYMPHOMA: Final = ("LBCL", "FL", "MCL")
RULES: Final = (
    Definition(
        "failure.descart2022", LYMPHOMA, ("progression", "relapse", "PD", "disease_death"), "", 0, False,
        "progression or relapse after the infusion, timed from the infusion", "diblasi2022",
    ),
    Definition(
        "failure.blasts5", ("B-ALL",), ("extramedullary",), "blasts", 5, False,
        "more than 5 % blasts in marrow or blood, or extramedullary disease", "eln2024",
    ),
    Definition(
        "failure.blasts25", ("B-ALL",), ("extramedullary",), "blasts", 25, True,
        "at least 25 % blasts in marrow or blood, or extramedullary disease", "nci2010",
    ),
    Definition(
        "failure.mrd_eln2024", ("B-ALL",), (), "mrd", 1e-4, False,
        "measurable residual disease above 0.01 % (MRD failure)", "eln2024",
    ),
    Definition(
        "failure.stated", DISEASES, ("progression", "relapse", "PD", "NR", "disease_death"), "", 0, False,
        "progression, relapse, no response or death from the disease, as the investigator states it", "stated",
    ),
)  # fmt: skip


class Timing(NamedTuple):
    """Failure from day `first` to day `last` after the infusion."""

    name: str
    first: float
    last: float


TIMINGS: Final = (Timing("very_early", 0, 30), Timing("early", 31, 90), Timing("late", 91, float("inf")))
EQUIVOCAL: Final = {
    "LBCL": ("PR", "SD", "NR"),
    "FL": ("PR", "SD", "NR"),
    "MCL": ("PR", "SD", "NR"),
    "MM": ("MR", "SD"),
    "CLL": ("SD",),
    "B-ALL": ("PR", "SD"),
}
EQUIVOCAL_ELSEWHERE: Final = ("SD",)
DEAUVILLE_EQUIVOCAL: Final = 4
CODES: Final = {
    "not_failed": 0,
    "suspected": 1,
    "failed": 2,
    "new_therapy_without_progression": 3,
    "second_malignancy": 4,
    "died_without_progression": 5,
}
NEXT_LOOK: Final = {
    "suspected": (
        "biopsy, or a repeat PET-CT, before it is called failure: of day-30 PR or SD about 70 % progressed and 26 % "
        "became CR; with SUVmax of 10 or more all progressed (Blood Adv 2022;6:2867)"
    ),
    "not_evaluable": "a response assessment after the infusion: none is in the record",
    "failed": "",
}
