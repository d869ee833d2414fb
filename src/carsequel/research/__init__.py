"""What if: virtual patients, virtual trials and open questions; every figure is SYNTHETIC."""

from carsequel.research.virtual_patients import Job, Runs, part_of, simulate
from carsequel.research.virtual_trial import compare_arms, survival

__all__ = ["Job", "Runs", "compare_arms", "part_of", "simulate", "survival"]
