"""Plain-Python graders of one patient, written apart from the package, with loops over days and no frames.

A patient is a dictionary: age, disease, facts (name, day, value, text, site, comparator), spans (name, start, end,
text, value, role), cover (name, start, end), censor (day or None).
"""

from itertools import pairwise
from math import floor
from typing import Any

Patient = dict[str, Any]
Bounds = tuple[int, int]
DEVICES = {
    "blow_by": 2,
    "face_mask": 3,
    "non_rebreather": 3,
    "venturi": 3,
    "high_flow": 3,
    "cpap": 4,
    "bipap": 4,
    "ventilator": 4,
}
HIDE_FEVER = (
    "tocilizumab",
    "siltuximab",
    "anakinra",
    "dexamethasone",
    "methylprednisolone",
    "prednisone",
    "prednisolone",
    "hydrocortisone",
)


def death_day(p: Patient) -> int | None:
    days = [floor(f["day"]) for f in p["facts"] if f["name"] == "event" and f["text"] == "death"]
    return min(days) if days else None


def record_end(p: Patient) -> int:
    dead = death_day(p)
    if dead is not None:
        return dead
    days = (
        [f["day"] for f in p["facts"]]
        + [s["start"] for s in p["spans"]]
        + [s["end"] for s in p["spans"] if s["end"] is not None]
    )
    return floor(max([0, *days]))


def window_end(p: Patient, last: int) -> int:
    dead = death_day(p)
    return last if dead is None else min(last, dead)


def facts_on(p: Patient, name: str, day: int) -> list[dict[str, Any]]:
    return [f for f in p["facts"] if f["name"] == name and floor(f["day"]) == day]


def spans_on(p: Patient, name: str, day: int) -> list[dict[str, Any]]:
    found = []
    for s in p["spans"]:
        end = floor(s["end"]) if s["end"] is not None else 1000
        if s["name"] == name and floor(s["start"]) <= day <= end:
            found.append(s)
    return found


def covered(p: Patient, day: int, *names: str) -> bool:
    for c in p["cover"]:
        first = -1000 if c["start"] is None else floor(c["start"])
        last = 1000 if c["end"] is None else floor(c["end"])
        if c["name"] in (*names, "*") and first <= day <= last:
            return True
    return False


def crs_day(p: Patient, day: int, choice: str) -> tuple[Bounds, Bounds, Bounds]:
    """Fever, hypotension and hypoxia of one day."""
    temps = [f["value"] >= 38.0 for f in facts_on(p, "temperature", day)]
    temps += [f["text"] == "yes" for f in facts_on(p, "fever", day)]
    if temps:
        fever = (1, 1) if any(temps) else (0, 0)
    else:
        fever = (0, 0) if covered(p, day, "temperature", "fever") else (0, 1)
    if spans_on(p, "infection", day) or any(f["text"] == "infection" for f in facts_on(p, "event", day)):
        fever = (0, fever[1])
    drugs = {s["text"] for s in spans_on(p, "vasopressor", day)}
    if drugs:
        low = 4 if len(drugs - {"vasopressin"}) > 1 else 3
        press = (low, low if covered(p, day, "vasopressor") else 4)
    else:
        press = (0, 0) if covered(p, day, "vasopressor") else (0, 4)
    said = [f["text"] for f in facts_on(p, "hypotension", day)]
    numbers = [f["value"] for f in facts_on(p, "systolic_bp", day)] if choice == "sbp90" else []
    child_like = (p["age"] is not None and p["age"] < 18) or (p["age"] is None and p["disease"] == "B-ALL")
    if said:
        bp = (2, 2) if "yes" in said else (0, 0)
    elif numbers:
        bp = (0, 0) if min(numbers) >= 90 else ((0, 2) if child_like else (2, 2))
    else:
        names = ("hypotension", "systolic_bp") if choice == "sbp90" else ("hypotension",)
        bp = (0, 0) if covered(p, day, *names) else (0, 2)
    given = [s for s in spans_on(p, "oxygen", day) if s["role"] != "chronic"]
    low = high = 0
    for s in given:
        if s["text"] == "nasal_cannula":
            one = (2, 3) if s["value"] is None else ((3, 3) if s["value"] > 6 else (2, 2))
        else:
            one = (DEVICES[s["text"]],) * 2
        low, high = max(low, one[0]), max(high, one[1])
    oxygen = (low, high) if given else ((0, 0) if covered(p, day, "oxygen") else (0, 4))
    return fever, (max(press[0], bp[0]), max(press[1], bp[1])), oxygen


def death_of(p: Patient, day: int, site: str, high: int) -> Bounds | None:
    sites = [f["site"] for f in facts_on(p, "event", day) if f["text"] == "death"]
    if site in sites:
        return (5, 5)
    if sites and all(s in (None, "unknown") for s in sites) and high >= 1:
        return (-1, 5)
    return None


