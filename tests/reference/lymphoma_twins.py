"""Lugano 2014 and the CAR T metrics again as plain loops over one patient, written from the rules and not the code.

A patient is a dict: `scans` {day: {"lesions": {name: row}, "deauville", "suvmax", "spleen"}} and `marrow` {day: bool};
a lesion row has ldi, sdi (or None), kind, nodal (True, False, None), uptake (number, "X" or None).
"""

import itertools
import math
from typing import Any

Patient = dict[str, Any]
Bounds = tuple[int, int]
ANY = float("inf")


def area(row: dict[str, Any] | None) -> tuple[float, float]:
    if row is None or row["ldi"] is None:
        return 0.0, ANY
    if row["ldi"] == 0:
        return 0.0, 0.0
    if row["sdi"] is None:
        return 0.0, row["ldi"] ** 2
    return row["ldi"] * row["sdi"], row["ldi"] * row["sdi"]


def counts_as_new(row: dict[str, Any]) -> tuple[bool, bool]:
    ldi, nodal = row["ldi"], row["nodal"]
    if ldi is None:
        return False, True
    if nodal is False:
        return ldi > 10, ldi > 0
    return ldi > 15, ldi > 15 if nodal else ldi > 0


def is_normal(row: dict[str, Any] | None) -> tuple[bool, bool]:
    if row is None or row["ldi"] is None:
        return False, True
    if row["ldi"] == 0:
        return True, True
    return (row["nodal"] is True and row["ldi"] <= 15), (row["nodal"] is not False and row["ldi"] <= 15)


def grew(now: dict[str, Any] | None, before: list[dict[str, Any] | None]) -> tuple[bool, bool]:
    """Of a lesion and what earlier scans from the baseline on say of it (None: not listed). On an earlier scan without
    its size it may have been as small as one likes, and after the baseline gone."""
    if now is None or now["ldi"] is None:
        return False, True
    if any(row is None or row["ldi"] is None for row in before) and now["ldi"] > 15:
        return grew(now, [row for row in before if row is not None and row["ldi"] is not None])[0], True
    gone = any(row is None or row["ldi"] is None for row in before[1:]) and counts_as_new(now)[1]
    ldis = [r["ldi"] for r in before if r is not None and r["ldi"] is not None]
    if ldis and min(ldis) == 0:
        certain, possible = counts_as_new(now)
        return certain, possible or gone
    if now["ldi"] <= 15:
        return False, gone
    seen = [r for r in before if r is not None and r["ldi"] is not None]
    areas = [area(r) for r in seen]
    least_low = min((a for a, _ in areas), default=None)
    least_high = min((b for _, b in areas), default=None)
    low, high = area(now)
    step = 5 if ldis and min(ldis) <= 20 else 10
    longer = bool(ldis) and now["ldi"] - min(ldis) >= step
    sdis = [r["sdi"] for r in seen if r["sdi"] is not None]
    known = now["sdi"] is not None and bool(sdis)
    wider = known and now["sdi"] - min(sdis) >= step
    narrow = len(sdis) < len(seen) and now["sdi"] is not None and now["sdi"] >= step  # a short diameter was not given
    certain = least_high is not None and low >= 1.5 * least_high and (longer or wider)
    possible = (least_low is None or high >= 1.5 * least_low) and (longer or wider or narrow or not known)
    return certain, possible


def marrow_at(p: Patient, day: int) -> tuple[bool | None, bool | None, bool]:
    """The latest after day 0, the latest up to day 0, and whether a clear one came before the latest."""
    after = [d for d in sorted(p["marrow"]) if 0 < d <= day]
    base = [d for d in sorted(p["marrow"]) if d <= 0]
    now = p["marrow"][after[-1]] if after else None
    clear = bool(after) and any(not p["marrow"][d] for d in p["marrow"] if d < after[-1])
    return now, (p["marrow"][base[-1]] if base else None), clear


