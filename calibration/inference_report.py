"""Prints how the inference did against known truth: python calibration/inference_report.py FILE [FILE ...].

Takes the rows of `inference.py` and writes docs/inference-scores.md: coverage with its binomial interval, uniformity of
ranks, scores of the attribution beside the base-rate answer.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import binomtest, kstest

from carsequel.mechanism.counterfactual import SIX

PAGE = Path(__file__).parent.parent / "docs" / "inference-scores.md"
LEVELS = (0.5, 0.9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--note", default="", help="date, commit, machine")
    asked = parser.parse_args()
    rows = pl.concat([pl.read_parquet(file) for file in asked.files], how="diagonal_relaxed")
    frames = rows.partition_by("situation", maintain_order=True)
    text = page(frames, asked.note)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


def page(frames: list[pl.DataFrame], note: str) -> str:
    """Give the page from one frame a data situation."""
    parts = [INTRODUCTION.format(note=note or "date and commit not said")]
    parts += ["## Coverage\n\n" + COVERAGE_HEAD + "".join(_coverage(frame) for frame in frames)]
    parts += ["## Failure by half a year, one, two years\n\n" + FORECAST_HEAD + "".join(map(_forecasts, frames))]
    parts += ["## Which cause accounts for most\n\n" + CAUSE_HEAD + "".join(map(_first, frames))]
    parts += ["## Causes present\n\n" + PRESENT_HEAD + "".join(map(_present, frames))]
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
FORECAST_HEAD = """Among those free of failure at their last visit. Slope and error of calibration by tenths.

| situation | by day | patients | failed | mean p | Brier | Brier of the base rate | calibration error |
|---|---|---|---|---|---|---|---|
"""
CAUSE_HEAD = """Failures; the truth is the cause with the largest exact Shapley share at the true parameters.

| situation | failures | accuracy | balanced | Brier | (base rate) | log loss | (base rate) | calibration error |
|---|---|---|---|---|---|---|---|---|
"""
PRESENT_HEAD = """| situation | cause | failures | present | mean p | Brier | of the base rate | calibration error |
|---|---|---|---|---|---|---|---|
"""


def _coverage(frame: pl.DataFrame) -> str:
    lines = ""
    for name in [name for name in frame.columns if name.startswith("rank_")]:
        ranks = frame[name].drop_nulls().to_numpy()
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
            f"{np.mean((p - y) ** 2):.3f} | {base:.3f} | {calibration_error(p, y):.3f} |\n"
        )
    return lines


def calibration_error(p: np.ndarray, y: np.ndarray, bins: int = 10) -> float:
    """Give the mean distance of predicted and observed shares over bins of equal size, weighted by size."""
    order = np.array_split(np.argsort(p), bins)
    return float(sum(part.size * abs(p[part].mean() - y[part].mean()) for part in order if part.size) / p.size)


def _failures(frame: pl.DataFrame) -> pl.DataFrame:
    if "p_first_antigen_loss" not in frame.columns:
        return frame.clear()
    known = [pl.col(f"{kind}_{name}").is_not_nan() for name in SIX for kind in ("p_first", "true")]
    return frame.filter(pl.col("p_first_antigen_loss").is_not_null(), *known)


def _first(frame: pl.DataFrame) -> str:
    rows = _failures(frame)
    if rows.is_empty():
        return ""
    p = np.stack([rows[f"p_first_{name}"].to_numpy() for name in SIX], axis=1)
    true = np.stack([rows[f"true_{name}"].to_numpy() for name in SIX], axis=1)
    best = (true >= true.max(axis=1, keepdims=True) - 1e-9) & (true.max(axis=1, keepdims=True) > 0)
    y = best / np.maximum(best.sum(axis=1, keepdims=True), 1)
    smooth = (p * 48 + 0.5) / (48 + 3)  # draws of the posterior; nothing is said to be impossible
    base = np.broadcast_to(y.mean(axis=0), y.shape)
    said, is_ = p.argmax(axis=1), y.argmax(axis=1)
    recall = np.mean([(said[is_ == each] == each).mean() for each in np.unique(is_)])
    brier = [np.mean(((q - y) ** 2).sum(axis=1)) for q in (p, base)]
    loss = [-np.mean((y * np.log(np.maximum(q, 1e-9))).sum(axis=1)) for q in (smooth, base)]
    error = np.mean([calibration_error(p[:, at], y[:, at]) for at in range(len(SIX))])
    return (
        f"| {frame['situation'][0]} | {rows.height} | {(said == is_).mean():.3f} | {recall:.3f} | {brier[0]:.3f} | "
        f"{brier[1]:.3f} | {loss[0]:.3f} | {loss[1]:.3f} | {error:.3f} |\n"
    )


def _present(frame: pl.DataFrame) -> str:
    lines = ""
    for name in [name for name in frame.columns if name.startswith("p_present_")]:
        rows = frame.filter(pl.col(name).is_not_null())
        p, y = rows[name].to_numpy(), rows[name[2:]].cast(pl.Float64).to_numpy()
        lines += (
            f"| {frame['situation'][0]} | {name[10:]} | {y.size} | {y.mean():.3f} | {p.mean():.3f} | "
            f"{np.mean((p - y) ** 2):.3f} | {y.mean() * (1 - y.mean()):.3f} | {calibration_error(p, y):.3f} |\n"
        )
    return lines


if __name__ == "__main__":
    main()