def crs_days(p: Patient, choice: str = "sbp90") -> list[Bounds]:
    days: list[Bounds] = []
    begun_low = begun_high = False
    last_sign: int | None = None
    for day in range(window_end(p, 30) + 1):
        fever, hypo, oxy = crs_day(p, day, choice)
        if fever[0] or hypo[0] or oxy[0]:
            if last_sign is not None and day - last_sign - 1 > 3:
                begun_low = False
            last_sign = day
        begun_low, begun_high = begun_low or fever[0] > 0, begun_high or fever[1] > 0
        drug = any(
            s["name"] == "drug"
            and 0 <= floor(s["start"]) <= day
            and (s["role"] == "antipyretic" or (s["text"] in HIDE_FEVER and s["role"] in (None, "toxicity")))
            for s in p["spans"]
        )
        maybe = drug or not all(covered(p, earlier, "drug") for earlier in range(day + 1))
        low = max(1, hypo[0], oxy[0]) if fever[0] else (max(hypo[0], oxy[0]) if begun_low and drug else 0)
        high = max(1, hypo[1], oxy[1]) if fever[1] else (max(hypo[1], oxy[1]) if begun_high and maybe else 0)
        dead = death_of(p, day, "crs", high)
        if dead is not None:
            low, high = max(low, dead[0]), max(high, dead[1])
        days.append((low, high))
    return days


CRS_NAMES = ("temperature", "fever", "hypotension", "systolic_bp", "vasopressor", "oxygen")
ICANS_WORDS = {
    "consciousness": {"awake": 0, "wakes_to_voice": 2, "wakes_to_touch": 3, "unarousable": 4},
    "seizure": {"none": 0, "brief": 3, "eeg_only": 3, "prolonged": 4},
    "motor_weakness": {"none": 0, "focal_deep": 4},
    "cerebral_edema": {
        "none": 0,
        "focal": 3,
        "diffuse": 4,
        "posturing": 4,
        "cn6_palsy": 4,
        "papilledema": 4,
        "cushing_triad": 4,
    },
}


def known(p: Patient, site: str, names: tuple[str, ...]) -> bool:
    """Anything of these names recorded or covered in the window, or a death of this kind."""
    for day in range(window_end(p, 30) + 1):
        if covered(p, day, *names) or any(facts_on(p, n, day) for n in names):
            return True
        if any([s for s in spans_on(p, n, day) if s["role"] != "chronic"] for n in names):
            return True
        if any(f["text"] == "death" and f["site"] == site for f in facts_on(p, "event", day)):
            return True
    return False


def icans_days(p: Patient) -> list[Bounds]:
    return [icans_day(p, day) for day in range(window_end(p, 30) + 1)]


def icans_day(p: Patient, day: int) -> Bounds:
    asleep = any(f["text"] == "yes" for f in facts_on(p, "sedated", day))
    parts: list[Bounds] = []
    levels = ["awake", "wakes_to_voice", "wakes_to_touch", "unarousable"]
    states = [levels.index(f["text"]) for f in facts_on(p, "consciousness", day)]
    if states:
        state = (levels[max(states)],) * 2
    else:
        state = ("awake", "awake" if covered(p, day, "consciousness") else "unarousable")
    for name, words in ICANS_WORDS.items():
        grades = [words[f["text"]] for f in facts_on(p, name, day)]
        one = (max(grades),) * 2 if grades else ((0, 0) if covered(p, day, name) else (0, 4))
        if name == "consciousness" and asleep:
            one = (0, one[1] if grades else 4)
        parts.append(one)
    ice = [f["value"] for f in facts_on(p, "ice", day) if f["value"] in range(11)]
    capd = [f["value"] for f in facts_on(p, "capd", day) if f["value"] in range(33)]
    tested = bool(facts_on(p, "ice", day) or facts_on(p, "capd", day))
    if ice and not (p["age"] is not None and p["age"] < 12):
        mind = (ice_grade(min(ice), state[0]), ice_grade(min(ice), state[1]))
    elif capd:
        mind = (capd_grade(max(capd), state[0]), capd_grade(max(capd), state[1]))
    else:
        mind = (0, 4) if tested or not covered(p, day, "ice", "capd") else (0, 0)
    if asleep:
        mind = (0, mind[1] if tested else 4)
    parts.append(mind)
    low, high = max(x[0] for x in parts), max(x[1] for x in parts)
    dead = death_of(p, day, "icans", high)
    return (low, high) if dead is None else (max(low, dead[0]), max(high, dead[1]))


def ice_grade(points: float, state: str) -> int:
    if points == 0:
        return 4 if state == "unarousable" else 3
    return 3 if points <= 2 else 2 if points <= 6 else 1 if points <= 9 else 0


def capd_grade(points: float, state: str) -> int:
    if points >= 9:
        return 3
    return 0 if points == 0 else 1 if state == "awake" else 2


