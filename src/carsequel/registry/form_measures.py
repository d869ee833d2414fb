"""Cells of the follow-up forms about what was measured: product, best response, recovery, persistence, antigen."""

from typing import Final

import polars as pl

from carsequel.record.course import Course
from carsequel.registry.cells import PLACE, as_cells, happened
from carsequel.registry.gaps import KEYS
from carsequel.signs.antigen import antigen_after_infusion
from carsequel.signs.detection import with_detection

Cells = dict[str, pl.DataFrame]
RESPONSES: Final = {
    **dict.fromkeys(("LBCL", "FL", "MCL"), "lugano.2014"),
    **{"MM": "imwg.2016", "B-ALL": "ball.cibmtr", "CLL": "iwcll.2018"},
}
ESCAPED: Final = ("lost", "low", "epitope_lost", "lineage_switch")
B_CELLS: Final = ("b_cells", "b_cells_percent", "b_cell_aplasia")


def measure_cells(course: Course, findings: pl.DataFrame, grid: pl.DataFrame) -> Cells:
    """Give the cells about measurements for each row of the grid, by meaning."""
    return {
        "product": _product(course, grid),
        **_response(course, findings, grid),
        **_recovery(findings, grid),
        **_persistence(course, grid),
        "b_cells_monitored": _tested(course, grid, B_CELLS, "B cells"),
        **_antigen(course, grid),
        "hlh_like_maximum_grade": _stated(course, grid, "iec_hs_grade"),
    }


