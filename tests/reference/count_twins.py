"""Plain readings of cytopenia for one patient at a time: late T-ICAHT, recovery, named cytopenias and their timing.

A patient is a dictionary as in `side_effect_twins.py`. A day's value is its lowest. Runs of up to seven missing days
are interpolated (`laboratory_twins.py`); days that stay unknown are tried once never low and once as 0.
"""

from math import floor, inf
from typing import Any

from laboratory_twins import interpolated, low_days
from side_effect_twins import Patient, covered, facts_on, window_end

Bounds = tuple[int | None, int | None]
Values = list[float | None]
NONE = (None, None)
PLATELETS, RED_CELLS = "transfusion_platelets", "transfusion_red_cells"


def on_days(p: Patient, name: str, first: int, last: int) -> list[list[dict[str, Any]]]:
    """The facts of a name on each day."""
    found: dict[int, list[dict[str, Any]]] = {}
    for f in p["facts"]:
        if f["name"] == name:
            found.setdefault(floor(f["day"]), []).append(f)
    return [found.get(day, []) for day in range(first, last + 1)]


def lowest(p: Patient, name: str, first: int, last: int) -> tuple[Values, Values]:
    """The lowest number of each day as reported, and with `<` read as 0."""
    days = on_days(p, name, first, last)
    best = [min((f["value"] for f in rows), default=None) for rows in days]
    worst = [min((0.0 if f["comparator"] == "<" else f["value"] for f in rows), default=None) for rows in days]
    return best, worst


def filled(values: Values, unknown: float) -> list[float]:
    return [unknown if value is None else value for value in interpolated(values)]


def t_icaht_late(p: Patient, inclusive: bool, tests: int, censored: bool) -> Bounds:
    """Platelets of day 31 to 100: below 100, 50 and 20, the last for 14 days; each level needs `tests` values."""
    end = window_end(p, 100)
    if censored and p["censor"] is not None:
        end = min(end, floor(p["censor"]))
    best, worst = lowest(p, "platelets", 31, end)
    if not [v for v in best if v is not None]:
        return NONE

    def below(value: float, limit: float) -> bool:
        return value <= limit if inclusive else value < limit

    def by_days(values: list[float]) -> int:
        deep = low_days([below(v, 20) for v in values])
        if deep:
            return 4 if deep >= 14 else 3
        return 2 if any(below(v, 50) for v in values) else int(any(below(v, 100) for v in values))

    def by_tests(values: Values) -> int:
        seen = sorted(v for v in values if v is not None)
        if len(seen) < tests:
            return 0
        nth = seen[tests - 1]
        return 4 if below(nth, 20) else 2 if below(nth, 50) else int(below(nth, 100))

    low, high = by_days(filled(best, inf)), by_days(filled(worst, 0.0))
    low = min(low, by_tests(best))
    open_ = filled(best, inf) != filled(worst, 0.0) or len([v for v in best if v is not None]) < tests
    return low, high if open_ else min(high, by_tests(worst))


def transfused(p: Patient, kind: str, day: int) -> bool:
    return any(f["text"] == kind for f in facts_on(p, "event", day))


def recovery(
    p: Patient, name: str, level: float, calendar: bool, transfusion: str | None
) -> set[tuple[int, int | None]]:
    """Every answer that the record allows, with its day: 0 never below the level, 1 recovered from the first fall, 2 not.

    The first fall is tried on the first day that is certainly low and on every unknown day before it; the days and
    transfusions that stay unknown after it are tried all good and all bad. Values that end more than a week early may
    be followed by others.
    """
    end = window_end(p, 100)
    best, worst = lowest(p, name, 0, end)
    seen = [day for day, value in enumerate(best) if value is not None]
    if not seen:
        return set()
    if calendar:
        series = list(zip(range(end + 1), filled(best, inf), filled(worst, 0.0), strict=True))
    else:
        series = [
            (day, b, w) for day, (b, w) in enumerate(zip(best, worst, strict=True)) if b is not None and w is not None
        ]
        if end - seen[-1] > 7:
            series += [(seen[-1] + step, inf, 0.0) for step in (1, 2, 3, 4)]
    certain = next((day for day, value, _ in series if value < level), None)
    falls = [day for day, _, value in series if value < level and (certain is None or day <= certain)]
    found: set[tuple[int, int | None]] = {(0, None)} if certain is None else set()
    for fell in falls:
        for side in (1, 2):
            later = [(row[0], row[side]) for row in series if row[0] > fell]
            found.add(recovered(p, later, level, transfusion, end, side == 2))
    return found


