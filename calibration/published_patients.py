"""What the model says of the published patients: python calibration/published_patients.py [--bank N] [--note WORDS].

Writes docs/published-patients.md, each patient beside what its authors concluded. They illustrate: few have a
concluded cause, and none of them validates.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

import carsequel as cs

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "published-patients.md"
HEAD = """# The published patients, and what the model says of them

Printed by `python calibration/published_patients.py` ({note}). These patients illustrate the answer; they do not
validate it: few have a cause that their authors concluded, most were published because they were unusual. Where the
authors concluded a cause it should be among our two most probable, or the last column says why it is not.

| patient | authors concluded | most probable to be present | named first (share) | trust | remark |
|---|---|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bank", type=int, default=100_000)
    parser.add_argument("--note", default="date and commit not said")
    asked = parser.parse_args()
    course = cs.read(ROOT / "examples" / "published")
    stated = course.facts.filter(pl.col("name") == "cause_stated")
    banks = partial(cs.bank, size=asked.bank)
    lines = [_line(course, patient, stated, banks) for patient in course.patients["patient"].to_list()]
    PAGE.write_text(HEAD.format(note=asked.note) + "".join(lines), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


def _line(course: Any, patient: str, stated: pl.DataFrame, banks: Any) -> str:
    answer = cs.answer(course, patient, banks=banks)
    causes, model = answer["causes"], answer["model"]
    concluded = stated.filter(pl.col("patient") == patient)["text"].to_list()
    present = {name: prob["p"] for name, prob in (causes.get("present") or {}).items() if prob.get("p") is not None}
    ranked = sorted(present, key=lambda name: -present[name])[:2]
    first = [f"{row['cause']} ({'-' if row['share'] is None else format(100 * row['share'], '.0f') + ' %'})"
             for row in causes.get("first") or []]  # fmt: skip
    said = ", ".join(f"{name} {100 * present[name]:.0f} %" for name in ranked) or "-"
    remark = model.get("why") or "; ".join(model.get("reasons") or [])
    missed = [name for name in concluded if name in present and name not in ranked]
    why = "a reading can be wrong, and the population says how often the antigen is lost"
    told = [f"{name} present with {100 * present[name]:.0f} %; {why}" for name in missed]
    remark = "; ".join([*told, *([remark] if remark else [])])
    if not causes.get("applicable"):
        remark = f"no cause: {answer['failure']['state']}"
    cells = (patient, "; ".join(concluded) or "not concluded", said, ", ".join(first) or "-", model.get("trust") or "-")
    return "| " + " | ".join(str(cell).replace("|", "/") for cell in (*cells, remark or "-")) + " |\n"


if __name__ == "__main__":
    main()
