"""Compare another program's answers with the expected ones of a table: needs Python alone, no package.

    python conformance/compare.py crs answers.csv

`answers.csv` has patient, criterion, low, high and, where it tells them apart, infusion (default 1), kind (default
maximum), definition (default: ours), period (default: any). Empty low and high mean *not gradable*. Prints every
disagreement and exits 1 where there is one; cases without an answer are counted, never passed.
"""

import csv
import sys
from pathlib import Path


def number(text: str) -> float | None:
    return float(text) if text.strip() else None


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    table, answers = sys.argv[1:]
    with (Path(__file__).parent / "pack" / table / "expected.csv").open(encoding="utf-8") as stream:
        expected = list(csv.DictReader(stream))
    with open(answers, encoding="utf-8") as stream:
        given = list(csv.DictReader(stream))
    wrong, missing = [], 0
    for case in expected:
        if case["kind"] == "episode":
            continue
        mine = [row for row in given if fits(row, case)]
        if not mine:
            missing += 1
        elif (number(mine[0]["low"]), number(mine[0]["high"])) != (number(case["low"]), number(case["high"])):
            said = f"{mine[0]['low'] or '-'} to {mine[0]['high'] or '-'}"
            wrong.append(f"{case['patient']} ({case['definition']}): expected {case['label']}, got {said}")
    print("\n".join(wrong))
    print(f"{len(expected)} expected, {missing} without an answer, {len(wrong)} wrong")
    return 1 if wrong or missing else 0


def fits(row: dict[str, str], case: dict[str, str]) -> bool:
    if row["patient"] != case["patient"] or row["criterion"] != case["criterion"]:
        return False
    if (row.get("infusion") or "1") != case["infusion"] or (row.get("kind") or "maximum") != case["kind"]:
        return False
    if row.get("period") and row["period"] != case["period"]:
        return False
    definition = row.get("definition")
    return definition == case["definition"] if definition else case["default"] == "true"


if __name__ == "__main__":
    raise SystemExit(main())
