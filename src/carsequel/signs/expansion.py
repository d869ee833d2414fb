"""Expansion and persistence of CAR T cells in blood: peak, its day, area under the curve, last detection, half-life.

Day 0 is the day of infusion; levels stay in the unit of their assay (cells/uL, copies/ug, %). A value below the limit
lies between 0 and the limit; one above the ceiling has no upper bound (infinity, null in JSON).
"""

import math
from typing import Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.signs.car_t_series import ASSAY, KEYS, car_t_samples
from carsequel.terms.findings import as_findings, join_findings, no_findings

SOURCE: Final = "stein2019"
CEILING: Final = " (above the ceiling of the assay: no upper bound)"


class Choices(NamedTuple):
    """Day that ends the window of peak and area, and the fewest values from which a half-life is read."""

    last: int = 28
    fewest: int = 3


CHOICES = Choices()


def score_expansion(course: Course, unverified: bool = False) -> pl.DataFrame:
    """Give `expansion.cmax`, `expansion.tmax`, `expansion.auc28` (days 0-28) and `persistence.last_detected` (until
    the next infusion), one `maximum` per infusion and assay; the assay with the most samples is the default.

    The definition names unit and assay. `unverified` adds `expansion.half_life`, whose choice of values no source
    here settles. Infusions without a CAR T level have no row. Gives a findings frame (levels in the assay's unit,
    days, level times days).
    """
    if not course.has("car_t"):
        return no_findings()
    samples = car_t_samples(course)
    early, assays = samples.filter(pl.col("day") <= CHOICES.last), _assays(samples)
    parts = [_cmax(assays, early), _tmax(assays, early), _auc(assays, samples), _last_detected(assays, samples)]
    return join_findings([*parts, *([_half_life(assays, samples)] if unverified else [])])


def _assays(samples: pl.DataFrame) -> pl.DataFrame:
    """One row per assay: `default` (of an infusion the one with the most samples), and whether blood was stated."""
    counted = samples.group_by(ASSAY).agg(samples=pl.len(), blood_stated=pl.col("blood_stated").all())
    ordered = counted.sort(*KEYS, "samples", "unit", "assay", descending=[False, False, True, False, False])
    return ordered.with_columns(default=pl.struct(KEYS).is_first_distinct()).drop("samples")


def _finish(
    assays: pl.DataFrame, found: pl.DataFrame, criterion: str, period: str, source: str = SOURCE
) -> pl.DataFrame:
    """Bring one row per assay into the finding shape; an assay without an answer says so."""
    rows = assays.join(found, on=ASSAY, how="left", maintain_order="left")
    absent = pl.format("no CAR T level in blood on day 0 to {}", pl.lit(CHOICES.last))
    taken = pl.when("blood_stated").then(pl.lit("")).otherwise(pl.lit("; specimen not given, taken as blood"))
    rows = rows.with_columns(
        definition=pl.format("unit={} assay={}", "unit", "assay"),
        label=pl.col("label").fill_null("not gradable"),
        why=pl.concat_str(pl.col("why").fill_null(absent), taken),
        facts=pl.col("source").list.drop_nulls().list.unique().list.sort().list.join("; "),
    )
    return as_findings(rows.drop("source"), kind="maximum", criterion=criterion, period=period, source=source)


def _gathered() -> pl.Expr:
    return pl.col("source").list.explode(keep_nulls=False, empty_as_null=False)


def _number(column: str) -> pl.Expr:
    """Write a number with 4 significant digits."""
    return pl.col(column).round_sig_figs(4).cast(pl.String).str.replace(r"\.0$", "")


def _cmax(assays: pl.DataFrame, early: pl.DataFrame) -> pl.DataFrame:
    peak = early.group_by(ASSAY).agg(
        pl.col("low", "high").max(),
        n=pl.len(),
        day=pl.col("day").sort_by("low", "day", descending=[True, False]).first(),
        source=_gathered(),
    )
    beyond = pl.when(pl.col("high").is_infinite()).then(pl.lit(CEILING)).otherwise(pl.lit(""))
    found = peak.with_columns(
        start=pl.when(pl.col("low") > 0).then("day"),
        end=pl.when(pl.col("low") > 0).then("day"),
        label=pl.when(pl.col("low") == 0)
        .then(pl.format("below {} {}", _number("high"), "unit"))
        .when(pl.col("high").is_infinite())
        .then(pl.format("above {} {}", _number("low"), "unit"))
        .otherwise(pl.format("{} {}", _number("low"), "unit")),
        why=pl.when(pl.col("low") > 0)
        .then(pl.format("highest of {} daily values{}, on day {}", "n", beyond, "day"))
        .otherwise(pl.format("none of {} daily values is above the limit", "n")),
    )
    label = pl.when(pl.col("high") == 0).then(pl.lit("none detected")).otherwise("label")
    return _finish(assays, found.with_columns(label=label), "expansion.cmax", _window())


def _window() -> str:
    return f"d0-{CHOICES.last}"


