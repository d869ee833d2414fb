"""What a registry asks of findings: grades by hand beside ours, queries for the ward, drafts of reporting periods."""

from pathlib import Path

import polars as pl

from carsequel.record import Course, RecordError
from carsequel.registry.compare import compare_grades, kappa_with_interval
from carsequel.registry.periods import draft_periods
from carsequel.registry.queries import open_questions
from carsequel.side_effects.crs import grade_crs
from carsequel.side_effects.icans import grade_icans

REGISTRIES = {
    "ebmt-d100": ("ebmt", 100),
    "ebmt": ("ebmt", None),
    "cibmtr": ("cibmtr", None),
    "cibmtr-d100": ("cibmtr", 100),
}
REVISION = "draft by meaning"
GRADED_TO = 100
SEED = 20190101


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


def write_queries(top: pl.DataFrame, folder: Path) -> None:
    """Write `queries.csv`: which missing record would settle each open grade."""
    open_questions(top).write_csv(folder / "queries.csv")


def write_registry(course: Course, name: str) -> pl.DataFrame:
    """Draft the reporting periods of a registry for one course; RecordError for an unknown registry."""
    if name not in REGISTRIES:
        raise RecordError(f"--registry {name} is not known", f"use one of: {', '.join(REGISTRIES)}")
    form, last = REGISTRIES[name]
    findings = pl.concat([grade_crs(course, window=GRADED_TO), grade_icans(course, window=GRADED_TO)])
    followed = course.clock.select("patient", "infusion", "last").drop_nulls("last")
    drafts = draft_periods(findings, followed, form, REVISION)
    return drafts if last is None else drafts.filter(pl.col("last") <= last)
