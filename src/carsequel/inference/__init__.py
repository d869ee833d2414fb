"""What one patient's data say about the mechanism: a bank of virtual patients weighed by the record."""

from carsequel.inference.bank import Bank, build_bank
from carsequel.inference.fit import Fit, fit_patient
from carsequel.inference.forecast import forecast
from carsequel.inference.knowing import time_to_know
from carsequel.inference.observations import FailureSeen, Observations
from carsequel.inference.reading import read_observations
from carsequel.inference.trust import Trust, trust_of

__all__ = [
    "Bank",
    "FailureSeen",
    "Fit",
    "Observations",
    "Trust",
    "build_bank",
    "fit_patient",
    "forecast",
    "read_observations",
    "time_to_know",
    "trust_of",
]
