"""Prints how the inference did against known truth: python calibration/inference_report.py FILE ... --gains FILE ...

Takes the rows of `inference.py` and writes docs/inference-scores.md: coverage with its binomial interval, uniformity of
ranks, scores of the attribution beside the base-rate answer, and from `--gains` (rows of `scans` and of `scans+...`,
the same patients) what each added test gains.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.stats import binomtest, kstest

from carsequel.inference.weights import with_one_more
from carsequel.mechanism.counterfactual import SIX

PAGE = Path(__file__).parent.parent / "docs" / "inference-scores.md"
LEVELS = (0.5, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--gains", nargs="*", type=Path, default=[])
    parser.add_argument("--note", default="", help="date, commit, machine")
    asked = parser.parse_args()
    text = page(_frames(asked.files), _frames(asked.gains), asked.note)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


def _frames(files: list[Path]) -> list[pl.DataFrame]:
    if not files:
        return []
    rows = pl.concat([pl.read_parquet(file) for file in files], how="diagonal_relaxed")
    return rows.partition_by("situation", maintain_order=True)


def page(frames: list[pl.DataFrame], gains: list[pl.DataFrame], note: str) -> str:
    """Give the page from one frame a data situation, and one for each added test."""
    parts = [INTRODUCTION.format(note=note or "date and commit not said")]
    parts += ["## Coverage\n\n" + COVERAGE_HEAD + "".join(_coverage(frame) for frame in frames)]
    parts += ["## Failure by half a year, one, two years\n\n" + FORECAST_HEAD + "".join(map(_forecasts, frames))]
    parts += ["## Which cause accounts for most\n\n" + CAUSE_HEAD + "".join(map(_first, frames))]
    parts += ["## Causes present\n\n" + PRESENT_HEAD + "".join(map(_present, frames))]
    if gains:
        parts += ["## What each added test gains\n\n" + GAINS_HEAD + _gains(gains)]
    return "\n".join(parts)


INTRODUCTION = """# How well the inference does where the truth is known

Printed by `python calibration/inference_report.py`; rows from `python calibration/inference.py`. Last result: {note}.

SYNTHETIC patients of the LBCL axi-cel population, drawn on a seed that the bank does not use, seen through three data
situations (`inference/situations.csv`). The answers are calibrated under the simulator. **No claim about patients**
follows until an outside cohort with adjudicated causes exists.
"""
COVERAGE_HEAD = """Intervals should cover 50 and 90 %; `KS p` tests that the ranks are uniform (many are tested: read
single small values with that in mind).

| situation | quantity | patients | covered by 50 % | covered by 90 % | KS p |
|---|---|---|---|---|---|
"""
FORECAST_HEAD = """\
Among those free of failure at their last visit. The error of calibration is the mean distance of predicted and
observed shares over tenths; `by chance` is what a perfect answer would show with so few patients.

| situation | by day | patients | failed | mean p | Brier | (base rate) | calibration error | by chance |
|---|---|---|---|---|---|---|---|---|
"""
CAUSE_HEAD = """\
Failures; the truth is the cause with the largest exact Shapley share at the true parameters. `balanced` is the mean
recall over the causes when the most probable is named, as the page does: rare causes are then hardly ever named. `by
rarity` is the mean recall when the cause is named whose probability is highest *against its base rate*, the rule that
a balanced accuracy asks for; the published analysis of this model (balanced classes, parameters of one set known, all
of peak, day 28, aplasia, antigen, burden and time) reaches 0.52, chance is 0.17.
It calls that an upper limit: it learns from labelled patients of one parameter set, while here the parameters, the
set and the scale of the noise of each patient are open, and a rare cause has a few dozen failures.

| situation | failures | accuracy | balanced | by rarity | Brier | (base) | log loss | (base) | error | by chance |
|---|---|---|---|---|---|---|---|---|---|---|
"""
PRESENT_HEAD = """\
| situation | cause | failures | present | mean p | Brier | (base rate) | calibration error | by chance |
|---|---|---|---|---|---|---|---|---|
"""
GAINS_HEAD = """\
Failures of the same patients, seen by the scans' responses and the day of failure, and with one measure added (all of
its days in the rich situation). Gain: log loss against that of the scans alone, with a 95 % interval of the paired
bootstrap over patients, in bits; above zero is better.

