"""Print docs/published-models.md: every published model with its numbers beside ours.

python docs/print_published_models.py          writes the page
python docs/print_published_models.py --check  exits 1 where the page is stale
"""

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import polars as pl

from carsequel.mechanism.published import PUBLISHED, read_published
from carsequel.mechanism.published.reproduce import REPRODUCED, reproduce
from carsequel.terms.sources import cite, source_row
from carsequel.terms.tables import read_table

PAGE = Path(__file__).parent / "published-models.md"
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")
CLOSE, SMALL = 0.02, 0.011  # another processor may round a count of chance differently, no more
HEAD = """# Published models

Other people's models of CAR T cells, in the form in which our own is written, run by the same solvers. `printed`: the
number stands in the paper. `recomputed`: somebody ran the published equations before us. Ours must lie within
*accepted*; a test holds that, and that this page is fresh. A DOI marked as recalled was not confirmed. To list a model
here is no claim that it is right.

```python
from carsequel.mechanism.published import read_published
from carsequel.mechanism.solve import solve

found = solve(read_published("kimmel2021"), {"r_b": 0.105}, [0, 7, 28, 90])
print(found.state("car"))
```
"""
TAIL = """## Left out

| model | why |
|---|---|
| Hardiansyah and Ng 2019 (cytokines) | its file mixes moles and counts and does not finish; rate constants only |
| Santurio 2025, Mueller-Schoell 2021, Paixao 2022, Kara 2024 | equations or numbers not read in an opened source |
| Chaudhury 2020, first order | the logarithm of a tumour that goes to zero |

Any of them can be read from SBML where a file exists: `carsequel.mechanism.sbml.read_sbml(path)`.

Printed by `docs/print_published_models.py`; do not edit.
"""


def page() -> str:
    """Give the page as Markdown."""
    overview = [_row(("model", "what it explains", "states", "parameters", "numbers held")), _line(5)]
    for name in PUBLISHED:
        model = read_published(name)
        held = str(reproduce(name).height) if name in REPRODUCED else "claims only"
        overview.append(_row((f"[{name}](#{name})", _title(name), len(model.state_names), len(model.parameters), held)))
    return "\n".join([HEAD, *overview, "", *(part for name in PUBLISHED for part in _section(name)), TAIL])


def stale(written: str, fresh: str) -> list[str]:
    """Give the lines that differ in words, or in a number by more than rounding."""
    old, new = written.splitlines(), fresh.splitlines()
    if len(old) != len(new):
        return [f"{len(old)} lines are written, {len(new)} are due"]
    return [f"- {a}\n+ {b}" for a, b in zip(old, new) if a != b and not _alike(a, b)]


def _alike(one: str, other: str) -> bool:
    if NUMBER.sub("", one) != NUMBER.sub("", other):
        return False
    pairs = zip(map(float, NUMBER.findall(one)), map(float, NUMBER.findall(other)))
    return all(abs(a - b) <= max(SMALL, CLOSE * abs(a)) for a, b in pairs)


def _section(name: str) -> list[str]:
    module = import_module(f"carsequel.mechanism.published.{name}")
    mark = source_row(module.SOURCE)["mark"]
    lines = [f"## {name}", "", (module.__doc__ or "").strip(), "", f"{cite(module.SOURCE)} ({mark})", ""]
    lines += _parameters(name) + _numbers(name)
    remarks = read_table("carsequel.mechanism.published", "remarks.csv").filter(pl.col("model") == name)
    return [*lines, *(f"- *{row['kind']}*: {row['remark']}" for row in remarks.iter_rows(named=True)), ""]


def _parameters(name: str) -> list[str]:
    lines = [_row(("parameter", "value", "range", "unit", "meaning", "status")), _line(6)]
    for row in read_published(name).parameters:
        reach = "" if row.low == row.high else f"{row.low:.4g} to {row.high:.4g}"
        lines.append(_row((f"`{row.name}`", f"{row.value:.6g}", reach, row.unit, row.meaning, row.status)))
    return [*lines, ""]


def _numbers(name: str) -> list[str]:
    if name not in REPRODUCED:
        return []
    lines = [_row(("test", "number", "unit", "published", "accepted", "ours", "basis")), _line(7)]
    for row in reproduce(name).iter_rows(named=True):
        accepted = f"{row['low']:.4g} to {row['high']:.4g}"
        cells = (row["test"], row["what"], row["unit"], f"{row['published']:.4g}", accepted, f"{row['ours']:.3g}")
        lines.append(_row((*cells, row["basis"])))
    return [*lines, ""]


def _title(name: str) -> str:
    words = import_module(f"carsequel.mechanism.published.{name}").__doc__ or ""
    return words.strip().split("\n")[0].rstrip(".")


def _row(cells: tuple[Any, ...]) -> str:
    return "| " + " | ".join("" if cell is None else str(cell) for cell in cells) + " |"


def _line(columns: int) -> str:
    return "|" + "---|" * columns


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is stale."""
    fresh = page()
    if "--check" not in arguments:
        PAGE.write_text(fresh, encoding="utf-8")
        return 0
    differences = stale(PAGE.read_text(encoding="utf-8"), fresh)
    if differences:
        print("docs/published-models.md is stale; run python docs/print_published_models.py", *differences, sep="\n")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
