"""Grades by hand against ours: reasons, kappa by its closed forms, and the interval by a plain bootstrap."""

import random
from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from carsequel.registry.compare import COMPARED, compare_grades, kappa_with_interval, weighted_kappa
from carsequel.terms.findings import as_findings

OURS = [
    ("same", 1, "d0-30", 2.0, 2.0),
    ("range", 1, "d0-30", 1.0, 3.0),
    ("graver", 1, "d0-30", 1.0, 1.0),
    ("milder", 1, "d0-30", 3.0, 3.0),
    ("none_here", 1, "d0-30", 0.0, 0.0),
    ("missed", 1, "d0-30", 2.0, 2.0),
    ("open", 1, "d0-30", None, None),
    ("second", 1, "d0-30", 1.0, 1.0),
    ("second", 2, "d0-30", 3.0, 3.0),
    ("late", 1, "d0-30", 1.0, 1.0),
    ("late", 1, "d31-100", 2.0, 2.0),
]


def findings() -> pl.DataFrame:
    rows = pl.DataFrame(OURS, schema=["patient", "infusion", "period", "low", "high"], orient="row")
    return as_findings(rows, criterion="crs.astct2019", kind="maximum", default=True, why="our sentence")


MANUAL = [
    ("same", None, None, "2", True, "same"),
    ("range", "1", None, "3", True, "within what our data allow"),
    ("graver", "1", None, "2", False, "graver by hand than the record shows"),
    ("milder", "1", None, "Grade 1", False, "milder by hand than the record shows"),
    ("none_here", "1", None, "1", False, "graver by hand: the record shows none"),
    ("missed", "1", None, "0", False, "none by hand, but the record shows it"),
    ("open", "1", None, "1", None, "ours is not gradable"),
    ("second", "2", None, "3", True, "same"),
    ("late", "1", "d31-100", "2", True, "same"),
    ("late", "1", "", "1", True, "same"),
    ("nobody", "1", None, "1", None, "patient not in the record"),
    ("same", "7", None, "1", None, "no such criterion, infusion or period in ours"),
    ("same", "1", None, "severe", None, "theirs is no number"),
]


def test_every_reason() -> None:
    schema = ["patient", "infusion", "period", "value", "agrees", "reason"]
    manual = pl.DataFrame(MANUAL, schema=schema, orient="row").with_columns(criterion=pl.lit("crs.astct2019"))
    found = compare_grades(findings(), manual.drop("agrees", "reason"))
    assert found.columns == list(COMPARED) and found.height == len(MANUAL)
    given = [(row["patient"], row["agrees"], row["reason"]) for row in found.iter_rows(named=True)]
    assert sorted(given, key=str) == sorted(((m[0], m[4], m[5]) for m in MANUAL), key=str)
    assert found.filter(pl.col("reason") == "same")["why"].str.contains("our sentence").all()


def test_columns_that_are_not_given() -> None:
    manual = pl.DataFrame({"patient": ["same", "second"], "criterion": ["crs.astct2019"] * 2, "value": [2, 1]})
    assert compare_grades(findings(), manual)["agrees"].to_list() == [True, True]
    with pytest.raises(ValueError, match="value"):
        compare_grades(findings(), manual.drop("value"))


def random_grades(seed: int) -> tuple[list[int], list[int]]:
    r = random.Random(seed)
    ours = [r.randint(0, 4) for _ in range(60)]
    return ours, [min(4, max(0, grade + r.choice([0, 0, 0, 1, -1, 2]))) for grade in ours]


@pytest.mark.parametrize("seed", range(5))
def test_quadratic_kappa_is_the_concordance_of_the_numbers(seed: int) -> None:
    ours, theirs = random_grades(seed)
    x, y = np.array(ours, float), np.array(theirs, float)
    closed = 2 * np.mean((x - x.mean()) * (y - y.mean())) / (x.var() + y.var() + (x.mean() - y.mean()) ** 2)
    assert weighted_kappa(ours, theirs, "quadratic") == pytest.approx(closed)


