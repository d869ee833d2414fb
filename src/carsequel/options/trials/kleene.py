"""Three-valued logic of eligibility: no, unknown, yes, as whole numbers, so that all = minimum and any = maximum."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.int8]
NO, UNKNOWN, YES = 0, 1, 2
WORDS: Final = {NO: "no", UNKNOWN: "unknown", YES: "yes"}


def all_of(parts: Sequence[Truth], size: int) -> Truth:
    """Give yes where every part is yes, no where one is no, else unknown; of no parts yes.

    >>> all_of([truth_of([YES, YES, UNKNOWN]), truth_of([YES, UNKNOWN, NO])], 3).tolist()
    [2, 1, 0]
    """
    return np.asarray(np.minimum.reduce([np.full(size, YES, dtype=np.int8), *parts]))


def any_of(parts: Sequence[Truth], size: int) -> Truth:
    """Give yes where one part is yes, no where every part is no, else unknown; of no parts no.

    >>> any_of([truth_of([YES, NO, NO]), truth_of([UNKNOWN, UNKNOWN, NO])], 3).tolist()
    [2, 1, 0]
    """
    return np.asarray(np.maximum.reduce([np.full(size, NO, dtype=np.int8), *parts]))


def not_(part: Truth) -> Truth:
    """Turn yes into no and no into yes; what is unknown stays unknown.

    >>> not_(truth_of([NO, UNKNOWN, YES])).tolist()
    [2, 1, 0]
    """
    return np.asarray(YES - part, dtype=np.int8)


def truth_of(values: Any) -> Truth:
    """Give values of 0, 1 and 2 as truths."""
    return np.asarray(values, dtype=np.int8)


def settled(yes: NDArray[np.bool_], no: NDArray[np.bool_]) -> Truth:
    """Give yes and no where they are known to hold, else unknown. Where both are claimed, nothing is known.

    >>> settled(np.array([True, False, False]), np.array([False, True, False])).tolist()
    [2, 0, 1]
    """
    return np.asarray(UNKNOWN + (yes & ~no).astype(np.int8) - (no & ~yes).astype(np.int8), dtype=np.int8)
