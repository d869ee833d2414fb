"""When a fit must not be trusted: its own numbers, a record that the model hardly fits, facts that contradict."""

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from carsequel.inference.fit import Fit
from carsequel.inference.noise import noise_posterior
from carsequel.inference.numbers import measures
from carsequel.inference.observations import Observations
from carsequel.inference.predict import predicted

GOOD, FAIR, RELIABLE = 150.0, 40.0, 0.7
MARKS: Final = ("good", "fair", "poor")
NOISY: Final = 0.5
FAR: Final = 3.3  # standard deviations beyond which one measurement in a thousand lies
RISING: Final = 5.0


class Trust(NamedTuple):
    """A mark (good, fair, poor) and what lowers it, in sentences."""

    mark: str
    reasons: tuple[str, ...]


def trust_of(fit: Fit) -> Trust:
    """Say how far a fit can be trusted, and why not."""
    reasons, level = [], 0
    if fit.effective < GOOD or fit.k_hat > RELIABLE:
        level = 1 if fit.effective >= GOOD or (fit.effective >= FAIR and fit.k_hat <= 1.0) else 2
        few = "few simulated patients resemble this one" if fit.effective < GOOD else "a few patients carry much weight"
        reasons.append(f"{few} ({fit.effective:.0f} effective, k-hat {fit.k_hat:.2f})")
    scales = noise_posterior(fit)
    if scales[-1] > NOISY:
        level = 2
        reasons.append(
            "the model hardly fits this record: its probabilities are mixed with those of the whole population"
        )
    elif 1 - scales[0] > NOISY:
        level = max(level, 1)
        reasons.append("the record scatters more than measurements do: the model fits it less well")
    if fit.seen.infusion > 1:
        level = max(level, 1)
        reasons.append(
            f"infusion {fit.seen.infusion} is fitted as a first course: what the one before left is not known"
        )
    odd = [*contradictions(fit.seen), *_far_off(fit)]
    level = max(level, min(len(odd), 2))
    return Trust(MARKS[level], (*reasons, *odd))


def contradictions(seen: Observations) -> list[str]:
    """Name facts of a record that cannot well be true together."""
    found = []
    aplasia = seen.rows.filter((pl.col("measure") == "aplasia") & (pl.col("text") == "yes"))
    cells = seen.rows.filter((pl.col("measure") == "b_cells") & (pl.col("bound") == 0) & (pl.col("value") > RISING))
    for day in aplasia["day"].to_list():
        near = cells.filter((pl.col("day") - day).abs() <= 7)
        if near.height:
            found.append(f"B-cell aplasia is stated on day {day:g}, but B cells are counted about that day")
    lost = seen.rows.filter((pl.col("measure") == "antigen") & (pl.col("text") == "negative"))
    for day in lost["day"].to_list():
        better = seen.rows.filter((pl.col("measure") == "response") & (pl.col("day") > day) & (pl.col("text") == "CR"))
        kept = seen.rows.filter(
            (pl.col("measure") == "antigen") & (pl.col("text") == "positive") & (pl.col("day") >= day)
        )
        if better.height:
            found.append(f"the target antigen is read as lost on day {day:g}, but a complete response follows")
        if kept.height:
            found.append(f"the target antigen is read as lost on day {day:g} and as kept on or after it")
    return found


def _far_off(fit: Fit) -> list[str]:
    """Measurements that no weighted patient comes near."""
    found = []
    for row in fit.seen.rows.filter(pl.col("measure").is_in(list(measures())) & (pl.col("bound") == 0)).iter_rows(
        named=True
    ):
        kind = measures()[row["measure"]]
        logs = np.asarray(predicted(fit.paths, row["measure"], row["day"]), dtype=np.float64)
        middle = float(np.sum(fit.weights * logs))
        spread = np.sqrt(float(np.sum(fit.weights * (logs - middle) ** 2)) + kind.spread**2 + kind.shift**2)
        if abs(np.log(row["value"]) - middle) > FAR * spread:
            found.append(f"{row['measure']} on day {row['day']:g} lies far from all that the model can do")
    return found
