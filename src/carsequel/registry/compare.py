"""Grades by hand against ours: every disagreement with its reason, and the weighted kappa with a bootstrap interval.

Kappa is Cohen's with linear or quadratic weights over the grades as numbers; the interval resamples whole patients.
"""

from typing import Any, Final, Literal, NamedTuple

import numpy as np
import polars as pl

KEYS: Final = ["patient", "infusion", "criterion", "period"]
COMPARED: Final = (*KEYS, "ours_low", "ours_high", "theirs", "agrees", "reason", "why", "facts")
Weights = Literal["linear", "quadratic"]
WEIGHTS: Final = ("linear", "quadratic")
LEAST_PEOPLE: Final = 2


class Kappa(NamedTuple):
    """Agreement: kappa, the bounds of its interval (None where it cannot be given), how many pairs and patients, and
    how many resamples had no kappa (no disagreement was possible by chance)."""

    kappa: float | None
    low: float | None
    high: float | None
    pairs: int
    patients: int
    without: int


def compare_grades(findings: pl.DataFrame, manual: pl.DataFrame) -> pl.DataFrame:
    """Compare grades by hand with our default maxima, one row per grade by hand.

    `manual` has patient, criterion, value and, where given, infusion (empty = 1) and period (empty = any maximum of
    that criterion, the earliest window of several). Columns of the answer: patient, infusion, criterion, period,
    ours_low, ours_high, theirs, agrees, reason, why, facts. `agrees` is true where theirs lies within our bounds, null
    where nothing can be said. Raises ValueError where a needed column is missing.
    """
    theirs = _manual(manual)
    top = findings.filter((pl.col("kind") == "maximum") & pl.col("default"))
    ours = top.select(*KEYS, ours_low="low", ours_high="high", ours_why="why", facts="facts").sort(KEYS)
    named = theirs.filter(pl.col("period").is_not_null()).join(ours, on=KEYS, how="left", maintain_order="left")
    first = ours.with_columns(_from=_first_day()).sort("_from", maintain_order=True).unique(KEYS[:3], keep="first")
    free = theirs.filter(pl.col("period").is_null()).drop("period").join(first.drop("_from"), on=KEYS[:3], how="left")
    both = pl.concat([named.select(sorted(named.columns)), free.select(sorted(named.columns))])
    known = both.join(findings.select("patient").unique().with_columns(_known=True), on="patient", how="left")
    return _judged(known).select(COMPARED).sort(*KEYS, "theirs", nulls_last=True)


def _first_day() -> pl.Expr:
    return pl.col("period").str.extract(r"^d(\d+)", 1).cast(pl.Int64).fill_null(0)


def _manual(manual: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in ("patient", "criterion", "value") if name not in manual.columns]
    if missing:
        raise ValueError(f"grades by hand lack {', '.join(missing)}; needed are patient, criterion and value")
    for name in ("infusion", "period"):
        if name not in manual.columns:
            manual = manual.with_columns(pl.lit(None).alias(name))
    text = [pl.col(name).cast(pl.String).str.strip_chars() for name in ("patient", "criterion", "period", "value")]
    rows = manual.with_columns(*text, pl.col("infusion").cast(pl.String).str.strip_chars())
    return rows.select(
        "patient",
        infusion=pl.col("infusion").replace("", None).fill_null("1").cast(pl.Float64, strict=False).cast(pl.Int64),
        criterion="criterion",
        period=pl.col("period").replace("", None),
        theirs=pl.col("value").str.replace(r"(?i)^grade\s+", "").cast(pl.Float64, strict=False),
    )


def _judged(both: pl.DataFrame) -> pl.DataFrame:
    inside = pl.col("theirs").is_between(pl.col("ours_low"), pl.col("ours_high"))
    bounded = pl.col("ours_low") < pl.col("ours_high")
    reason = (
        pl.when(pl.col("theirs").is_null() | pl.col("theirs").is_nan())
        .then(pl.lit("theirs is no number"))
        .when(pl.col("_known").is_null())
        .then(pl.lit("patient not in the record"))
        .when(pl.col("ours_why").is_null())
        .then(pl.lit("no such criterion, infusion or period in ours"))
        .when(pl.col("ours_low").is_null())
        .then(pl.lit("ours is not gradable"))
        .when(inside & bounded)
        .then(pl.lit("within what our data allow"))
        .when(inside)
        .then(pl.lit("same"))
        .when((pl.col("theirs") > pl.col("ours_high")) & (pl.col("ours_high") == 0))
        .then(pl.lit("graver by hand: the record shows none"))
        .when(pl.col("theirs") > pl.col("ours_high"))
        .then(pl.lit("graver by hand than the record shows"))
        .when(pl.col("theirs") == 0)
        .then(pl.lit("none by hand, but the record shows it"))
        .otherwise(pl.lit("milder by hand than the record shows"))
    )
    ours = pl.when(pl.col("ours_why").is_not_null()).then(pl.format("{}; ours: {}", "reason", "ours_why"))
    both = both.with_columns(agrees=inside, reason=reason)
    return both.with_columns(why=ours.otherwise("reason"))