def gravest(days: list[Bounds]) -> Bounds:
    return max(d[0] for d in days), max(d[1] for d in days)


def episodes_of(days: list[Bounds]) -> list[tuple[int, int, int, int]]:
    """Start, end, low, high of each episode."""
    found: list[list[int]] = []
    apart = True
    for day, (low, high) in enumerate(days):
        if high == 0:
            apart = True
        elif low >= 1:
            if apart:
                found.append([day, day])
            found[-1][1] = day
            apart = False
    return [(a, b, *gravest(days[a : b + 1])) for a, b in found]


def day_values(p: Patient, first: int, last: int) -> tuple[list[float | None], list[float | None]]:
    """Lowest ANC of each day, as reported and with `<` read as 0."""
    best: list[float | None] = []
    worst: list[float | None] = []
    for day in range(first, last + 1):
        rows = facts_on(p, "anc", day)
        best.append(min((r["value"] for r in rows), default=None))
        worst.append(min((0.0 if r["comparator"] == "<" else r["value"] for r in rows), default=None))
    return best, worst


def interpolated(values: list[float | None]) -> list[float | None]:
    out, n, i = list(values), len(values), 0
    while i < n:
        if values[i] is not None:
            i += 1
            continue
        j = i
        while j < n and values[j] is None:
            j += 1
        if j - i <= 7 and not (i == 0 and j == n):
            left = values[i - 1] if i else None
            right = values[j] if j < n else None
            for k in range(i, j):
                if left is None or right is None:
                    out[k] = right if left is None else left
                else:
                    share = (k - (i - 1)) / (j - (i - 1))
                    out[k] = floor((left + share * (right - left)) * 100 + 0.5) / 100
        i = j
    return out


def low_days(flags: list[bool], counting: str) -> int:
    if counting == "cumulative":
        return sum(flags)
    longest, start, end = 0, None, None
    for day, low in enumerate(flags):
        if not low:
            continue
        if end is None or start is None or day - end > 3:
            start = day
        end = day
        longest = max(longest, end - start + 1)
    return longest


def early_side(values: list[float], counting: str) -> int:
    at_half = low_days([v <= 0.5 for v in values], counting)
    at_tenth = low_days([v <= 0.1 for v in values], counting)
    if len(values) == 31 and all(v <= 0.5 for v in values):
        return 4
    by_half = 3 if at_half >= 14 else 2 if at_half >= 7 else 1 if at_half >= 1 else 0
    return max(by_half, 4 if at_tenth >= 14 else 3 if at_tenth >= 7 else 0)


def lasts(values: list[float], last: int) -> bool:
    """Whether days at or below 0.5, joined over two days between them, begin by day 3 and reach the last day."""
    days = [day for day, value in enumerate(values) if value <= 0.5]
    spells = [[day] for day in days[:1]]
    for before, day in pairwise(days):
        if day - before > 3:
            spells.append([])
        spells[-1].append(day)
    return any(spell[0] <= 3 and spell[-1] >= last for spell in spells)


def icaht_early(
    p: Patient, counting: str, missing: str, never_recovered: str = "", follow_up: str = ""
) -> Bounds | None:
    window = window_end(p, 30)
    last = min(window, record_end(p)) if follow_up else window
    best, worst = day_values(p, 0, last)
    if all(v is None for v in best):
        return None
    if missing == "interpolate7":
        best, worst = interpolated(best), interpolated(worst)
    good = [9.9 if v is None else v for v in best]
    bad = [0.0 if v is None else v for v in worst]
    low, high = early_side(good, counting), early_side(bad, counting)
    if death_day(p) == last < 30 and all(v <= 0.5 for v in bad):
        high = 4
    if never_recovered:
        end = min(window, record_end(p))
        low, high = (4 if lasts(side, end) else grade for side, grade in ((good, low), (bad, high)))
    return low, high


def depth(value: float | None) -> int:
    if value is None:
        return 0
    return 4 if value <= 0.1 else 3 if value <= 0.5 else 2 if value <= 1.0 else 1 if value <= 1.5 else 0


def icaht_late(p: Patient, values: str, missing: str, censor: str) -> Bounds | None:
    end = min(window_end(p, 100), record_end(p))
    if censor != "none" and p["censor"] is not None:
        end = min(end, floor(p["censor"]))
    best, worst = day_values(p, 31, end)
    if all(v is None for v in best):
        return None
    sides = []
    for side in (best, worst):
        there = sorted(v for v in side if v is not None)
        second = there[1] if len(there) > 1 else None
        if values == "two_at_level":
            sides.append(depth(second))
        else:
            sides.append(depth(there[0]) if second is None or second <= 1.5 else 0)
    low, high = sides
    seen = [v for v in worst if v is not None]
    if values == "two_at_level" and len(seen) == 1:
        high = depth(seen[0])
    if missing != "observed" and any(v is None for v in interpolated(best)):
        high = 4
    return low, high
