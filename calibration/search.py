"""Calibrate a population: `python calibration/search.py LBCL axi-cel --seed 1 --out DIR`.

Searches the medians and spreads of ranges.csv from a shipped or named starting set (CMA-ES, common random numbers),
holds what the targets do not fix near the start by a weak prior, and writes the best set with its distance on patients
that were not used for the search.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from carsequel.mechanism.populations.distance import Reached, distance, reach
from carsequel.mechanism.populations.ensemble import PACKAGE, Member, Spread, ensemble, read_spreads
from carsequel.mechanism.populations.runs import HORIZON, simulate_members
from carsequel.terms.tables import read_table

PRIOR: Final = 0.15


class Free(NamedTuple):
    """One number that the search moves: the median or the spread of a parameter, within a plausible range."""

    parameter: str
    part: str
    low: float
    high: float
    scale: float


class Search(NamedTuple):
    """What a search is given: population, start, what is free, patients, seed, evaluations."""

    disease: str
    product: str
    start: Member
    free: tuple[Free, ...]
    patients: int
    seed: int
    evaluations: int
    fixed: dict[str, float]


def free_numbers(kinds: Sequence[str], start: Member) -> tuple[Free, ...]:
    """Give the rows of ranges.csv of these kinds whose parameter the start has."""
    rows = read_table(PACKAGE, "ranges.csv").filter(pl.col("kind").is_in(list(kinds)))
    known = {spread.parameter for spread in start.spreads}
    return tuple(
        Free(row["parameter"], row["part"], float(row["low"]), float(row["high"]), float(row["scale"]))
        for row in rows.iter_rows(named=True)
        if row["parameter"] in known
    )


def moved(start: Member, free: Sequence[Free], x: NDArray[np.float64]) -> Member:
    """Give the set at a point of the search: each free number is its start times e to the scale times x, kept within
    its range."""
    spreads = {spread.parameter: spread for spread in start.spreads}
    for each, step in zip(free, x):
        old = spreads[each.parameter]
        value = float(np.clip(getattr(old, each.part) * np.exp(each.scale * step), each.low, each.high))
        spreads[each.parameter] = _set(old, each.part, value)
    return start._replace(spreads=tuple(spreads.values()))


def _set(spread: Spread, part: str, value: float) -> Spread:
    return spread._replace(**{part: value})


def look(search: Search, member: Member, seed: int, patients: int) -> list[Reached]:
    """Simulate a set on a seed and measure the targets of its population."""
    seen = simulate_members(search.disease, [member], patients, seed)
    axi = None
    if search.product != "axi-cel" and search.disease == "LBCL":
        axi = simulate_members("LBCL", ensemble("LBCL", "axi-cel"), patients, seed)
    return reach(f"{search.disease} {search.product}", seen, axi)


def search_set(search: Search, say: Callable[[str], None]) -> tuple[Member, float]:
    """Run the search; give the best set and its distance on the search's own patients."""
    import cma

    def cost(x: NDArray[np.float64]) -> float:
        member = moved(search.start, search.free, x)
        return distance(look(search, member, search.seed, search.patients)) + PRIOR * float(np.sum(np.square(x)))

    options = {"seed": search.seed + 1, "maxfevals": search.evaluations, "verbose": -9, "popsize": 10}
    strategy = cma.CMAEvolutionStrategy(np.zeros(len(search.free)), 0.5, options)
    while not strategy.stop():
        points = strategy.ask()
        strategy.tell(points, [cost(np.asarray(point)) for point in points])
        say(f"{strategy.countevals} evaluations, best {strategy.result.fbest:.1f}")
    return moved(search.start, search.free, np.asarray(strategy.result.xbest)), float(strategy.result.fbest)