def _inside(grid: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    both = grid.select(*PLACE, "first", "last").join(rows, on=KEYS, how="inner")
    return both.filter(pl.col("since").floor().is_between("first", "last"))


def _facts() -> pl.Expr:
    return pl.col("source").drop_nulls().unique().sort().str.join("; ")


def _product(course: Course, grid: pl.DataFrame) -> pl.DataFrame:
    named = course.infusions.select(*KEYS, text=pl.coalesce("product_name", "product"), facts="source")
    told = grid.join(named.unique(KEYS, keep="first", maintain_order=True), on=KEYS, how="left")
    missing = pl.col("text").is_null()
    return as_cells(told.with_columns(needs_person=missing, why=pl.when(missing).then(pl.lit("product not recorded"))))


def _response(course: Course, findings: pl.DataFrame, grid: pl.DataFrame) -> Cells:
    """The best response where it was first seen by the end of the period; the best of an earlier period is not told."""
    criterion = pl.col("disease").replace_strict(RESPONSES, default=None, return_dtype=pl.String)
    wanted = course.clock.select(*KEYS, criterion=criterion)
    best = findings.filter((pl.col("kind") == "best") & pl.col("default"))
    best = best.join(wanted, on=[*KEYS, "criterion"], how="semi")
    own = best.select(*KEYS, "start", "label", "facts", low_="low", high_="high", why_="why")
    cells = grid.join(own, on=KEYS, how="left")
    told = pl.col("low_").is_not_null()
    seen = told & (pl.col("start") <= pl.col("last")).fill_null(False)
    later = pl.format("the best response was first seen after this period, on day {}", "start")
    none = pl.coalesce("why_", pl.lit("no response criterion for this disease"))
    why = pl.when(seen | ~told).then(none).otherwise(later.fill_null("the day of the best response is not given"))
    cells = cells.with_columns(why=why, **{side: pl.when(seen).then(f"{side}_") for side in ("low", "high")})
    cells = cells.with_columns(text=pl.when(seen).then("label"), facts=pl.when(seen).then("facts"))
    day = pl.when(seen).then("start")
    return {
        "best_response": as_cells(cells),
        "best_response_day": as_cells(cells.with_columns(low=day, high=day, text=None)),
    }


def _recovery(findings: pl.DataFrame, grid: pl.DataFrame) -> Cells:
    """Neutrophil recovery as judged in the first period; later periods are not judged."""
    own = findings.filter((pl.col("criterion") == "anc_recovery.cibmtr") & pl.col("default"))
    own = own.select(*KEYS, "start", "label", "facts", low_="low", high_="high", why_="why")
    cells = grid.join(own, on=KEYS, how="left")
    here = pl.col("first") == 0
    cells = cells.with_columns(
        **{side: pl.when(here).then(f"{side}_") for side in ("low", "high")},
        text=pl.when(here).then("label"),
        facts=pl.when(here).then("facts"),
        why=pl.when(here)
        .then(pl.coalesce("why_", pl.lit("no neutrophil counts")))
        .otherwise(pl.lit("recovery is judged to day 100 only")),
    )
    day = pl.when(here).then("start")
    settled = here & (pl.col("low") == pl.col("high")).fill_null(False)
    days = cells.with_columns(low=day, high=day, text=None, needs_person=~settled)
    return {"anc_recovery": as_cells(cells), "anc_recovery_day": as_cells(days)}


def _tested(course: Course, grid: pl.DataFrame, names: tuple[str, ...], what: str) -> pl.DataFrame:
    rows = course.facts_since(*names, undated=True).with_columns(text="name")
    return happened(grid, rows, course.covered(*names), f"test of {what}", before=False)[0]


def _persistence(course: Course, grid: pl.DataFrame) -> Cells:
    """All tests negative: the day of the first; some positive: the day of the last positive."""
    rows = with_detection(course.facts_since("car_t"), "positive", "negative").drop_nulls("low")
    certain, possible = pl.col("low") == 1, pl.col("high") == 1
    day = pl.col("since").floor()
    per = (
        _inside(grid, rows)
        .group_by(PLACE)
        .agg(
            low=pl.col("low").max(),
            high=pl.col("high").max(),
            positive=day.filter(certain).max(),
            open=day.filter(possible).max(),
            negative=day.filter(~possible).min(),
            text=pl.col("method").drop_nulls().unique().sort().str.join("; ").replace("", None),
            facts=_facts(),
            n=pl.len(),
        )
    )
    cells = grid.join(per, on=PLACE, how="left")
    none = pl.lit("no test of CAR T cells with a result in this period")
    why = pl.when(pl.col("n").is_null()).then(none).otherwise(pl.format("{} tests of CAR T cells", "n"))
    cells = cells.with_columns(why=why)
    sure = pl.col("open").is_null() | (pl.col("open") == pl.col("positive"))
    told = pl.when(sure).then(pl.coalesce("positive", "negative"))
    days = cells.with_columns(low=told, high=told, text=None)
    return {
        "persistence_tested": _tested(course, grid, ("car_t",), "CAR T cells"),
        "persistence_detected": as_cells(cells),
        "persistence_day": as_cells(days),
    }


def _antigen(course: Course, grid: pl.DataFrame) -> Cells:
    rows = antigen_after_infusion(course).drop_nulls("since")
    escaped = pl.col("antigen").is_in(ESCAPED)
    per = (
        _inside(grid, rows)
        .group_by(PLACE)
        .agg(
            low=pl.when(escaped.any()).then(1).when((pl.col("antigen") == "kept").any()).then(0),
            day=pl.col("since").floor().filter(escaped).min(),
            text=pl.concat_str("antigen", "method", separator=" by ", ignore_nulls=True).unique().sort().str.join("; "),
            facts=_facts(),
        )
    )
    cells = grid.join(per, on=PLACE, how="left")
    why = pl.coalesce("text", pl.lit("the target antigen was not tested in this period, or no test is recorded"))
    cells = cells.with_columns(high="low", why=why.str.replace_all("_", " "))
    none = (pl.col("low") == 0).fill_null(False)
    days = cells.with_columns(low="day", high="day", text=None, needs_person=pl.col("day").is_null() & ~none)
    return {"antigen_escape": as_cells(cells), "antigen_escape_day": as_cells(days)}


def _stated(course: Course, grid: pl.DataFrame, name: str) -> pl.DataFrame:
    rows = course.facts_since(name).drop_nulls("value")
    per = (
        _inside(grid, rows)
        .group_by(PLACE)
        .agg(
            low=pl.col("value").max(),
            text=pl.col("method").drop_nulls().unique().sort().str.join("; ").replace("", None),
            facts=_facts(),
        )
    )
    cells = grid.join(per, on=PLACE, how="left")
    none = pl.lit("no grade is stated in this period; none is derived")
    stated = pl.lit("gravest grade that the centre stated")
    return as_cells(cells.with_columns(high="low", why=pl.when(pl.col("low").is_null()).then(none).otherwise(stated)))
