"""carsequel causes and carsequel options: a part of the answer as a table and as JSON."""

from pathlib import Path
from typing import Any

import orjson
import polars as pl

from carsequel.answering import answer
from carsequel.grading import grade_record
from carsequel.services.banks import chosen_banks
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
    banks = chosen_banks()
    answers = {name: answer(opened.course, name, graded, banks=banks)[part] for name in opened.able}
    rows = _cause_rows(answers) if part == "causes" else _option_rows(answers)
    columns = CAUSE_COLUMNS if part == "causes" else OPTION_COLUMNS
    schema = dict.fromkeys(columns, pl.String)
    table = pl.DataFrame([{c: _cell(row.get(c)) for c in columns} for row in rows], schema=schema)
    with staged(out) as folder:
        table.write_csv(folder / f"{part}.csv")
        if part == "causes":
            _numbers(answers).write_csv(folder / "causes-numbers.csv")
        (folder / f"{part}.json").write_bytes(orjson.dumps(answers, option=orjson.OPT_INDENT_2))
    screen = console()
    for name in opened.able:
        screen.print(f"{name}: {table.filter(pl.col('patient') == name).height} rows")
    screen.print(f"{part}: {out / f'{part}.csv'}")
    say_refusals(opened.course, opened.unable)
    return opened.status


def _cause_rows(answers: dict[str, Any]) -> list[dict[str, Any]]:
    return [row | {"patient": name} for name, part in answers.items() for row in part.get("evidence", [])]


def _numbers(answers: dict[str, Any]) -> pl.DataFrame:
    """One row a patient and cause: probability that it is present, share of the failure, each with its range."""
    rows = []
    for patient, part in answers.items():
        for cause, present in (part.get("present") or {}).items():
            share = part["shares"].get(cause) or {}
            rows.append({"patient": patient, "cause": cause,
                         **{f"present_{end}": present.get(end) for end in ("p", "low", "high")},
                         **{f"share_{end}": share.get(end) for end in ("p", "low", "high")},
                         "basis": present.get("basis") if present.get("p") is not None else None,
                         "why": present.get("why")})  # fmt: skip
    ends = {f"{kind}_{end}": pl.Float64 for kind in ("present", "share") for end in ("p", "low", "high")}
    return pl.DataFrame(rows, schema={"patient": pl.String, "cause": pl.String, **ends, "basis": pl.String,
                                      "why": pl.String})  # fmt: skip


def _option_rows(answers: dict[str, Any]) -> list[dict[str, Any]]:
    return [row | {"patient": name} for name, part in answers.items() for row in part]


def _cell(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return "; ".join(str(each) for each in value)
    return None if value is None else str(value)
