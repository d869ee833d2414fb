"""The shape of a form's cell, and cells about things that happen: in the period, before it, not at all, or unknown.

A `grid` has one row per patient, infusion and reporting period (period, first, last, followed: last day followed,
died: whether the follow-up ended so).
Cells have the keys of the grid and low, high (the same where the record settles the cell), text, why, facts and
needs_person. Codes of what happens: 0 no, 1 in this period, 2 reported before.
"""

from typing import Any, Final

import polars as pl

from carsequel.registry.gaps import KEYS, open_stretches

PLACE: Final = [*KEYS, "period"]
CELL: Final[dict[str, Any]] = {
    **{"patient": pl.String, "infusion": pl.Int64, "period": pl.String, "first": pl.Int64, "last": pl.Int64},
    **{"low": pl.Float64, "high": pl.Float64, "text": pl.String, "why": pl.String, "facts": pl.String},
    "needs_person": pl.Boolean,
}
ROWS: Final = ("since", "text", "source")
BEFORE: Final = 2


def as_cells(rows: pl.DataFrame) -> pl.DataFrame:
    """Bring a frame into the shape of cells; what is not settled needs a person."""
    rows = rows.with_columns(pl.lit(None).alias(name) for name in CELL if name not in rows.columns)
    rows = rows.select(pl.col(name).cast(kind) for name, kind in CELL.items())
    settled = (pl.col("low") == pl.col("high")).fill_null(False)
    return rows.with_columns(needs_person=pl.col("needs_person").fill_null(~settled))


def empty_cells(grid: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Give the cells of a question that is left empty, with the reason."""
    return as_cells(grid.with_columns(why=pl.lit(reason), needs_person=pl.lit(True)))


def happened(
    grid: pl.DataFrame, rows: pl.DataFrame, known: pl.DataFrame, what: str, *, before: bool = True
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give whether something happened in each period, and on which day first.

    `rows` (keys, since, text, source) are the things that happened, also without a day; `known` (keys, since, until)
    the stretches in which no row means that it did not. `before` says that the form knows "reported before".
    """
    per = _per_period(grid, rows)
    watched = grid.select(*PLACE, "first", last=pl.min_horizontal("last", pl.col("followed").cast(pl.Int64)))
    gap = open_stretches(watched, known).select(*PLACE, _open=pl.lit(True))
    undated = rows.filter(pl.col("since").is_null()).select(KEYS).unique().with_columns(_undated=True)
    cells = grid.join(per, on=PLACE, how="left").join(gap, on=PLACE, how="left").join(undated, on=KEYS, how="left")
    here, earlier = pl.col("day").is_not_null(), pl.col("earlier").fill_null(False) & before
    unknown = pl.col("_open").fill_null(False) | pl.col("_undated").fill_null(False)
    low = pl.when(here).then(1).when(earlier).then(BEFORE).otherwise(0)
    high = pl.when(here).then(1).when(earlier).then(BEFORE).otherwise(unknown.cast(pl.Int64))
    early = (pl.col("followed") < pl.col("last")) & ~pl.col("died") & ~here
    why = (
        pl.when(here)
        .then(pl.format(f"{what} on day {{}}", "day"))
        .when(earlier)
        .then(pl.lit(f"{what} before this period"))
        .when(pl.col("_undated"))
        .then(pl.lit(f"{what} without a day"))
        .when(pl.col("_open"))
        .then(pl.lit(f"no {what} recorded, but the record does not answer for the whole period"))
        .when(early)
        .then(pl.format(f"no {what} to day {{}}, where the record ends", pl.col("followed").cast(pl.Int64)))
        .otherwise(pl.lit(f"no {what}: the record answers for the whole period"))
    )
    person = (low != high) | (early & (low == 0))
    cells = cells.with_columns(low=low, high=high, why=why, needs_person=person)
    return as_cells(cells), as_cells(cells.with_columns(low="day", high="day"))


def _per_period(grid: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    dated = rows.filter(pl.col("since") >= 0).with_columns(pl.col("since").floor())
    both = grid.select(*PLACE, "first", "last").join(dated.select(*KEYS, *ROWS), on=KEYS, how="inner")
    inside = pl.col("since").is_between("first", "last")
    return both.group_by(PLACE).agg(
        day=pl.col("since").filter(inside).min(),
        earlier=(pl.col("since") < pl.col("first")).any(),
        text=pl.col("text").filter(inside).drop_nulls().unique().sort().str.join("; ").replace("", None),
        facts=pl.col("source").filter(inside).drop_nulls().unique().sort().str.join("; ").replace("", None),
    )
