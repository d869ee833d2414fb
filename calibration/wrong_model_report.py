"""Makes docs/wrong-model.md from rows of `wrong_model.py`: python calibration/wrong_model_report.py FILE [FILE ...]."""

import argparse
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import binomtest

from carsequel.inference.trust import MARKS
from carsequel.mechanism.published import read_published
from carsequel.services.banks import bank_for
from inference_report import calibration_error
from wrong_model import ASSUMED, BY, SOURCES, spread_of

PAGE = Path(__file__).parent.parent / "docs" / "wrong-model.md"
FEW = 40.0
LIKELY = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    asked = parser.parse_args()
    text = page([pl.read_parquet(file) for file in asked.files])
    PAGE.write_text(text, encoding="utf-8")
    print(text)


def page(frames: list[pl.DataFrame]) -> str:
    """Give the page from one frame a sort of data and way of fitting."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    note = f"{datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip()} and what stood in the folder"
    first = frames[0]
    text = INTRODUCTION.format(note=note, situation=first["situation"][0], bank=f"{first['bank'][0]:,}")
    text += TRUST_HEAD + "".join(map(trust_line, frames)) + SCORE_HEAD + "".join(map(score_line, frames))
    text += MARK_HEAD + "".join(line for frame in frames if not frame["enough"][0] for line in mark_lines(frame))
    spreads = "".join(f"| {name} | {parameter} | {value} |\n" for name, parameter, value in spread_rows())
    return text + READING_HEAD + "".join(readings(frames)) + SPREAD_HEAD + spreads


def named(rows: pl.DataFrame) -> str:
    """Give what the data are and how they were fitted."""
    how = f"refined to {rows['enough'][0]:g}" if rows["enough"][0] else "bank alone"
    data = rows["data"][0]
    return f"{'composite, as ' + data.removeprefix('own_') if data.startswith('own_') else data} | {how}"


def trust_line(rows: pl.DataFrame) -> str:
    """Give one line of the first table."""
    fitted = rows.filter(pl.col("crash").is_null())
    marks = [f"{100 * (fitted['trust'] == mark).mean():.0f}" for mark in MARKS]
    return (
        f"| {named(rows)} | {rows.height} | {rows.height - fitted.height} | {' / '.join(marks)} | "
        f"{fitted['noisier'].mean():.2f} | {100 * (fitted['noisier'] > LIKELY).mean():.0f} | "
        f"{100 * (fitted['noisiest'] > LIKELY).mean():.0f} | {100 * (fitted['effective'] < FEW).mean():.0f} | "
        f"{fitted['k_hat'].median():.2f} |\n"
    )


def score_line(rows: pl.DataFrame) -> str:
    """Give one line of the second table."""
    asked = rows.filter(pl.col("p").is_not_null())
    p, y, bank = asked["p"].to_numpy(), asked["failed"].to_numpy(), bank_rate(asked)
    hedged = np.where(asked["noisiest"].to_numpy() > LIKELY, bank, p)
    briers = [np.mean((each - y) ** 2) for each in (p, np.full(y.size, y.mean()), bank, hedged)]
    return (
        f"| {named(rows)} | {int(rows['ahead'].sum())} | {share(rows, 'inside')} | {share(rows, 'inside_noisy')} | "
        f"{y.size} | {y.mean():.2f} | {p.mean():.2f} | {' | '.join(f'{each:.3f}' for each in briers)} | "
        f"{calibration_error(p, y):.2f} |\n"
    )


def mark_lines(rows: pl.DataFrame) -> Iterator[str]:
    """Give the lines of the third table."""
    for mark in MARKS:
        own = rows.filter((pl.col("trust") == mark) & pl.col("p").is_not_null())
        if own.is_empty():
            continue
        p, y = own["p"].to_numpy(), own["failed"].to_numpy()
        yield (
            f"| {named(own).split(' | ')[0]} | {mark} | {own.height} | {share(own, 'inside')} | "
            f"{share(own, 'inside_noisy')} | {y.mean():.2f} | {p.mean():.2f} | {np.mean((p - y) ** 2):.3f} | "
            f"{np.mean((bank_rate(own) - y) ** 2):.3f} |\n"
        )


def readings(frames: list[pl.DataFrame]) -> Iterator[str]:
    """Give in words how the fit of each other model's data compares with that of the model's own."""
    alone = {frame["data"][0]: frame for frame in frames if not frame["enough"][0]}
    for name in SOURCES:
        if not {name, f"own_{name}"} <= set(alone):
            continue
        (wrong, p), (own, own_p) = (brier(alone[each]) for each in (name, f"own_{name}"))
        good, own_good = (100 * (alone[each]["trust"] == "good").mean() for each in (name, f"own_{name}"))
        inside, own_inside = (share(alone[each], "inside").split()[0] for each in (name, f"own_{name}"))
        scaled = share(alone[name], "inside_noisy").split()[0]
        word = "better" if wrong < p else "worse"
        yield (
            f"- `{name}`: {good:.0f} % of the fits are marked good ({own_good:.0f} % of the model's own data). The "
            f"90 % band holds {inside} % of later measurements ({own_inside} %), {scaled} % with the noise at its "
            f"posterior scales. The forecast of failure is {word} than the base rate (Brier {wrong:.3f} against "
            f"{p:.3f}; own data {own:.3f} against {own_p:.3f}).\n"
        )
    crashed = sum(int(frame["crash"].is_not_null().sum()) for frame in frames)
    yield f"- {crashed} of {sum(frame.height for frame in frames)} fits ended in an error.\n"
    yield READING


def brier(rows: pl.DataFrame) -> tuple[float, float]:
    """Give the Brier score of the forecast and that of the base rate."""
    p, y = rows.drop_nulls("p")["p"].to_numpy(), rows.drop_nulls("p")["failed"].to_numpy()
    return float(np.mean((p - y) ** 2)), float(y.mean() * (1 - y.mean()))


def share(rows: pl.DataFrame, name: str) -> str:
    """Give the share of later measurements inside a band, with its 95 % interval, in percent."""
    inside, ahead = int(rows[name].sum()), int(rows["ahead"].sum())
    if not ahead:
        return "-"
    low, high = binomtest(inside, ahead).proportion_ci(0.95, "wilson")
    return f"{100 * inside / ahead:.0f} ({100 * low:.0f}-{100 * high:.0f})"


@cache
def failure_days(name: str, size: int) -> np.ndarray:
    """Give the days of failure of the bank that a sort of data is fitted with."""
    source = SOURCES[name.removeprefix("own_")]
    return np.asarray(bank_for(source.disease, source.product, size).paths.failure_day, dtype=np.float64)


def bank_rate(rows: pl.DataFrame) -> np.ndarray:
    """Give for each patient the share of the bank, free of failure on the day of the last measurement used, that fails
    by the horizon: the answer of somebody who knows the population and not the patient."""
    days = failure_days(rows["data"][0], rows["bank"][0])
    return np.array([np.mean(days[days > max(cut, 0.0)] <= BY) for cut in rows["cut"]])


def spread_rows() -> Iterator[tuple[str, str, str]]:
    """Give how each parameter was drawn."""
    for name, source in SOURCES.items():
        for row in read_published(name).parameters:
            spread = spread_of(source, row.low, row.high)
            if row.name in source.among:
                values = ", ".join(f"{value:g}" for value in source.among[row.name])
                yield name, row.name, f"about {values} equally often (curves of the paper); {ASSUMED} (assumed)"
            elif 0 < row.low < row.high:
                kept = ", kept inside that range" if row.name in source.inside else ""
                yield name, row.name, f"about {row.value:g}; {spread:.2f} from {row.low:g} to {row.high:g}{kept}"
            else:
                yield name, row.name, f"about {row.value:g}; {spread} (assumed)"


INTRODUCTION = """# What the inference does where its model is wrong