@pytest.mark.parametrize("seed", range(5))
def test_linear_kappa_by_counting_every_pair(seed: int) -> None:
    ours, theirs = random_grades(seed)
    n = len(ours)
    seen = Fraction(sum(abs(a - b) for a, b in zip(ours, theirs, strict=True)), n)
    by_chance = Fraction(sum(abs(a - b) for a in ours for b in theirs), n * n)
    assert weighted_kappa(ours, theirs) == pytest.approx(float(1 - seen / by_chance))


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_two_grades_give_cohens_kappa(weights: str) -> None:
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: seen 0.7, by chance 0.5.
    ours = [1] * 25 + [0] * 25
    theirs = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert weighted_kappa(ours, theirs, weights) == pytest.approx(0.4)  # type: ignore[arg-type]


def test_ends_of_kappa() -> None:
    assert weighted_kappa([0, 1, 2], [0, 1, 2]) == 1
    assert weighted_kappa([0, 1], [1, 0]) == -1
    assert weighted_kappa([2, 2], [2, 2]) is None
    assert weighted_kappa([0, 2, 4], [0, 2, 3]) == pytest.approx(weighted_kappa([0, 20, 40], [0, 20, 30]))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="linear, quadratic"):
        weighted_kappa([0, 1], [0, 1], "cubic")  # type: ignore[arg-type]


def compared(people: int, each: int, seed: int = 1) -> pl.DataFrame:
    r = random.Random(seed)
    rows = []
    for person in range(people):
        for period in range(each):
            ours = float(r.randint(0, 4))
            theirs = min(4.0, max(0.0, ours + r.choice([0, 0, 1, -1])))
            rows.append((f"p{person}", 1, "crs.astct2019", f"d{period}", ours, ours, theirs))
    names = ["patient", "infusion", "criterion", "period", "ours_low", "ours_high", "theirs"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_interval_agrees_with_a_plain_bootstrap_of_patients() -> None:
    pairs = compared(40, 2)
    found = kappa_with_interval(pairs, seed=3, draws=3000)
    by_person = [p.select("ours_low", "theirs").rows() for p in pairs.partition_by("patient")]
    r = random.Random(9)
    drawn = []
    for _ in range(1500):
        rows = [row for person in r.choices(by_person, k=len(by_person)) for row in person]
        drawn.append(weighted_kappa(*zip(*rows, strict=True)))
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.low, found.high) == (pytest.approx(low, abs=0.03), pytest.approx(high, abs=0.03))
    assert found.low < found.kappa < found.high  # type: ignore[operator]
    assert (found.pairs, found.patients, found.without) == (80, 40, 0)


def test_patients_are_drawn_whole() -> None:
    """The same pairs counted four times per patient do not make the interval narrower."""
    once = compared(30, 1)
    four = pl.concat([once.with_columns(period=pl.lit(f"d{n}")) for n in range(4)])
    one, more = (kappa_with_interval(pairs, seed=5) for pairs in (once, four))
    assert more.kappa == pytest.approx(one.kappa)
    assert (more.low, more.high) == (pytest.approx(one.low), pytest.approx(one.high))


def test_seed_and_row_order() -> None:
    pairs = compared(20, 2)
    assert kappa_with_interval(pairs, seed=1) == kappa_with_interval(pairs.reverse(), seed=1)
    assert kappa_with_interval(pairs, seed=1) != kappa_with_interval(pairs, seed=2)


def test_what_cannot_be_given() -> None:
    pairs = compared(20, 1)
    assert kappa_with_interval(pairs.head(0), seed=1) == (None, None, None, 0, 0, 0)
    alone = kappa_with_interval(compared(1, 8), seed=1)
    assert alone.kappa is not None and alone.low is None
    ranges = pairs.with_columns(ours_high=pl.col("ours_high") + 1)
    assert kappa_with_interval(ranges, seed=1).pairs == 0
    with pytest.raises(ValueError, match="one criterion"):
        kappa_with_interval(pl.concat([pairs, pairs.with_columns(criterion=pl.lit("icans.astct2019"))]), seed=1)
