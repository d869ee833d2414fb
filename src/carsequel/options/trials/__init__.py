"""Trials: eligibility as rules, matched against many patients with yes, no and unknown, each with its record row."""

from carsequel.options.trials.match import TrialMatch
from carsequel.options.trials.moment import Moment
from carsequel.options.trials.study import is_study, read_study
from carsequel.options.trials.trial import Trial, TrialError, read_trial

__all__ = ["Moment", "Trial", "TrialError", "TrialMatch", "is_study", "read_study", "read_trial"]