def ct(p: Patient, day: int) -> Bounds | None:
    scans = {d: s for d, s in p["scans"].items() if s["lesions"]}
    if day not in scans:
        return None
    base_days = [d for d in scans if d <= 0]
    base = scans[max(base_days)]["lesions"] if base_days else {}
    ranked = [n for n in base if base[n]["kind"] == "target"]
    ranked.sort(key=lambda n: (-area(base[n])[1] if area(base[n])[1] < ANY else 1, n))
    targets = ranked[:6]
    now = scans[day]["lesions"]
    pd_c = pd_p = not base
    pd_c = False
    normal_c, normal_p = bool(base), True
    for name in base:
        row = now.get(name)
        row = None if row is None else row | {"nodal": base[name]["nodal"] if row["nodal"] is None else row["nodal"]}
        earlier = [scans[d]["lesions"].get(name) for d in sorted(scans) if max(base_days) <= d < day]
        if base[name]["kind"] != "target" or name not in targets:
            earlier = [
                each for each in earlier if each is not None
            ]  # not listed: nothing to say of a lesion not followed
        c, q = grew(row, earlier)
        if name in targets:
            pd_c, pd_p = pd_c or c, pd_p or c or q
        elif row is not None and row["ldi"] is not None:
            pd_p = pd_p or c or q
        a, b = is_normal(row)
        normal_c, normal_p = normal_c and a, normal_p and b
    for name, row in now.items():
        if name in base:
            continue
        c, q = counts_as_new(row)
        called = row["kind"] == "new"
        pd_c, pd_p = pd_c or (c and called), pd_p or q or not called
    spleens = {d: s["spleen"] for d, s in p["scans"].items() if s["spleen"] is not None}
    old_days = [d for d in spleens if d <= 0]
    old = spleens[max(old_days)] if old_days else None
    spleen = spleens.get(day)
    half_c, half_p = halves(base, now, targets) if base else (False, True)
    if old is not None and old > 13:
        shrunk = spleen is not None and old - spleen > 0.5 * (old - 13)
        half_c, half_p = half_c and shrunk, half_p and (shrunk or spleen is None)
        pd_p = pd_p or spleen is None
        if spleen is not None and spleen - old > 0.5 * (old - 13):
            pd_c = True
    elif old is not None and spleen is not None and spleen > 13 and spleen - old >= 2:
        pd_c = True
    elif old is None and spleen is not None and spleen > 13:
        half_c, pd_p = False, True
    now_m, base_m, clear = marrow_at(p, day)
    pd_c = pd_c or (now_m is True and clear)
    pd_p = pd_p or pd_c or (now_m is True and base_m is None)
    clean = now_m if now_m is not None else base_m
    cr_c = normal_c and spleen is not None and spleen <= 13 and clean is False
    cr_p = normal_p and (spleen is None or spleen <= 13) and now_m is not True
    low = 3 if pd_c else 0 if cr_p else 1 if half_p else 2
    high = 3 if pd_p else 0 if cr_c else 1 if half_c else 2
    return low, high


def halves(base: dict[str, Any], now: dict[str, Any], targets: list[str]) -> tuple[bool, bool]:
    if not targets:
        return False, True
    old_low, old_high = (sum(area(base[n])[i] for n in targets) for i in (0, 1))
    new_low, new_high = (sum(area(now.get(n))[i] for n in targets) for i in (0, 1))
    return new_high <= 0.5 * old_low, new_low <= 0.5 * old_high


def score_of(scan: dict[str, Any]) -> float | None:
    seen = [r["uptake"] for r in scan["lesions"].values() if r["kind"] != "new" and r["uptake"] not in (None, "X")]
    seen += [scan["deauville"]] if scan["deauville"] is not None else []
    return max(seen) if seen else None


