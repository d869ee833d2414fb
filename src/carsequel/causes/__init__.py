"""Why it failed: what the record says for and against each cause, what is missing, the model's word, the next test.

Called like a function, `carsequel.causes(fit)`, the room gives the causes of a fitted failure (`causes_of`): users know
it by that name, and a package of the same name would hide any function.
"""

import sys
from types import ModuleType
from typing import Any

from carsequel.causes.explain import explain_causes
from carsequel.causes.next_test import next_test
from carsequel.causes.weigh import weigh_causes

__all__ = ["explain_causes", "next_test", "weigh_causes"]


class _Room(ModuleType):
    def __call__(self, fit: Any) -> dict[str, Any]:
        """Give the causes of a fitted failure by the model."""
        from carsequel.causes.joined import causes_of

        return causes_of(fit)


sys.modules[__name__].__class__ = _Room
