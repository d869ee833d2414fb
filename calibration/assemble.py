"""Make the shipped ensemble from calibrations: `python calibration/assemble.py DIR`.

Reads every set that search.py wrote into DIR and writes sets.csv and values.csv of the package. The weight of a set
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
    with (HERE / "sets.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file, lineterminator="\n")
        write.writerow(SETS)
        write.writerows(_row(each, best[each["population"]]) for each in kept)
    with (HERE / "values.csv").open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file, lineterminator="\n")
        write.writerow(VALUES)
        for each in kept:
            write.writerows(each["values"])
    for each in kept:
        print(f"{each['set']:32}{each['distance_check']:8.1f}")
    return 0


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