Printed by `python calibration/wrong_model_report.py`; rows from `python calibration/wrong_model.py`. Last result:
{note}.

SYNTHETIC patients of two published models that the composite model does not contain: `kimmel2021` (lymphoma, no
microenvironment, no lost antigen) fitted as LBCL with axi-cel, and `leon_triana2021` (leukaemia, every CAR T cell comes
from killing) fitted as B-ALL with tisa-cel; beside them as many patients of the composite model itself, on a seed that
the bank does not use. All are seen through the situation `{situation}` of `inference/situations.csv`, with its spreads,
shifts and limits; B cells are not read of `kimmel2021`, which has none, LDH not in leukaemia. Failure is called by the
rules of `mechanism/clinic.csv` on the burden. The last fifth of each patient's measurements, and all that happened
after, is left out and forecast. The bank has {bank} patients. **No claim about patients.**
"""
TRUST_HEAD = """
## Does the fit notice?

`noisier` is the posterior probability of the two larger scales of the noise (prior 0.15; the data are drawn with that
prior), `hardly fits` that of the largest alone (prior 0.03). `bank alone`: the bank weighed, without refinement.

| data | fit | patients | errors | good / fair / poor (%) | mean P(noisier) | P(noisier) > 0.5 (%) | P(hardly fits) > 0.5 (%) | effective < 40 (%) | median k-hat |
|---|---|---|---|---|---|---|---|---|---|
"""  # noqa: E501
SCORE_HEAD = """
## Is the forecast still worth anything?

Later measurements inside the 90 % band: as the page shows it (`expected_course`), and with the noise at its posterior
scales (95 % intervals by Wilson, measurements taken as independent). Then failure by day 365 of those free of it at the
last measurement used: Brier score of the forecast, of the base rate of these same patients (known only afterwards), of
the bank's rate on the same day without the patient's record, and of the forecast where the bank's rate replaces it for
records that probably hardly fit.

| data | fit | later measurements | in band as shown (%) | in band, noise scaled (%) | patients | failed | mean p | Brier | base rate | bank's rate | replaced | calibration error |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""  # noqa: E501
MARK_HEAD = """
## By the trust mark (bank alone)

| data | mark | patients | in band as shown (%) | in band, noise scaled (%) | failed | mean p | Brier | bank's rate |
|---|---|---|---|---|---|---|---|---|
"""
READING = """- So the fit notices a wrong model and does not break: where the largest scale of the noise is likely,
  forecast, presence and shares are mixed with those of the whole population, so that the answer falls back to the
  bank's rate and no further. It does not become right: the band still holds fewer later measurements than it says,
  and a `poor` mark means that the numbers are not for use.
"""
READING_HEAD = """
## What it says (bank alone)

"""
SPREAD_HEAD = """
## How the patients were drawn

Log-normal about the printed value, spread in ln. The printed ranges of `kimmel2021` are read as quartiles (the paper
prints quartiles; the initial tumour stays inside them because quartiles of 2 and 1300 mL would go beyond any body),
those of `leon_triana2021` as nine tenths (assumed: it prints ranges). Where none is printed the spread is assumed.

| model | parameter | drawn |
|---|---|---|
"""

if __name__ == "__main__":
    main()
