"""Which test would tell most: the information that its result is expected to bring about the cause and the failure."""

from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.causes.modelled import Shares
from carsequel.inference.antigen import log_antigen
from carsequel.inference.fit import Fit
from carsequel.inference.likelihood import log_series
from carsequel.inference.numbers import measures, number
from carsequel.inference.predict import predicted
from carsequel.inference.reading import ANY_UNIT
from carsequel.mechanism.counterfactual import SIX
from carsequel.terms.tables import read_table

Floats = NDArray[np.float64]
BY: Final = 365.0
OUTCOMES: Final = 400  # simulated results of a test, at most
PSEUDO: Final = 0.5
LEAST: Final = 0.03  # what so few draws tell by accident
SEED: Final = 11


@cache
def test_rows() -> pl.DataFrame:
    """Give the tests that a centre could order: test, measure, diseases, when (failed, free, any), burden, takes,
    decides, status, source, note."""
    return read_table("carsequel.causes", "tests.csv")


def weigh_tests(fit: Fit, shares: Shares | None) -> pl.DataFrame:
    """Give the tests of a disease, the most telling first: test, about_cause and about_failure (expected information in
    bits; null where it is not asked), of (the most that could be learned), burden, takes, decides, status.

    About the cause (which of the six accounts for most) once the disease has failed, with the shares of its draws;
    about a failure within a year as long as it has not. A result is simulated from each draw and judged by the others,
    so that a test that tells nothing has none.
    """
    random = np.random.default_rng(SEED)
    failed = fit.seen.failure.state == "failed"
    places, classes = _asked(fit, shares if failed else None)
    day = fit.seen.failure.day if failed else fit.seen.as_of
    most = _entropy(classes.mean(axis=0))
    rows = []
    own = pl.col("diseases").str.split(" ").list.contains(fit.disease)
    now = pl.col("when").is_in(["any", "failed" if failed else "free"])
    for row in test_rows().filter(own & now).iter_rows(named=True):
        bits = _expected(_log_results(fit, places, row["measure"], day, random), classes) if places.size > 1 else 0.0
        about = {"about_cause": bits, "about_failure": None} if failed else {"about_cause": None, "about_failure": bits}
        rows.append({"test": row["test"], **about, "of": most, "burden": row["burden"], "takes": row["takes"],
                     "decides": row["decides"], "status": row["status"], "bits": bits})  # fmt: skip
    frame = pl.DataFrame(rows, schema_overrides={"about_cause": pl.Float64, "about_failure": pl.Float64})
    return frame.sort("bits", descending=True, maintain_order=True).drop("bits")


def best_test(tests: pl.DataFrame) -> dict[str, Any]:
    """Give the most telling test in the shape of the answer: test, why, decides; none where no test tells anything."""
    if tests.is_empty():
        return {"test": None, "why": "no test of this disease is known to the model", "decides": None}
    first = tests.row(0, named=True)
    about = "the cause" if first["about_cause"] is not None else "a failure within a year"
    bits = first["about_cause"] if first["about_cause"] is not None else first["about_failure"]
    if bits < LEAST:
        why = f"no single test is expected to tell anything more about {about} (of {first['of']:.2f} bits open)"
        return {"test": None, "why": why, "decides": None}
    why = f"expected to bring {bits:.2f} of the {first['of']:.2f} bits that are open about {about}; {first['burden']}"
    return {"test": first["test"], "why": why, "decides": first["decides"]}


def _asked(fit: Fit, shares: Shares | None) -> tuple[NDArray[np.int64], Floats]:
    """Draws, and for each the probabilities [m, classes] of what is asked about."""
    if shares is not None:
        table = np.stack([shares.values[name] for name in SIX], axis=1)
        best = (table >= table.max(axis=1, keepdims=True) - 1e-9).astype(np.float64)
        return shares.places, best / np.maximum(best.sum(axis=1, keepdims=True), 1.0)
    places = fit.draws(OUTCOMES)
    places = places[fit.paths.failure_day[places] > fit.seen.as_of]
    fails = (fit.paths.failure_day[places] <= BY).astype(np.float64)
    return places, np.stack([fails, 1 - fails], axis=1)


def _log_results(fit: Fit, places: NDArray[np.int64], measure: str, day: float, random: np.random.Generator) -> Floats:
    """ln probability [results, draws] of each simulated result under each draw; result i comes from draw i."""
    paths = fit.paths.only(places)
    if measure == "antigen":
        wrong = number("antigen_error")
        rows = {"measure": "antigen", "day": day, "value": wrong, "text": "negative"}
        negative = np.exp(log_antigen(paths, pl.DataFrame([rows])))
        said = random.random(places.size) < negative
        return np.log(np.where(said[:, None], negative[None, :], 1 - negative[None, :]))
    kind = measures()[measure]
    logs = np.asarray(predicted(paths, measure, day), dtype=np.float64)
    shift = 0.0 if kind.unit == ANY_UNIT else kind.shift  # read against a sample of the patient's own baseline
    spread = float(np.hypot(kind.spread, shift))
    results = logs + spread * random.standard_normal(logs.size)
    if kind.limit is None:
        return log_series(results[:, None] - logs[None, :], spread)
    low = results < np.log(kind.limit)
    found = log_series(np.where(low, np.log(kind.limit), results)[:, None] - logs[None, :], spread)
    below = log_series(np.log(kind.limit) - logs, spread, below=True)
    return np.where(low[:, None], below[None, :], found)


def _expected(log_results: Floats, classes: Floats) -> float:
    """Information in bits: how much better the class of each draw is told by the other draws with its result known."""
    weights = np.exp(log_results - log_results.max(axis=1, keepdims=True))
    np.fill_diagonal(weights, 0.0)
    others = weights.sum(axis=1, keepdims=True)
    total = classes.sum(axis=0)
    before = (total[None, :] - classes + PSEUDO * total / total.sum()) / (total.sum() - 1 + PSEUDO)
    effective = others**2 / np.maximum((weights**2).sum(axis=1, keepdims=True), 1e-300)
    told = weights @ classes / np.maximum(others, 1e-300)
    after = (effective * told + PSEUDO * before) / (effective + PSEUDO)
    gain = classes * (np.log2(np.maximum(after, 1e-12)) - np.log2(np.maximum(before, 1e-12)))
    return float(max(gain.sum(axis=1).mean(), 0.0))


def _entropy(shares: Floats) -> float:
    kept = shares[shares > 0]
    return float(-(kept * np.log2(kept)).sum())
