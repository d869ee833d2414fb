"""Print the manual: one page per criterion file, from its rows, its golden table, its choices, source and known errors.

python docs/manual/print_manual.py          writes the pages
python docs/manual/print_manual.py --check  exits 1 where a page is stale
"""

import importlib
import sys
from pathlib import Path
from typing import Any

import polars as pl

from carsequel.terms.findings import criteria_table
from carsequel.terms.sources import cite, split_keys

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ROOMS = ("signs", "side_effects", "risks")
GOLDEN = ROOT / "tests" / "golden"
# Golden tables that do not carry the name of their criterion file.
GOLDEN_OF = {
    "definitions": ("failure",),
    "cll": ("iwcll",),
    "leukemia": ("ball_eln", "ball_cibmtr", "ball_nci"),
    "platelets": ("t_icaht_early", "t_icaht_late"),
    "ctcae": ("ctcae", "ctcae6"),
    "immune_deficiency": ("later_igg", "later_cd4"),
    "infection": ("later_infection",),
    "enterocolitis": ("later_enterocolitis",),
    "delayed_neurotoxicity": ("later_neurotoxicity",),
    "second_malignancy": ("later_malignancy",),
    "late": ("later_organs",),
    "reported": ("later_reported",),
    "exposure": ("later_steroids",),
}


def modules_by_criterion() -> dict[str, list[dict[str, Any]]]:
    """Give per module (dotted name) the criteria that its source names, in the order of criteria.csv."""
    sources = {
        f"carsequel.{room}.{path.stem}": path.read_text(encoding="utf-8")
        for room in ROOMS
        for path in sorted((ROOT / "src" / "carsequel" / room).glob("*.py"))
        if path.stem != "__init__"
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for row in criteria_table().to_dicts():
        owners = [name for name, text in sources.items() if _owns(text, row["id"])]
        owners = owners or [name for name in sources if name.rsplit(".", 1)[1] == _family(row["id"])]
        with_rules = [name for name in owners if hasattr(importlib.import_module(name), "RULES")]
        for name in (with_rules or owners)[:1]:
            found.setdefault(name, []).append(row)
    return found


def _family(criterion: str) -> str:
    return criterion.split(".")[0].rstrip("0123456789")


def _owns(text: str, criterion: str) -> bool:
    return f'"{criterion}"' in text


def page_of(name: str, criteria: list[dict[str, Any]]) -> str:
    """Give the page of one criterion file as Markdown."""
    module = importlib.import_module(name)
    title = criteria[0]["what"] if len(criteria) == 1 else module.__doc__.strip().split("\n")[0].rstrip(".")
    lines = [f"# {title}", "", (module.__doc__ or "").strip(), "", "| id | what | codes | window | choices | status |"]
    lines += ["|---|---|---|---|---|---|"]
    for row in criteria:
        cells = (f"`{row['id']}`", row["what"], row["codes"], row["window"], row["choices"], row["status"])
        lines.append(_row(cells))
    keys = dict.fromkeys(key for row in criteria for key in split_keys(row["source"]))
    lines += ["", "## Source", "", *(f"- {cite(key)}" for key in keys), ""]
    lines += _rules(getattr(module, "RULES", ()))
    lines += _shipped_rules(module)
    lines += _golden(name.rsplit(".", 1)[1])
    lines += _errors({row["id"] for row in criteria})
    lines += [f"Printed from `{name.replace('.', '/')}.py`; do not edit.", ""]
    return "\n".join(lines)


def _row(cells: Any) -> str:
    return "| " + " | ".join("" if cell is None else str(cell).replace("|", "\\|") for cell in cells) + " |"


def _rules(rules: Any) -> list[str]:
    rows = [rule for rule in rules if hasattr(rule, "_asdict")]
    if not rows:
        return []
    lines = ["## Rules", ""]
    for kind in dict.fromkeys(type(rule) for rule in rows):
        fields = kind._fields
        lines += [_row(fields), "|" + "---|" * len(fields)]
        lines += [_row(tuple(rule)) for rule in rows if type(rule) is kind] + [""]
    return lines


def _shipped_rules(module: Any) -> list[str]:
    """Give the rows of a CSV of the module's name, where the rules are too many for code."""
    lines = []
    for path in sorted(Path(module.__file__).parent.glob(f"{Path(module.__file__).stem}*.csv")):
        table = pl.read_csv(path, infer_schema=False)
        lines += [
            "## Rules",
            "",
            _row(table.columns),
            "|" + "---|" * table.width,
            *(_row(r) for r in table.iter_rows()),
            "",
        ]
    return lines


def _golden(stem: str) -> list[str]:
    names = GOLDEN_OF.get(stem, (stem,))
    paths = [GOLDEN / f"{name}{suffix}" for name in names for suffix in (".txt", ".csv")]
    lines = []
    for path in (path for path in paths if path.exists()):
        lines += ["```", path.read_text(encoding="utf-8").rstrip(), "```", ""]
    return ["## Golden rows", "", "These rows are the tests.", "", *lines] if lines else []


def _errors(ids: set[str]) -> list[str]:
    families = {name.split(".")[0] for name in ids}
    table = pl.read_csv(HERE / "known_errors.csv", infer_schema=False)
    rows = [row for row in table.iter_rows(named=True) if row["criterion"] in ids or row["criterion"] in families]
    if not rows:
        return []
    lines = ["## Known errors of other tools", "", "| tool | error | held here by |", "|---|---|---|"]
    return [*lines, *(_row((row["tool"], row["error"], row["held_by"])) for row in rows), ""]


def pages() -> dict[str, str]:
    """Give all pages by file name, with an index."""
    found = modules_by_criterion()
    made = {f"{name.rsplit('.', 1)[1]}.md": page_of(name, rows) for name, rows in found.items()}
    index = ["# The manual", "", "One page per criterion file, printed from what runs.", ""]
    for name, rows in sorted(found.items()):
        stem = name.rsplit(".", 1)[1]
        index.append(f"- [{stem}]({stem}.md): {', '.join('`' + row['id'] + '`' for row in rows)}")
    made["README.md"] = "\n".join([*index, ""])
    return made


def main() -> int:
    made = pages()
    stale = [
        name for name, text in made.items() if not (HERE / name).exists() or (HERE / name).read_text("utf-8") != text
    ]
    gone = [path.name for path in HERE.glob("*.md") if path.name not in made]
    if "--check" in sys.argv:
        print("\n".join(f"stale: {name}" for name in [*stale, *gone]) or "the manual is fresh")
        return 1 if stale or gone else 0
    for name in gone:
        (HERE / name).unlink()
    for name in stale:
        (HERE / name).write_text(made[name], encoding="utf-8")
    print(f"{len(made)} pages, {len(stale)} written, {len(gone)} removed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