| seen | failures | accuracy | by rarity | Brier | log loss (bits) | gain (bits) |
|---|---|---|---|---|---|---|
"""


def _coverage(frame: pl.DataFrame) -> str:
    lines = ""
    for name in [name for name in frame.columns if name.startswith("rank_")]:
        own = frame.filter(pl.col(name).is_not_null())
        ranks = with_one_more(own[name].to_numpy(), own["effective"].to_numpy())  # as the quantiles that are printed
        cells = [_share(np.abs(ranks - 0.5) <= level / 2) for level in LEVELS]
        p = kstest(ranks, "uniform").pvalue
        lines += f"| {frame['situation'][0]} | {name[5:]} | {ranks.size} | {cells[0]} | {cells[1]} | {p:.3f} |\n"
    return lines


def _share(hits: np.ndarray) -> str:
    low, high = binomtest(int(hits.sum()), hits.size).proportion_ci(0.95, "wilson")
    return f"{100 * hits.mean():.1f} ({100 * low:.1f}-{100 * high:.1f})"


def _forecasts(frame: pl.DataFrame) -> str:
    lines = ""
    for name in [name for name in frame.columns if name.startswith("p_fail_")]:
        rows = frame.filter(pl.col(name).is_not_null())
        p, y = rows[name].to_numpy(), rows["failed_" + name[7:]].cast(pl.Float64).to_numpy()
        base = y.mean() * (1 - y.mean())
        lines += (
            f"| {frame['situation'][0]} | {name[7:]} | {y.size} | {y.mean():.3f} | {p.mean():.3f} | "
            f"{np.mean((p - y) ** 2):.3f} | {base:.3f} | {calibration_error(p, y):.3f} | "
            f"{error_by_chance(p):.3f} |\n"
        )
    return lines


def calibration_error(p: np.ndarray, y: np.ndarray, bins: int = 10) -> float:
    """Give the mean distance of predicted and observed shares over bins of equal size, weighted by size."""
    order = np.array_split(np.argsort(p), bins)
    return float(sum(part.size * abs(p[part].mean() - y[part].mean()) for part in order if part.size) / p.size)


def error_by_chance(p: np.ndarray, times: int = 200) -> float:
    """Give the calibration error that probabilities would show if every one of them were right."""
    random = np.random.default_rng(3)
    return float(np.mean([calibration_error(p, (random.random(p.size) < p).astype(float)) for _ in range(times)]))


def _failures(frame: pl.DataFrame) -> pl.DataFrame:
    if "p_first_antigen_loss" not in frame.columns:
        return frame.clear()
    known = [pl.col(f"{kind}_{name}").is_not_nan() for name in SIX for kind in ("p_first", "true")]
    return frame.filter(pl.col("p_first_antigen_loss").is_not_null(), *known)


class Told(NamedTuple):
    """What was said about the first cause: probabilities and truth [n, 6] (ties share), log loss in bits [n] of the
    answer and of the base rate."""

    p: np.ndarray
    y: np.ndarray
    bits: np.ndarray
    base_bits: np.ndarray


def _told(rows: pl.DataFrame) -> Told:
    p = np.stack([rows[f"p_first_{name}"].to_numpy() for name in SIX], axis=1)
    true = np.stack([rows[f"true_{name}"].to_numpy() for name in SIX], axis=1)
    best = (true >= true.max(axis=1, keepdims=True) - 1e-9) & (true.max(axis=1, keepdims=True) > 0)
    y = best / np.maximum(best.sum(axis=1, keepdims=True), 1)
    smooth = (p * 48 + 0.5) / (48 + 3)  # draws of the posterior; nothing is said to be impossible
    bits = [-(y * np.log2(np.maximum(q, 1e-9))).sum(axis=1) for q in (smooth, np.broadcast_to(y.mean(axis=0), y.shape))]
    return Told(p, y, *bits)


def _recall(told: Told, by_rarity: bool) -> float:
    """Mean recall over the causes when the most probable is named, or the one highest against its mean probability."""
    said = (told.p / told.p.mean(axis=0) if by_rarity else told.p).argmax(axis=1)
    is_ = told.y.argmax(axis=1)
    return float(np.mean([(said[is_ == each] == each).mean() for each in np.unique(is_)]))


def _accuracy(told: Told) -> float:
    return float((told.p.argmax(axis=1) == told.y.argmax(axis=1)).mean())


def _brier(p: np.ndarray, y: np.ndarray) -> float:
    return float(np.mean(((p - y) ** 2).sum(axis=1)))


def _first(frame: pl.DataFrame) -> str:
    rows = _failures(frame)
    if rows.is_empty():
        return ""
    told = _told(rows)
    base = np.broadcast_to(told.y.mean(axis=0), told.y.shape)
    errors = [calibration_error(told.p[:, at], told.y[:, at]) for at in range(len(SIX))]
    chance = [error_by_chance(told.p[:, at]) for at in range(len(SIX))]
    nats = np.log(2) * np.array([told.bits.mean(), told.base_bits.mean()])
    return (
        f"| {frame['situation'][0]} | {rows.height} | {_accuracy(told):.3f} | {_recall(told, False):.3f} | "
        f"{_recall(told, True):.3f} | {_brier(told.p, told.y):.3f} | {_brier(base, told.y):.3f} | {nats[0]:.3f} | "
        f"{nats[1]:.3f} | {np.mean(errors):.3f} | {np.mean(chance):.3f} |\n"
    )


def _gains(frames: list[pl.DataFrame]) -> str:
    """One line a situation, the scans alone first; patients that every situation has."""
    scored = {frame["situation"][0]: _failures(frame) for frame in frames}
    every = [set(rows["patient"]) for rows in scored.values()]
    kept = sorted(set.intersection(*every))
    told = {name: _told(rows.filter(pl.col("patient").is_in(kept)).sort("patient")) for name, rows in scored.items()}
    lines, random = "", np.random.default_rng(5)
    for name, own in told.items():
        gain = told["scans"].bits - own.bits
        means = gain[random.integers(0, gain.size, (2000, gain.size))].mean(axis=1)
        low, high = np.quantile(means, (0.025, 0.975))
        said = "reference" if name == "scans" else f"{gain.mean():+.2f} ({low:+.2f} to {high:+.2f})"
        lines += (
            f"| {name} | {len(kept)} | {_accuracy(own):.3f} | {_recall(own, True):.3f} | {_brier(own.p, own.y):.3f} | "
            f"{own.bits.mean():.2f} | {said} |\n"
        )
    return lines


def _present(frame: pl.DataFrame) -> str:
    lines = ""
    for name in [name for name in frame.columns if name.startswith("p_present_")]:
        rows = frame.filter(pl.col(name).is_not_null())
        p, y = rows[name].to_numpy(), rows[name[2:]].cast(pl.Float64).to_numpy()
        lines += (
            f"| {frame['situation'][0]} | {name[10:]} | {y.size} | {y.mean():.3f} | {p.mean():.3f} | "
            f"{np.mean((p - y) ** 2):.3f} | {y.mean() * (1 - y.mean()):.3f} | {calibration_error(p, y):.3f} | "
            f"{error_by_chance(p):.3f} |\n"
        )
    return lines


if __name__ == "__main__":
    main()
