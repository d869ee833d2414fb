"""What if: virtual patients, virtual trials and open questions; every figure is SYNTHETIC."""

from carsequel.research.failure_causes import explain_failures
from carsequel.research.virtual_patients import Job, Runs, part_of, simulate
from carsequel.research.virtual_trial import compare_arms, survival
from carsequel.research.what_if import what_if

__all__ = ["Job", "Runs", "compare_arms", "explain_failures", "part_of", "simulate", "survival", "what_if"]
