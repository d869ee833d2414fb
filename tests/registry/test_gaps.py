"""Gaps of a record: stretch arithmetic against a walk over every day."""

import random

import polars as pl
import pytest

from carsequel.registry.gaps import any_inside, blocks_of, open_stretches

SCHEMA = {"patient": pl.String, "infusion": pl.Int64, "since": pl.Float64, "until": pl.Float64}


def walked(first: int, last: int, stretches: list[tuple[float, float]], longest: int) -> tuple[int, int] | None:
    """First open day and number of open days, counting runs longer than `longest`."""
    open_days = [
        day for day in range(first, last + 1) if not any(int(a // 1) <= day <= int(b // 1) for a, b in stretches)
    ]
    runs: list[list[int]] = []
    for day in open_days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    long = [run for run in runs if len(run) > longest]
    return (long[0][0], sum(map(len, long))) if long else None


@pytest.mark.parametrize("longest", [0, 2])
@pytest.mark.parametrize("seed", range(20))
def test_every_day_is_accounted_for(seed: int, longest: int) -> None:
    dice = random.Random(seed)
    windows, told = [], []
    for number in range(8):
        first = dice.randint(-3, 5)
        windows.append({"patient": f"p{number}", "infusion": 1, "first": first, "last": first + dice.randint(-1, 20)})
        for _ in range(dice.randint(0, 5)):
            since = dice.uniform(-6, 25)
            told.append(
                {"patient": f"p{number}", "infusion": 1, "since": since, "until": since + dice.choice([0, 0, 3.7])}
            )
    schema = {"patient": pl.String, "infusion": pl.Int64, "first": pl.Int64, "last": pl.Int64}
    found = open_stretches(pl.DataFrame(windows, schema=schema), pl.DataFrame(told, schema=SCHEMA), longest)
    given = {row["patient"]: (row["day"], row["days"]) for row in found.iter_rows(named=True)}
    for window in windows:
        own = [(row["since"], row["until"]) for row in told if row["patient"] == window["patient"]]
        assert given.get(window["patient"]) == walked(window["first"], window["last"], own, longest)


@pytest.mark.parametrize("seed", range(20))
def test_a_stretch_that_reaches_into_the_window_is_found(seed: int) -> None:
    dice = random.Random(seed)
    told = [(look, dice.randint(-6, 25), dice.choice([0, 0, 4])) for look in (0, 0, 2, 3, 3, 3)]
    windows = [(look, dice.randint(-3, 20), dice.randint(-1, 9)) for look in range(5) for _ in range(3)]
    stretches = pl.DataFrame(
        [(look, float(a), a + d + 0.5) for look, a, d in told], ["_look", "since", "until"], orient="row"
    )
    looks = pl.DataFrame([(look, a, a + d) for look, a, d in windows], ["_look", "first", "last"], orient="row")
    expected = [
        any(own == look and a <= last and a + d >= first for own, a, d in told) for look, first, last in looks.rows()
    ]
    assert any_inside(looks, blocks_of(stretches)).to_list() == expected
    assert any_inside(looks, blocks_of(stretches.clear())).to_list() == [False] * len(windows)


def test_several_windows_of_one_infusion_are_apart() -> None:
    windows = pl.DataFrame(
        {"patient": ["a", "a"], "infusion": [1, 1], "period": ["x", "y"], "first": [0, 10], "last": [9, 19]}
    )
    told = pl.DataFrame({"patient": ["a"], "infusion": [1], "since": [4.0], "until": [12.0]}, schema=SCHEMA)
    assert open_stretches(windows, told).sort("period").select("period", "day", "days").rows() == [
        ("x", 0, 4),
        ("y", 13, 7),
    ]
