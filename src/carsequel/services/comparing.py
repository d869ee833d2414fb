"""What a registry asks of findings: grades by hand beside ours, queries for the ward, drafts of reporting periods."""

from pathlib import Path
from typing import Literal

import polars as pl

from carsequel.record import Course, RecordError
from carsequel.registry.compare import compare_grades, kappa_with_interval
from carsequel.registry.forms import draft_form
from carsequel.report.choices import choice_words
from carsequel.services.screen import console
from carsequel.side_effects.crs import crs_resolved, grade_crs
from carsequel.side_effects.icans import grade_icans, icans_resolved
from carsequel.terms.choices import Choices

PERIODS = {"d100": (0, 100), "6m": (101, 183), "yearly": (184, None)}
REGISTRIES: dict[str, tuple[str, int, int | None]] = {form: (form, 0, None) for form in ("ebmt", "cibmtr")} | {
    f"{form}-{name}": (form, *days) for form in ("ebmt", "cibmtr") for name, days in PERIODS.items()
}
REVISION = "draft by meaning"
GRADED_TO = 100
SEED = 20190101
MOST_CHOICES = 10


def read_manual_grades(path: Path) -> pl.DataFrame:
    """Read a table of grades by hand: patient, criterion, value and, where given, infusion and period."""
    try:
        table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RecordError(f"--compare {path.name} cannot be read ({type(error).__name__})", "give a CSV") from None
    missing = [name for name in ("patient", "criterion", "value") if name not in table.columns]
    if missing:
        raise RecordError(
            f"--compare {path.name}: column {', '.join(missing)} is missing", "needed: patient, criterion, value"
        )
    return table


def write_comparison(stated: pl.DataFrame, top: pl.DataFrame, manual: pl.DataFrame | None, folder: Path) -> None:
    """Write `compare.csv` (and `kappa.csv` for grades by hand): what was stated in the record, or a table by hand."""
    if manual is None:
        if stated.height:
            stated.write_csv(folder / "compare.csv")
        return
    compared = compare_grades(top, manual)
    ours = (
        pl.when(pl.col("ours_low") == pl.col("ours_high"))
        .then(pl.col("ours_low").cast(pl.String))
        .otherwise(pl.format("{} to {}", "ours_low", "ours_high"))
    )
    compared.with_columns(ours=ours).write_csv(folder / "compare.csv")
    rows = []
    for criterion in compared["criterion"].drop_nulls().unique().sort():
        for weights in ("linear", "quadratic"):
            found = kappa_with_interval(compared.filter(pl.col("criterion") == criterion), seed=SEED, weights=weights)
            rows.append({"criterion": criterion, "weights": weights, **found._asdict()})
    schema = {"criterion": pl.String, "weights": pl.String, "kappa": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    pl.DataFrame(rows, schema_overrides=schema).write_csv(folder / "kappa.csv")


def write_queries(parts: list[pl.DataFrame], folder: Path) -> None:
    """Write `queries.csv`: which missing record would settle each open grade, widest first over all parts."""
    order = ["could_settle", "patient", "infusion", "criterion", "period"]
    rows = pl.concat(parts).sort(order, descending=[True, *[False] * 4], nulls_last=False, maintain_order=True)
    rows.write_csv(folder / "queries.csv")


def say_choices(counted: pl.DataFrame) -> None:
    """Print the named choices that would change most answers, each with its share and interval."""
    changed = counted.filter(pl.col("different") > 0)
    for row in changed.head(MOST_CHOICES).iter_rows(named=True):
        console().print(choice_words(row), soft_wrap=True)
    rest = changed.height - MOST_CHOICES
    if rest > 0:
        console().print(f"… and {rest} more choices that change an answer: choices.csv")


def check_registry(name: str | None) -> None:
    """Raise RecordError for a registry that is not known."""
    if name is not None and name not in REGISTRIES:
        raise RecordError(f"--registry {name} is not known", f"use one of: {', '.join(REGISTRIES)}")


def draft_registry(course: Course, findings: pl.DataFrame, name: str, chosen: Choices) -> pl.DataFrame:
    """Draft the cells of a registry's follow-up form for one course, in the periods that the name asks for."""
    form, first, last = REGISTRIES[name]
    hypotension = chosen.get("crs.astct2019", {}).get("hypotension", "sbp90")
    how: Literal["sbp90", "stated"] = "stated" if hypotension == "stated" else "sbp90"
    crs = grade_crs(course, window=GRADED_TO, hypotension=how)
    reactions = pl.concat([crs.with_columns(default=True), grade_icans(course, window=GRADED_TO)])
    ends = [crs_resolved(course, window=GRADED_TO, hypotension=how), icans_resolved(course, window=GRADED_TO)]
    drafts = draft_form(course, findings, reactions, pl.concat(ends), form, REVISION)
    drafts = drafts.filter(pl.col("first") >= first)
    return drafts if last is None else drafts.filter(pl.col("last") <= last)
