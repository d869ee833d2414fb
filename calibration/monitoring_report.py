"""Makes docs/monitoring.md and its figure from rows of monitoring.py: python calibration/monitoring_report.py ROWS."""

import argparse
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binomtest, rankdata

from inference_report import calibration_error
from monitoring import BY, LANDMARKS, SCHEDULES

DOCS = Path(__file__).parent.parent / "docs"
SURE = 0.9
FEW = 40.0
DRAWS = 200
COLOURS = ("#999999", "#56B4E9", "#E69F00", "#009E73")
MARKERS = ("o", "s", "^", "D")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    asked = parser.parse_args()
    rows = pl.read_parquet(asked.file).with_columns(pl.col("failed").cast(pl.Float64))
    text = page(rows)
    (DOCS / "monitoring.md").write_text(text, encoding="utf-8")
    draw(rows, DOCS / "monitoring.svg")
    print(text)


def page(rows: pl.DataFrame) -> str:
    """Give the page."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    note = f"{datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip()} and what stood in the folder"
    people = rows.filter((pl.col("schedule") == SCHEDULES[0]) & (pl.col("landmark") == LANDMARKS[0]))
    visited = rows.group_by("patient").agg(pl.col("visits").max())["visits"].gt(0).sum()
    text = INTRODUCTION.format(note=note, n=people.height, failing=int(people["failed"].sum()), visited=visited)
    text += "".join(line(*part) for part in parts(rows)) + EVER_HEAD
    return text + "".join(ever(name, rows.filter(pl.col("schedule") == name)) for name in SCHEDULES) + PLANS + plans()


def parts(rows: pl.DataFrame) -> Iterator[tuple[str, float, pl.DataFrame]]:
    """Give the rows of each landmark and schedule."""
    for day in LANDMARKS:
        for name in SCHEDULES:
            yield name, day, rows.filter((pl.col("schedule") == name) & (pl.col("landmark") == day))


def line(name: str, day: float, rows: pl.DataFrame) -> str:
    """Give a line of the first table."""
    p, y = rows["p"].to_numpy(), rows["failed"].to_numpy()
    low, high = auc_range(p, y)
    sure = p >= SURE
    return (
        f"| {day:g} | {name} | {y.size} | {y.mean():.2f} | {auc(p, y):.2f} ({low:.2f}-{high:.2f}) | "
        f"{np.mean((p - y) ** 2):.3f} | {y.mean() * (1 - y.mean()):.3f} | {calibration_error(p, y):.3f} | "
        f"{counted(sure[y == 1])} | {counted(y[sure] == 1)} | {rows['effective'].median():.0f} | "
        f"{100 * (rows['effective'] < FEW).mean():.0f} |\n"
    )


def ever(name: str, rows: pl.DataFrame) -> str:
    """Give a line of the second table: whoever was ever called with certainty before the failure."""
    alarm = rows.filter(pl.col("p") >= SURE).group_by("patient").agg(first=pl.col("landmark").min())
    whole = rows.unique("patient").join(alarm, on="patient", how="left")
    failing, lasting = whole.filter(pl.col("failed") == 1), whole.filter(pl.col("failed") == 0)
    early = failing.filter(pl.col("first").is_not_null())
    lead = (early["failure_day"] - early["first"]).to_numpy()
    low, middle, high = np.quantile(lead, (0.25, 0.5, 0.75)) if lead.size else (np.nan,) * 3
    return (
        f"| {name} | {counted(failing['first'].is_not_null().to_numpy())} | "
        f"{counted(lasting['first'].is_not_null().to_numpy())} | {middle:.0f} ({low:.0f}-{high:.0f}) |\n"
    )


def auc(p: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Give the area under the curve; ties count half.

    >>> auc(np.array([0.1, 0.9, 0.5]), np.array([0.0, 1.0, 0.0]))
    1.0
    """
    ones = int(y.sum())
    if ones in (0, y.size):
        return float("nan")
    return float((rankdata(p)[y == 1].sum() - ones * (ones + 1) / 2) / (ones * (y.size - ones)))


