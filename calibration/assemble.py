"""Make the shipped ensemble from calibrations: `python calibration/assemble.py DIR`.

Reads every set that search.py wrote into DIR and writes sets.csv and values.csv of the package; populations of which
DIR holds none stay as they are. The weight of a set
is exp(-(distance - best of its population) / (2 TEMPER)) with the distance on patients that its search never saw;
TEMPER widens the weights because the targets come from few patients of different cohorts.
"""

import csv
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parents[1] / "src" / "carsequel" / "mechanism" / "populations"
TEMPER: Final = 10.0
FARTHEST: Final = 30.0  # a set this much farther from its targets than the best is left out
SETS: Final = (
    "set", "population", "disease", "product", "weight", "variant", "distance", "seed", "evaluations", "patients",
    "note",
)  # fmt: skip
VALUES: Final = ("set", "parameter", "median", "spread", "low", "high", "follows", "correlation")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1 or not Path(given[0]).is_dir():
        print("give the folder that search.py wrote into", file=sys.stderr)
        return 2
    found = [_read(path) for path in sorted(Path(given[0]).glob("*.json"))]
    best = {each["population"]: math.inf for each in found}
    for each in found:
        best[each["population"]] = min(best[each["population"]], each["distance_check"])
    kept = [each for each in found if each["distance_check"] - best[each["population"]] <= FARTHEST]
    kept.sort(key=lambda each: (each["population"], each["distance_check"]))
    sets, values = _shipped("sets.csv"), _shipped("values.csv")
    replaced = {row[0] for row in sets if row[1] in best}
    sets = [row for row in sets if row[0] not in replaced] + [_row(each, best[each["population"]]) for each in kept]
    values = [row for row in values if row[0] not in replaced]
    values += [row for each in kept for row in each["values"]]
    order = {row[0]: number for number, row in enumerate(sorted(sets, key=lambda row: (row[1], float(row[6]))))}
    _write("sets.csv", SETS, sorted(sets, key=lambda row: order[row[0]]))
    _write("values.csv", VALUES, sorted(values, key=lambda row: order[row[0]]))
    for each in kept:
        print(f"{each['set']:32}{each['distance_check']:8.1f}")
    return 0


def _shipped(name: str) -> list[list[Any]]:
    with (HERE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def _write(name: str, columns: Sequence[str], rows: list[list[Any]]) -> None:
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([list(columns), *rows])


def _read(path: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    with path.with_suffix(".values.csv").open(newline="", encoding="utf-8") as file:
        summary["values"] = [_rounded(row) for row in csv.DictReader(file)]
    return summary


def _rounded(row: dict[str, str]) -> list[str]:
    numbers = {name: f"{float(row[name]):.5g}" for name in ("median", "spread", "low", "high")}
    return [{**row, **numbers}[name] for name in VALUES]


def _row(each: dict[str, Any], best: float) -> list[Any]:
    disease, product = each["population"].split(" ", 1)
    weight = math.exp(-(each["distance_check"] - best) / (2 * TEMPER))
    held = ", ".join(f"{name} = {value:g}" for name, value in each["fixed"].items())
    return [
        each["set"], each["population"], disease, product, f"{weight:.4f}", each["variant"],
        f"{each['distance_check']:.1f}", each["seed"], each["evaluations"], each["patients"],
        f"held: {held}" if held else "",
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