def recovered(
    p: Patient, series: list[tuple[int, float]], level: float, transfusion: str | None, end: int, worst: bool
) -> tuple[int, int | None]:
    """The code and the day: the first of three in a row at the level after a fall, free of transfusion for the seven
    days before and on all three."""

    def given(day: int) -> bool:
        open_ = worst and not covered(p, day, "event", str(transfusion))
        return 0 <= day <= end and (open_ or transfused(p, str(transfusion), day))

    for place in range(len(series) - 2):
        day = series[place][0]
        if any(value < level for _, value in series[place : place + 3]):
            continue
        if transfusion is None or not any(given(each) for each in range(day - 7, day + 3)):
            return 1, day
    return 2, None


CYTOPENIAS: dict[str, tuple[str, bool, float, int, int, int, str | None]] = {
    # name, level counts itself, level, days, first, last, transfusion
    "severe_neutropenia": ("anc", True, 0.5, 1, 0, 100, None),
    "profound_neutropenia": ("anc", True, 0.1, 1, 0, 100, None),
    "protracted_severe_neutropenia": ("anc", True, 0.5, 7, 0, 100, None),
    "protracted_profound_neutropenia": ("anc", True, 0.1, 7, 0, 100, None),
    "prolonged_neutropenia": ("anc", True, 1.0, 1, 21, 100, None),
    "significant_neutropenia": ("anc", False, 0.5, 14, 0, 60, None),
    "prolonged_severe_neutropenia": ("anc", False, 0.5, 30, 0, 100, None),
    "severe_thrombocytopenia": ("platelets", False, 50, 1, 0, 100, PLATELETS),
    "severe_anemia": ("hemoglobin", False, 8, 1, 0, 100, RED_CELLS),
}


def at_level(value: float, sign: str | None, level: float, itself: bool) -> tuple[bool, bool]:
    """Whether a reported value is at or below the level for certain, and possibly."""
    here = value <= level if itself else value < level
    if sign == "<":
        return value <= level, True
    return (False, value < level) if sign == ">" else (here, here)


def cytopenia(p: Patient, term: str, longest: bool) -> Bounds | None:
    """0 no, 1 yes; None where the definition does not apply to the patient."""
    name, itself, level, need, first, last, transfusion = CYTOPENIAS[term]
    if term == "prolonged_severe_neutropenia" and not (
        p["disease"] == "B-ALL" and p["age"] is not None and p["age"] < 18
    ):
        return None
    end = window_end(p, last)
    given = transfusion is not None and any(transfused(p, transfusion, day) for day in range(first, end + 1))
    days = range(first, end + 1)
    rows_of_days = on_days(p, name, first, end)
    reported = [[at_level(f["value"], f["comparator"], level, itself) for f in rows] for rows in rows_of_days]
    if given:
        return 1, 1
    if not any(reported):
        return NONE
    made = interpolated(lowest(p, name, first, end)[0])
    sides = []
    for side in (0, 1):
        flags = []
        for rows, value in zip(reported, made, strict=True):
            plain = bool(side) if value is None else at_level(value, None, level, itself)[side]
            flags.append(any(one[side] for one in rows) if rows else plain)
        sides.append(int((_longest(flags) if longest else sum(flags)) >= need))
    unknown = transfusion is not None and any(not covered(p, day, "event", transfusion) for day in days)
    return sides[0], 1 if unknown else sides[1]


def _longest(flags: list[bool]) -> int:
    """The longest spell of low days; up to two days above are bridged and count."""
    best, start, end = 0, 0, None
    for day, low in enumerate(flags):
        if low:
            start = day if end is None or day - end > 3 else start
            end, best = day, max(best, day - start + 1)
    return best


SEVERE = (("anc", True, 0.5), ("platelets", False, 50), ("hemoglobin", False, 8))


def timing(p: Patient) -> Bounds | None:
    """The latest phase with a severe value: 1 before day 30, 2 day 30 to 90, 3 later; None without any count. A phase
    that was lived through and not measured in all three counts may hold one."""
    end = window_end(p, 10**6)
    rows = [(f, floor(f["day"])) for f in p["facts"] if f["name"] in {name for name, _, _ in SEVERE}]
    rows = [(f, day) for f, day in rows if 0 <= day <= end]
    if not rows:
        return None
    phases = {1: (0, 29), 2: (30, 90), 3: (91, inf)}
    low = high = 0
    for phase, (first, last) in phases.items():
        if first > end:
            continue
        here = [f for f, day in rows if first <= day <= last]
        for name, itself, level in SEVERE:
            both = [at_level(f["value"], f["comparator"], level, itself) for f in here if f["name"] == name]
            low = phase if any(sure for sure, _ in both) else low
            high = phase if not both or any(open_ for _, open_ in both) else high
    return NONE if (low, high) == (0, 3) else (low, high)
