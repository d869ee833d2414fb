"""carsequel fit: one patient's posterior as Parquet, its forecast as CSV, and the page."""

from pathlib import Path

import polars as pl

from carsequel.answering import answer
from carsequel.answering.failing import decided_verdict
from carsequel.answering.modelling import Modelled
from carsequel.grading import grade_record
from carsequel.inference.fit import Fit
from carsequel.record.errors import RecordError
from carsequel.report import render_page, safe_name
from carsequel.services.banks import bank_for
from carsequel.services.reading import open_input, say_refusals
from carsequel.services.screen import console
from carsequel.services.staging import check_out, staged


def run_fit(source: Path, out: Path, patient: str) -> int:
    """Write `draws.parquet` (weighted patients with parameters), `forecast.csv`, `time_to_know.csv` and the page."""
    check_out(out, source)
    opened = open_input(source, patient)
    graded = grade_record(opened.course)
    model = Modelled(opened.course.only(patient), decided_verdict(graded.verdicts), bank_for)
    if model.fit is None or model.trust is None:
        raise RecordError(f"this patient cannot be fitted: {model.why}", "carsequel causes shows what the record says")
    own = answer(opened.course, patient, graded, banks=bank_for)
    with staged(out) as folder:
        draws_of(model.fit).write_parquet(folder / "draws.parquet")
        pl.DataFrame(own["model"]["forecast"]).write_csv(folder / "forecast.csv")
        pl.DataFrame(own["model"]["time_to_know"]).write_csv(folder / "time_to_know.csv")
        page = render_page(own, opened.course, findings=graded.findings)
        (folder / f"{safe_name(patient)}.html").write_text(page, encoding="utf-8")
    screen = console()
    screen.print(f"{model.fit.method}; trust {model.trust.mark}")
    for reason in model.trust.reasons:
        screen.print(f"  {reason}")
    screen.print(f"fit: {out}")
    say_refusals(opened.course, opened.unable)
    return opened.status


def draws_of(fit: Fit) -> pl.DataFrame:
    """Give the weighted patients of a fit: weight, set, number, the parameters, and the day on which the disease fails
    (null = never within three years)."""
    names = pl.Series("set", [member.name for member in fit.bank.members])[fit.particles.sets]
    columns = {f"p_{name}": values for name, values in fit.parameters().items()}
    frame = pl.DataFrame({"weight": fit.weights, "number": fit.particles.numbers,
                          "failure_day": fit.paths.failure_day.astype("float64"), **columns})  # fmt: skip
    failing = pl.when(pl.col("failure_day").is_finite()).then("failure_day")
    return frame.with_columns(names.alias("set"), failing.alias("failure_day"))
