"""Why it failed: what in the record speaks for and against each cause, what is missing, and the next test."""

from carsequel.causes.explain import explain_causes
from carsequel.causes.next_test import next_test
from carsequel.causes.weigh import weigh_causes

__all__ = ["explain_causes", "next_test", "weigh_causes"]
