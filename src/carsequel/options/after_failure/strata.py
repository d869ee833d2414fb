"""Which anchored group a patient belongs to: the PC-PI group where it is certain, else the class of time to failure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from carsequel.options.after_failure.anchors import PC_PI
from carsequel.options.after_failure.fit import CLASSES, Draws, fitted_hazards

ANCHORED_DISEASE: Final = "LBCL"
ANCHORED_OPTIONS: Final = ("any", "bispecific_cd20")
DAYS_IN_MONTH: Final = 30.4375
ITEMS: Final = ("ecog", "hemoglobin", "ldh", "extranodal", "months")
_FIRST_CLASS_ENDS, _SECOND_CLASS_ENDS = 30.0, 90.0


class Stratum(NamedTuple):
    """A group of patients: its name, hazards and their mix (rows x draws), the share that is treated (draws), and the
    parameters of `anchors.csv` behind it."""

    name: str
    hazards: Draws
    mix: Draws
    treated: Draws
    parameters: tuple[str, ...]


def class_of(failure_day: float | None) -> str | None:
    """Give the class of a day of failure after infusion; None where it is not known. ValueError before the infusion.

    >>> class_of(30.0), class_of(31.0), class_of(91.0), class_of(None)
    ('D0-30', 'D31-90', '>90', None)
    """
    if failure_day is None:
        return None
    if failure_day < 0:
        raise ValueError("the day of failure lies before the infusion; count it from the day of infusion = 0")
    day = np.floor(failure_day)
    return CLASSES[0] if day <= _FIRST_CLASS_ENDS else CLASSES[1] if day <= _SECOND_CLASS_ENDS else CLASSES[2]


def group_of(factors: Mapping[str, Any] | None) -> str | None:
    """Give the PC-PI group that `factors` make certain: as stated (`group`), or `low` with none and `high` with all
    five adverse (`adverse` = their count, or `ecog hemoglobin ldh extranodal months` true or false each).

    Between, the weights and cut-offs of the published groups are not verified and no group is given. ValueError for an
    unknown name.

    >>> group_of({"adverse": 0}), group_of({"adverse": 3}), group_of({"group": "high"})
    ('low', None, 'high')
    """
    given = dict(factors or {})
    unknown = set(given) - {"group", "adverse", *ITEMS}
    if unknown:
        raise ValueError(f"factors has unknown names; allowed: group, adverse, {', '.join(ITEMS)}")
    if given.get("group") is not None:
        if given["group"] not in PC_PI:
            raise ValueError(f"the PC-PI group is not one of {', '.join(PC_PI)}")
        return str(given["group"])
    adverse = given.get("adverse")
    if adverse is None and all(given.get(item) is not None for item in ITEMS):
        adverse = sum(bool(given[item]) for item in ITEMS)
    return {0: PC_PI[0], len(ITEMS): PC_PI[-1]}.get(adverse) if adverse is not None else None


def stratum_of(failure_day: float | None, factors: Mapping[str, Any] | None = None) -> Stratum:
    """Give the stratum: PC-PI group before time class (it contains the time), the mixture of classes without a day."""
    fit = fitted_hazards()
    named, group = class_of(failure_day), group_of(factors)
    treated = fit.treated_late if named == CLASSES[2] else fit.treated
    share = "treated_late" if named == CLASSES[2] else "treated_all"
    one = np.ones((1, fit.bispecific.size))
    if group is not None:
        return Stratum(f"PC-PI {group}", fit.group[[PC_PI.index(group)]], one, treated, (group, share))
    shares = ("share_d0_30", "share_d31_90", "share_late")
    if named is None:
        return Stratum("any day of failure", fit.time, fit.mix, treated, ("step", "late", *shares, share))
    rows = ("late", share) if named == CLASSES[2] else ("step", "late", *shares, share)
    return Stratum(f"failure {named}", fit.time[[CLASSES.index(named)]], one, treated, rows)
