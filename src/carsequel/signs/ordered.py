"""From what is true, false or open at each visit to ordered categories, and from visits to findings."""

from typing import NamedTuple

import polars as pl

from carsequel.signs.visits import KEYS, VISIT
from carsequel.terms.findings import as_findings, no_findings

PERIOD = "since infusion"


class Scale(NamedTuple):
    """Labels by code from mild to grave; the category that stands when no other does; the progression (None: no
    category of its own that overrules the others)."""

    labels: tuple[str, ...]
    stable: int
    worst: int | None


def judge(visits: pl.DataFrame, scale: Scale) -> pl.DataFrame:
    """Give each visit `low` (best category that is not excluded) and `high` (worst that is not excluded).

    Each label better than the stable one, and the worst, is a column of true, false or null (open); `gradable` false
    empties both.
    """
    better = list(enumerate(scale.labels[: scale.stable]))
    best = pl.coalesce([pl.when(pl.col(label).fill_null(True)).then(code) for code, label in better] + [scale.stable])
    sure = pl.coalesce([pl.when(pl.col(label).fill_null(False)).then(code) for code, label in better] + [scale.stable])
    if scale.worst is not None:
        progressed = pl.col(scale.labels[scale.worst])
        best = pl.when(progressed.fill_null(False)).then(scale.worst).otherwise(best)
        sure = pl.when(progressed.fill_null(True)).then(scale.worst).otherwise(sure)
    said = pl.col("gradable").fill_null(False)
    return visits.with_columns(low=pl.when(said).then(best), high=pl.when(said).then(sure))


def category_label(labels: tuple[str, ...]) -> pl.Expr:
    """Give the answer in words: `CR`, `CR to PR`, or `not gradable`."""
    words = dict(enumerate(labels))
    low, high = (pl.col(side).replace_strict(words, default=None, return_dtype=pl.String) for side in ("low", "high"))
    same = pl.col("low") == pl.col("high")
    return (
        pl.when(pl.col("low").is_null())
        .then(pl.lit("not gradable"))
        .when(same)
        .then(low)
        .otherwise(pl.format("{} to {}", low, high))
    )


def assessments(visits: pl.DataFrame, scale: Scale, **named: object) -> pl.DataFrame:
    """Give one finding `assessment` per visit (period `day N`), saying whether the next visit confirms it."""
    if visits.is_empty():
        return no_findings()
    low, high, day = (pl.col(name).shift(-1).over(KEYS) for name in ("low", "high", "last"))
    settled = (pl.col("low") == pl.col("high")) & pl.col("low").is_not_null()
    held = (high <= pl.col("high")) & (pl.col("low") < scale.stable)
    if scale.worst is not None:
        held = held | ((pl.col("low") == scale.worst) & (low == scale.worst))
    note = pl.when(settled & held.fill_null(False)).then(pl.format("confirmed on day {}", day))
    label = category_label(scale.labels)
    why = pl.format("{} on day {}: {}", label, "last", "why")
    rows = visits.sort(VISIT).with_columns(
        start=pl.col("first"),
        end=pl.col("last"),
        period=pl.format("day {}", "last"),
        label=label,
        why=pl.concat_str(why, note, separator="; ", ignore_nulls=True),
    )
    return as_findings(rows, kind="assessment", **named)