def pet(p: Patient, day: int) -> Bounds | None:
    score = score_of(p["scans"][day])
    if score is None:
        return None
    scored = {d: s for d, s in p["scans"].items() if score_of(s) is not None}
    base = max((d for d in scored if d <= 0), default=None)
    if score <= 3:
        low, high = 0, 0
    else:
        was = None if base is None else score_of(scored[base])
        suv, old = p["scans"][day]["suvmax"], None if base is None else scored[base]["suvmax"]
        ways = set()
        if was is not None and score != was:
            ways.add(1 if score < was else 3)
        moved = None if suv is None or old is None else 1 if suv < old else 3 if suv > old else 2
        if ways and moved in (1, 3):
            ways.add(moved)
        if not ways:
            ways = {1, 3} if moved is None else {2, moved}
        low, high = min(ways), max(ways)
        if score == 5 and not p["scans"][day]["lesions"]:
            high = 3
        if any(0 < d < day and score_of(s) <= 3 for d, s in scored.items()):
            high = 3
    now_m, base_m, clear = marrow_at(p, day)
    if now_m:
        low, high = max(low, 1), max(high, 1)
        low, high = (3 if clear else low), (3 if clear or base_m is None else high)
    fresh = [r["uptake"] for r in p["scans"][day]["lesions"].values() if r["kind"] == "new" and r["uptake"] != "X"]
    if fresh:
        high = 3
        low = 3 if any(u is not None and u > 3 for u in fresh) else low
    return low, high


def lugano(p: Patient, modality: str) -> dict[int, tuple[int | None, int | None]]:
    """Day of each scan after day 0 and its bounds, (None, None) where nothing can be said."""
    found: dict[int, tuple[int | None, int | None]] = {}
    for day in sorted(d for d in p["scans"] if d > 0):
        by_pet = pet(p, day) if modality == "pet_over_ct" else None
        by_ct = ct(p, day)
        if by_pet is not None:
            found[day] = by_pet
        elif by_ct is not None:
            found[day] = (None, None) if by_ct == (0, 3) else by_ct
    return found


def lyric(p: Patient) -> dict[int, tuple[int, int]]:
    """LYRIC of a patient whose nodes were all measured on every scan: 0 CR, 1 PR, 2 SD, 3 IR3, 4 IR2b, 5 IR2a, 6 IR1,
    7 PD. A progression that an indeterminate answer came before may be one itself, or PD."""
    found: dict[int, tuple[int, int]] = {}
    for day, (low, high) in lugano(p, "pet_over_ct").items():
        assert low is not None and high is not None
        kind = flare(p, day)
        before = any(3 <= earlier[0] <= 6 for earlier in found.values())
        mild, grave = (kind if low == 3 else low), (kind if high == 3 else high)
        found[day] = (mild, 7 if before and 3 <= mild <= 6 else grave)
    return found


def flare(p: Patient, day: int) -> int:
    """What a progression of this day is called by the sizes."""
    base, now = p["scans"][-5]["lesions"], p["scans"][day]["lesions"]
    old, new = (sum(area(scan[name])[0] for name in base) for scan in (base, now))
    old_spleen, spleen = p["scans"][-5]["spleen"], p["scans"][day]["spleen"]
    more = spleen - old_spleen
    swollen = more > 0.5 * (old_spleen - 13) if old_spleen > 13 else spleen > 13 and more >= 2
    earlier = [p["scans"][d]["lesions"] for d in p["scans"] if d < day]
    grew_one = any(grew(now[name], [scan[name] for scan in earlier])[0] for name in base)
    if swollen or (p["marrow"][day] and any(not yes for d, yes in p["marrow"].items() if d < day)):
        return 7
    by_size = ct(p, day)
    if new >= 1.5 * old:
        only_uptake = by_size is not None and by_size[1] < 3
        return 6 if day <= 84 else 3 if only_uptake else 7
    if "9" in now:
        return 5
    return 4 if grew_one else 3


def area_to_28(points: list[tuple[int, float]]) -> float:
    """Area from day 0 to 28 by steps of a hundredth of a day under straight lines from (0, 0); closed series only."""
    line = ([] if points[0][0] == 0 else [(0, 0.0)]) + points

    def level(t: float) -> float:
        for (a, x), (b, y) in itertools.pairwise(line):
            if a <= t <= b:
                return x + (y - x) * (t - a) / (b - a)
        raise ValueError(t)

    steps = [i / 100 for i in range(2801)]
    return math.fsum((level(a) + level(b)) / 2 * 0.01 for a, b in itertools.pairwise(steps))
