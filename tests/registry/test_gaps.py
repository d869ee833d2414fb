"""Gaps of a record: stretch arithmetic against a walk over every day."""

import random

import polars as pl
import pytest

from carsequel.registry.gaps import open_stretches

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


def test_several_windows_of_one_infusion_are_apart() -> None:
    windows = pl.DataFrame(
        {"patient": ["a", "a"], "infusion": [1, 1], "period": ["x", "y"], "first": [0, 10], "last": [9, 19]}
    )
    told = pl.DataFrame({"patient": ["a"], "infusion": [1], "since": [4.0], "until": [12.0]}, schema=SCHEMA)
    assert open_stretches(windows, told).sort("period").select("period", "day", "days").rows() == [
        ("x", 0, 4),
        ("y", 13, 7),
    ]