def bests(looks: pl.DataFrame, visits: pl.DataFrame, scale: Scale, two: bool, **named: object) -> pl.DataFrame:
    """Give the best response of each infusion up to a progression that is confirmed or needs no confirmation.

    What came after a progression that is only possible counts at best and not at worst. With `two` a response counts
    only as far as the next visit with a blood or urine test of its own confirms it.
    """
    rows = visits.filter(pl.col("low").is_not_null()).sort(VISIT)
    rows = _until_progression(rows, scale)
    rows = _paired(rows) if two else rows
    top = pl.col("low") == pl.col("low").min()
    counts = pl.when("_doubted").then(scale.worst).otherwise("high")
    sure = counts == counts.min()
    per = rows.group_by(KEYS, maintain_order=True).agg(
        low=pl.col("low").min(),
        high=counts.min(),
        start=pl.col("first").filter(sure).first(),
        end=pl.col("last").filter(sure).first(),
        _possible=pl.col("last").filter(top).first(),
        why=pl.col("why").filter(sure).first(),
        facts=pl.col("facts").filter(sure).first(),
    )
    found = looks.join(per, on=KEYS, how="left", maintain_order="left")
    found = found.join(_counted(visits), on=KEYS, how="left", maintain_order="left")
    return as_findings(
        found.with_columns(label=category_label(scale.labels), why=_why_best(scale, two)),
        kind="best",
        period=PERIOD,
        **named,
    )


def _until_progression(rows: pl.DataFrame, scale: Scale) -> pl.DataFrame:
    """Keep visits up to the first progression that the next visit confirms or that needs no confirmation; `_doubted`
    says which come after one that is possible."""
    if scale.worst is None:
        return rows.with_columns(_doubted=pl.lit(False))
    next_low, next_high = (pl.col(side).shift(-1) == scale.worst for side in ("low", "high"))
    here, maybe = pl.col("low") == scale.worst, pl.col("high") == scale.worst
    needs_none = pl.col("sure_pd").fill_null(False)
    confirmed = here & (next_low.fill_null(False) | needs_none)
    possible = maybe & (next_high.fill_null(False) | pl.col("sure_pd").fill_null(True))
    over, doubt = (flag.cast(pl.Int64).cum_sum().shift(1).fill_null(0).over(KEYS) for flag in (confirmed, possible))
    rows = rows.with_columns(_over=over, _doubted=doubt > 0, _sure=here & needs_none)
    return rows.filter((pl.col("_over") == 0) | (here & (pl.col("_over") == 1)))


def _paired(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the answer that two consecutive tested visits share (the worse of the two), dated at the first."""
    alone = rows.filter("_sure") if "_sure" in rows.columns else rows.clear()
    own = rows.filter("tested")
    following = [pl.col(side).shift(-1).over(KEYS).alias(f"_{side}") for side in ("low", "high")]
    following.append(pl.col("_doubted").shift(-1).over(KEYS).alias("_then"))
    both = own.with_columns(following, _next=pl.col("last").shift(-1).over(KEYS)).filter(pl.col("_low").is_not_null())
    shared = both.with_columns(
        low=pl.max_horizontal("low", "_low"),
        high=pl.max_horizontal("high", "_high"),
        _doubted=pl.col("_doubted") | pl.col("_then"),
        why=pl.format("{}; second test on day {}", "why", "_next"),
    )
    return pl.concat([shared.select(rows.columns), alone.select(rows.columns)]).sort(VISIT)


def _counted(visits: pl.DataFrame) -> pl.DataFrame:
    graded = pl.col("low").is_not_null()
    return visits.group_by(KEYS).agg(
        _visits=pl.len(), _graded=graded.sum(), _alone_low=pl.col("low").min(), _alone_high=pl.col("high").min()
    )


def _why_best(scale: Scale, two: bool) -> pl.Expr:
    said = pl.format("{} on day {}: {}", category_label(scale.labels), "end", "why")
    more = pl.when(pl.col("low") < pl.col("high")).then(
        pl.format("better cannot be excluded on day {}", pl.col("_possible"))
    )
    none = pl.when(pl.col("_visits").is_null()).then(pl.lit("no assessment after the infusion"))
    ungraded = pl.when(pl.col("_graded") == 0).then(pl.lit("no assessment after the infusion can be graded"))
    single = pl.lit("no second test that could confirm the response") if two else pl.lit("nothing to compare")
    nothing = pl.coalesce(none, ungraded, single)
    return (
        pl.when(pl.col("low").is_null())
        .then(nothing)
        .otherwise(pl.concat_str(said, more, separator="; ", ignore_nulls=True))
    )
