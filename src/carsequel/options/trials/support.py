"""Whether a blood count stands on its own: no transfusion or growth factor in the days before it."""

from typing import Final

import numpy as np
import polars as pl

from carsequel.options.trials.kleene import Truth, settled
from carsequel.options.trials.moment import Moment, Numbers, Reading
from carsequel.options.trials.therapies import read_spans

_COVERS: Final = {
    "transfusion_platelets": ("event", "transfusion_platelets"),
    "transfusion_red_cells": ("event", "transfusion_red_cells"),
    "growth_factor": ("drug",),
}


def free_of_support(moment: Moment, kind: str, days: float, count: Reading) -> Truth:
    """Give whether a count was taken at least `days` days after the last support of a kind. `yes` needs a record that
    is complete for it in those days; a support whose end is not given leaves it open."""
    day = count.day
    support = last_support(moment, kind, count)
    sure, maybe = support.low, support.high
    with np.errstate(invalid="ignore"):
        given = np.floor(day) - np.floor(sure) < days
        possible = np.floor(day) - np.floor(maybe) < days
    complete = moment.covered(_COVERS[kind], day - days, day)
    return settled(complete & ~possible, given)


def last_support(moment: Moment, kind: str, count: Reading) -> Reading:
    """Give the last day of support at or before the day of a count: the least (`low`) and the latest (`high`) that it
    may be; NaN where none is recorded."""
    return moment.once(("support", kind, id(count)), lambda: _last_support(moment, kind, count.day))


def _last_support(moment: Moment, kind: str, day: Numbers) -> Reading:
    if kind == "growth_factor":
        rows = read_spans(moment, kind)
    else:
        events = moment.facts("event").filter(pl.col("text") == kind)
        rows = events.select("patient", start="clock", sure="clock", maybe="clock")
    asked = moment.people.select("patient").with_columns(_day=pl.Series(day))
    both = rows.join(asked, on="patient", how="inner").filter(pl.col("start").floor() <= pl.col("_day").floor())
    last = both.group_by("patient").agg(
        low=pl.min_horizontal("sure", "_day").max(), high=pl.min_horizontal("maybe", "_day").max()
    )
    return moment.aligned(last)