def weighted_kappa(ours: Any, theirs: Any, weights: Weights = "linear") -> float | None:
    """Give Cohen's weighted kappa of two lists of grades (None where chance allows no disagreement).

    Raises ValueError for other weights.

    >>> weighted_kappa([0, 0, 1, 1], [0, 1, 1, 1])
    0.5
    """
    codes, table = _tables(np.asarray(ours, float), np.asarray(theirs, float), np.zeros(len(ours), int))
    found = _kappas(table, _distance(codes, weights))[0]
    return None if np.isnan(found) else float(found)


def kappa_with_interval(
    compared: pl.DataFrame, *, seed: int, weights: Weights = "linear", draws: int = 2000, level: float = 0.95
) -> Kappa:
    """Give the weighted kappa of the settled pairs of `compare_grades` (one criterion) with a bootstrap interval.

    Patients are drawn with replacement, all pairs of one together, `draws` times from `seed`; the interval is the
    central `level` of the resamples that have a kappa. Pairs in which ours is a range or not gradable are left out;
    fewer than two patients give no interval. Raises ValueError for more than one criterion or other weights.
    """
    if compared["criterion"].n_unique() > 1:
        raise ValueError("kappa speaks of one criterion; filter `compared` to one of them")
    pairs = compared.filter((pl.col("ours_low") == pl.col("ours_high")) & pl.col("theirs").is_not_null())
    pairs = pairs.sort("patient", "infusion", "period", "theirs")
    people = pairs["patient"].rank("dense").to_numpy().astype(int) - 1
    codes, tables = _tables(pairs["ours_low"].to_numpy(), pairs["theirs"].to_numpy(), people)
    distance = _distance(codes, weights)
    whole = _kappas(tables.sum(axis=0, keepdims=True), distance)[0]
    n = tables.shape[0] if pairs.height else 0
    kappa = None if np.isnan(whole) else float(whole)
    if n < LEAST_PEOPLE or kappa is None:
        return Kappa(kappa, None, None, pairs.height, n, 0)
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    drawn = _kappas(np.tensordot(times, tables, axes=1), distance)
    kept = drawn[~np.isnan(drawn)]
    tail = (1 - level) / 2
    low, high = np.quantile(kept, [tail, 1 - tail]) if kept.size else (None, None)
    ends = [None if end is None else float(end) for end in (low, high)]
    return Kappa(kappa, ends[0], ends[1], pairs.height, n, int(draws - kept.size))


def _tables(ours: Any, theirs: Any, people: Any) -> tuple[Any, Any]:
    """The grades that occur, and one table of counts (ours by theirs) per patient."""
    codes, place = np.unique(np.concatenate([ours, theirs]), return_inverse=True)
    k, n = len(codes), int(people.max()) + 1 if len(people) else 1
    tables = np.zeros((n, k, k))
    np.add.at(tables, (people, place[: len(ours)], place[len(ours) :]), 1)
    return codes, tables


def _distance(codes: Any, weights: Weights) -> Any:
    if weights not in WEIGHTS:
        raise ValueError(f"weights: allowed are {', '.join(WEIGHTS)}; choose one of them")
    apart = np.abs(codes[:, None] - codes[None, :])
    return apart if weights == "linear" else apart**2


def _kappas(tables: Any, distance: Any) -> Any:
    """Kappa of each table of counts, NaN where chance allows no disagreement."""
    total = tables.sum(axis=(1, 2))
    by_chance = np.einsum("bi,bj,ij->b", tables.sum(axis=2), tables.sum(axis=1), distance)
    seen = (tables * distance).sum(axis=(1, 2)) * total
    return 1 - np.divide(seen, by_chance, out=np.full(len(total), np.nan), where=by_chance > 0)