def set_rows(name: str, member: Member) -> list[dict[str, object]]:
    """Give a set as rows of values.csv."""
    return [{"set": name, **spread._asdict()} for spread in member.spreads]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    read = argparse.ArgumentParser(description=__doc__)
    read.add_argument("disease")
    read.add_argument("product")
    read.add_argument("--start", default="", help="DISEASE/PRODUCT/SET, or a written values file, to start from")
    read.add_argument("--kinds", default="product,disease,death", help="which rows of ranges.csv are free")
    read.add_argument("--fix", default="", help="numbers to hold, as kk.spread=0.6,ki.median=0.06,r.low=0.001")
    read.add_argument("--begin", default="", help="numbers to begin at, as r.median=0.02; they stay free")
    read.add_argument("--patients", type=int, default=1500)
    read.add_argument("--evaluations", type=int, default=300)
    read.add_argument("--seed", type=int, default=1)
    read.add_argument("--check-seed", type=int, default=90_001, help="seed of the patients not used for the search")
    read.add_argument("--name", default="")
    read.add_argument("--out", type=Path, default=Path("carsequel-calibration"))
    asked = read.parse_args(arguments)
    start = _start(asked.disease, asked.product, asked.start)
    fixed = _fixed(asked.fix)
    start = _with(start, {**_fixed(asked.begin), **fixed})
    free = tuple(
        each for each in free_numbers(asked.kinds.split(","), start) if f"{each.parameter}.{each.part}" not in fixed
    )
    search = Search(asked.disease, asked.product, start, free, asked.patients, asked.seed, asked.evaluations, fixed)
    member, found = search_set(search, lambda line: print(line, file=sys.stderr, flush=True))
    reached = look(search, member, asked.check_seed, 5000)
    name = asked.name or f"{asked.disease} {asked.product} {asked.seed}"
    _write(asked.out, name, member, found, reached, search)
    for each in reached:
        print(
            f"{each.target.measure:26}{each.target.at or '':>10}{each.target.aim:10.3f}{each.value:10.3f}{each.z:7.1f}"
        )
    print(f"distance {found:.1f} on the patients of the search, {distance(reached):.1f} on others")
    return 0


def _start(disease: str, product: str, named: str) -> Member:
    if not named:
        return ensemble(disease, product)[0]
    if named.endswith(".csv"):
        return Member(Path(named).stem, 1.0, "", read_spreads(pl.read_csv(named, infer_schema=False)))
    own_disease, own_product, name = named.split("/")
    members = ensemble(own_disease, own_product)
    found = [member for member in members if member.name == name]
    if not found:
        raise SystemExit(f"no set {name!r}; the population has {', '.join(member.name for member in members)}")
    return found[0]


def _fixed(text: str) -> dict[str, float]:
    pairs = [part.split("=") for part in text.split(",") if part]
    return {name.strip(): float(value) for name, value in pairs}


def _with(member: Member, fixed: dict[str, float]) -> Member:
    spreads: dict[str, Spread] = {spread.parameter: spread for spread in member.spreads}
    for name, value in fixed.items():
        parameter, part = name.split(".")
        spreads[parameter] = _set(spreads[parameter], part, value)
    return member._replace(spreads=tuple(spreads.values()))


def _write(out: Path, name: str, member: Member, found: float, reached: list[Reached], search: Search) -> None:
    out.mkdir(parents=True, exist_ok=True)
    safe = name.replace(" ", "_").replace("/", "_")
    pl.DataFrame(set_rows(name, member)).write_csv(out / f"{safe}.values.csv")
    summary = {
        "variant": search.start.variant, "set": name, "population": f"{search.disease} {search.product}",
        "distance_search": found,
        "distance_check": distance(reached), "seed": search.seed, "patients": search.patients,
        "evaluations": search.evaluations, "fixed": search.fixed, "horizon": HORIZON[search.disease],
        "reached": [{"measure": r.target.measure, "at": r.target.at, "aim": r.target.aim, "value": r.value, "z": r.z,
                     "use": r.target.use} for r in reached],
    }  # fmt: skip
    (out / f"{safe}.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
