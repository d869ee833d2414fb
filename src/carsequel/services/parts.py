"""carsequel causes and carsequel options: a part of the answer as a table and as JSON."""

from pathlib import Path
from typing import Any

import orjson
import polars as pl

from carsequel.answering import answer
from carsequel.grading import grade_record
from carsequel.services.reading import open_input, say_refusals
from carsequel.services.screen import console
from carsequel.services.staging import check_out, staged

CAUSE_COLUMNS = ("patient", "infusion", "cause", "direction", "fact", "strength", "facts", "source", "status")
OPTION_COLUMNS = ("patient", "option", "title", "gate", "why", "decides", "facts")


def run_part(part: str, source: Path, out: Path, patient: str | None) -> int:
    """Write `PART.csv` and `PART.json` for all patients (or one) and print how many rows each has."""
    check_out(out, source)
    opened = open_input(source, patient)
    graded = grade_record(opened.course)
    answers = {name: answer(opened.course, name, graded)[part] for name in opened.able}
    rows = _cause_rows(answers) if part == "causes" else _option_rows(answers)
    columns = CAUSE_COLUMNS if part == "causes" else OPTION_COLUMNS
    schema = dict.fromkeys(columns, pl.String)
    table = pl.DataFrame([{c: _cell(row.get(c)) for c in columns} for row in rows], schema=schema)
    with staged(out) as folder:
        table.write_csv(folder / f"{part}.csv")
        (folder / f"{part}.json").write_bytes(orjson.dumps(answers, option=orjson.OPT_INDENT_2))
    screen = console()
    for name in opened.able:
        screen.print(f"{name}: {table.filter(pl.col('patient') == name).height} rows")
    screen.print(f"{part}: {out / f'{part}.csv'}")
    say_refusals(opened.course, opened.unable)
    return opened.status


def _cause_rows(answers: dict[str, Any]) -> list[dict[str, Any]]:
    return [row | {"patient": name} for name, part in answers.items() for row in part.get("evidence", [])]


def _option_rows(answers: dict[str, Any]) -> list[dict[str, Any]]:
    return [row | {"patient": name} for name, part in answers.items() for row in part]


def _cell(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return "; ".join(str(each) for each in value)
    return None if value is None else str(value)