def auc_range(p: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Give the 95 % bootstrap interval of the area."""
    random = np.random.default_rng(5)
    drawn = [auc(p[at], y[at]) for at in random.integers(0, y.size, (DRAWS, y.size))]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def counted(hits: NDArray[np.bool_]) -> str:
    """Give a share in percent with its 95 % interval and the number it is of."""
    if not hits.size:
        return "none of 0"
    low, high = binomtest(int(hits.sum()), hits.size).proportion_ci(0.95, "wilson")
    return f"{100 * hits.mean():.0f} ({100 * low:.0f}-{100 * high:.0f}) of {hits.size}"


def plans() -> str:
    """Give the rows of monitoring.csv as a table."""
    table = pl.read_csv(Path(__file__).with_name("monitoring.csv"), infer_schema=False).fill_null("")
    lines = ["| " + " | ".join(row) + " |\n" for row in table.iter_rows()]
    return "| " + " | ".join(table.columns) + " |\n" + "|---" * table.width + "|\n" + "".join(lines)


def draw(rows: pl.DataFrame, file: Path) -> None:
    """Draw how well and how surely failure is called, by landmark and schedule."""
    plt.rcParams.update({"svg.hashsalt": "carsequel", "font.size": 9, "svg.fonttype": "none"})
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
    for name, colour, marker in zip(SCHEDULES, COLOURS, MARKERS, strict=True):
        own = [(day, part) for which, day, part in parts(rows) if which == name]
        days = [day for day, _ in own]
        values = [(part["p"].to_numpy(), part["failed"].to_numpy()) for _, part in own]
        style = {"color": colour, "marker": marker, "label": name, "markersize": 4.5}
        left.plot(days, [auc(p, y) for p, y in values], **style)
        middle.plot(days, [1 - np.mean((p - y) ** 2) / np.mean((y - y.mean()) ** 2) for p, y in values], **style)
        right.plot(days, [100 * np.mean(p[y == 1] >= SURE) for p, y in values], **style)
    left.axhline(0.5, color="#cccccc", linewidth=0.8, zorder=0)
    middle.axhline(0.0, color="#cccccc", linewidth=0.8, zorder=0)
    titles = ("Area under the curve", "Brier skill against the base rate", f"Failures called with P ≥ {SURE:g} (%)")
    for axes, title in zip((left, middle, right), titles, strict=True):
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("day of the forecast")
        axes.set_xticks(list(LANDMARKS))
        axes.spines[["top", "right"]].set_visible(False)
    right.set_ylim(bottom=0)
    left.legend(frameon=False, title="monitoring", loc="best")
    figure.suptitle(f"SYNTHETIC patients: failure by day {BY:g}, among those alive and free of it on the day")
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


INTRODUCTION = """# How early failure can be called

Printed by `python calibration/monitoring_report.py`; rows from `python calibration/monitoring.py`. Last result: {note}.

![Area under the curve, Brier skill and share of failures called surely, by day and monitoring schedule](monitoring.svg)

SYNTHETIC patients of the LBCL axi-cel population ({n} alive and free of failure on day 7, of whom the disease of {failing}
fails by day 365), on a seed that the bank does not use. They are watched under nested schedules: `labs` (volume before
lymphodepletion, LDH and B cells every week), `+ CAR T` (levels on days 7 to 90), `+ scans` (volume on days 30 and 90),
`+ ctDNA` (something in proportion to the burden every two weeks); the days stand below. Symptoms bring visits (LDH and a
scan) before the failure by chance, once the burden has grown above 1.2 times the baseline. The rules call such a burden
a failure from day 14 on, so that a visit is soon followed by the failure itself: {visited} patients have had one by a day
on which a forecast is made.

On each day the bank of 30,000 virtual patients, weighed by what was seen until then, gives the probability that the
disease fails by day 365 if nobody dies of something else. **A confirming scan never predicts itself**: only patients
still free of failure after that day are asked about, and nothing of the day of failure is used. Patients who died of
something else before the day are left out; later deaths do not change what is counted.

The forecasts are calibrated under the simulator, which made the data too: read the difference between schedules, not
the level. **No claim about patients.** See [wrong-model.md](wrong-model.md) for data of other models.

Sensitivity and positive predictive value: of a forecast of at least 0.9, in percent with 95 % intervals (Wilson); those
of the area by bootstrap. `effective`: median of bank patients behind a forecast, and the share of forecasts that rest on
fewer than 40 of them: the bank is too coarse for those, and their probability is noisy.

| day | schedule | patients | failed | area under the curve | Brier | of the base rate | calibration error | sensitivity at 0.9 | predictive value | effective | below 40 (%) |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""  # noqa: E501
EVER_HEAD = """
## Called surely before it happened

Whoever had a forecast of at least 0.9 on any of the days before the failure. Lead: days from the first such forecast to
the day on which the rules call the failure (a scan, or growth between scans), median and quartiles, among those called.

| schedule | failures called | called though free of it on day 365 | lead (days) |
|---|---|---|---|
"""
PLANS = """
## What is measured when (`calibration/monitoring.csv`)

"""

if __name__ == "__main__":
    main()