def _tmax(assays: pl.DataFrame, early: pl.DataFrame) -> pl.DataFrame:
    top = pl.col("low").max().over(ASSAY)
    firsts = pl.col("day").filter(pl.col("low") == top).min().over(ASSAY)
    may = early.filter((top > 0) & ((pl.col("high") > top) | ((pl.col("low") == top) & (pl.col("day") == firsts))))
    found = may.group_by(ASSAY).agg(low=pl.col("day").min(), high=pl.col("day").max(), source=_gathered())
    found = found.with_columns(
        start="low",
        end="high",
        label=pl.when(pl.col("low") == pl.col("high"))
        .then(pl.format("day {}", "low"))
        .otherwise(pl.format("day {} to {}", "low", "high")),
        why=pl.when(pl.col("low") == pl.col("high"))
        .then(pl.format("the highest value was on day {}", "low"))
        .otherwise(pl.lit("a value beyond a limit of the assay may have been the highest")),
    )
    none = early.group_by(ASSAY).agg(_n=pl.len()).join(found, on=ASSAY, how="left").drop("_n")
    none = none.with_columns(why=pl.col("why").fill_null("no value above the limit, so there is no peak"))
    return _finish(assays, none, "expansion.tmax", _window())


def _auc(assays: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Linear trapezoids from 0 on day 0 (nothing circulates before the infusion) to day 28, interpolated there."""
    first = samples.group_by(ASSAY).agg(_first=pl.col("day").min())
    zero = first.filter(pl.col("_first") > 0).select(
        *ASSAY,
        day=pl.lit(0, dtype=pl.Int64),
        low=pl.lit(0.0),
        high=pl.lit(0.0),
        source=pl.lit(None, dtype=pl.List(pl.String)),
    )
    line = pl.concat([samples.select(zero.columns), zero]).sort(*ASSAY, "day")
    before = {f"_{name}": pl.col(name).shift(1).over(ASSAY, order_by="day") for name in ("day", "low", "high")}
    line = line.with_columns(**before).filter(pl.col("_day") < CHOICES.last)
    width = pl.min_horizontal("day", CHOICES.last) - pl.col("_day")
    share = width / (pl.col("day") - pl.col("_day"))
    areas = {}
    for side in ("low", "high"):
        reached = pl.col(f"_{side}") + share * (pl.col(side) - pl.col(f"_{side}"))
        areas[side] = (width * (pl.col(f"_{side}") + reached) / 2).sum()
    measured = (pl.col("high").is_finite() & pl.col("_high").is_finite()).all()
    found = line.group_by(ASSAY).agg(
        **areas, last=pl.col("day").max(), measured=measured, n=pl.len(), source=_gathered()
    )
    closed = pl.col("last") >= CHOICES.last
    found = found.with_columns(high=pl.when(closed & pl.col("measured")).then("high").otherwise(float("inf")))
    amount = (
        pl.when(pl.col("low") == pl.col("high"))
        .then(_number("low"))
        .when(pl.col("high").is_finite())
        .then(pl.format("{} to {}", _number("low"), _number("high")))
    )
    found = found.with_columns(
        start=pl.lit(0),
        end=pl.min_horizontal("last", CHOICES.last),
        label=pl.format("{} {} x d", amount.fill_null(pl.format("at least {}", _number("low"))), "unit"),
        why=pl.concat_str(
            pl.format("linear trapezoids over {} values, 0 before the first", "n"),
            pl.when(~pl.col("measured")).then(pl.lit(CEILING)),
            pl.when(~closed).then(
                pl.format(
                    "; the last value is of day {}, the rest to day {} is not known", "last", pl.lit(CHOICES.last)
                )
            ),
            ignore_nulls=True,
        ),
    )
    return _finish(assays, found, "expansion.auc28", _window())


def _last_detected(assays: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    seen = pl.col("day").filter("detected").max()
    found = samples.group_by(ASSAY).agg(
        low=seen,
        looked=pl.col("day").max(),
        gone=pl.col("day").filter(~pl.col("detected") & (pl.col("day") > seen)).min(),
        source=_gathered(),
    )
    found = found.with_columns(
        high="low",
        start="low",
        end="low",
        label=pl.when(pl.col("low").is_null())
        .then(pl.lit("never detected"))
        .when(pl.col("gone").is_null())
        .then(pl.format("day {}, still detected at the last sample", "low"))
        .otherwise(pl.format("day {}", "low")),
        why=pl.when(pl.col("low").is_null())
        .then(pl.format("not detected in any sample to day {}, so there is no day", "looked"))
        .when(pl.col("gone").is_null())
        .then(pl.format("last sample of day {} detects CAR T cells: they last at least so long", "looked"))
        .otherwise(pl.format("detected on day {}, not on day {}", "low", "gone")),
    )
    return _finish(assays, found, "persistence.last_detected", "since infusion")


def _half_life(assays: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """Fit a straight line to the logarithm of all detected values from the peak on (unverified choice of values)."""
    seen = samples.filter(pl.col("detected") & pl.col("high").is_finite())
    top = pl.col("low").max().over(ASSAY)
    peak = pl.col("day").filter(pl.col("low") == top).min().over(ASSAY)
    after = seen.filter(pl.col("day") >= peak).with_columns(_log=pl.col("low").log())
    slope = pl.cov("day", "_log") / pl.col("day").var()
    found = after.group_by(ASSAY).agg(_slope=slope, n=pl.len(), source=_gathered())
    falls = (pl.col("n") >= CHOICES.fewest) & (pl.col("_slope") < 0)
    found = found.with_columns(low=pl.when(falls).then(-math.log(2) / pl.col("_slope")))
    found = found.with_columns(
        high="low",
        label=pl.when(falls).then(pl.format("UNVERIFIED: {} days", _number("low"))).otherwise(pl.lit("not gradable")),
        why=pl.when(falls)
        .then(pl.format("straight line through the logarithms of {} values from the peak on", "n"))
        .otherwise(pl.format("{} detected values from the peak on do not show a decline, or are too few", "n")),
    )
    return _finish(assays, found, "expansion.half_life", "since peak", source="recalled")
